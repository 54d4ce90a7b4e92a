"""What is published of whom: complete periods of the closed tables, in sizes that change."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from blockfilter.counts import accumulators, calendar, verify
from blockfilter.counts.calendar import Kind
from blockfilter.counts.frame import Facts, FramedOffice
from tests.counts.world import DAY, NOISE, OFFICES, YEAR, World, day, days, hits, monday

SUNDAY = YEAR + 6 * DAY
QUARTER_END = monday("2026-W14") - DAY

# What is published


def test_an_open_period_has_no_row(begun):
    begun.live(YEAR, SUNDAY - DAY, 100)
    for table in ("T0", "T1", "T2", "T3", "TM"):
        assert begun.reader.rows(table) == []
    assert set(begun.states().values()) == {"open"}
    begun.live(SUNDAY, SUNDAY, 100)
    assert [row.period for row in begun.reader.rows("T0")] == ["2026-W01"]


def test_a_quarter_publishes_every_table_on_its_calendar(begun):
    done = begun.live(YEAR, QUARTER_END, 30)
    weeks = [f"T0 2026-W{number:02}" for number in range(1, 14)]
    parts = [f"{table} 2026-Q1-P{part}" for table in ("T1", "TM") for part in (1, 2, 3)]
    assert sorted(done.released) == sorted([*weeks, *parts, "T2 2026-Q1", "T3 2026-Q1"])
    assert done.lost == ()
    assert [len(begun.reader.rows(table)) for table in ("T0", "T1", "T2", "T3", "TM")] == [
        13, 9, 4, 3, 3
    ]  # fmt: skip
    assert verify.faults(begun.state) == []
    assert begun.reader.budget() == (begun.reader.budget().per_device_day, 1, pytest.approx(0.7685, abs=1e-4))  # fmt: skip


def test_a_first_partial_period_is_not_published(world):
    world.begin(day("2026-01-07"))  # a Wednesday
    done = world.live(day("2026-01-07"), monday("2026-W10") - DAY, 10)
    assert min(done.released) == "T0 2026-W03"
    assert world.states("T1") == {"T1 2026-Q1-P2": "released", "T1 2026-Q1-P3": "open"}
    assert world.states("T2") == {}
    world.live(monday("2026-W10"), monday("2026-W14"), 10)
    assert world.states("T2") == {"T2 2026-Q2": "open"}
    assert "2026-W02" not in {one.week for one in world.reader.coverage()}


@pytest.mark.parametrize(
    ("hours", "state", "flagged"),
    [(0, "not measured", False), (0.5, "released", True), (21.5, "released", True),
     (21.7, "released", False), (24, "released", False)],
)  # fmt: skip
def test_time_up_decides_whether_and_how_a_period_is_published(begun, hours, state, flagged):
    begun.live(YEAR, SUNDAY, 10, hours=hours)
    (fact,) = (one for one in begun.reader.periods("T0") if one.period == "2026-W01")
    assert (fact.state, fact.flagged) == (state, flagged)
    assert [row.flagged for row in begun.reader.rows("T0")] == [flagged] * (state == "released")
    assert begun.values("T0", "2026-W01") == {}
    assert verify.faults(begun.state) == []


def test_zero_and_less_are_published_like_any_other(worlds):
    categories = {f"c{number}": 100 for number in range(200)}
    world = worlds(heads=1200, categories=categories)
    world.begin(YEAR)
    world.live(YEAR, YEAR + 27 * DAY)
    values = [row.value for row in world.reader.rows("T1")]
    assert len(values) == 201
    assert min(values) < 0 < max(values)
    assert 0 in values


@pytest.mark.parametrize("addresses", [1, 2])
def test_a_figure_has_noise_from_its_beginning_and_fresh_noise_from_its_end(worlds, addresses):
    categories = {f"c{number}": 100 for number in range(400)}
    world = worlds(categories=categories, addresses_per_device=addresses)
    world.begin(YEAR)
    world.advance(world.at(f"{YEAR} 00:01"))
    began = world.values("T1", "2026-Q1-P1")
    world.live(YEAR, YEAR + 26 * DAY)
    assert world.values("T1", "2026-Q1-P1") == began
    world.live(YEAR + 27 * DAY, YEAR + 27 * DAY)
    ended = {row.cell: row.value - began[row.cell] for row in world.reader.rows("T1")}
    for draws, epsilon in ((began, 0.4), (ended, 0.2)):
        spread = sum(abs(value) for value in draws.values()) / len(draws)
        assert 0.7 < spread * epsilon / addresses < 1.3  # 5 sd of a mean of 401
    assert {row.high - row.low for row in world.reader.rows("T1")} == {32 if addresses == 1 else 66}
    assert {row.high - row.value for row in world.reader.rows("T1")} == {
        16 * addresses + addresses - 1
    }
    assert world.reader.periods("T1")[0].addresses == addresses


def test_a_figure_that_was_drawn_and_not_published_is_not_drawn_again(begun):
    """Killed between the draw and the ledger."""
    begun.live(YEAR, SUNDAY - DAY, 100)
    begun.meet(SUNDAY, 100)
    begun.up(SUNDAY)
    with accumulators.opened(begun.state) as found:
        drawn = found.end(("T0", "2026-W01"), {"total": 5000})["total"]
    begun.advance(begun.due(SUNDAY))
    assert begun.newest() == drawn + 100


def test_a_year_whose_noise_was_made_for_one_address_is_charged_for_two(worlds):
    world = worlds(heads=200)
    world.begin(YEAR)
    world.live(YEAR, YEAR + DAY)
    assert world.reader.budget().epochs == 1
    world.facts = replace(world.facts, heads=200, addresses_per_device=2)
    world.live(YEAR + 2 * DAY, YEAR + 2 * DAY)
    assert world.reader.budget().epochs == 2


@pytest.mark.parametrize(("heads", "expected"), [(24, None), (49, ">=40"), (50, 530)])
def test_a_small_organisation_has_one_figure_a_year(worlds, heads, expected):
    world = worlds(heads=heads, offices=())
    world.begin(YEAR)
    end = monday("2026-W53") + 6 * DAY
    for one in days(YEAR, end):
        if one.weekday() == 6:  # a week at a time
            world.meet(one, 10)
            world.up(one)
            world.advance(world.due(one))
    rows = world.reader.rows("T0")
    if expected is None:
        assert (rows, world.states()) == ([], {})
        return
    assert world.states() == {"T0 2026": "released", "T0 2027": "open"}
    (row,) = rows
    if heads < 50:
        assert row[2:] == ("total", expected, None, None, True)
    else:
        assert abs(row.value - expected) < NOISE
        assert row.high - row.value == row.value - row.low == 8


def test_offices_are_published_as_words(begun):
    for one in days(YEAR, QUARTER_END):
        begun.store.add(one, hits(one, range(40)))
        begun.store.add(one, hits(one, range(100, 120), office="north"))
        begun.up(one)
        begun.advance(begun.due(one))
    assert {row.cell: row.value for row in begun.reader.rows("T3")} == {
        "hq": "similar", "north": "similar", "other offices": "below"
    }  # fmt: skip


def test_coverage_tells_of_a_week_and_of_nobody(begun):
    for number, one in enumerate(days(YEAR, SUNDAY)):
        begun.meet(one, 500)
        begun.up(one, hours=24 if number else 0, served=1111, offices="hq elsewhere gone")
        begun.advance(begun.due(one))
    (week,) = begun.reader.coverage()
    assert week == ("2026-W01", 7770, 6, pytest.approx(6 / 7, abs=0.001), None, "", 0.5, True)


# Sizes that change


def grown(world: World, quarters: Sequence[tuple[int, tuple[FramedOffice, ...]]]) -> None:
    """Live through quarters of these headcounts and offices, a week at a time and without hits."""
    begin = YEAR
    known = [replace(world.facts, heads=heads, offices=offices) for heads, offices in quarters]
    for facts, after in pairwise([*known, known[-1]]):
        world.facts = facts
        if begin == YEAR:
            world.begin(YEAR)
        for week in calendar.weeks(calendar.containing(Kind.QUARTER, begin)):
            world.up(week.first)
            world.advance(world.due(week.last) - 3600 - 1)  # in the last second of Sunday
            begin = week.last + DAY
        world.facts = after
    world.advance(world.due(begin))


@pytest.mark.parametrize(
    "heads",
    [
        [30, 60, 300, 1200, 1200, 300],
        [1200, 30, 1200, 10, 1200, 250],
        [249, 999, 1000, 24, 3000, 2999],
    ],
)
def test_growing_and_shrinking_never_publishes_a_day_twice_in_a_table(worlds, heads):
    world = worlds()
    grown(world, [(size, ()) for size in heads])
    by_table: dict[str, set[object]] = {}
    for one in world.reader.periods():
        taken = by_table.setdefault(one.table, set())
        lived = set(days(one.first, one.last))
        assert not taken & lived
        taken |= lived
    assert [frame.heads for frame in world.reader.frames().values()] == [*heads, heads[-1]]
    assert verify.faults(world.state) == []


def test_a_yearly_number_goes_on_to_its_end_when_the_organisation_grows(worlds):
    world = worlds()
    grown(world, [(200, ())] + [(1200, ())] * 4)
    t0 = world.states("T0")
    assert list(t0)[:2] == ["T0 2026", "T0 2027-W01"]
    assert "T1 2026-Q2-P1" in world.states("T1")
    assert world.reader.periods("T0")[0].heads == 200


def test_offices_come_and_go_with_the_quarter(worlds):
    world = worlds()
    hq, north = OFFICES
    grown(world, [(1200, (hq,)), (1200, (hq, north)), (999, (hq, north)), (1000, (hq, north))])
    cells = {one.period: one.state for one in world.reader.periods("T3")}
    assert cells == {"2026-Q1": "released", "2026-Q2": "released"}
    assert [row.cell for row in world.reader.rows("T3", ["2026-Q1"])] == ["hq", "other offices"]
    assert [row.cell for row in world.reader.rows("T3", ["2026-Q2"])] == ["hq", "north", "other offices"]  # fmt: skip


def test_what_changes_within_a_quarter_changes_nothing(begun):
    frame = begun.reader.frames()["2026-Q1"]
    begun.live(YEAR, SUNDAY)
    begun.facts = replace(begun.facts, heads=5000, offices=(), zone="UTC", addresses_per_device=1)
    begun.live(SUNDAY + DAY, SUNDAY + 7 * DAY)
    assert begun.reader.frames() == {"2026-Q1": frame}
    assert {one.heads for one in begun.reader.periods()} == {1200}


def test_a_headcount_that_is_unknown_for_a_while_keeps_what_was_frozen(begun):
    begun.live(YEAR, SUNDAY)
    begun.facts = Facts()
    begun.live(SUNDAY + DAY, SUNDAY + 7 * DAY)
    assert begun.states("T0")["T0 2026-W02"] == "released"


def test_categories_are_those_of_the_period_s_beginning(begun):
    begun.live(YEAR, SUNDAY)
    begun.facts = replace(begun.facts, heads=1200, offices=OFFICES, categories={"new-ads": 25})
    begun.live(SUNDAY + DAY, monday("2026-W09") - DAY, 10, category="new-ads")
    cells = {
        period: [row.cell for row in begun.reader.rows("T1", [f"2026-Q1-{period}"])]
        for period in ("P1", "P2")
    }
    assert cells == {"P1": ["escort-ads", "massage-ads", "other"], "P2": ["new-ads", "other"]}
