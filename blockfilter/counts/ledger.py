"""The ledger, in counts.db: what was frozen, opened and released, and the privacy it cost.

A figure is drawn once: its table and period are a primary key, and all cells of a release come in
one transaction with the audit line that holds their digest. Nothing here is secret; the file is
kept for years and backed up. One process writes at a time (`close` holds the lock).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from blockfilter.counts import audit, calendar, database
from blockfilter.counts.audit import Line
from blockfilter.counts.calendar import Period
from blockfilter.counts.coverage import Coverage
from blockfilter.counts.database import Database
from blockfilter.counts.frame import Frame
from blockfilter.counts.tables import TABLES, Form, Plan, Table

OPENED = "opened"  # what the audit says of a period that is open
OPEN, RELEASED, LOST, NOT_MEASURED = "open", "released", "lost", "not measured"
_MODE = 0o640
_SCHEMA = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE frames (quarter TEXT PRIMARY KEY, frame TEXT NOT NULL, head TEXT NOT NULL)
  WITHOUT ROWID, STRICT;
CREATE TABLE periods (
  "table" TEXT NOT NULL, period TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
  state TEXT NOT NULL, flagged INTEGER NOT NULL DEFAULT 0, heads INTEGER NOT NULL,
  addresses INTEGER NOT NULL, epsilon TEXT NOT NULL, form TEXT NOT NULL, cells TEXT NOT NULL,
  weights TEXT NOT NULL, head TEXT NOT NULL,
  PRIMARY KEY ("table", period)
) WITHOUT ROWID, STRICT;
CREATE TABLE releases (
  "table" TEXT NOT NULL, period TEXT NOT NULL, cell TEXT NOT NULL, place INTEGER NOT NULL,
  value ANY NOT NULL, low INTEGER, high INTEGER, head TEXT NOT NULL,
  PRIMARY KEY ("table", period, cell),
  FOREIGN KEY ("table", period) REFERENCES periods ("table", period)
) WITHOUT ROWID, STRICT;
CREATE TABLE charges (day TEXT PRIMARY KEY, epochs INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE coverage (
  week TEXT PRIMARY KEY, served INTEGER NOT NULL, days_up INTEGER NOT NULL, uptime REAL NOT NULL,
  list_age INTEGER, release TEXT NOT NULL, offices_seen REAL, canaries INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE audit (number INTEGER PRIMARY KEY, line TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
"""
_SCHEMAS = {"0001 ledger": _SCHEMA}


class Opened(NamedTuple):
    """A period of a table that was opened, as it was planned at its start."""

    table: Table
    period: Period
    form: Form
    cells: tuple[str, ...]
    weights: tuple[int, ...]
    addresses: int

    @property
    def key(self) -> tuple[str, str]:
        """Table and period, as they are stored."""
        return self.table.id, self.period.name

    @property
    def epsilon(self) -> Fraction:
        """Of each draw at a release: what one address may lose, so that a device loses no more."""
        return self.table.epsilon / self.addresses


class Figure(NamedTuple):
    """A published cell: its value, and the 95 % interval of the noise in it."""

    value: int | str
    low: int | None = None
    high: int | None = None


