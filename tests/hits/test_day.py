"""Local time: hours across DST changes, and when a day is closed."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.hits.day import closes, is_closed, span, today

BERLIN = ZoneInfo("Europe/Berlin")


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        ("2026-11-23T00:00:00+01:00", 0),
        ("2026-11-23T23:59:59+01:00", 23),
        ("2026-03-29T01:59:59+01:00", 1),
        ("2026-03-29T03:00:00+02:00", 3),  # two o'clock does not exist
        ("2026-10-25T02:30:00+02:00", 2),
        ("2026-10-25T02:30:00+01:00", 2),  # the same hour once more
    ],
)
def test_an_instant_lies_in_its_local_hour(moment, hour):
    assert span(instant(moment), BERLIN).hour == hour


@given(
    st.integers(0, 4_000_000_000),
    st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_day_and_hour_are_the_same_everywhere_in_a_span(now, name):
    zone = ZoneInfo(name)
    day, hour, since, until = span(now, zone)
    assert since <= now < until
    for inside in (since, now, until - 0.001):
        local = datetime.fromtimestamp(inside, zone)
        assert (local.date(), local.hour) == (day, hour)


def test_a_day_is_closed_three_hours_after_its_local_end():
    day = date(2026, 11, 23)
    assert closes(day, BERLIN) == instant("2026-11-24T03:00:00+01:00")
    assert not is_closed(day, instant("2026-11-24T02:59:59+01:00"), BERLIN)
    assert is_closed(day, instant("2026-11-24T03:00:00+01:00"), BERLIN)


def test_three_hours_are_three_hours_in_the_night_of_a_dst_change():
    assert closes(date(2026, 3, 28), BERLIN) == instant("2026-03-29T04:00:00+02:00")
    assert closes(date(2026, 10, 24), BERLIN) == instant("2026-10-25T02:00:00+01:00")


def test_a_day_far_ahead_is_closed_because_it_would_be_kept_too_long():
    now = instant("2026-11-23T12:00:00+01:00")
    assert not is_closed(date(2026, 11, 24), now, BERLIN)
    assert is_closed(date(2026, 11, 25), now, BERLIN)


def test_today_is_the_date_of_the_zone():
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC).timestamp()
    assert today(now, BERLIN) == date(2026, 11, 24)
