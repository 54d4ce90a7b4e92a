"""The true figures behind the published ones: bounded contributions, without noise.

Only a simulation can have them: they are kept while it runs and written beside the state, never
into it. Nothing in the product reads them.
"""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from blockfilter.counts import calendar, tables
from blockfilter.counts.contribution import Cell, Contributions, bounded
from blockfilter.counts.reader import Reader
from blockfilter.counts.tables import TABLES

FILE = "truth.json"


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

    def tables(self, reader: Reader) -> dict[str, list[dict[str, Any]]]:
        """The true device-days of every published cell."""
        found: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
        for fact in reader.periods():
            if fact.state != "released":
                continue
            period = calendar.parse(fact.period)
            cells = tuple(row.cell for row in reader.rows(fact.table, [fact.period]))
            sums = dict.fromkeys(cells, 0)
            for day, added in self._days.items():
                if day in period:
                    for cell, count in tables.shares(fact.table, cells, added).items():
                        sums[cell] += count
            found[fact.table] += [
                {"period": fact.period, "cell": cell, "value": value}
                for cell, value in sums.items()
            ]
        return found

    def write(self, state: Path, reader: Reader) -> None:
        """Write `truth.json` into a simulated state directory."""
        text = json.dumps({"simulated": True, "tables": self.tables(reader)}, indent=1) + "\n"
        temporary = state / f"{FILE}.tmp"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(state / FILE)
