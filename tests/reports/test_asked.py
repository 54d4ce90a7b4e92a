"""Which period a report is about: told by what is closed, never by the clock."""

from datetime import date

import pytest

from blockfilter.counts import calendar, tables
from blockfilter.counts.reader import Reader
from blockfilter.errors import StateError
from blockfilter.reports import asked
from blockfilter.reports.attempts import Book
from tests.reports.books import TODAY, Ledgered


def over(place, name=None, today=TODAY):
    period, newest = asked.over(Book(Reader(place)), today, asked.parsed(name) if name else None)
    return period.name, newest


@pytest.mark.parametrize("name", ["2026-W14", "2026-Q2-P1"])
def test_a_report_is_about_a_quarter_or_a_year(name):
    with pytest.raises(ValueError, match=r"a report is about a quarter or a year; write 2026-Q4"):
        asked.parsed(name)


@pytest.mark.parametrize("name", ["2026-Q5", "26", "", "../2026"])
def test_what_is_no_period_is_refused(name):
    with pytest.raises(ValueError, match="is no period; write"):
        asked.parsed(name)


def test_the_last_complete_quarter_is_the_last_that_is_closed(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 25)
    assert over(tmp_path) == ("2026-Q1", date(2026, 6, 21))
    with Ledgered.opened(tmp_path) as book:
        book.weeks("2026-W26", [20])
    assert over(tmp_path) == ("2026-Q2", date(2026, 6, 28))


def test_lost_and_unmeasured_weeks_close_a_quarter_too(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 12 + [None])
    assert over(tmp_path)[0] == "2026-Q1"


def test_coverage_closes_quarters_where_figures_come_once_a_year(tmp_path):
    with Ledgered(tmp_path, heads=120) as book:
        book.put(tables.T0, "2026", {"total": 0}, state="open")
        book.cover("2026-W01", 30)
    assert over(tmp_path)[0] == "2026-Q2"
    assert over(tmp_path, "2026")[0] == "2026"


def test_a_period_of_which_some_is_closed_may_be_asked_for(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 15)
    assert over(tmp_path, "2026-Q2") == ("2026-Q2", date(2026, 4, 12))


def test_a_period_that_has_not_begun_is_refused_with_the_newest_that_is_over(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 15)
    with pytest.raises(
        StateError, match=r"2026-Q3: begins on .* the newest complete quarter is 2026-Q1"
    ):
        over(tmp_path, "2026-Q3")


def test_what_was_over_before_counting_began_is_refused(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 13)
    with pytest.raises(
        StateError, match=r"2025-Q3: was over before counting began on 29 December 2025"
    ):
        over(tmp_path, "2025-Q3")


def test_before_the_first_complete_quarter_the_error_says_when_it_ends(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 3)
    with pytest.raises(StateError, match=r"no quarter is complete yet: .* ends on 29 March 2026"):
        over(tmp_path)


def test_before_anything_is_closed_the_error_says_so(tmp_path):
    with Ledgered(tmp_path) as book:
        book.put(tables.T0, "2026-W01", {"total": 0}, state="open")
    with pytest.raises(StateError, match="counting began on 29 December 2025, and nothing is"):
        over(tmp_path)


def test_where_nothing_is_counted_the_clock_is_asked():
    period, newest = asked.over(None, date(2026, 11, 25), None)
    assert (period.name, newest) == ("2026-Q3", date(2026, 11, 24))
    with pytest.raises(StateError, match="2027-Q1: begins on 4 January 2027"):
        asked.over(None, date(2026, 11, 25), calendar.parse("2027-Q1"))
