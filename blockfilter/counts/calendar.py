"""The periods of published tables: disjoint, made of whole ISO weeks. Pure; dates are values.

A quarter is ISO weeks 1-13, 14-26, 27-39 or 40 to the year's end; its parts are 4, 4 and 5 weeks (6
in the last quarter of a year of 53), so that parts add up to quarters and quarters to years.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

_WEEK = timedelta(weeks=1)
_QUARTER_WEEKS, _PART_WEEKS = 13, 4
_NAME = re.compile(r"([12]\d{3})(?:-W(\d\d)|-Q([1-4])(?:-P([1-3]))?)?", re.ASCII)


class Kind(StrEnum):
    """How long a period is."""

    WEEK = "week"
    PART = "part"  # 4-4-5 weeks of a quarter
    QUARTER = "quarter"
    YEAR = "year"


class Period(NamedTuple):
    """Whole ISO weeks: from `first`, a Monday, to `last`, a Sunday, both included."""

    kind: Kind
    name: str  # "2026-W14", "2026-Q2-P1", "2026-Q2", "2026"
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


def containing(kind: Kind, day: date) -> Period:
    """The period of a kind that a day lies in."""
    year, week, _ = day.isocalendar()
    if kind is Kind.WEEK:
        return _weeks(kind, f"{year}-W{week:02}", year, week, week)
    if kind is Kind.YEAR:
        return _weeks(kind, str(year), year, 1, weeks_of(year))
    quarter = min((week - 1) // _QUARTER_WEEKS, 3) + 1
    first = (quarter - 1) * _QUARTER_WEEKS + 1
    last = weeks_of(year) if quarter == 4 else first + _QUARTER_WEEKS - 1
    name = f"{year}-Q{quarter}"
    if kind is Kind.QUARTER:
        return _weeks(kind, name, year, first, last)
    part = min((week - first) // _PART_WEEKS, 2) + 1
    begin = first + (part - 1) * _PART_WEEKS
    end = last if part == 3 else begin + _PART_WEEKS - 1
    return _weeks(kind, f"{name}-P{part}", year, begin, end)


def parse(name: str) -> Period:
    """The period of a name; ValueError says what a name looks like."""
    match = _NAME.fullmatch(name)
    if match:
        year, week, quarter, part = (int(one) if one else 0 for one in match.groups())
        if week <= weeks_of(year) and not (match[2] and not week):
            monday = date.fromisocalendar(year, week or 1, 1)
            if quarter:
                weeks = (quarter - 1) * _QUARTER_WEEKS + max(part - 1, 0) * _PART_WEEKS
                monday += weeks * _WEEK
            kind = Kind.WEEK if week else Kind.PART if part else Kind.QUARTER
            return containing(kind if week or quarter else Kind.YEAR, monday)
    raise ValueError(
        f"{name}: is no period; write 2026-W14, 2026-Q2, 2026-Q2-P1 (4 or 5 weeks of it) or 2026"
    )


def following(period: Period) -> Period:
    """The next one of the same kind."""
    return containing(period.kind, period.last + timedelta(days=1))


def preceding(period: Period) -> Period:
    """The one before of the same kind."""
    return containing(period.kind, period.first - timedelta(days=1))


def weeks(period: Period) -> Iterator[Period]:
    """Its ISO weeks, in order."""
    day = period.first
    while day <= period.last:
        yield containing(Kind.WEEK, day)
        day += _WEEK


def last_complete_quarter(today: date) -> Period:
    """The newest quarter that is over on a day."""
    return preceding(containing(Kind.QUARTER, today))


def weeks_of(year: int) -> int:
    """52, or 53 in a long ISO year; the 28th of December lies in the last week."""
    return date(year, 12, 28).isocalendar().week


def _weeks(kind: Kind, name: str, year: int, first: int, last: int) -> Period:
    return Period(
        kind, name, date.fromisocalendar(year, first, 1), date.fromisocalendar(year, last, 7)
    )
