"""The only door for whoever shows a number: what counts.db has published, read-only.

Only released figures come through it; an open period has no row. It cannot reach hits or
accumulators, and it needs no right to write.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from blockfilter.counts import database
from blockfilter.counts.coverage import Coverage
from blockfilter.counts.frame import Frame
from blockfilter.counts.law import guess
from blockfilter.counts.tables import TABLES
from blockfilter.errors import StateError


class Row(NamedTuple):
    """A published cell. `low` and `high`: the 95 % interval of its noise; None for a band."""

    table: str
    period: str
    cell: str
    value: int | str
    low: int | None
    high: int | None
    flagged: bool  # up for less than nine tenths of the period: left out of before and after


class PeriodFact(NamedTuple):
    """What became of a period; nothing here is a count."""

    table: str
    period: str
    first: date
    last: date
    state: str  # "open", "released", "lost", "not measured"
    flagged: bool
    epsilon: Fraction
    addresses: int  # addresses a device may have: the noise is so many times wider
    heads: int
    head: str  # of the audit chain when it was opened, published or given up


class Budget(NamedTuple):
    """What the figures cost one device-day at the most."""

    per_device_day: Fraction  # the sum over the tables that were ever opened
    epochs: int  # as how many devices one may have counted on a day
    guess: float  # the best guess from all figures together is right so often


class Reader:
    """The published figures of a state directory; StateError where there are none to read."""

    def __init__(self, state: Path) -> None:
        self._path = state / database.COUNTS
        with database.translated(self._path):
            there = self._path.exists() and self._path.stat().st_size
        if not there:  # without octets: it is being made just now
            raise StateError(
                f"{self._path}: there are no counts yet; they begin the day after the headcount is "
                "known (blockfilter programme init) and the server runs"
            )
        with self._opened() as run:
            facts = dict(run("SELECT key, value FROM facts").fetchall())
        self.simulated = facts.get("simulated") == "1"
        self.head: str = facts.get("head", "")
        self.began = date.fromisoformat(facts["began"]) if "began" in facts else None

    def rows(self, table: str, periods: Collection[str] | None = None) -> list[Row]:
        """The figures of a table, in the order of the calendar, then of the cells."""
        select = (
            'SELECT r."table", r.period, r.cell, r.value, r.low, r.high, p.flagged '
            'FROM releases r JOIN periods p USING ("table", period) '
            'WHERE r."table" = ? ORDER BY p.first, r.place'
        )
        with self._opened() as run:
            found = [Row._make([*row[:-1], bool(row[-1])]) for row in run(select, [table])]
        return [row for row in found if periods is None or row.period in periods]

    def periods(self, table: str | None = None) -> list[PeriodFact]:
        """Every period that was ever opened, in the order of the calendar."""
        select = (
            'SELECT "table", period, first, last, state, flagged, epsilon, addresses, heads, head '
            'FROM periods ORDER BY first, "table"'
        )
        with self._opened() as run:
            return [
                PeriodFact._make(
                    [
                        *row[:2],
                        date.fromisoformat(row[2]),
                        date.fromisoformat(row[3]),
                        row[4],
                        bool(row[5]),
                        Fraction(row[6]),
                        *row[7:],
                    ]
                )
                for row in run(select)
                if table in (None, row[0])
            ]

    def coverage(self, weeks: Collection[str] | None = None) -> list[Coverage]:
        """The weeks' coverage, in order."""
        with self._opened() as run:
            found = [
                Coverage._make([*row[:-1], bool(row[-1])])
                for row in run("SELECT * FROM coverage ORDER BY week")
            ]
        return [one for one in found if weeks is None or one.week in weeks]

    def frames(self) -> dict[str, Frame]:
        """What was frozen, by quarter."""
        with self._opened() as run:
            rows = run("SELECT quarter, frame FROM frames ORDER BY quarter").fetchall()
        return {quarter: Frame.read(text) for quarter, text in rows}

    def budget(self) -> Budget:
        """What was spent, for the worst day there was."""
        with self._opened() as run:
            opened = {row[0] for row in run('SELECT DISTINCT "table" FROM periods')}
            (epochs,) = run("SELECT coalesce(max(epochs), 1) FROM charges").fetchone()
        spent = sum((TABLES[table].epsilon for table in opened), Fraction(0))
        return Budget(spent, epochs, guess(spent * epochs))

    def events(self) -> list[dict[str, Any]]:
        """The audit chain's lines, in order."""
        with self._opened() as run:
            return [json.loads(row[0]) for row in run("SELECT line FROM audit ORDER BY number")]

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        with database.read_only(self._path) as connection:
            connection.row_factory = None
            yield connection.execute


def last_closed(reader: Reader) -> date | None:
    """The last day of the newest period that is over; the simulation's idea of today."""
    ended = [one.last for one in reader.periods() if one.state != "open"]
    return max(ended, default=None)