class Ledger:
    """The open database; what it publishes is one transaction with an audit line. StateError."""

    def __init__(self, opened: Database, clock: Callable[[], float]) -> None:
        self._atomic, self._run, self._many = opened.atomic, opened.run, opened.many
        self._clock = clock

    @property
    def began(self) -> date | None:
        """The first day that was counted from."""
        return self._day("began")

    @property
    def simulated(self) -> bool:
        """Whether what is counted here was made up."""
        rows = self._run("SELECT value FROM facts WHERE key = 'simulated'")
        return bool(rows) and rows[0][0] == "1"

    def begin(self, first: date, *, simulated: bool) -> None:
        """Note when counting began; it does so once."""
        with self._atomic():
            self._audit("began", {"first": first.isoformat(), "simulated": simulated})
            self._put("began", first.isoformat())
            self._put("simulated", str(int(simulated)))

    @property
    def closed(self) -> date | None:
        """The last closed day it was told of: which of two files is the older one shows in it."""
        return self._day("closed")

    def note_closed(self, day: date) -> None:
        """Note up to where days are closed; a fact about the service, without an audit line."""
        with self._atomic():
            self._put("closed", day.isoformat())

    def frame(self, quarter: str) -> Frame | None:
        """What was frozen for a quarter."""
        rows = self._run("SELECT frame FROM frames WHERE quarter = ?", [quarter])
        return Frame.read(rows[0][0]) if rows else None

    def freeze(self, frame: Frame) -> None:
        """Freeze a quarter."""
        with self._atomic():
            head = self._audit("frozen", {"frame": json.loads(frame.text())})
            self._run("INSERT INTO frames VALUES (?, ?, ?)", [frame.quarter, frame.text(), head])

    def overlaps(self, table: Table, period: Period) -> bool:
        """Whether a day of it was ever in another period of the table."""
        return bool(
            self._run(
                'SELECT 1 FROM periods WHERE "table" = ? AND first <= ? AND last >= ?',
                [table.id, period.last.isoformat(), period.first.isoformat()],
            )
        )

    def open(self, plan: Plan, period: Period, frame: Frame, state: str = OPEN) -> None:
        """Open a period: its cells are fixed from now on. With LOST, one that will have none."""
        planned = {
            "table": plan.table.id,
            "period": period.name,
            "heads": frame.heads,
            "addresses": frame.addresses_per_device,
            "epsilon": str(plan.table.epsilon),
            "form": plan.form.value,
            "cells": list(plan.cells),
            "weights": list(plan.weights),
        }
        with self._atomic():
            head = self._audit(OPENED if state == OPEN else state, planned)
            self._run(
                "INSERT INTO periods VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)",
                [plan.table.id, period.name, period.first.isoformat(), period.last.isoformat()]
                + [state, frame.heads, frame.addresses_per_device, str(plan.table.epsilon)]
                + [plan.form.value, json.dumps(plan.cells), json.dumps(plan.weights), head],
            )

    def opened(self) -> list[Opened]:
        """The periods that are open."""
        rows = self._run(
            'SELECT "table", period, form, cells, weights, addresses FROM periods '
            'WHERE state = ? ORDER BY last, "table"',
            [OPEN],
        )
        return [
            Opened(
                TABLES[table],
                calendar.parse(period),
                Form(form),
                tuple(json.loads(cells)),
                tuple(json.loads(weights)),
                addresses,
            )
            for table, period, form, cells, weights, addresses in rows
        ]

    def knows(self, key: tuple[str, str]) -> bool:
        """Whether a period was ever opened, whatever became of it."""
        return bool(self._run('SELECT 1 FROM periods WHERE "table" = ? AND period = ?', key))

    def release(self, one: Opened, figures: Mapping[str, Figure], *, flagged: bool) -> None:
        """Publish a period; a second time is refused by the primary key."""
        told = [(cell, *figure) for cell, figure in figures.items()]
        with self._atomic():
            head = self._end(one.key, RELEASED, flagged=flagged, figures=audit.of_figures(told))
            self._many(
                "INSERT INTO releases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (*one.key, cell, place, *figure, head)
                    for place, (cell, *figure) in enumerate(told)
                ],
            )

    def end(self, key: tuple[str, str], state: str) -> None:
        """A period that will never have a figure: lost, or not measured."""
        with self._atomic():
            self._end(key, state)

    def charge(self, day: date, epochs: int) -> None:
        """Note that on a day one device may have counted as several."""
        rows = self._run("SELECT epochs FROM charges WHERE day = ?", [day.isoformat()])
        if rows and rows[0][0] >= epochs:
            return
        with self._atomic():
            self._audit("charged", {"day": day.isoformat(), "epochs": epochs})
            self._run("INSERT OR REPLACE INTO charges VALUES (?, ?)", [day.isoformat(), epochs])

    def covered(self) -> set[str]:
        """The weeks whose coverage is published."""
        return {week for (week,) in self._run("SELECT week FROM coverage")}

    def cover(self, coverage: Coverage) -> None:
        """Publish a week's coverage."""
        with self._atomic():
            self._audit("covered", {"coverage": coverage._asdict()})
            self._run("INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?, ?, ?)", coverage)

    def _end(self, key: tuple[str, str], state: str, **facts: object) -> str:
        head = self._audit(state, {"table": key[0], "period": key[1]} | facts)
        self._run(
            'UPDATE periods SET state = ?, flagged = ?, head = ? WHERE "table" = ? AND period = ?',
            [state, int(bool(facts.get("flagged"))), head, *key],
        )
        return head

    def _audit(self, what: str, facts: Mapping[str, Any]) -> str:
        rows = self._run("SELECT number, line, digest FROM audit ORDER BY number DESC LIMIT 1")
        line = audit.line(Line(*rows[0]) if rows else None, self._clock(), what, facts)
        self._run("INSERT INTO audit VALUES (?, ?, ?)", line)
        self._put("head", line.digest)
        self._put("lines", str(line.number))
        return line.digest

    def _day(self, key: str) -> date | None:
        rows = self._run("SELECT value FROM facts WHERE key = ?", [key])
        return date.fromisoformat(rows[0][0]) if rows else None

    def _put(self, key: str, value: str) -> None:
        self._run("INSERT OR REPLACE INTO facts VALUES (?, ?)", [key, value])


@contextmanager
def opened(state: Path, clock: Callable[[], float]) -> Iterator[Ledger]:
    """The ledger of a state directory, made where there is none. StateError."""
    with database.opened(state / database.COUNTS, "counts", _SCHEMAS, _MODE) as found:
        yield Ledger(found, clock)
