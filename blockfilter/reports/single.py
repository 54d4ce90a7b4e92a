"""One table as `report show` prints it: what was asked for, and why there is nothing where so."""

import textwrap
from typing import NamedTuple

from blockfilter.counts import tables
from blockfilter.counts.calendar import Period
from blockfilter.counts.reader import PeriodFact, Row
from blockfilter.errors import StateError
from blockfilter.reports import asked, sentences, words
from blockfilter.reports.attempts import OPEN, RELEASED, Book, Missing

WIDTH = 100  # columns of what stands below the table
_GAP = "  "


class Single(NamedTuple):
    """The figures of a table, and the closed periods that have none."""

    table: str
    rows: tuple[Row, ...]
    missing: tuple[Missing, ...]


def select(book: Book, table: str, period: Period | None) -> Single:
    """The figures of a table, of all times or of one. StateError where there can be none yet."""
    facts = [one for one in book.facts.values() if one.table == table]
    if period is not None:
        within = book.within(table, period)
        if not within:
            raise StateError(_nothing(book, table, period, facts))
        facts = within
        if all(one.state == OPEN for one in facts):
            last = max(one.last for one in facts)
            raise StateError(
                f"{table} {period.name}: is still open; its figure comes after {words.day(last)}"
            )
    missing = [
        Missing(table, one.period, one.state) for one in facts if one.state not in (OPEN, RELEASED)
    ]
    return Single(table, book.rows(table, period), tuple(missing))


def _nothing(book: Book, table: str, period: Period, facts: list[PeriodFact]) -> str:
    """Why a table has nothing in a time, and what to ask for instead."""
    where = f"{table} {period.name}"
    if not facts:
        return f"{where}: {table} is not published for an organisation of this size"
    around = [one.period for one in facts if one.first <= period.first and period.last <= one.last]
    if around:
        return f"{where}: {table} is published for longer periods only; ask for {around[-1]}"
    began, until = book.reader.began, asked.newest(book)
    if began and period.last < began:
        return f"{where}: was over before counting began on {words.day(began)}"
    if until and period.first > until:
        return f"{where}: has not begun or is not closed; closed is all up to {words.day(until)}"
    return f"{where}: has no whole period of {table}; the first is {facts[0].period}"


def lines(found: Single, *, simulated: bool) -> list[str]:
    """The table for people."""
    title = f"{found.table} {tables.TABLES[found.table].title}"
    heading = f"{title}{' (simulated)' if simulated else ''}"
    if not found.rows and not found.missing:
        return [heading, "nothing is published yet; blockfilter counts status says what comes next"]
    body = [("period", "cell", "value", "95 % interval", "")]
    for row in found.rows:
        note = "up less than 90 %" if row.flagged else ""
        value = words.figure(row.value)
        body.append((row.period, row.cell, value, words.interval(row.low, row.high), note))
    body += [(one.period, "", one.state, "", "") for one in found.missing]
    body[1:] = sorted(body[1:], key=lambda one: _order(one[0]))
    widths = [max(len(row[column]) for row in body) for column in range(len(body[0]))]
    shown = [
        _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in body
    ]
    return [heading, *shown, *textwrap.wrap(sentences.WHAT_IS_COUNTED, WIDTH)]


def _order(name: str) -> tuple[int, ...]:
    """Names of periods of one kind in the order of the calendar: their digits."""
    digits = "".join(one if one.isdigit() else " " for one in name)
    return tuple(int(one) for one in digits.split())
