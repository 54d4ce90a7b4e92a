"""Numbers, dates and periods in words, the same on every machine: no locale is asked."""

from collections.abc import Sequence
from datetime import date
from math import floor

from blockfilter.counts.calendar import Kind, Period

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_ORDINALS = ("First", "Second", "Third", "Fourth")
MINUS, NO_BREAK = "−", "\u00a0"
ABOUT_NOTHING = "about 0"
_BANDS = {"<10": "fewer than 10", "10-39": "10 to 39", ">=40": "40 or more"}  # as counts.tables has


def day(one: date) -> str:
    """ "4 May 2026"."""
    return f"{one.day} {MONTHS[one.month - 1]} {one.year}"


def stamped(moment: str) -> str:
    """The day of a time like "2026-11-23T09:17:05Z"."""
    return day(date.fromisoformat(moment[:10]))


def span(first: date, last: date) -> str:
    """ "4 to 8 May 2026", with no more of a date than it needs."""
    if first == last:
        return day(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    if first.year == last.year:
        return f"{first.day} {MONTHS[first.month - 1]} to {day(last)}"
    return f"{day(first)} to {day(last)}"


def title(period: Period) -> str:
    """ "Fourth quarter of 2026"."""
    year, _, rest = period.name.partition("-")
    if period.kind is Kind.QUARTER:
        return f"{_ORDINALS[int(rest[1]) - 1]} quarter of {year}"
    if period.kind is Kind.PART:
        return f"Part {rest[-1]} of the {_ORDINALS[int(rest[1]) - 1].lower()} quarter of {year}"
    if period.kind is Kind.WEEK:
        return f"Week {int(rest[1:])} of {year}"
    return f"The year {year}"


def number(value: float, decimals: int = 0) -> str:
    """ "1,234" and "−3"."""
    written = f"{value:,.{decimals}f}"
    if float(written.replace(",", "")) == 0:
        written = written.lstrip("-")
    return written.replace("-", MINUS)


def figure(value: int | str) -> str:
    """A published value: what the noise left at or below zero is told as what it means, too."""
    if isinstance(value, str):
        return _BANDS.get(value, value)
    return number(value) if value > 0 else f"{number(value)} ({ABOUT_NOTHING})"


def interval(low: float | None, high: float | None, decimals: int = 0) -> str:
    """ "23 to 39"; nothing where there is none."""
    if low is None or high is None:
        return ""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def percent(share: float | None) -> str:
    """ "34 %"; what is there and less than half of one says so."""
    if share is None:
        return "not known"
    return "under 1 %" if 0 < share < 0.005 else f"{number(100 * share)} %"


def most(share: float) -> str:
    """ "99.8 %": a share near all of something, rounded down, for 100 % to be all of it."""
    tenths = floor(share * 1000 + 1e-9)
    return f"{number(tenths / 10, 0 if tenths % 10 == 0 else 1)} %"


def counted(count: int, noun: str, many: str = "") -> str:
    """ "1 week", "1,200 people"."""
    return f"{number(count)} {noun if count == 1 else many or noun + 's'}"


def listed(items: Sequence[str]) -> str:
    """ "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def category(id_: str) -> str:
    """ "Escort ads"."""
    return id_[:1].upper() + id_[1:].replace("-", " ")


def significant(value: float | None, digits: int = 6) -> float | None:
    """A float as it is written into a file: digits past these mean nothing."""
    return None if value is None else float(f"{value:.{digits}g}")
