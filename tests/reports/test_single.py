"""One table for people, and every reason why there is nothing in it."""

import pytest

from blockfilter.counts import calendar, tables
from blockfilter.counts.reader import Reader
from blockfilter.errors import StateError
from blockfilter.reports import single
from blockfilter.reports.attempts import Book
from tests.reports.books import Ledgered


def select(place, table, name=None):
    return single.select(Book(Reader(place)), table, calendar.parse(name) if name else None)


def refused(place, table, name):
    with pytest.raises(StateError) as caught:
        select(place, table, name)
    return str(caught.value)


def test_a_table_is_printed_with_intervals_and_what_is_missing(year):
    lines = single.lines(select(year, "T0", "2026-Q1"), simulated=False)
    assert lines[0] == "T0 organisation, total"
    assert lines[1].split() == ["period", "cell", "value", "95", "%", "interval"]
    assert lines[2].split() == ["2026-W01", "total", "22", "14", "to", "30"]
    assert lines[10].split() == ["2026-W09", "lost"]
    assert lines[2 + 13].startswith("An attempt is a device")


def test_what_is_about_nothing_is_said_so_and_a_simulation_is_named(year):
    lines = single.lines(select(year, "T0", "2026-W33"), simulated=True)
    assert lines[0].endswith(" (simulated)")
    assert lines[2].split() == ["2026-W33", "total", "−2", "(about", "0)", "−10", "to", "6"]


def test_a_flagged_figure_says_so(year):
    assert single.lines(select(year, "T0", "2026-W53"), simulated=False)[2].endswith(
        "up less than 90 %"
    )


def test_all_there_ever_was_is_shown_where_no_period_is_asked_for(year):
    assert len(select(year, "T0").rows) == 52
    assert len(select(year, "T1").rows) == 48
    assert {row.period for row in select(year, "T1", "2026-Q2").rows} == {
        "2026-Q2-P1",
        "2026-Q2-P2",
        "2026-Q2-P3",
    }


def test_why_there_is_nothing_is_said(year, tmp_path):
    assert refused(year, "T2", "2026-W14") == (
        "T2 2026-W14: T2 is published for longer periods only; ask for 2026-Q2"
    )
    assert refused(year, "T0", "2025-W10").endswith(
        "was over before counting began on 29 December 2025"
    )
    assert refused(year, "T0", "2027-W10").endswith("closed is all up to 3 January 2027")
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W03", [20, 19])
        book.put(tables.T0, "2026-W05", {"total": 0}, state="open")
    assert refused(tmp_path, "T0", "2026-W05") == (
        "T0 2026-W05: is still open; its figure comes after 1 February 2026"
    )
    assert refused(tmp_path, "T3", "2026-Q1").endswith(
        "T3 is not published for an organisation of this size"
    )
    assert refused(tmp_path, "T0", "2026-W01").endswith(
        "has no whole period of T0; the first is 2026-W03"
    )


def test_before_anything_is_published_the_table_says_so(tmp_path):
    with Ledgered(tmp_path) as book:
        book.put(tables.T0, "2026-W01", {"total": 0}, state="open")
    lines = single.lines(select(tmp_path, "T0"), simulated=False)
    assert lines[1].startswith("nothing is published yet")


def test_only_open_weeks_of_a_quarter_wait_for_the_last(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20, None])
        book.put(tables.T0, "2026-W03", {"total": 0}, state="open")
    found = select(tmp_path, "T0", "2026-Q1")
    assert [row.period for row in found.rows] == ["2026-W01"]
    assert [(one.period, one.state) for one in found.missing] == [("2026-W02", "lost")]
