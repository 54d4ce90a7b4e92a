"""The hits of one day: a set of rows in ``hits-YYYY-MM-DD.db``, without an order of arrival.

One transaction an addition, and adding the same again changes nothing. A process killed at any
instant leaves all of an addition or nothing of it: that needs SQLite's rollback journal in a file
(TRUNCATE; with MEMORY a kill in mid-transaction can ruin the whole day). One process, and in it one
thread at a time, opens these files. SQLite's exceptions do not leave this module, and no token that
was once in a file does: who reads a day is told what devices met, and not which device it was.
"""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blockfilter.errors import StateError
from blockfilter.hits.erase import erase
from blockfilter.hits.hit import Hit
from blockfilter.hits.pseudonym import TOKEN_SIZE

if TYPE_CHECKING:
    from sqlite_utils import Database

_NAME = re.compile(r"hits-(\d{4}-\d\d-\d\d)\.db(-journal|\.new|\.new-journal)?")
_DAMAGE = frozenset((sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_SCHEMA = """
CREATE TABLE IF NOT EXISTS hits (
  day TEXT NOT NULL,
  hour INTEGER NOT NULL,
  office TEXT NOT NULL,
  category TEXT NOT NULL,
  mode TEXT NOT NULL,
  token BLOB NOT NULL,
  PRIMARY KEY (day, hour, office, category, mode, token)
) WITHOUT ROWID, STRICT
"""
_INSERT = "INSERT OR IGNORE INTO hits VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT day, hour, office, category, mode, token FROM hits ORDER BY "
_FORWARDS = _SELECT + "day, hour, office, category, mode, token"
_BACKWARDS = _SELECT + "day DESC, hour DESC, office DESC, category DESC, mode DESC, token DESC"
_BY_DEVICE = "SELECT token, mode, hour, office, category FROM hits WHERE day = ? ORDER BY token"


class Device(NamedTuple):
    """What one device met in a day, by mode: each (hour, office, category) once, in any order."""

    enforced: list[tuple[int, str, str]]
    monitored: list[tuple[int, str, str]]


class DamageError(StateError):
    """A day's file cannot be read as one; `Store.renew` saves what can be saved."""


class Store:
    """The days' files of a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, day: date, hits: Iterable[Hit]) -> None:
        """Add hits of one day. Raises DamageError or StateError; then none of them is added."""
        with _translated(), _opened(self._path(day)) as database:
            with database.atomic():
                database.conn.executemany(_INSERT, hits)
            _reorder(database)

    def renew(self, day: date) -> None:
        """Replace a damaged file by one that holds the rows still readable. Raises StateError."""
        damaged = self._path(day)
        fresh = damaged.with_name(f"{damaged.name}.new")
        with _translated():
            _erase(fresh)
            with _opened(fresh) as database, database.atomic():
                database.conn.executemany(_INSERT, _readable(damaged, day))
            _erase(_sidecar(damaged))  # or SQLite would roll the old journal back into the new file
            fresh.replace(damaged)
            _erase(_sidecar(fresh))

    def devices(self, day: date) -> Iterator[Device]:
        """The devices of a day, one at a time; none where nothing of it was stored.

        They come in the order of their tokens, which is no order of anything else. A damaged file
        is renewed first, so that what can be read of it is used. Raises StateError, and then before
        the first device.
        """
        path = self._path(day)
        with _translated():
            there = path.exists()
        if not there:
            return
        with ExitStack() as opened:
            try:
                rows = opened.enter_context(_sorted(path, day))
            except DamageError:
                self.renew(day)
                rows = opened.enter_context(_sorted(path, day))
            for _, of_one in groupby(rows, key=itemgetter(0)):
                device = Device([], [])
                for _, mode, hour, office, category in of_one:
                    met = device.enforced if mode == "enforced" else device.monitored
                    met.append((hour, office, category))
                yield device

    def days(self) -> set[date]:
        """The days of which anything is left, whole or not."""
        found = set()
        for path in self._directory.iterdir():
            if match := _NAME.fullmatch(path.name):
                with suppress(ValueError):
                    found.add(date.fromisoformat(match[1]))
        return found

    def destroy(self, day: date) -> None:
        """Erase all that is left of a day. Raises OSError."""
        path = self._path(day)
        for file in (path, path.with_name(f"{path.name}.new")):
            _erase(file)

    def _path(self, day: date) -> Path:
        return self._directory / f"hits-{day.isoformat()}.db"


@contextmanager
def _opened(path: Path) -> Iterator["Database"]:
    from sqlite_utils import Database  # 80 ms and 14 MB: not before there is something to store

    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    os.close(os.open(path, flags, 0o600))  # SQLite gives its journal the mode of the file
    with closing(sqlite3.connect(path)) as connection:
        database = Database(connection, recursive_triggers=False, execute_plugins=False)
        connection.execute("PRAGMA journal_mode = TRUNCATE").fetchall()
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        connection.execute(_SCHEMA)
        yield database


def _reorder(database: "Database") -> None:
    """Let rows lie in the file as their key sorts them: a page holds them in the order they came in.

    What cannot be put in order for want of room is kept all the same.
    """
    # VACUUM makes a copy, and in a temporary file tokens would come to lie wherever that is.
    database.conn.execute("PRAGMA temp_store = MEMORY").fetchall()
    with suppress(sqlite3.OperationalError):
        database.conn.execute("VACUUM")


@contextmanager
def _sorted(path: Path, day: date) -> Iterator[Iterable[tuple[bytes, str, int, str, str]]]:
    """The rows of a day, each device's together. DamageError or StateError, and then at once."""
    with _translated():
        connection = sqlite3.connect(path)
    with closing(connection):
        with _translated():
            # Sorting would write tokens into a temporary file, wherever that is, and leave them.
            connection.execute("PRAGMA temp_store = MEMORY").fetchall()
            rows = connection.execute(_BY_DEVICE, (day.isoformat(),))  # sorts before it returns
        yield rows


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        kind = DamageError if code in _DAMAGE else StateError
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise kind(f"the day's file of hits cannot be used ({name})") from None
    except OSError as error:
        raise StateError(
            f"the day's file of hits cannot be opened ({error.strerror}); see the runtime directory"
        ) from None


def _readable(path: Path, day: date) -> Iterator[tuple[object, ...]]:
    """The rows of a damaged file before and behind the damage."""
    expected = [str, int, str, str, str, bytes]
    with closing(sqlite3.connect(path)) as connection:
        for order in (_FORWARDS, _BACKWARDS):
            with suppress(sqlite3.Error):
                for row in connection.execute(order):
                    whole = [type(value) for value in row] == expected
                    if whole and row[0] == day.isoformat() and len(row[-1]) == TOKEN_SIZE:
                        yield row


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def _erase(path: Path) -> None:
    erase(path)
    erase(_sidecar(path))
