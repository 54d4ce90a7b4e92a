"""The file ``programme.db``: opened by one writer at a time, and by readers of its group.

A writer holds SQLite's lock from its first read on, so what it checked still holds when it writes;
a killed one leaves all of a change or nothing. A reader needs no right to write, not even to the
directory. SQLite's exceptions do not leave this module.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from blockfilter.errors import StateError

if TYPE_CHECKING:
    from sqlite_utils import Database

NAME = "programme.db"
MODE = 0o640  # the group reads: reports, and whoever shows them
BUSY_SECONDS = 10  # another command writes for milliseconds, a long import for a second

Row = dict[str, Any]

_REMEDIES = {
    "SQLITE_BUSY": "another command writes to it; try again",
    "SQLITE_NOTADB": "is no database; take it back from a backup",
    "SQLITE_CORRUPT": "is damaged; take it back from a backup",
    "SQLITE_FULL": "cannot be written, the disk is full; make room",
    "SQLITE_READONLY": "may only be read by this user; its owner writes to it",
    "SQLITE_CANTOPEN": "cannot be opened; check its owner and its folder's",
}
_REMEDY = "cannot be read or written; check its owner and the space left"


class File:
    """An open database whose tables are the newest. Close it, or use it as a context manager."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open one that is there. StateError where there is none, or one of another version."""
        self.path = path
        if not self._is_there():
            raise StateError(
                f"{path}: is not there; begin with  blockfilter programme init, or name the "
                "directory it is in with --state DIR"
            )
        with self._translated():
            self._database = _connected(path, "ro" if readonly else "rw")
            try:
                self._bring_up_to_date(readonly=readonly)
            except BaseException:
                self.close()
                raise

    def _is_there(self) -> bool:
        try:
            return self.path.is_file()
        except OSError as error:
            raise StateError(
                f"{self.path}: cannot be opened ({error.strerror}); run this as its owner"
            ) from error

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open one for writing that is made if it is not there. StateError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            file = os.open(path, flags, MODE)
            try:
                os.fchmod(file, MODE)  # whatever the umask is; SQLite's journal gets the same
            finally:
                os.close(file)
        except OSError as error:
            raise StateError(
                f"{path}: cannot be made ({error.strerror}); check the folder's owner"
            ) from error
        return cls(path)

    @classmethod
    def readonly(cls, path: Path) -> Self:
        """Open one for reading. StateError where there is none, or one of another version."""
        return cls(path, readonly=True)

    def close(self) -> None:
        """Let go of it."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nobody else writes meanwhile; all that is written within is stored, or nothing."""
        connection = self._database.conn
        with self._translated():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def rows(self, statement: str, *given: object) -> list[Row]:
        """What a SELECT finds."""
        with self._translated():
            return list(self._database.query(statement, given))

    def execute(self, statement: str, *given: object) -> None:
        """Change rows, within `writing`."""
        with self._translated():
            self._database.conn.execute(statement, given)

    def insert(self, table: str, row: Mapping[str, object]) -> None:
        """Add a row, within `writing`. The names of tables and columns are this package's own."""
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  # our names
        self.execute(statement, *row.values())

    def _bring_up_to_date(self, *, readonly: bool) -> None:
        from blockfilter.programme.layout import MIGRATIONS, NAMES

        applied = {one.name for one in MIGRATIONS.applied(self._database)}
        pending = {one.name for one in MIGRATIONS.pending(self._database)}
        if applied - set(NAMES):
            raise StateError(f"{self.path}: was written by a newer blockfilter; update this one")
        if pending and readonly:
            raise StateError(
                f"{self.path}: is of an older blockfilter or was never begun; the next command by "
                "which its owner changes the programme brings it up to date"
            )
        if pending:
            with self.writing():  # two first commands at once: the second finds nothing to do
                MIGRATIONS.apply(self._database)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            remedy = next((_REMEDIES[one] for one in _REMEDIES if name.startswith(one)), _REMEDY)
            raise StateError(f"{self.path}: {remedy} ({name})") from error


def _connected(path: Path, mode: str) -> "Database":
    from sqlite_utils import Database  # 80 ms: not before there is something to open

    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, timeout=BUSY_SECONDS, uri=True)
    connection.execute("PRAGMA foreign_keys = ON")
    return Database(connection, recursive_triggers=False, execute_plugins=False)
