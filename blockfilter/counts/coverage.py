"""How much of the traffic was looked at, week by week: facts that tell of nobody.

A count is worth nothing if half the company goes round the filter. Queries served are cached and
forwarded ones, never blocked ones, and only to three significant digits: beside a total from
elsewhere an exact figure would give the blocked ones away.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, Protocol

from blockfilter.counts.calendar import Period

_DIGITS = 3


class Coverage(NamedTuple):
    """One ISO week."""

    week: str
    served: int  # cached and forwarded, three significant digits
    days_up: int
    uptime: float  # share of the week, 0..1
    list_age: int | None  # days from the list's release to the week's end
    release: str
    offices_seen: float | None  # share of offices that sent any query; None: there are none
    canaries: bool  # browsers that ask whether a filter is here are told so


class Seconds(Protocol):
    """Something that knows how long the server was up."""

    @property
    def seconds(self) -> int:
        """On one day."""


def rounded(served: int) -> int:
    """To three significant digits."""
    step: int = 10 ** max(0, len(str(served)) - _DIGITS)
    return (served + step // 2) // step * step


def share(
    period: Period, known: Mapping[date, Seconds], zone: tzinfo, without: Collection[date] = ()
) -> float:
    """The share of a period that the server was up; days `without` count as if it was not.

    A day has 23, 24 or 25 hours, and no more of it than that can be up.
    """
    up = sum(
        min(one.seconds, _length(day, day, zone))
        for day, one in known.items()
        if day in period and day not in without
    )
    return up / _length(period.first, period.last, zone)


def _length(first: date, last: date, zone: tzinfo) -> float:
    end = datetime.combine(last + timedelta(days=1), time.min, zone).timestamp()
    return end - datetime.combine(first, time.min, zone).timestamp()
