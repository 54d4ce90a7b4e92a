"""The true figures behind the published ones: bounded contributions, without noise.

Only a simulation can have them: they are kept while it runs and written to a file of their own,
never into a database. Nothing in the product reads them.
"""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from blockfilter.counts import calendar, tables
from blockfilter.counts.contribution import Cell, Contributions, bounded
from blockfilter.counts.reader import Reader
from blockfilter.counts.tables import TABLES

FILE = "truth.json"


class Sum(NamedTuple):
    """The device-days of a published cell."""

    period: str
    cell: str
    value: int


class Truth:
    """What each day really added."""

    def __init__(self) -> None:
        self._days: dict[date, Contributions] = {}

    def contribute(
        self, day: date, devices: Iterable[tuple[Sequence[Cell], Sequence[Cell]]]
    ) -> Contributions:
        """The bound itself, and a note of what it let through."""
        found = self._days[day] = bounded(devices)
        return found

    def cells(self, reader: Reader, table: str) -> list[Sum]:
        """Of a table, in the order of what is published: of offices too, which are words there."""
        found: list[Sum] = []
        for name, rows in groupby(reader.rows(table), key=lambda row: row.period):
            period, cells = calendar.parse(name), tuple(row.cell for row in rows)
            sums = dict.fromkeys(cells, 0)
            for day, added in self._days.items():
                if day in period:
                    for cell, count in tables.shares(table, cells, added).items():
                        sums[cell] += count
            found += [Sum(name, cell, value) for cell, value in sums.items()]
        return found

    def write(self, state: Path, reader: Reader) -> None:
        """Write `truth.json` into a simulated state directory."""
        every = {id_: [one._asdict() for one in self.cells(reader, id_)] for id_ in TABLES}
        text = json.dumps({"simulated": True, "tables": every}, indent=1) + "\n"
        temporary = state / f"{FILE}.tmp"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(state / FILE)
