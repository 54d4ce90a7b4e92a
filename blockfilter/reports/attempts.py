"""Attempts in a period: the published figures, put together and never drawn again.

Figures come from `counts.reader` alone. A sum of several has an interval of its own: that of the sum
of all the noise in them, by convolution, which is much narrower than the sum of their intervals.
What has no figure is told with its reason: open, lost, or not measured.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from blockfilter.counts import calendar, tables
from blockfilter.counts.calendar import Kind, Period
from blockfilter.counts.law import half_width
from blockfilter.counts.reader import PeriodFact, Reader, Row

RELEASED, OPEN = "released", "open"
QUARTERS_BEFORE = 3  # a page of a quarter shows the course of a year


class Detail(StrEnum):
    """How much an organisation of this size publishes."""

    WEEKS = "weeks"  # everything
    PARTS = "parts"  # totals of 4 or 5 weeks, categories and hours of a quarter
    YEARS = "years"  # one number a year
    BANDS = "bands"  # one band a year
    NOTHING = "nothing"
    UNKNOWN = "unknown"  # nothing was frozen for the time: the headcount was not known


class Sum(NamedTuple):
    """Figures added up: `periods` of them, of the `due` that the time asked for has."""

    cell: str
    value: int
    low: int
    high: int
    periods: int
    due: int


class Step(NamedTuple):
    """A period of the course of totals, and what became of it."""

    period: Period
    state: str
    row: Row | None
    heads: int


class Missing(NamedTuple):
    """A period without a figure."""

    table: str
    period: str
    state: str


class Attempts(NamedTuple):
    """All that is published of a period of time."""

    detail: Detail
    heads: int  # frozen at the start of its last quarter; 0 where nothing was
    total: Sum | None
    course: tuple[Step, ...]
    categories: tuple[Sum, ...]
    hours: tuple[Sum, ...]
    offices: tuple[Row, ...]
    monitored: Sum | None
    missing: tuple[Missing, ...]
    rows: Mapping[str, tuple[Row, ...]]  # by table: the figures of the time asked for


class Book:
    """The ledger as a report sees it: rows and facts, read once each."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.facts = {(one.table, one.period): one for one in reader.periods()}
        self._rows = {id_: tuple(reader.rows(id_)) for id_ in tables.TABLES}

    def within(self, table: str, period: Period) -> list[PeriodFact]:
        """What became of a table's periods in a time, in order."""
        return [
            one
            for one in self.facts.values()
            if one.table == table and period.first <= one.first and one.last <= period.last
        ]

    def rows(self, table: str, period: Period | None = None) -> tuple[Row, ...]:
        """The figures of a table in a time."""
        if period is None:
            return self._rows[table]
        names = {one.period for one in self.within(table, period)}
        return tuple(row for row in self._rows[table] if row.period in names)

    def sum_of(self, rows: Sequence[Row], due: int) -> Sum | None:
        """The sum of numbers; None where there are none. All rows are of one cell."""
        numbers = [(row, row.value) for row in rows if isinstance(row.value, int)]
        if not numbers:
            return None
        value = sum(one for _, one in numbers)
        draws = [draw for row, _ in numbers for draw in self._draws(row)]
        width = half_width(draws)
        return Sum(rows[0].cell, value, value - width, value + width, len(numbers), due)

    def _draws(self, row: Row) -> tuple[Fraction, Fraction]:
        """The noise in a figure: what its accumulator began with, and what was added at the end."""
        fact = self.facts[row.table, row.period]
        epsilon = fact.epsilon / fact.addresses
        return 2 * epsilon, epsilon


def attempts(book: Book, period: Period) -> Attempts:
    """What is published of a quarter or year."""
    rows = {id_: book.rows(id_, period) for id_ in tables.TABLES}
    heads, detail = _detail(book, period)
    weeks = book.within("T0", period)
    return Attempts(
        detail=detail,
        heads=heads,
        total=book.sum_of(rows["T0"], len(weeks)),
        course=_course(book, period),
        categories=tuple(_by_cell(book, rows["T1"], len(book.within("T1", period)))),
        hours=tuple(_by_cell(book, rows["T2"], len(book.within("T2", period)))),
        offices=rows["T3"],
        monitored=book.sum_of(rows["TM"], len(book.within("TM", period))),
        missing=tuple(_missing(book, period)),
        rows=rows,
    )


def _detail(book: Book, period: Period) -> tuple[int, Detail]:
    """Heads and what they allow, as frozen for the time's last quarter that is known."""
    frames = [
        frame
        for name, frame in book.reader.frames().items()
        if calendar.parse(name).first in period
    ]
    if not frames:
        return 0, Detail.UNKNOWN
    heads = frames[-1].heads
    sizes = (
        (tables.SMALLEST, Detail.NOTHING),
        (tables.YEARLY_NUMBER, Detail.BANDS),
        (tables.PARTS, Detail.YEARS),
        (tables.WEEKLY, Detail.PARTS),
    )
    return heads, next((detail for limit, detail in sizes if heads < limit), Detail.WEEKS)


def _course(book: Book, period: Period) -> tuple[Step, ...]:
    """Totals of the year that ends with the time asked for; yearly ones of every year up to it."""
    begin = period
    for _ in range(QUARTERS_BEFORE if period.kind is Kind.QUARTER else 0):
        begin = calendar.preceding(begin)
    rows = {row.period: row for row in book.rows("T0")}
    found = []
    for one in book.facts.values():
        if one.table != "T0" or one.last > period.last or one.state == OPEN:
            continue
        known = calendar.parse(one.period)
        if one.first >= begin.first or known.kind is Kind.YEAR:
            found.append(Step(known, one.state, rows.get(one.period), one.heads))
    return tuple(found)


def _by_cell(book: Book, rows: Sequence[Row], due: int) -> Iterable[Sum]:
    """Sums by cell: those of the newest period first, in its order."""
    cells: dict[str, list[Row]] = {row.cell: [] for row in rows if row.period == rows[-1].period}
    for row in rows:
        cells.setdefault(row.cell, []).append(row)
    sums = (book.sum_of(found, due) for found in cells.values())
    return (one for one in sums if one is not None)


def _missing(book: Book, period: Period) -> Iterable[Missing]:
    for one in book.facts.values():
        overlaps = one.first <= period.last and one.last >= period.first
        if overlaps and one.state != RELEASED:
            yield Missing(one.table, one.period, one.state)
