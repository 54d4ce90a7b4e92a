"""Attack 7: subtract what was published from what was published, over a year.

First the structure, in a real year: no two periods of a table share a day, no table is there twice.
Then two attackers of a year's figures, with real noise. One knows every other device-day and weighs
what is left (nobody can do better: Neyman and Pearson). The other knows nobody and solves all the
marginals for the cell of one device by least squares. Neither passes the sum of the tables' epsilons.
A build with windows that slide by a day tells the first one nearly all.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import pytest

from blockfilter.counts import calendar, tables
from blockfilter.counts.calendar import Kind
from blockfilter.counts.ledger import Ledger
from blockfilter.counts.noise import laplace
from blockfilter.counts.reader import Reader
from tests.attacks import memory
from tests.attacks.attacker import ENOUGH, MARGIN, auc, bound, evidence, figure
from tests.attacks.organisation import DAY, FIRST, Organisation, met, wide

if TYPE_CHECKING:
    import numpy as np

CATEGORIES = ["cam-sites", "escort-ads", "massage-ads", "review-boards", "sugar-dating"]
ENFORCED = (tables.T0, tables.T1, tables.T2)  # T3's words of a quarter are attack 10
SPENT = sum((one.epsilon for one in ENFORCED), Fraction(0))
YEAR = 371  # 2026 has 53 weeks
FACTS = wide(CATEGORIES, ["north", "south", "east", "west"])


class Span(NamedTuple):
    """A period of a table, as it was published."""

    table: str
    period: str
    first: date
    last: date


def spans(reader: Reader) -> list[Span]:
    return [Span(one.table, one.period, one.first, one.last) for one in reader.periods()]


def overlapping(found: list[Span]) -> list[tuple[str, str]]:
    """Pairs of periods of a table that share a day."""
    return [
        (one.period, other.period)
        for one, other in combinations(found, 2)
        if one.table == other.table and one.first <= other.last and other.first <= one.last
    ]


@pytest.fixture(scope="module")
def year() -> Iterator[Organisation]:
    """A year that was counted and published."""
    chance = random.Random(7)
    with memory.directory() as place:
        organisation = Organisation(place, FACTS)
        for number in range(YEAR):
            devices = [
                met(chance.choice(CATEGORIES), chance.randrange(24), "north") for _ in range(4)
            ]
            organisation.devices.add(FIRST + number * DAY, devices)
        organisation.live_until(FIRST + YEAR * DAY)
        yield organisation


def test_no_day_is_in_two_periods_of_a_table(year):
    found = spans(year.reader())
    assert overlapping(found) == []
    released = [one.table for one in year.reader().periods() if one.state == "released"]
    assert {table: released.count(table) for table in tables.TABLES} == {
        "T0": 53, "T1": 12, "T2": 4, "T3": 4, "TM": 12
    }  # fmt: skip


def test_what_is_published_of_a_day_is_one_cell_of_each_table(year):
    """So a device-day costs each epsilon once: the budget that is told is the sum that is lost."""
    reader = year.reader()
    for number in (0, 90, 91, 200, YEAR - 1):
        day = FIRST + number * DAY
        covering = [one.table for one in spans(reader) if one.first <= day <= one.last]
        assert sorted(covering) == sorted(tables.TABLES)
    assert reader.budget().per_device_day == sum(one.epsilon for one in tables.TABLES.values())


def test_a_build_that_lets_periods_overlap_is_found(quick, monkeypatch):
    """It grows from 200 heads, which have a yearly total, to 1,000, which have a weekly one."""
    monkeypatch.setattr(
        Ledger, "overlaps", lambda kept, table, period: kept.knows((table.id, period.name))
    )
    organisation = Organisation(quick, replace(FACTS, heads=200))
    organisation.live_until(FIRST + 89 * DAY)
    organisation.facts = FACTS
    organisation.live_until(FIRST + 110 * DAY)
    assert ("2026", "2026-W14") in overlapping(spans(organisation.reader()))


# -- what can be made of the figures -----------------------------------------------------------------


def noise(table: tables.Table) -> int:
    """What lies over a published figure (test_sampler shows that the pipeline's is distributed so)."""
    return laplace(2 * table.epsilon) + laplace(table.epsilon)


class Judge:
    """Weighs the figures of a table that a device-day may be in, all others known."""

    def __init__(self) -> None:
        self._laws = {one.id: evidence(figure(one.epsilon)) for one in ENFORCED}

    def guess(self, count: int, releases: dict[tables.Table, int]) -> float:
        """The score of one device-day that is in so many releases of each table."""
        return sum(
            self._laws[table.id](noise(table) + count)
            for table, number in releases.items()
            for _ in range(number)
        )


def test_who_knows_everybody_else_never_passes_the_sum_of_the_tables():
    judge, once = Judge(), dict.fromkeys(ENFORCED, 1)
    present, absent = ([judge.guess(count, once) for _ in range(ENOUGH)] for count in (1, 0))
    assert auc(present, absent) <= bound(SPENT) + MARGIN


def test_a_build_with_windows_that_slide_by_a_day_tells_him():
    """A day is in 7 windows of a week, 28 of four weeks, 91 of a quarter."""
    judge, sliding = Judge(), dict(zip(ENFORCED, (7, 28, 91), strict=True))
    present, absent = ([judge.guess(count, sliding) for _ in range(100)] for count in (1, 0))
    assert auc(present, absent) > bound(SPENT) + 5 * MARGIN


class Marginals(NamedTuple):
    """A year's figures as linear equations in week x category x band, and the cell of one device."""

    weights: "np.ndarray"  # of each figure, in the best linear estimate of the cell
    holds: "np.ndarray"  # whether the cell is in it
    tables: list[tables.Table]
    sums: "np.ndarray"  # the equations


def marginals(each: float) -> Marginals:
    """`each` is the mean of a cell, and its variance: what the attacker expects of the others."""
    import numpy as np

    weeks = list(calendar.weeks(calendar.parse("2026")))
    bands = tables.bands(FACTS.heads)
    rows, of = [], []
    for table, kind in zip(ENFORCED, (Kind.WEEK, Kind.PART, Kind.QUARTER), strict=True):
        names = [calendar.containing(kind, week.first).name for week in weeks]
        cells = {"T0": 1, "T1": len(CATEGORIES), "T2": len(bands)}[table.id]
        for period in dict.fromkeys(names):
            for cell in range(cells):
                row = np.zeros((len(weeks), len(CATEGORIES), len(bands)))
                category = slice(cell, cell + 1) if table is tables.T1 else slice(None)
                band = slice(cell, cell + 1) if table is tables.T2 else slice(None)
                row[[name == period for name in names], category, band] = 1
                rows.append(row.ravel())
                of.append(table)
    sums = np.array(rows)
    spread = np.diag([float(2 / (2 * t.epsilon) ** 2 + 2 / t.epsilon**2) for t in of])
    target = np.ravel_multi_index((20, 1, 2), (len(weeks), len(CATEGORIES), len(bands)))
    covariance = each * sums @ sums.T + spread
    weights = np.linalg.solve(covariance, each * sums[:, target])
    return Marginals(weights, sums[:, target], of, sums)


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_who_solves_the_year_by_least_squares_never_passes_it_either():
    """A thousand cells of one device-day each on average, 128 figures. The noise is drawn into a pool
    of 20,000 a table and taken from it by chance."""
    import numpy as np

    chance, year = np.random.default_rng(7), marginals(1.0)
    pools = {one: np.array([noise(one) for _ in range(20_000)]) for one in ENFORCED}
    scores = []
    for count in (1, 0):
        found = np.zeros(ENOUGH)
        for weight, table in zip(year.weights, year.tables, strict=True):
            found += weight * chance.choice(pools[table], ENOUGH)
        for at in range(ENOUGH):
            others = year.sums @ chance.poisson(1.0, year.sums.shape[1])
            found[at] += year.weights @ (others + count * year.holds)
        scores.append(found.tolist())
    assert auc(*scores) <= bound(SPENT) + MARGIN
