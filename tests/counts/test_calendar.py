"""Periods partition the days of a century, and their names lead back to them."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts import calendar
from blockfilter.counts.calendar import Kind

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
KINDS = st.sampled_from(Kind)
LONG_YEARS = (2004, 2009, 2015, 2020, 2026, 2032, 2037)
WHOLES = {Kind.PART: Kind.QUARTER, Kind.QUARTER: Kind.YEAR}


def every(kind: Kind, first: date, last: date) -> list[calendar.Period]:
    periods = [calendar.containing(kind, first)]
    while periods[-1].last < last:
        periods.append(calendar.following(periods[-1]))
    return periods


@pytest.mark.parametrize("kind", Kind)
def test_periods_of_a_kind_partition_every_day_of_a_century(kind):
    periods = every(kind, date(2000, 1, 3), date(2100, 12, 31))
    for one, after in pairwise(periods):
        assert after.first == one.last + timedelta(days=1)
        assert calendar.preceding(after) == one
    assert len({one.name for one in periods}) == len(periods)
    assert {one.first.weekday() for one in periods} == {0}
    assert {one.last.weekday() for one in periods} == {6}


@given(DAYS, KINDS)
def test_a_day_lies_in_the_period_that_contains_it(day, kind):
    period = calendar.containing(kind, day)
    assert day in period
    assert period.kind is kind
    assert {calendar.containing(kind, one) for one in (period.first, period.last)} == {period}
    assert period.first - timedelta(days=1) not in period
    assert period.last + timedelta(days=1) not in period


@given(DAYS, KINDS)
def test_a_name_leads_back_to_its_period(day, kind):
    period = calendar.containing(kind, day)
    assert calendar.parse(period.name) == period


@given(DAYS, st.sampled_from(sorted(WHOLES)))
def test_parts_add_up_to_quarters_and_quarters_to_years(day, kind):
    whole = calendar.containing(WHOLES[kind], day)
    parts = every(kind, whole.first, whole.last)
    assert parts[0].first == whole.first
    assert parts[-1].last == whole.last
    assert sum(part.days for part in parts) == whole.days


@given(DAYS, KINDS)
def test_weeks_of_a_period_are_all_of_it(day, kind):
    period = calendar.containing(kind, day)
    weeks = list(calendar.weeks(period))
    assert weeks == every(Kind.WEEK, period.first, period.last)
    assert sum(week.days for week in weeks) == period.days


def test_the_parts_of_a_quarter_are_4_4_and_5_weeks_and_6_at_the_end_of_a_long_year():
    for year in range(2000, 2101):
        parts = every(Kind.PART, date.fromisocalendar(year, 1, 1), date(year, 12, 28))
        expected = [4, 4, 5] * 4
        expected[-1] += calendar.weeks_of(year) - 52
        assert [len(list(calendar.weeks(part))) for part in parts] == expected


def test_a_long_year_has_a_week_53():
    found = {year for year in range(2003, 2039) if calendar.weeks_of(year) == 53}
    assert found == set(LONG_YEARS)
    assert calendar.parse("2026-W53").last == date(2027, 1, 3)
    assert calendar.parse("2026-Q4").days == 14 * 7
    assert calendar.parse("2026-Q4-P3").days == 6 * 7
    assert calendar.parse("2026").days == 53 * 7


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-W14", date(2026, 3, 30), date(2026, 4, 5)),
        ("2026-Q1", date(2025, 12, 29), date(2026, 3, 29)),
        ("2026-Q2-P1", date(2026, 3, 30), date(2026, 4, 26)),
        ("2026-Q2-P3", date(2026, 5, 25), date(2026, 6, 28)),
        ("2025", date(2024, 12, 30), date(2025, 12, 28)),
    ],
)
def test_periods_by_hand(name, first, last):
    period = calendar.parse(name)
    assert (period.first, period.last) == (first, last)


@pytest.mark.parametrize(
    "name",
    [
        *("", "2026-", "26", "2026-W1", "2026-W00", "2025-W53", "2026-W54", "2026-Q0", "2026-Q5"),
        *("2026-Q1-P0", "2026-Q1-P4", "2026-Q1-", "2026-P1", "2026-w14", " 2026", "2026 "),
        *(
            "0000",
            "0001",
            "9999-W52",
            "9999-Q4",
            "2026-W14-Q1",
            "2026-01",
            "2026-01-05",
            "twenty",
            "٢٠٢٦",
            "2026\n",
        ),
    ],
)
def test_what_is_no_name_is_refused_with_what_one_looks_like(name):
    with pytest.raises(ValueError, match="is no period; write 2026-W14, 2026-Q2, 2026-Q2-P1"):
        calendar.parse(name)


@given(st.text(alphabet="0123456789-WQP", max_size=12))
def test_any_text_is_a_name_of_itself_or_refused(text):
    try:
        period = calendar.parse(text)
    except ValueError as error:
        assert "is no period" in str(error)
    else:
        assert period.name == text


@given(DAYS)
def test_the_last_complete_quarter_is_the_newest_that_is_over(day):
    quarter = calendar.last_complete_quarter(day)
    assert quarter.kind is Kind.QUARTER
    assert quarter.last < day
    assert day in calendar.following(quarter)


def test_periods_of_other_things_are_none():
    assert "2026-03-30" not in calendar.parse("2026-W14")


def test_a_year_has_12_parts_4_quarters_and_its_weeks():
    for year in (2025, 2026):
        whole = calendar.parse(str(year))
        counted = Counter({kind: len(every(kind, whole.first, whole.last)) for kind in Kind})
        assert counted == {
            Kind.WEEK: calendar.weeks_of(year), Kind.PART: 12, Kind.QUARTER: 4, Kind.YEAR: 1
        }  # fmt: skip
