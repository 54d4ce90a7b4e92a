"""Attack 17: look for what the noise is not: another law, a seed, the rounding of a float.

Draws are compared with the exact law and with OpenDP's; the figures of the real pipeline with the law
of a sum of two draws, so that the other attacks may take the same functions. And the path from the
sampler to what is stored is read: no `random`, no float, no division that could round. Builds with the
noise of a float, or with a generator that has a seed, are found.
"""

import ast
import inspect
import math
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib import import_module
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from blockfilter.counts import accumulators, close, contribution, ledger, noise, publish, tables
from blockfilter.counts.noise import laplace
from tests.attacks.attacker import IMPOSSIBLE, chi_square_tail, figure, fits
from tests.attacks.attacker import laplace as law
from tests.attacks.organisation import DAY, FIRST, PART, QUARTER, Organisation, met, stolen, wide

EPSILONS = [Fraction(1, 5), Fraction(2, 5), Fraction(4, 5)]  # all that are in use
A_DAY = 3  # devices

# A p-value is below IMPOSSIBLE once in a million: that is how often each of these tests is wrong.


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_draws_have_the_exact_law(epsilon):
    assert fits([laplace(epsilon) for _ in range(5000)], law(epsilon)) > IMPOSSIBLE


@pytest.mark.statistical
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_many_draws_have_the_exact_law_and_no_bias(epsilon):
    draws = [laplace(epsilon) for _ in range(60_000)]
    assert fits(draws, law(epsilon)) > IMPOSSIBLE
    alpha = math.exp(-epsilon)
    error = math.sqrt(2 * alpha / (1 - alpha) ** 2 / len(draws))
    assert abs(sum(draws) / len(draws)) < 6 * error


@pytest.mark.oracle
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_opendp_draws_alike(epsilon):
    import opendp.prelude as dp

    stats: Any = import_module("scipy.stats")

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    theirs = (space >> dp.m.then_laplace(float(1 / epsilon)))([0] * 30_000)
    ours = [laplace(epsilon) for _ in range(30_000)]
    far = next(x for x in range(1000) if law(epsilon)[x] * 30_000 < 20)
    cells = range(-far, far + 1)
    counted = [Counter(min(max(x, -far), far) for x in draws) for draws in (ours, theirs)]
    table = [[one[cell] for cell in cells] for one in counted]
    assert stats.chi2_contingency(table).pvalue > IMPOSSIBLE


def test_a_build_with_the_noise_of_a_float_is_found():
    def rounded(epsilon: float) -> int:
        sign = random.choice((-1, 1))
        return round(sign * random.expovariate(epsilon))

    assert fits([rounded(0.8) for _ in range(20_000)], law(Fraction(4, 5))) < IMPOSSIBLE


def test_the_event_of_a_device_is_any_of_its_cells_alike():
    device = [(hour, "hq", "escort-ads") for hour in range(5)]
    seen = contribution.bounded([(device, [])] * 5000).enforced
    statistic = sum((seen[cell] - 1000) ** 2 / 1000 for cell in device)
    assert chi_square_tail(statistic, 4) > IMPOSSIBLE


