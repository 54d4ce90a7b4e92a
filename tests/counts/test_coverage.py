"""How much was looked at: rounded, and a share of days that have 23 to 25 hours."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts import calendar
from blockfilter.counts.accumulators import Up
from blockfilter.counts.calendar import Kind
from blockfilter.counts.coverage import rounded, share
from tests.counts.world import BERLIN, day, days, period

HOUR = 3600
CAIRO = ZoneInfo("Africa/Cairo")  # some of its days begin at one o'clock


@pytest.mark.parametrize(
    ("served", "told"),
    [
        (0, 0), (1, 1), (999, 999), (1000, 1000), (1004, 1000), (1005, 1010), (9994, 9990),
        (9995, 10_000), (123_456, 123_000), (123_500, 124_000), (999_499, 999_000),
        (999_500, 1_000_000), (87_654_321, 87_700_000),
    ],
)  # fmt: skip
def test_queries_are_told_to_three_digits(served, told):
    assert rounded(served) == told


@given(st.integers(0, 10**12))
def test_rounding_keeps_three_digits_and_moves_little(served):
    told = rounded(served)
    assert len(str(told).rstrip("0")) <= 3
    assert abs(told - served) * 200 <= max(served, 200)
    assert rounded(told) == told


def test_the_share_of_a_week():
    week = period("2026-W05")
    known = {one: Up(24 * HOUR) for one in days(week.first, week.last)}
    assert share(week, known, BERLIN) == 1
    assert share(week, dict(list(known.items())[:3]), BERLIN) == pytest.approx(3 / 7)
    assert share(week, known, BERLIN, without=[week.first]) == pytest.approx(6 / 7)
    assert share(week, {}, BERLIN) == 0


@pytest.mark.parametrize(
    ("zone", "short", "long"),
    [
        (BERLIN, "2026-03-29", "2026-10-25"),
        (CAIRO, "2026-04-24", "2026-10-29"),
    ],
)
def test_a_day_of_a_clock_change_has_its_own_length(zone, short, long):
    for text, hours in ((short, 23), (long, 25)):
        week = calendar.containing(Kind.WEEK, day(text))
        whole = 6 * 24 + hours
        assert share(week, {day(text): Up(hours * HOUR)}, zone) == pytest.approx(hours / whole)
        assert share(week, {day(text): Up(30 * HOUR)}, zone) == pytest.approx(hours / whole)
        half = {day(text): Up(hours * HOUR // 2)}
        assert share(week, half, zone) == pytest.approx(hours / 2 / whole)
        full = {one: Up(25 * HOUR) for one in days(week.first, week.last)}
        assert share(week, full, zone) == 1


def test_seconds_noted_late_cannot_fill_another_day():
    week = period("2026-W05")
    assert share(week, {week.first: Up(7 * 24 * HOUR)}, BERLIN) == pytest.approx(1 / 7)


def test_days_of_other_periods_do_not_count():
    week = period("2026-W05")
    assert share(week, {one: Up(9 * HOUR) for one in days(day("2026-02-09"), day("2026-02-20"))},
                 BERLIN) == 0  # fmt: skip
