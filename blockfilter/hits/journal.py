"""A hit is in a file before its answer leaves, and nothing waits for a disk.

Append only, one completed `write()` for what is appended, no fsync: a killed process loses nothing,
a loss of power may. One line a hit, in files of one local day each::

    2026-11-23 14 hq escort-ads enforced 00112233445566778899aabbccddeeff

A line counts only if it is whole; what a failed write left behind is passed over by readers. The
same line may be there twice: readers make a set of them. Thread-safe.

Others on the machine may not look into the directory, but they see when it changed last and how much
room the file system has left. So files come and go whether or not there are hits, and none is ever
empty: the first hit takes no more room.
"""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote

from blockfilter.hits.erase import erase
from blockfilter.hits.hit import Hit

JOURNAL_BYTES = 32 << 20  # of all files: 400,000 lines, hours of them if none can be moved away
_LINE = re.compile(
    rb"(\d{4}-\d\d-\d\d) (\d\d) ([^ ]*) ([^ ]*) (enforced|monitored) ([0-9a-f]{32})\n"
)
_HEAD = b"# lines come below\n"  # passed over by readers
_NAME = re.compile(r"hits-(\d{4}-\d\d-\d\d)-[0-9a-f]{16}\.journal")


def encode(hit: Hit) -> bytes:
    """The line of a hit. Ids are percent-encoded, which leaves the usual ones as they are."""
    office, category = _quoted(hit.office), _quoted(hit.category)
    line = f"{hit.day} {hit.hour:02} {office} {category} {hit.mode} {hit.token.hex()}\n"
    return line.encode("ascii")


def day_of(line: bytes) -> date:
    """The day an encoded line belongs to."""
    return date.fromisoformat(line[:10].decode("ascii"))


def read(path: Path) -> Iterator[Hit]:
    """Every whole line of a journal, one at a time."""
    with path.open("rb") as file:
        for line in file:
            if match := _LINE.fullmatch(line):
                day, hour, office, category, mode, token = match.groups()
                yield Hit(
                    day.decode(),
                    int(hour),
                    unquote(office.decode("latin-1")),
                    unquote(category.decode("latin-1")),
                    mode.decode(),
                    bytes.fromhex(token.decode()),
                )


class Journal:
    """The journals of a directory; at most one of them is written to."""

    def __init__(self, directory: Path, limit: int = JOURNAL_BYTES) -> None:
        self._directory = directory
        self._limit = limit
        self._lock = Lock()
        self._file = -1
        self._path: Path | None = None
        self._day: date | None = None
        self._written = 0  # octets in the current file
        self._elsewhere = 0  # octets in the others
        self._torn = False

    def append(self, day: date, lines: bytes) -> None:
        """Write whole lines of one day, or none to see whether it can be done.

        Raises OSError; then any part of them may be in the file.
        """
        with self._lock:
            if day != self._day:
                self._take(day, *self._create(day))
            if self._written + self._elsewhere + len(lines) > self._limit:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            if self._torn:
                lines = b"\n" + lines
            written = os.write(self._file, lines)
            self._written += written
            self._torn = written < len(lines)
            if self._torn:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def rotate(self) -> bool:
        """Begin a new file, whether or not the current one holds anything. Raises OSError.

        False: somebody removed the current file, and what it held is lost.
        """
        day, path = self._day, self._path
        if day is None or path is None:
            return True
        present = path.exists()
        file, path = self._create(day)  # outside the lock: append() waits for a swap, not for this
        with self._lock:
            if taken := self._day == day:
                self._take(day, file, path)
        if not taken:  # append() went over to the next day meanwhile, which left `day` behind too
            os.close(file)
            path.unlink(missing_ok=True)
        return present

    def finished(self) -> list[tuple[date, Path]]:
        """The files that are not written to any more, whichever process left them."""
        with self._lock:
            found = [(day, path) for day, path in self._list() if path != self._path]
            self._elsewhere = sum(_size(path) for _, path in found)
            return found

    def discard(self, path: Path) -> None:
        """Destroy a finished file. Raises OSError."""
        octets = _size(path)
        erase(path)
        with self._lock:
            self._elsewhere = max(0, self._elsewhere - octets)

    def close(self) -> None:
        """Write to no file any more; append() begins a new one."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file, self._path, self._day = -1, None, None
            self._elsewhere += self._written
            self._written = 0

    @property
    def day(self) -> date | None:
        """The day of the file that is written to."""
        return self._day

    def _create(self, day: date) -> tuple[int, Path]:
        path = self._directory / f"hits-{day.isoformat()}-{secrets.token_hex(8)}.journal"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        try:
            _write_head(file)
        except OSError:
            os.close(file)
            path.unlink(missing_ok=True)
            raise
        return file, path

    def _take(self, day: date, file: int, path: Path) -> None:
        former, self._file = self._file, file
        self._path, self._day = path, day
        self._elsewhere += self._written
        self._written, self._torn = 0, False
        if former >= 0:
            os.close(former)

    def _list(self) -> list[tuple[date, Path]]:
        found = []
        for path in self._directory.iterdir():
            if match := _NAME.fullmatch(path.name):
                with suppress(ValueError):
                    found.append((date.fromisoformat(match[1]), path))
        return found


@lru_cache(maxsize=1024)  # offices and categories are dozens
def _quoted(identifier: str) -> str:
    return quote(identifier, safe="")


def _write_head(file: int) -> None:
    if os.write(file, _HEAD) != len(_HEAD):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
