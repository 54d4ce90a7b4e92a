"""A report as a frozen value: everything a page, a table or a file says about a quarter or year.

It is built once from the published figures and the programme, and the same inputs give the same
value: no clock is asked. What is not known is None, and what is not there is empty; how that is
said is a matter of the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from blockfilter.counts import calendar
from blockfilter.counts.calendar import Period
from blockfilter.counts.coverage import Coverage
from blockfilter.counts.reader import Budget
from blockfilter.reports import attempts as published
from blockfilter.reports import trainings
from blockfilter.reports.attempts import Attempts, Book
from blockfilter.reports.efforts import Efforts
from blockfilter.reports.trainings import Judged


class Category(NamedTuple):
    """A category of the list, and how many of its names are enforced."""

    id: str
    title: str
    entries: int


class Blocked(NamedTuple):
    """What was blocked when the report was made; whoever knows the list hands it over."""

    releases: tuple[str, ...] = ()  # "the curated list, release 12 of 4 May 2026"
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole."""

    period: Period
    newest: date  # the last day that is closed: figures up to it were there
    simulated: bool
    head: str  # of the audit chain; "" where nothing is counted
    efforts: Efforts
    attempts: Attempts | None  # None: nothing is counted
    trainings: tuple[Judged, ...]
    coverage: tuple[Coverage, ...]
    blocked: Blocked
    budget: Budget | None

    @property
    def complete(self) -> bool:
        """Whether the period is over, so that no figure of it is still to come."""
        return self.period.last <= self.newest

    @property
    def heads(self) -> int | None:
        """People in the organisation: as frozen for the counts, else as the programme has it."""
        return (self.attempts.heads if self.attempts else 0) or self.efforts.heads

    @property
    def offices(self) -> Mapping[str, str]:
        """The offices' names by their ids."""
        return self.efforts.offices


def build(
    book: Book | None, efforts: Efforts, period: Period, newest: date, blocked: Blocked
) -> Report:
    """A report of a period; `newest` is the last closed day (see `asked`)."""
    reader = book.reader if book else None
    weeks = {one.name for one in calendar.weeks(period)}
    return Report(
        period=period,
        newest=newest,
        simulated=bool(reader and reader.simulated),
        head=reader.head if reader else "",
        efforts=efforts,
        attempts=published.attempts(book, period) if book else None,
        trainings=_trainings(book, efforts, period, newest),
        coverage=tuple(reader.coverage(weeks)) if reader else (),
        blocked=blocked,
        budget=reader.budget() if reader else None,
    )


def _trainings(
    book: Book | None, efforts: Efforts, period: Period, newest: date
) -> tuple[Judged, ...]:
    """Those up to the period's end; the newest period's report speaks of what came since, too."""
    current = newest < calendar.following(period).last
    until = newest if current else period.last
    totals = trainings.totals(book) if book else []
    return trainings.judged(efforts.trainings, totals, until)
