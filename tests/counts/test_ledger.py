"""A period is opened once and ends once; its figures come whole, with the line that tells of them."""

import json
import os
from fractions import Fraction
from typing import cast

import pytest

from blockfilter.counts import audit, ledger, tables
from blockfilter.counts.coverage import Coverage
from blockfilter.counts.frame import Facts
from blockfilter.counts.ledger import Figure
from blockfilter.counts.reader import Reader
from blockfilter.errors import StateError
from tests.counts.world import CATEGORIES, OFFICES, YEAR, day, period

NOW = 1_770_000_000.0
FRAME = Facts(heads=1200, offices=OFFICES, zone="Europe/Berlin").frame("2026-Q1")
PLANS = {one.table.id: one for one in tables.plans(FRAME, CATEGORIES)}
FIGURES = {"total": Figure(-2, -10, 6)}


@pytest.fixture
def kept(quick):
    with ledger.opened(quick, lambda: NOW) as opened:
        yield opened


@pytest.fixture
def week(kept):
    """The first week of T0, open."""
    kept.open(PLANS["T0"], period("2026-W01"), FRAME)
    (one,) = kept.opened()
    return one


def test_before_anything_there_is_nothing(kept):
    assert (kept.began, kept.closed, kept.frame("2026-Q1"), kept.opened()) == (None, None, None, [])
    assert kept.covered() == set()


def test_a_frame_is_frozen_once(kept, quick):
    kept.freeze(FRAME)
    assert kept.frame("2026-Q1") == FRAME
    assert kept.frame("2026-Q2") is None
    with pytest.raises(StateError, match="SQLITE_CONSTRAINT"):
        kept.freeze(Facts(heads=30).frame("2026-Q1"))
    assert Reader(quick).frames() == {"2026-Q1": FRAME}
    assert len(Reader(quick).events()) == 1


def test_what_is_opened_comes_back_as_it_was_planned(kept):
    for plan in PLANS.values():
        first = {one.table.id: p for one, p in tables.beginning(FRAME, CATEGORIES, YEAR)}
        kept.open(plan, first[plan.table.id], FRAME)
    for one in kept.opened():
        plan = PLANS[one.table.id]
        assert (one.table, one.form, one.cells, one.weights) == (
            plan.table, plan.form, plan.cells, plan.weights
        )  # fmt: skip
        assert one.period.first == YEAR
        assert one.epsilon == plan.table.epsilon
    assert [one.period.last for one in kept.opened()] == sorted(
        one.period.last for one in kept.opened()
    )


def test_more_addresses_a_device_lower_the_epsilon_of_each(kept):
    frame = Facts(heads=1200, addresses_per_device=2).frame("2026-Q1")
    kept.open(PLANS["T0"], period("2026-W01"), frame)
    assert kept.opened()[0].epsilon == Fraction(1, 5)


def test_a_period_is_opened_once(kept, week):
    assert kept.knows(week.key)
    assert not kept.knows(("T0", "2026-W02"))
    with pytest.raises(StateError, match="SQLITE_CONSTRAINT"):
        kept.open(PLANS["T0"], period("2026-W01"), FRAME)
    assert len(kept.opened()) == 1


@pytest.mark.parametrize("state", [ledger.RELEASED, ledger.LOST, ledger.NOT_MEASURED])
def test_days_of_a_period_are_taken_whatever_became_of_it(kept, week, state):
    if state == ledger.RELEASED:
        kept.release(week, FIGURES, flagged=False)
    else:
        kept.end(week.key, state)
    assert kept.opened() == []
    assert kept.knows(week.key)
    for name, taken in (
        ("2026-W01", True), ("2026-W02", False), ("2026-Q1-P1", True), ("2026-Q1", True),
        ("2026", True), ("2025", False), ("2025-W52", False), ("2026-Q1-P2", False),
    ):  # fmt: skip
        assert kept.overlaps(tables.T0, period(name)) == taken
        assert not kept.overlaps(tables.T1, period(name))


