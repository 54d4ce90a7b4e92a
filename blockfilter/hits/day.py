"""Local time as hits know it: a day, an hour, and the moment a day is closed.

One zone serves the whole organisation. Pure functions; the caller brings the clock.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

CLOSES_AFTER = 3 * 3600  # seconds past the day's end until its file is unlinked
_STEP = 900  # every zone's offset changes at a full quarter of an hour of UTC, and is a multiple


class Span(NamedTuple):
    """A stretch of time, from `since` up to `until`, that lies within one local hour."""

    day: date
    hour: int
    since: float
    until: float


def span(now: float, zone: tzinfo) -> Span:
    """The quarter of an hour around an instant. The hour a DST change repeats is one hour."""
    local = datetime.fromtimestamp(now, zone)
    since = now // _STEP * _STEP
    return Span(local.date(), local.hour, since, since + _STEP)


def today(now: float, zone: tzinfo) -> date:
    """The local date of an instant."""
    return datetime.fromtimestamp(now, zone).date()


def closes(day: date, zone: tzinfo) -> float:
    """When a day is closed: its local end and three hours."""
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return end.timestamp() + CLOSES_AFTER


def is_closed(day: date, now: float, zone: tzinfo) -> bool:
    """Whether what is left of a day must go.

    A day that lies further ahead than tomorrow was written under a wrong clock. It would outlive
    the 27 hours, so it is closed as well.
    """
    return now >= closes(day, zone) or day > today(now, zone) + timedelta(days=1)
