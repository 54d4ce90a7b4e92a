"""Numbers, dates and periods in words."""

from datetime import date

import pytest

from blockfilter.counts import calendar
from blockfilter.reports import words


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-05-04", "2026-05-04", "4 May 2026"),
        ("2026-05-04", "2026-05-08", "4 to 8 May 2026"),
        ("2026-05-28", "2026-06-02", "28 May to 2 June 2026"),
        ("2026-12-28", "2027-01-03", "28 December 2026 to 3 January 2027"),
    ],
)
def test_a_span_says_no_more_of_a_date_than_it_needs(first, last, said):
    assert words.span(date.fromisoformat(first), date.fromisoformat(last)) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("2026-Q4", "Fourth quarter of 2026"),
        ("2026-Q1-P2", "Part 2 of the first quarter of 2026"),
        ("2026-W07", "Week 7 of 2026"),
        ("2026", "The year 2026"),
    ],
)
def test_periods_have_titles(name, said):
    assert words.title(calendar.parse(name)) == said


def test_what_is_zero_or_less_is_shown_with_what_it_means():
    assert words.figure(31) == "31"
    assert words.figure(0) == "0 (about 0)"
    assert words.figure(-3) == "−3 (about 0)"
    assert words.figure("similar") == "similar"
    assert words.figure(1234) == "1,234"


def test_numbers_and_shares():
    assert words.number(-0.04, 1) == "0.0"
    assert words.number(-1234.5, 1) == "−1,234.5"
    assert words.interval(-8, 31) == "−8 to 31"
    assert words.interval(None, None) == ""
    assert words.percent(0.344) == "34 %"
    assert words.percent(0.004) == "under 1 %"
    assert words.percent(0) == "0 %"
    assert words.percent(None) == "not known"
    assert words.most(0.9999) == "99.9 %"
    assert words.most(1.0) == "100 %"
    assert words.counted(1, "week") == "1 week"
    assert words.counted(1200, "person", "people") == "1,200 people"
    assert words.listed([]) == ""
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.significant(0.123456789) == 0.123457
    assert words.significant(None) is None
    assert words.category("escort-ads") == "Escort ads"
    assert words.stamped("2026-11-23T09:17:05Z") == "23 November 2026"