def test_figures_are_published_once(kept, week, quick):
    kept.release(week, FIGURES, flagged=True)
    with pytest.raises(StateError, match="SQLITE_CONSTRAINT"):
        kept.release(week, {"total": Figure(99, 91, 107)}, flagged=False)
    (row,) = Reader(quick).rows("T0")
    assert row[2:] == ("total", -2, -10, 6, True)
    assert [line["what"] for line in Reader(quick).events()] == ["opened", "released"]


def test_a_release_carries_the_head_of_its_line(kept, week, quick):
    kept.release(week, FIGURES, flagged=False)
    line = Reader(quick).events()[-1]
    assert line["figures"] == audit.of_figures([["total", -2, -10, 6]])
    assert Reader(quick).periods()[0].head == Reader(quick).head
    assert "-2" not in json.dumps(line | {"figures": ""})


def test_figures_of_which_one_is_refused_are_not_published_at_all(kept, week, quick):
    with pytest.raises(StateError):
        kept.release(
            week, {"total": Figure(1, 0, 2), "more": Figure(cast("int", None))}, flagged=False
        )
    assert Reader(quick).rows("T0") == []
    assert [one.state for one in Reader(quick).periods()] == ["open"]
    assert [line["what"] for line in Reader(quick).events()] == ["opened"]


def test_words_are_published_like_numbers(kept, quick):
    kept.open(PLANS["T3"], period("2026-Q1"), FRAME)
    words = {"hq": "above", "north": "similar", "other offices": "below"}
    kept.release(
        kept.opened()[0], {key: Figure(word) for key, word in words.items()}, flagged=False
    )
    assert {row.cell: row.value for row in Reader(quick).rows("T3")} == words
    assert {(row.low, row.high) for row in Reader(quick).rows("T3")} == {(None, None)}


def test_a_period_that_nobody_opened_can_be_noted_as_lost(kept, quick):
    kept.open(PLANS["T1"], period("2026-Q1-P1"), FRAME, ledger.LOST)
    assert kept.opened() == []
    (fact,) = Reader(quick).periods()
    assert (fact.table, fact.period, fact.state) == ("T1", "2026-Q1-P1", "lost")
    assert Reader(quick).events()[-1]["what"] == "lost"


def test_a_day_is_charged_the_most_that_was_told(kept, quick):
    kept.charge(day("2026-01-05"), 2)
    lines = len(Reader(quick).events())
    kept.charge(day("2026-01-05"), 2)
    kept.charge(day("2026-01-05"), 1)
    assert len(Reader(quick).events()) == lines
    kept.charge(day("2026-01-05"), 4)
    assert Reader(quick).budget().epochs == 4


def test_a_week_is_covered_once(kept, quick):
    week = Coverage("2026-W01", 7000, 7, 0.998, 3, "12", 0.5, True)
    kept.cover(week)
    assert kept.covered() == {"2026-W01"}
    assert Reader(quick).coverage() == [week]
    with pytest.raises(StateError, match="SQLITE_CONSTRAINT"):
        kept.cover(week._replace(served=8000))


def test_counting_begins(kept, quick):
    kept.begin(YEAR, simulated=True)
    kept.note_closed(YEAR)
    assert (kept.began, kept.closed) == (YEAR, YEAR)
    assert (Reader(quick).began, Reader(quick).simulated) == (YEAR, True)


def test_every_role_may_read_and_nobody_else(quick):
    before = os.umask(0)
    with ledger.opened(quick, lambda: NOW) as kept:
        kept.begin(YEAR, simulated=False)
    os.umask(before)
    assert {path.stat().st_mode & 0o7777 for path in quick.iterdir()} == {0o640}


def test_the_chain_goes_on_from_where_it_was(quick):
    for number in range(3):
        with ledger.opened(quick, lambda: NOW) as kept:
            kept.charge(day(f"2026-01-0{number + 1}"), 2)
    with ledger.opened(quick, lambda: NOW) as kept:
        rows = kept._run("SELECT number, line, digest FROM audit ORDER BY number")
    assert list(audit.faults(audit.Line(*row) for row in rows)) == []
    assert len(rows) == 3
