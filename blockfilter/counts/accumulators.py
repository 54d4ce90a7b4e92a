"""The cells of the open periods, in accumulators.db. Each began as noise; none is ever exact.

Day close alone opens it, and it is never backed up: a copy from one instant shows noisy values, two
copies show what came between. So no octet of a former day stays, in the file or in its journal. Beside the cells stands which days were closed, and how long the
server was up on each; both are facts about the service.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from blockfilter.counts import database
from blockfilter.counts.coverage import rounded
from blockfilter.counts.database import Database
from blockfilter.errors import StateError

Key = tuple[str, str]  # table, period
_MODE = 0o600
_ZEROS = bytes(1 << 16)
_SCHEMA = """
CREATE TABLE next (only INTEGER PRIMARY KEY CHECK (only = 1), day TEXT NOT NULL) STRICT;
CREATE TABLE cells (
  "table" TEXT NOT NULL, period TEXT NOT NULL, cell TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY ("table", period, cell)
) WITHOUT ROWID, STRICT;
CREATE TABLE ended ("table" TEXT NOT NULL, period TEXT NOT NULL, PRIMARY KEY ("table", period))
  WITHOUT ROWID, STRICT;
CREATE TABLE days (
  day TEXT PRIMARY KEY, seconds INTEGER NOT NULL DEFAULT 0, served INTEGER NOT NULL DEFAULT 0,
  closed INTEGER NOT NULL DEFAULT 0, late INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID, STRICT;
CREATE TABLE seen (day TEXT NOT NULL, office TEXT NOT NULL, PRIMARY KEY (day, office))
  WITHOUT ROWID, STRICT;
"""
_SCHEMAS = {"0001 cells and days": _SCHEMA}
_INSERT = "INSERT INTO cells VALUES (?, ?, ?, ?)"
_ADD = 'UPDATE cells SET value = value + ? WHERE "table" = ? AND period = ? AND cell = ?'


class Up(NamedTuple):
    """A day, or a part of it: seconds up, queries served, offices that sent any."""

    seconds: int = 0
    served: int = 0
    offices: frozenset[str] = frozenset()


class Accumulators:
    """The open database; every method is one transaction. StateError."""

    def __init__(self, opened: Database) -> None:
        self._atomic, self._run, self._many = opened.atomic, opened.run, opened.many

    @property
    def next(self) -> date | None:
        """The first day that is not closed yet; None before the first."""
        rows = self._run("SELECT day FROM next")
        return date.fromisoformat(rows[0][0]) if rows else None

    def begin(self, first: date) -> None:
        """Close days from this one on."""
        with self._atomic():
            self._run("INSERT OR REPLACE INTO next VALUES (1, ?)", [first.isoformat()])

    def keys(self) -> set[Key]:
        """What has cells here."""
        return set(self._run('SELECT DISTINCT "table", period FROM cells'))

    def start(self, key: Key, noise: Mapping[str, int]) -> None:
        """Begin a period's cells, each as its noise."""
        rows = [(*key, cell, value) for cell, value in noise.items()]
        with self._atomic():
            self._many(_INSERT, rows)
            self._settle()

    def values(self, key: Key) -> dict[str, int]:
        """The cells of a period; noisy."""
        return dict(
            self._run('SELECT cell, value FROM cells WHERE "table" = ? AND period = ?', key)
        )

    def end(self, key: Key, noise: Mapping[str, int]) -> dict[str, int]:
        """Add the second draw to a period's cells; what they are then, at every later call, too."""
        with self._atomic():
            if not self._run('SELECT 1 FROM ended WHERE "table" = ? AND period = ?', key):
                self._many(_ADD, [(drawn, *key, cell) for cell, drawn in noise.items()])
                self._run("INSERT INTO ended VALUES (?, ?)", key)
                self._settle()
        return self.values(key)

    def drop(self, key: Key) -> None:
        """Overwrite and remove a period's cells."""
        with self._atomic():
            for table in ("cells", "ended"):
                self._run(f'DELETE FROM {table} WHERE "table" = ? AND period = ?', key)  # noqa: S608  # one of two words
            self._settle()

    def close(
        self, day: date, added: Mapping[Key, Mapping[str, int]], *, late: bool = False
    ) -> None:
        """Add a day to its periods and note that it is closed, all at once or not at all.

        Late: whoever erases hits in time may have done so before.
        """
        with self._atomic():
            for key, cells in added.items():
                self._many(_ADD, [(count, *key, cell) for cell, count in cells.items()])
            self._settle()
            self._run(
                "INSERT INTO days (day, closed, late) VALUES (?, 1, ?) "
                "ON CONFLICT (day) DO UPDATE SET closed = 1, late = excluded.late",
                [day.isoformat(), int(late)],
            )
            ((served,),) = self._run("SELECT served FROM days WHERE day = ?", [day.isoformat()])
            self._run(  # an exact figure beside somebody's count of packets gives the blocked away
                "UPDATE days SET served = ? WHERE day = ?", [rounded(served), day.isoformat()]
            )
            self._run("UPDATE next SET day = ?", [(day + timedelta(days=1)).isoformat()])

    def _settle(self) -> None:
        """Write all cells anew. A row that is changed leaves what it was in a gap of its page, which
        no query shows; a table that is emptied leaves nothing, and then all that is there is of today.
        """
        rows = self._run("SELECT * FROM cells")
        self._run("DELETE FROM cells")
        self._many(_INSERT, rows)

    def note(self, day: date, up: Up) -> None:
        """Add to what is known of a day that is not closed."""
        seen = [(day.isoformat(), office) for office in sorted(up.offices)]
        with self._atomic():
            self._run(
                "INSERT INTO days (day, seconds, served) VALUES (?, ?, ?) ON CONFLICT (day) "
                "DO UPDATE SET seconds = seconds + excluded.seconds, "
                "served = served + excluded.served WHERE NOT closed",
                [day.isoformat(), up.seconds, up.served],
            )
            self._many("INSERT OR IGNORE INTO seen VALUES (?, ?)", seen)

    def closed(self, first: date, last: date) -> dict[date, Up]:
        """What is known of the closed days of a span."""
        span = [first.isoformat(), last.isoformat()]
        seen: dict[str, set[str]] = {}
        for day, office in self._run(
            "SELECT day, office FROM seen WHERE day BETWEEN ? AND ?", span
        ):
            seen.setdefault(day, set()).add(office)
        return {
            date.fromisoformat(day): Up(seconds, served, frozenset(seen.get(day, ())))
            for day, seconds, served in self._run(
                "SELECT day, seconds, served FROM days WHERE closed AND day BETWEEN ? AND ?", span
            )
        }

    def late(self, first: date, last: date) -> set[date]:
        """The days of a span that were closed late."""
        span = [first.isoformat(), last.isoformat()]
        rows = self._run("SELECT day FROM days WHERE late AND day BETWEEN ? AND ?", span)
        return {date.fromisoformat(day) for (day,) in rows}

    @property
    def oldest(self) -> date | None:
        """The first day that anything is known of."""
        ((found,),) = self._run("SELECT min(day) FROM days")
        return date.fromisoformat(found) if found else None

    def forget(self, before: date) -> None:
        """Drop what is known of days that nothing open needs."""
        with self._atomic():
            for table in ("days", "seen"):
                self._run(f"DELETE FROM {table} WHERE day < ?", [before.isoformat()])  # noqa: S608  # one of two words


@contextmanager
def opened(state: Path) -> Iterator[Accumulators]:
    """The accumulators of a state directory, made where there are none. StateError."""
    place = state / database.ACCUMULATORS
    with database.opened(place, "accumulators", _SCHEMAS, _MODE, journal="PERSIST") as found:
        try:
            yield Accumulators(found)
        finally:
            with suppress(StateError, OSError):  # the next to open it tries again
                _blank(found, place.with_name(f"{place.name}-journal"))


def _blank(found: Database, journal: Path) -> None:
    """Overwrite the journal, then give it back to the disk: it holds cells as they were a day before.

    Beside the cells as they are, that would be a second snapshot for whoever reads a stolen disk.
    """
    found.run("BEGIN IMMEDIATE")  # while this lasts nobody else writes, or needs a journal
    try:
        file = os.open(journal, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            left = os.fstat(file).st_size
            while left:
                left -= os.write(file, _ZEROS[:left])
            os.fsync(file)
            os.ftruncate(file, 0)
        finally:
            os.close(file)
    finally:
        found.run("ROLLBACK")


def total(days: Collection[Up]) -> Up:
    """All of them together."""
    offices = frozenset().union(*(one.offices for one in days))
    return Up(sum(one.seconds for one in days), sum(one.served for one in days), offices)
