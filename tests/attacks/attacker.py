"""What an attacker computes with: how well he guesses, what the noise's law is, whether counts fit it.

Guessing is measured by the AUC: how often he tells the one with the target from the one without, when
he is shown both. One half is chance. No mechanism that loses ε lets anybody pass e^ε/(1+e^ε), because
its ROC lies below min(e^ε x, 1 - e^-ε (1-x)), and that is the area below it.

Everything here is the attacker's: floats, seeds, his own formulas. Nothing of it is used by the
product, and none of the product's statistics is used here.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

MARGIN = 0.02  # above the bound, for the chance of a simulation
# So many of each kind make the AUC's standard error 0.0053 at most (Mann and Whitney: the variance
# is 1/(6 n) at one half, and less above it): the margin is 3.8 of them, passed by chance 7e-5 times.
ENOUGH = 6000
# Of 1500 the standard error is 0.0105; 0.05 are 4.7 of them, passed by chance 1e-6 times.
QUICK, QUICK_MARGIN = 1500, 0.05
IMPOSSIBLE = 1e-6  # a p-value that is smaller is no chance

Law = Mapping[int, float]
_T = TypeVar("_T")


def auc(present: Iterable[float], absent: Iterable[float]) -> float:
    """How often a score with the target is higher than one without; a tie is half."""
    with_, without = Counter(present), Counter(absent)
    higher = below = 0.0
    for score in sorted(with_.keys() | without.keys()):
        higher += with_[score] * (below + without[score] / 2)
        below += without[score]
    return higher / (with_.total() * below)


def bound(epsilon: Fraction | float) -> float:
    """The AUC that nobody passes against what loses epsilon."""
    return 1 / (1 + math.exp(-float(epsilon)))


def laplace(epsilon: Fraction | float, reach: int = 400) -> Law:
    """P(X = x), proportional to exp(-epsilon |x|), up to `reach`."""
    alpha = math.exp(-float(epsilon))
    return {
        x: (1 - alpha) / (1 + alpha) * alpha ** abs(x)
        for x in range(-reach, reach + 1)
    }  # fmt: skip


def figure(epsilon: Fraction | float, reach: int = 200) -> Law:
    """The law of what lies over a published count: a draw at 2 epsilon and one at epsilon."""
    wide, narrow = laplace(epsilon, 2 * reach), laplace(2 * float(epsilon), reach)
    return {
        x: sum(chance * wide[x - y] for y, chance in narrow.items())
        for x in range(-reach, reach + 1)
    }


def evidence(law: Law, shift: int = 1) -> Callable[[int], float]:
    """How much an observation speaks for the target: the best score there is (Neyman, Pearson)."""
    least = min(law.values())

    def of(value: int) -> float:
        return math.log(law.get(value - shift, least)) - math.log(law.get(value, least))

    return of


def fits(observed: Sequence[int], law: Law, least: float = 10) -> float:
    """The p-value of the chi-square test that these are draws of the law.

    Values far out share a cell, so that each expects `least`. The number of cells is made odd:
    with even degrees of freedom the tail has a closed form, and no library is needed.
    """
    cells = _cells(law, least / len(observed))
    place = {value: number for number, cell in enumerate(cells) for value in cell}
    low, high = min(place), max(place)
    seen = Counter(place[min(max(value, low), high)] for value in observed)
    chances = [sum(law[value] for value in cell) for cell in cells]
    rest = 1 - sum(chances)
    chances[0] += rest / 2  # what lies beyond the law's reach
    chances[-1] += rest / 2
    statistic = sum(
        (seen[number] - len(observed) * chance) ** 2 / (len(observed) * chance)
        for number, chance in enumerate(chances)
    )
    return chi_square_tail(statistic, len(cells) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """P(chi-square >= statistic) for an even number of degrees of freedom."""
    half, term, total = statistic / 2, 1.0, 0.0
    for step in range(freedom // 2):
        term = term * half / step if step else 1.0
        total += term
    return math.exp(-half) * total


def _cells(law: Law, least: float) -> list[list[int]]:
    cells: list[list[int]] = [[]]
    chance = 0.0
    for value in sorted(law):
        cells[-1].append(value)
        chance += law[value]
        if chance >= least:
            cells.append([])
            chance = 0.0
    spare = cells.pop()  # expects too few
    if len(cells) % 2 == 0:
        spare = cells.pop() + spare
    cells[-1] += spare
    return cells


def rank_correlation(pairs: Iterable[tuple[float, float]]) -> float:
    """Spearman's rho of values without ties."""
    first, second = (_ranks(one) for one in zip(*pairs, strict=True))
    number = len(first)
    apart = sum((x - y) ** 2 for x, y in zip(first, second, strict=True))
    return 1 - 6 * apart / (number * (number * number - 1))


def _ranks(values: Sequence[float]) -> list[int]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    for rank, at in enumerate(order):
        ranks[at] = rank
    return ranks


def halves(values: Sequence[_T]) -> tuple[Sequence[_T], Sequence[_T]]:
    """What an attack is chosen with, and what it is judged by."""
    middle = len(values) // 2
    return values[:middle], values[middle:]