# -- the pipeline ------------------------------------------------------------------------------------


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_figures_of_five_years_are_counts_and_two_draws(quick):
    """Eighteen hundred closes: weekly totals, and all other numbers, against the law of their sum."""
    facts = wide(["escort-ads", "review-boards"])
    organisation = Organisation(quick, facts)
    days = (53 + 4 * 52) * 7
    for number in range(days):
        devices = [met("escort-ads", 14), met("escort-ads", 9), ([], [(14, "hq", "escort-ads")])]
        organisation.devices.add(FIRST + number * DAY, devices)
    organisation.live_until(FIRST + days * DAY)
    reader = organisation.reader()
    length = {(one.table, one.period): (one.last - one.first).days + 1 for one in reader.periods()}
    a_day = {"T0": 2, "TM": 1, "escort-ads": 2, "08-12": 1, "12-16": 1}
    found: dict[Fraction, list[int]] = {}
    for table in (tables.T0, tables.T1, tables.T2, tables.TM):
        for row in reader.rows(table.id):
            assert isinstance(row.value, int)
            true = a_day.get(row.cell, a_day.get(table.id, 0)) * length[table.id, row.period]
            found.setdefault(table.epsilon, []).append(row.value - true)
    assert {epsilon: len(seen) for epsilon, seen in found.items()} == {
        Fraction(2, 5): 261, Fraction(1, 5): 60 * 3 + 20 * 4 + 60
    }  # fmt: skip
    for epsilon, seen in found.items():
        assert fits(seen, figure(epsilon)) > IMPOSSIBLE


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_thousands_of_cells_of_a_close_are_counts_and_draws(quick):
    """What a thief finds has one draw; what is published two; both in each cell apart."""
    names = [f"category-{number:04}" for number in range(6000)]
    organisation = Organisation(quick, wide(names))
    organisation.devices.add(FIRST, [met(one) for one in names for _ in range(A_DAY)])
    organisation.live_until(FIRST + DAY)
    open_ = stolen(organisation.state, "T1", PART[0])
    organisation.live_until(FIRST + PART[1] * DAY)
    released = organisation.numbers("T1", PART[0])
    epsilon = tables.T1.epsilon
    assert fits([open_[one] - A_DAY for one in names], law(2 * epsilon)) > IMPOSSIBLE
    assert fits([released[one] - open_[one] for one in names], law(epsilon)) > IMPOSSIBLE
    assert fits([released[one] - A_DAY for one in names], figure(epsilon)) > IMPOSSIBLE


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_words_of_offices_are_those_of_the_functions(quick):
    """A thousand offices of about the usual rate; what the functions say of as many."""
    names = [f"office-{number:04}" for number in range(1000)]
    counts = {one: 20 + number % 60 for number, one in enumerate(names)}
    organisation = Organisation(quick, wide(["escort-ads"], names))
    for one, count in counts.items():
        organisation.devices.add(FIRST, [met("escort-ads", 14, one)] * count)
    organisation.live_until(FIRST + QUARTER[1] * DAY)
    published = Counter(organisation.figures("T3", QUARTER[0]).values())
    epsilon, expected = tables.T3.epsilon, Counter[int | str]()
    rounds = 5
    for _ in range(rounds):
        noisy = {one: n + laplace(2 * epsilon) + laplace(epsilon) for one, n in counts.items()}
        expected.update(tables.rates(noisy, (250,) * len(names)).values())
    words = (tables.BELOW, tables.SIMILAR, tables.ABOVE)
    total, all_ = published.total(), published.total() * (1 + rounds)
    statistic = 0.0
    for word in words:
        share = (published[word] + expected[word]) / all_
        for seen, size in ((published[word], total), (expected[word], total * rounds)):
            statistic += (seen - size * share) ** 2 / (size * share)
    assert chi_square_tail(statistic, len(words) - 1) > IMPOSSIBLE


# -- the source --------------------------------------------------------------------------------------

PATH: list[ModuleType | type | Callable[..., object]] = [
    noise,
    contribution,
    tables,
    close._Turn._open_periods,
    close._Turn._add,
    accumulators.Accumulators,
    publish._end,
    publish._figures,
    ledger.Opened,
]
GENERATORS = {"random", "numpy", "math", "statistics", "time", "uuid", "hashlib"}


def doubts(source: str) -> Iterator[str]:
    """What a sampler must not be made of. Fractions may be divided: they do not round."""
    for node in ast.walk(ast.parse(dedent(source))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {one.name for one in node.names} | {getattr(node, "module", None) or ""}
            if found := {name.partition(".")[0] for name in names} & GENERATORS:
                yield f"imports {', '.join(found)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"has the float {node.value}"
        if isinstance(node, ast.Name) and node.id in {"float", "round", "random", *GENERATORS}:
            yield f"uses {node.id}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Pow):
            divided = ast.unparse(node.left)
            if "epsilon" not in divided:
                yield f"divides {divided}"


@pytest.mark.parametrize("part", PATH, ids=lambda part: part.__name__)
def test_nothing_on_the_way_of_the_noise_can_round_or_has_a_seed(part):
    assert list(doubts(inspect.getsource(part))) == []


def test_the_generator_is_the_operating_systems():
    for function in (noise.laplace, contribution.bounded):
        default = inspect.signature(function).parameters["below"].default
        assert default is secrets.randbelow


def test_a_table_has_an_exact_epsilon_and_the_sampler_takes_no_other():
    assert all(type(one.epsilon) is Fraction for one in tables.TABLES.values())
    with pytest.raises(AttributeError):
        laplace(0.2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "planted",
    [
        "import random\n",
        "from random import randrange\n",
        "from numpy.random import laplace\n",
        "import math\n",
        "rate = 0.5\n",
        "half = value / 2\n",
        "root = value**half\n",
        "value = float(drawn)\n",
        "value = round(drawn)\n",
        "    def method(self):\n        return random.choice(self.values)\n",
    ],
)
def test_a_build_that_could_round_or_has_a_seed_is_found(planted):
    assert list(doubts(planted))
