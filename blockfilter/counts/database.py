"""A database of the state directory, opened by its only writer.

Rollback journals in files (TRUNCATE or PERSIST): a process killed at any instant leaves all of a
transaction or nothing. What is deleted is overwritten. SQLite's exceptions become StateError here,
with the file that it was and what to do.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blockfilter.errors import StateError

if TYPE_CHECKING:
    import sqlite_utils

ACCUMULATORS, COUNTS = "accumulators.db", "counts.db"
WAITS = 10  # seconds for a reader or writer beside this one
_PRAGMAS = ("secure_delete = ON", "foreign_keys = ON")
_DAMAGE = frozenset((sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_DAMAGED = {
    ACCUMULATORS: "remove it: the periods that are open are then lost, and counting goes on",
    COUNTS: "take it back from a backup: the periods since are then lost, and counting goes on",
}


class Database:
    """An open database; everything it raises is StateError."""

    def __init__(self, path: Path, opened: "sqlite_utils.Database") -> None:
        self._path, self._opened = path, opened

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Run a statement; all its rows."""
        with translated(self._path):
            return self._opened.conn.execute(statement, values).fetchall()

    def many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement with each of these rows."""
        with translated(self._path):
            self._opened.conn.executemany(statement, rows)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """One transaction: all of the block, or nothing."""
        with translated(self._path), self._opened.atomic():
            yield


@contextmanager
def opened(
    path: Path, name: str, schemas: Mapping[str, str], mode: int, *, journal: str = "TRUNCATE"
) -> Iterator[Database]:
    """A database at its newest schema, made with `mode` where there is none. StateError.

    `schemas` are scripts by the names of their migrations, in order; `name` is that of the set.
    `journal`: what becomes of the rollback journal after each transaction.
    """
    with translated(path):
        _make(path, mode)
        connection = sqlite3.connect(path, timeout=WAITS, isolation_level=None)
    with closing(connection):
        with translated(path):
            for pragma in (f"journal_mode = {journal}", *_PRAGMAS):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            found = _migrated(connection, name, schemas)
        yield Database(path, found)


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A database to look at; nothing is made or changed. StateError."""
    with (
        translated(path),
        closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, timeout=WAITS)) as found,
    ):
        yield found


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Foreign errors of the block as StateError, with the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _DAMAGE:
            remedy = _DAMAGED.get(path.name, "remove it")
            raise StateError(f"{path}: is damaged ({name}); {remedy}") from None
        if name == "SQLITE_READONLY_ROLLBACK":
            raise StateError(
                f"{path}: a write to it was interrupted; the server, or blockfilter counts close, "
                "puts it right when it runs next"
            ) from None
        raise StateError(
            f"{path}: cannot be used ({name}); check its owner and the space left, then it goes on"
        ) from None
    except OSError as error:
        raise StateError(
            f"{path}: cannot be opened ({error.strerror}); check its owner and the space left"
        ) from None


def _make(path: Path, mode: int) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(path, flags, mode)
    try:
        if os.fstat(file).st_size == 0:
            os.fchmod(file, mode)  # whatever the umask is: a role that reads must be able to
    finally:
        os.close(file)


def _migrated(
    connection: sqlite3.Connection, name: str, schemas: Mapping[str, str]
) -> "sqlite_utils.Database":
    import sqlite_utils  # 80 ms and 14 MB: not before there is something to store

    database = sqlite_utils.Database(connection, recursive_triggers=False, execute_plugins=False)
    migrations = sqlite_utils.Migrations(name)
    for step, script in schemas.items():
        migrations(name=step)(_script(script))
    if migrations.pending(database):  # which asks once, and `apply` five times
        migrations.apply(database)
    return database


def _script(text: str) -> "Callable[[sqlite_utils.Database], None]":
    def run(made: "sqlite_utils.Database") -> None:
        for statement in text.split(";"):
            made.conn.execute(statement)

    return run


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
