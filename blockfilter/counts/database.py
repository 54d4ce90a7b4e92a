"""A database of the state directory, opened by its only writer.

Rollback journals in files (TRUNCATE): a process killed at any instant leaves all of a transaction
or nothing. What is deleted is overwritten. SQLite's exceptions become StateError here.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.errors import StateError

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

ACCUMULATORS, COUNTS = "accumulators.db", "counts.db"
_PRAGMAS = ("journal_mode = TRUNCATE", "secure_delete = ON", "foreign_keys = ON")


@contextmanager
def opened(path: Path, migrations: "Migrations", mode: int) -> Iterator["Database"]:
    """A database at its newest schema, made with `mode` where there is none. StateError."""
    from sqlite_utils import Database

    with translated(path):
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(path, flags, mode)
        try:
            if os.fstat(file).st_size == 0:
                os.fchmod(file, mode)  # whatever the umask is: a role that reads must be able to
        finally:
            os.close(file)
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            database = Database(connection, recursive_triggers=False, execute_plugins=False)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            migrations.apply(database)
            yield database


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A database to look at; nothing is made or changed. StateError."""
    with (
        translated(path),
        closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, timeout=10)) as found,
    ):
        yield found


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Foreign errors of the block as StateError, with the file and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise StateError(
            f"{path}: cannot be used ({name}); check its owner and the space left, or take "
            f"{COUNTS} back from a backup"
        ) from None
    except OSError as error:
        raise StateError(
            f"{path}: cannot be opened ({error.strerror}); check its owner and the space left"
        ) from None


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
