"""The gate beside the attacks: privacy must not be bought by figures that say nothing.

An organisation of 1,000: 20 device-days a week, with half as much variance again as rare events have
(negative binomial), 40 % fewer after a training, 13 weeks before and 13 after, and the product's own
comparison of published weeks. It must see the fall, must not see one that is not there, and must tell
the busiest part of the day from a quarter's 260 device-days. A build with twice the noise fails the
first, a test that assumes too much the second.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import exp, sqrt
from typing import TYPE_CHECKING

import pytest

from blockfilter.counts import tables
from blockfilter.counts.contribution import Contributions
from blockfilter.counts.noise import laplace
from blockfilter.reports.beforeafter import Verdict, compare
from tests.attacks.organisation import STAFF

if TYPE_CHECKING:
    import numpy as np

USUAL, FALLEN = 20, 12  # device-days a week
OVERDISPERSED = 1.5  # variance over mean
WEEKS = 13
POWER, FALSE_ALARMS, PEAK = 0.85, 0.065, 0.95
# The power is 0.88, which 2,000 runs tell to 0.0072: four of these above the gate, missed 1e-5 times.
# False alarms of 0.05 are told by 6,000 to 0.0028: five below it.
RUNS, MANY_RUNS = 2000, 6000
QUARTER = 260  # device-days

pytestmark = [pytest.mark.statistical, pytest.mark.timeout(300)]


class Weeks:
    """Published weekly totals; the noise is drawn for each."""

    def __init__(self, wider: int = 1) -> None:
        import numpy as np

        self._chance = np.random.default_rng(20)
        self._epsilon = tables.T0.epsilon / wider

    def published(self, mean: float) -> list[int]:
        share = 1 / OVERDISPERSED
        true = self._chance.negative_binomial(mean * share / (1 - share), share, WEEKS)
        return [self._figure(int(one)) for one in true]

    def _figure(self, count: int) -> int:
        return count + laplace(2 * self._epsilon) + laplace(self._epsilon)


def verdict(before: list[int], after: list[int]) -> Verdict:
    """The product's, on rates as its report hands them over."""
    return compare(*([one / STAFF for one in side] for side in (before, after))).verdict


def pairs(weeks: Weeks, mean: float, runs: int) -> Iterator[tuple[list[int], list[int]]]:
    """Weeks before, and others of this mean after."""
    for _ in range(runs):
        yield weeks.published(USUAL), weeks.published(mean)


def fallen(weeks: Weeks) -> float:
    """How often the product says so of a fall by two fifths."""
    found = [verdict(*pair) is Verdict.FELL for pair in pairs(weeks, FALLEN, RUNS)]
    return sum(found) / RUNS


@pytest.fixture(scope="module")
def unchanged() -> list[tuple[list[int], list[int]]]:
    return list(pairs(Weeks(), USUAL, MANY_RUNS))


def test_a_fall_by_two_fifths_is_seen():
    assert fallen(Weeks()) >= POWER


def test_a_build_with_twice_the_noise_does_not_see_it():
    """As the design says of IPv6, which has it: about half."""
    assert 0.4 < fallen(Weeks(wider=2)) < 0.7


def test_a_fall_that_is_none_is_not_seen(unchanged):
    said = [verdict(*pair) in (Verdict.FELL, Verdict.ROSE) for pair in unchanged]
    assert sum(said) / MANY_RUNS <= FALSE_ALARMS


def test_a_comparison_that_takes_counts_for_poisson_sees_what_is_not_there(unchanged):
    """With the variance of the noise known it is wrong 0.083 times, give or take 0.0036."""
    noise = sum(2 * exp(-e) / (1 - exp(-e)) ** 2 for e in (0.8, 0.4))

    def poisson(before: list[int], after: list[int]) -> bool:
        spread = sum(max(sum(side), 0) / WEEKS**2 + noise / WEEKS for side in (before, after))
        return abs(sum(before) - sum(after)) / WEEKS > 1.96 * sqrt(spread)

    assert sum(poisson(*pair) for pair in unchanged) / MANY_RUNS > FALSE_ALARMS


# -- the time of day ---------------------------------------------------------------------------------


def density(time: float) -> float:
    """Visits over the day: most at half past two, some in waking hours, few at night."""
    return exp(-(((time - 14.5) / 2.5) ** 2) / 2) + (0.3 if 7 <= time < 19 else 0) + 0.02


@cache
def hours() -> list[float]:
    """The chance of each hour."""
    steps = 100
    found = [sum(density(hour + step / steps) for step in range(steps)) for hour in range(24)]
    return [one / sum(found) for one in found]


def quarter(chance: "np.random.Generator") -> dict[str, int]:
    """T2 of a quarter as it is published."""
    counts = chance.multinomial(QUARTER, hours()).tolist()
    cells = tables.bands(STAFF)
    events = Counter({(hour, "hq", "escort-ads"): count for hour, count in enumerate(counts)})
    true = tables.shares(tables.T2.id, cells, Contributions(events, 0))
    epsilon = tables.T2.epsilon
    return {cell: true[cell] + laplace(2 * epsilon) + laplace(epsilon) for cell in cells}


def test_the_busiest_part_of_the_day_is_found():
    import numpy as np

    chance = np.random.default_rng(14)
    found = [quarter(chance) for _ in range(RUNS)]
    right = sum(max(one, key=one.__getitem__) == "12-16" for one in found)
    assert right / RUNS >= PEAK
