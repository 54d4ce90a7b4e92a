"""How many published figures lie within their intervals of the truth, and how many should.

A module of its own, because a process that simulates must be able to import it.
"""

import math
import tempfile
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from blockfilter.counts.law import half_width
from blockfilter.counts.tables import TABLES
from tests.simulation.world import Simulated, simulated

NUMBERS = ("T0", "T1", "T2")  # tables whose figures have an interval
WEEKS = 13
UNLIKELY = 1e-5  # of each tail; three tables have six, so a false alarm comes less than 1e-4
_REACH = 400  # of a draw at epsilon 0.2 nothing lies further out: exp(-80)


class Covered(NamedTuple):
    """Figures of a table, and how many of them lie within their intervals."""

    figures: int
    within: int

    def __add__(self, other: object) -> "Covered":
        assert isinstance(other, Covered)
        return Covered(self.figures + other.figures, self.within + other.within)


def of_seed(seed: int) -> dict[str, Covered]:
    """A quarter from a seed."""
    with tempfile.TemporaryDirectory() as folder:
        return of(simulated(Path(folder), seed=seed, weeks=WEEKS))


def of(made: Simulated) -> dict[str, Covered]:
    """What was made, table by table."""
    found = {}
    for table in NUMBERS:
        truth, rows = made.truth(table), made.reader.rows(table)
        within = [
            row.low <= truth[row.period, row.cell] <= row.high
            for row in rows
            if row.low is not None and row.high is not None
        ]
        found[table] = Covered(len(rows), sum(within))
    return found


def total(every: Iterable[dict[str, Covered]]) -> dict[str, Covered]:
    """All seeds together."""
    found = {table: Covered(0, 0) for table in NUMBERS}
    for one in every:
        found = {table: found[table] + one[table] for table in NUMBERS}
    return found


def expected(table: str) -> float:
    """How likely a figure lies within its interval: by the law of its two draws, summed here."""
    epsilon = TABLES[table].epsilon
    first, second = (_law(Fraction(times) * epsilon) for times in (2, 1))
    width = half_width((2 * epsilon, epsilon))
    return sum(
        chance * second[other]
        for one, chance in first.items()
        for other in range(-width - one, width - one + 1)
        if other in second
    )


def _law(epsilon: Fraction) -> dict[int, float]:
    alpha = math.exp(-float(epsilon))
    return {x: (1 - alpha) / (1 + alpha) * alpha ** abs(x) for x in range(-_REACH, _REACH + 1)}


def tails(found: Covered, chance: float) -> tuple[float, float]:
    """How likely so few, and so many, figures lie within: the exact binomial law."""
    figures, within = found

    def log(count: int) -> float:
        ways = math.lgamma(figures + 1) - math.lgamma(count + 1) - math.lgamma(figures - count + 1)
        return ways + count * math.log(chance) + (figures - count) * math.log1p(-chance)

    law = Counter({count: math.exp(log(count)) for count in range(figures + 1)})
    few = sum(law[count] for count in range(within + 1))
    return few, sum(law[count] for count in range(within, figures + 1))
