"""Cells that began as noise: added to whole or not at all, and gone when they are dropped."""

import os
import sqlite3
from contextlib import closing
from datetime import date
from typing import cast

import pytest

from blockfilter.counts import accumulators
from blockfilter.counts.accumulators import Up, total
from blockfilter.errors import StateError
from tests.counts.world import DAY, day

KEY, OTHER = ("T0", "2026-W01"), ("T2", "2026-Q1")
MONDAY = day("2025-12-29")


@pytest.fixture
def found(quick):
    with accumulators.opened(quick) as opened:
        yield opened


def test_before_the_first_day_there_is_nothing(found):
    assert found.next is None
    assert found.keys() == set()
    assert found.oldest is None
    assert found.closed(date(2000, 1, 1), date(2100, 1, 1)) == {}


def test_cells_begin_as_given_and_days_are_added_to_them(found):
    found.begin(MONDAY)
    found.start(KEY, {"total": -3})
    found.start(OTHER, {"20-08": 4, "08-12": 0})
    found.close(MONDAY, {KEY: {"total": 10}, OTHER: {"20-08": 1, "08-12": 9}})
    found.close(MONDAY + DAY, {KEY: {"total": 1}, OTHER: {"20-08": 0, "08-12": 1}})
    assert found.keys() == {KEY, OTHER}
    assert found.values(KEY) == {"total": 8}
    assert found.values(OTHER) == {"20-08": 5, "08-12": 10}
    assert found.next == MONDAY + 2 * DAY


def test_a_period_cannot_begin_twice(found):
    found.start(KEY, {"total": 1})
    with pytest.raises(StateError, match="SQLITE_CONSTRAINT"):
        found.start(KEY, {"total": 2})
    assert found.values(KEY) == {"total": 1}


def test_a_day_that_cannot_be_added_to_all_is_added_to_none(found):
    found.begin(MONDAY)
    found.start(KEY, {"total": 1})
    found.start(OTHER, {"20-08": 1})
    with pytest.raises(StateError):
        found.close(MONDAY, {KEY: {"total": 10}, OTHER: {"20-08": cast("int", None)}})
    assert found.values(KEY) == {"total": 1}
    assert found.next == MONDAY
    assert found.closed(MONDAY, MONDAY) == {}


def test_what_is_dropped_is_in_no_octet_of_the_file(quick):
    with accumulators.opened(quick) as found:
        found.start(("T1", "2026-Q1-P1"), {"a-cell-that-goes": 77, "another": 1})
        found.start(KEY, {"a-cell-that-stays": 5})
        found.drop(("T1", "2026-Q1-P1"))
        assert found.values(("T1", "2026-Q1-P1")) == {}
        assert found.keys() == {KEY}
    octets = b"".join(path.read_bytes() for path in quick.iterdir())
    assert b"a-cell-that-stays" in octets
    assert b"a-cell-that-goes" not in octets
    assert b"Q1-P1" not in octets


def test_the_second_draw_is_added_once(found):
    found.start(KEY, {"total": 10})
    found.start(OTHER, {"20-08": 1, "08-12": 2})
    assert found.end(KEY, {"total": -4}) == {"total": 6}
    assert found.end(KEY, {"total": 99}) == {"total": 6}
    assert found.values(OTHER) == {"20-08": 1, "08-12": 2}
    found.drop(KEY)
    found.start(KEY, {"total": 0})
    assert found.end(KEY, {"total": 7}) == {"total": 7}


def test_journals_are_empty_between_two_calls(quick):
    """Blocks that a journal gave back would hold the cells of the day before."""
    for number in range(5):
        with accumulators.opened(quick) as found:
            found.begin(MONDAY)
            found.start(("T0", f"2026-W0{number + 1}"), {"total": number})
            found.close(MONDAY, {})
        assert (quick / "accumulators.db-journal").stat().st_size == 0


def test_a_day_adds_up_from_its_parts_until_it_is_closed(found):
    found.begin(MONDAY)
    found.note(MONDAY, Up(3600, 100, frozenset({"hq"})))
    found.note(MONDAY, Up(60, 5, frozenset({"hq", "north"})))
    found.note(MONDAY + DAY, Up(7))
    assert found.closed(MONDAY, MONDAY) == {}
    found.close(MONDAY, {})
    assert found.closed(MONDAY, MONDAY + DAY) == {MONDAY: Up(3660, 105, frozenset({"hq", "north"}))}
    found.note(MONDAY, Up(9999, 9999))
    assert found.closed(MONDAY, MONDAY)[MONDAY][:2] == (3660, 105)


def test_days_closed_late_are_known(found):
    found.begin(MONDAY)
    found.close(MONDAY, {})
    found.close(MONDAY + DAY, {}, late=True)
    assert found.late(MONDAY, MONDAY + 9 * DAY) == {MONDAY + DAY}
    assert found.late(MONDAY, MONDAY) == set()


def test_days_are_forgotten_up_to_one(found):
    found.begin(MONDAY)
    for number in range(4):
        found.note(MONDAY + number * DAY, Up(10, 1, frozenset({"hq"})))
        found.close(MONDAY + number * DAY, {})
    found.forget(MONDAY + 2 * DAY)
    assert found.oldest == MONDAY + 2 * DAY
    assert set(found.closed(MONDAY, MONDAY + 9 * DAY)) == {MONDAY + 2 * DAY, MONDAY + 3 * DAY}


def test_days_add_up():
    days = [Up(5, 2, frozenset("a")), Up(6, 3, frozenset("ab")), Up()]
    assert total(days) == Up(11, 5, frozenset("ab"))
    assert total([]) == Up()


def test_nobody_else_may_look(quick):
    before = os.umask(0)
    with accumulators.opened(quick) as found:
        found.begin(MONDAY)
    os.umask(before)
    assert {path.stat().st_mode & 0o7777 for path in quick.iterdir()} == {0o600}


def test_nothing_in_it_tells_of_a_device(quick):
    with accumulators.opened(quick):
        pass
    with closing(sqlite3.connect(quick / "accumulators.db")) as connection:
        columns = {
            (table, column[1])
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
            )
            for column in connection.execute(f"PRAGMA table_info({table})")
        }
    assert columns == {
        ("next", "only"), ("next", "day"),
        ("cells", "table"), ("cells", "period"), ("cells", "cell"), ("cells", "value"),
        ("days", "day"), ("days", "seconds"), ("days", "served"), ("days", "closed"),
        ("days", "late"), ("seen", "day"), ("seen", "office"),
        ("ended", "table"), ("ended", "period"),
    }  # fmt: skip
