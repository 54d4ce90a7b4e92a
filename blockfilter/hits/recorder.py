"""The way of a hit: token, line, completed write; later a row of the day's file.

`Recorder.record` is called before an answer leaves. It never raises and waits for nothing but one
`write()`; the work that may wait is done by `fold`, `forget_key` and `close_days`, which a
scheduler calls in a worker thread. If the directory cannot be written, queries go on: hits wait in
a bounded buffer, and `state` says so. No address is kept in memory, and hits are counted nowhere.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from datetime import date, tzinfo
from itertools import islice
from pathlib import Path
from threading import Lock

from blockfilter.errors import StateError
from blockfilter.hits import journal
from blockfilter.hits.day import is_closed, span, today
from blockfilter.hits.hit import Cell, Hit
from blockfilter.hits.journal import Journal
from blockfilter.hits.pseudonym import DayKey
from blockfilter.hits.store import DamageError, Store
from blockfilter.hits.trouble import State, Trouble, Troubles

SEEN = 1 << 17  # marks of an hour: 10,000 clients times a dozen categories, in 8 MB
WAITING = 1 << 16  # lines kept in memory while nothing can be written: 10 MB at the most
RETRY_AFTER = 1.0  # seconds between attempts of the query path while writing fails
BATCH = 256  # waiting lines in one write(): 20 kB, some ten microseconds

_log = logging.getLogger(__name__)


def everywhere(_client: str) -> str:
    """The only office of an organisation that names none."""
    return "all"


class Recorder:
    """Records hits in `directory`, which exists, is 0700 and belongs to one server at a time.

    `clock` is wall time, because days are; `offices` maps a client to an office id and is asked
    once a device, category and hour.
    """

    def __init__(
        self,
        directory: Path,
        zone: tzinfo,
        *,
        clock: Callable[[], float] = time.time,
        offices: Callable[[str], str] = everywhere,
    ) -> None:
        self._directory, self._zone, self._clock = directory, zone, clock
        self._offices = offices
        self._key, self._journal, self._store = (
            DayKey(directory),
            Journal(directory),
            Store(directory),
        )
        self._troubles = Troubles()
        self._seen: set[int] = set()  # hashes of client and cell; the seed is the process's own
        self._day, self._hour = date.min, 0
        self._since = self._until = 0.0  # within these the set is that of the present hour
        self._waiting: dict[bytes, None] = {}
        self._writable, self._tried = True, 0.0  # how the last attempt ended, and when it was
        self._lossy = False
        self._lock = Lock()  # key, seen and waiting; held for microseconds
        self._maintaining = Lock()  # one fold or close at a time
        self._guard = -1

    @property
    def state(self) -> State:
        """Whether hits are recorded."""
        detail = self._troubles.detail()
        return State("failing" if detail else "ok", detail, self._lossy)

    def record(self, client: str, cell: Cell) -> None:
        """Record that a client met a cell.

        When this returns the hit is in a file, or `state` says why it is not.
        """
        mark = hash((client, cell))
        if mark in self._seen and self._since <= self._clock() < self._until:
            return
        try:
            with self._lock:
                self._meet(client, cell, mark)
        except Exception as error:  # noqa: BLE001 - an answer must not fail for its record
            self._troubles.begin(Trouble.FAULT, error)

    def open(self) -> None:
        """Take the directory over and put away what a former process left, however it ended.

        Raises StateError if another server holds it. Any other trouble is in `state`.
        """
        self._acquire()
        now = self._clock()
        self._attempt(Trouble.KEY, self._key.load)
        self.close_days(now)
        self.fold(now)
        with self._lock:  # trouble should show before the first hit
            self._write(today(now, self._zone), b"")

    def close(self) -> None:
        """Write what waits and let the directory go; journals are moved by the next `open`."""
        with self._maintaining:
            self._drain(self._clock())
            with self._lock:
                self._journal.close()
            if self._guard >= 0:
                os.close(self._guard)
                self._guard = -1

    def fold(self, now: float) -> None:
        """Write what waits, then move all journals into the days' files. For a worker thread."""
        with self._maintaining:
            self._forget_key(now)
            self._drain(now)
            self._attempt(Trouble.MOVE, lambda: self._move(now))

    def forget_key(self, now: float) -> None:
        """Destroy the key of a day that is over. For a worker thread, at local midnight."""
        with self._maintaining:
            self._forget_key(now)

    def close_days(self, now: float) -> None:
        """Destroy all that is left of closed days. For a worker thread."""
        with self._maintaining:
            self._attempt(Trouble.CLOSE, lambda: self._close(now))

    # Below: under self._lock.

    def _meet(self, client: str, cell: Cell, mark: int) -> None:
        now = self._clock()
        self._enter(now)
        if mark in self._seen:
            return
        token = self._key.token(client, self._day)
        if token is None:
            return
        category, mode = cell
        office = self._offices(client)
        hit = Hit(self._day.isoformat(), self._hour, office, category, mode, token)
        if self._keep(journal.encode(hit), now):
            if len(self._seen) >= SEEN:
                self._seen.clear()  # its members come as lines once more, and lines are a set
            self._seen.add(mark)

    def _enter(self, now: float) -> None:
        day, hour, self._since, self._until = span(now, self._zone)
        if (day, hour) != (self._day, self._hour):
            self._seen.clear()
            self._lossy = self._lossy and day <= self._day
            self._day, self._hour = day, hour

    def _keep(self, line: bytes, now: float) -> bool:
        """Put a line into the journal or, while that fails, into memory."""
        if self._writable or abs(now - self._tried) >= RETRY_AFTER:
            self._tried = now
            if self._write(self._day, line):
                self._write_waiting()
                return True
        if len(self._waiting) >= WAITING:
            self._lossy = True
            return False
        self._waiting[line] = None
        return True

    def _write(self, day: date, lines: bytes) -> bool:
        """Write lines of one day; no token gets into a file before its key is in one."""
        try:
            self._key.persist()
            self._journal.append(day, lines)
        except OSError as error:
            self._writable = False
            self._troubles.begin(Trouble.WRITE, error)
        else:
            self._writable = True
        return self._writable

    def _write_waiting(self) -> bool:
        """Write some of what waits. False: it failed, or nothing is left."""
        if self._waiting:
            first = next(iter(self._waiting))
            lines = [line for line in islice(self._waiting, BATCH) if line[:10] == first[:10]]
            if not self._write(journal.day_of(first), b"".join(lines)):
                return False
            for line in lines:
                del self._waiting[line]
        if not self._waiting:
            self._troubles.end(Trouble.WRITE)
        return bool(self._waiting)

    # Below: under self._maintaining, in a worker thread or before the port opens.

    def _attempt(self, trouble: Trouble, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, StateError) as error:
            self._troubles.begin(trouble, error)
        else:
            self._troubles.end(trouble)

    def _drain(self, now: float) -> None:
        with self._lock:
            more = self._writable or self._write(today(now, self._zone), b"")
        while more:
            with self._lock:  # let go after each batch: a query may be waiting
                more = self._write_waiting()

    def _forget_key(self, now: float) -> None:
        local = today(now, self._zone)

        def forget() -> None:
            with self._lock:
                self._key.retire(local)
                self._key.confirm()
            self._key.destroy_spent()

        self._attempt(Trouble.KEY, forget)
        if self._key.day and self._key.day > local:
            self._troubles.begin(Trouble.CLOCK)
        else:
            self._troubles.end(Trouble.CLOCK)

    def _move(self, now: float) -> None:
        self._move_finished(now)  # first, so that files do not pile up while this fails
        if not self._journal.rotate():
            self._lossy = True
        self._move_finished(now)

    def _move_finished(self, now: float) -> None:
        failed: OSError | StateError | None = None
        for day, path in self._journal.finished():
            try:
                if not is_closed(day, now, self._zone):
                    self._add(day, path)
                self._journal.discard(path)
            except (OSError, StateError) as error:
                failed = failed or error  # another day's file may be well
        if failed:
            raise failed

    def _add(self, day: date, path: Path) -> None:
        try:
            self._store.add(day, journal.read(path))
        except DamageError:
            self._store.renew(day)
            self._lossy = True
            _log.error("the day's file of hits was damaged; what was readable of it is kept")
            self._store.add(day, journal.read(path))

    def _close(self, now: float) -> None:
        with self._lock:
            over = [x for x in self._waiting if is_closed(journal.day_of(x), now, self._zone)]
            for line in over:
                del self._waiting[line]
            current = self._journal.day
            if current and is_closed(current, now, self._zone):
                self._journal.close()
        for day, path in self._journal.finished():
            if is_closed(day, now, self._zone):
                self._journal.discard(path)
        for day in self._store.days():
            if is_closed(day, now, self._zone):
                self._store.destroy(day)

    def _acquire(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self._guard = os.open(self._directory / "hits.lock", flags, 0o600)
        except OSError as error:
            self._troubles.begin(Trouble.WRITE, error)
            return
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._guard)
            self._guard = -1
            raise StateError(
                "another server records its hits in this runtime directory; "
                "give each server its own with --runtime"
            ) from None
