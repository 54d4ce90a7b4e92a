"""Which period a report is about: one that the ledger was there for.

What is over is told by the ledger and not by a clock: a quarter is complete when its last figure is
out. So a simulated year has its own today, and a report is the same whenever it is made. A period
that is asked for by name may have days to come; its report says up to when it has figures.
"""

from datetime import date

from blockfilter.counts import calendar
from blockfilter.counts.calendar import Kind, Period
from blockfilter.errors import StateError
from blockfilter.reports import words
from blockfilter.reports.attempts import OPEN, Book

_KINDS = (Kind.QUARTER, Kind.YEAR)


def parsed(name: str) -> Period:
    """A period to report on; ValueError says what may be asked for."""
    period = calendar.parse(name)
    if period.kind not in _KINDS:
        raise ValueError(
            f"{name}: a report is about a quarter or a year; write 2026-Q4 or 2026 "
            "(report show takes weeks, too)"
        )
    return period


def newest(book: Book) -> date | None:
    """The last day of the newest period or week that is closed."""
    ended = [one.last for one in book.facts.values() if one.state != OPEN]
    ended += [calendar.parse(one.week).last for one in book.reader.coverage()]
    return max(ended, default=None)


def over(book: Book | None, today: date, asked: Period | None) -> tuple[Period, date]:
    """The period to report on, by default the last complete quarter, and the newest closed day.

    `today` serves where nothing is counted. StateError where no day of the period is closed yet, or
    it was over before counting began.
    """
    began = book.reader.began if book else None
    closed = newest(book) if book else None
    if book and closed is None and began:
        raise StateError(_nothing_yet(began))
    until = closed or date.fromordinal(today.toordinal() - 1)
    complete = calendar.last_complete_quarter(date.fromordinal(until.toordinal() + 1))
    period = asked or complete
    if asked and asked.first > until:
        raise StateError(
            f"{asked.name}: begins on {words.day(asked.first)}, and what is closed reaches to "
            f"{words.day(until)}; the newest complete quarter is {complete.name}"
        )
    if began and period.last < began:
        raise StateError(_too_early(began, period, asked))
    return period, until


def _nothing_yet(began: date) -> str:
    return (
        f"no quarter is complete yet: counting began on {words.day(began)}, and nothing is closed; "
        "blockfilter counts status says what comes next"
    )


def _too_early(began: date, period: Period, asked: Period | None) -> str:
    first = calendar.containing(Kind.QUARTER, began)
    if asked is None:
        return (
            f"no quarter is complete yet: counting began on {words.day(began)}, and {first.name} "
            f"ends on {words.day(first.last)}; blockfilter report show prints the weeks before that"
        )
    return (
        f"{period.name}: was over before counting began on {words.day(began)}; the first quarter "
        f"with figures is {first.name}"
    )
