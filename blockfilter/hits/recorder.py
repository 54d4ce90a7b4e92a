"""The way of a hit: token, line, completed write; later a row of the day's file.

`Recorder.record` is called before an answer leaves. It never raises and waits for nothing but one
`write()`; the work that may wait is done by `fold`, `forget_key` and `close_days`, which a
scheduler calls in a worker thread. (Only a hit of the moment between midnight and `forget_key` may
have to make the new day's key itself, and wait until its number is on the medium.) If the directory cannot be written, queries go on: hits wait in
a bounded buffer, and `state` says so. No address is kept in memory, and hits are counted nowhere.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, tzinfo
from pathlib import Path
from threading import Lock

from blockfilter.errors import StateError
from blockfilter.hits import journal
from blockfilter.hits.day import is_closed, span, today
from blockfilter.hits.epoch import Epochs
from blockfilter.hits.hit import ELSEWHERE, Cell
from blockfilter.hits.journal import Journal
from blockfilter.hits.outbox import Outbox
from blockfilter.hits.pseudonym import IPV4_SIZE, packed
from blockfilter.hits.store import DamageError, Store
from blockfilter.hits.trouble import State, Trouble, Troubles

SEEN = 1 << 17  # marks of an hour: 10,000 clients times a dozen categories, in 10 MB

_log = logging.getLogger(__name__)


def everywhere(_client: str) -> str:
    """The only office of an organisation that names none."""
    return ELSEWHERE


class Unrecorded:
    """What is told of hits where none are to be recorded."""

    def record(self, client: str, cell: Cell) -> None:
        """Nothing."""


class Recorder:
    """Records hits in `directory`, which exists, is 0700 and belongs to one server at a time.

    `clock` is wall time, because days are; `offices` maps a client to an office id and is asked
    once a device, category and hour. With one address per device, clients that come over IPv6 are
    not recorded: such a device has more. `state` is where the number of each day's keys is kept;
    without it nothing is, and no key is refused. `record` is called from one thread.
    """

    def __init__(
        self,
        directory: Path,
        zone: tzinfo,
        *,
        clock: Callable[[], float] = time.time,
        offices: Callable[[str], str] = everywhere,
        addresses_per_device: int = 1,
        state: Path | None = None,
    ) -> None:
        self._directory, self._zone = directory, zone
        self._clock, self._offices = clock, offices
        self._ipv4_alone = addresses_per_device == 1
        self._troubles, self._epochs = Troubles(), Epochs(state)
        self._journal, self._store = Journal(directory), Store(directory)
        self._outbox = Outbox(directory, self._journal, self._troubles, self._epochs)
        self._seen: set[int] = set()  # hashes of client and cell; the seed is the process's own
        self._day, self._hour = date.min, 0
        self._since = self._until = 0.0  # within these the set is that of the present hour
        self._maintaining = Lock()
        self._guard = -1

    @property
    def state(self) -> State:
        """Whether hits are recorded."""
        detail = self._troubles.detail()
        return State("failing" if detail else "ok", detail, self._outbox.lossy)

    def epochs(self, day: date) -> int:
        """How many keys a day had, at most two; 0 if none was made. For any thread."""
        return self._epochs.count(day)

    def record(self, client: str, cell: Cell) -> None:
        """Record that a client met a cell.

        When this returns the hit is in a file, or is none to be recorded, or `state` says why not.
        """
        mark = hash((client, cell))
        if mark in self._seen and self._since <= self._clock() < self._until:
            return
        try:
            self._meet(client, cell, mark)
        except Exception as error:  # noqa: BLE001 - an answer must not fail for its record
            self._troubles.begin(Trouble.FAULT, error)

    def open(self) -> None:
        """Take the directory over and move what a former process left, however it ended.

        Days that are over meanwhile are still there to be counted: `close_days` is the caller's.
        Raises StateError if another server holds it. Any other trouble is in `state`.
        """
        self._acquire()
        now = self._clock()
        self._attempt(Trouble.KEY, self._outbox.load)
        self._epochs.load(today(now, self._zone), self._outbox.key_day, self._traces())
        self.fold(now)

    def close(self) -> None:
        """Write what waits and let the directory go; journals are moved by the next `open`."""
        with self._maintaining:
            self._outbox.drain(today(self._clock(), self._zone))
            self._journal.close()
            self._release()

    def fold(self, now: float) -> None:
        """Write what waits, then move all journals into the days' files. For a worker thread."""
        with self._maintaining:
            self._change_key(now)
            self._outbox.drain(today(now, self._zone))
            self._attempt(Trouble.MOVE, self._move)

    def forget_key(self, now: float) -> None:
        """Destroy the key of a day that is over. For a worker thread, at local midnight."""
        with self._maintaining:
            self._change_key(now)

    def close_days(self, now: float) -> None:
        """Destroy all that is left of closed days. For a worker thread."""
        with self._maintaining:
            self._attempt(Trouble.CLOSE, lambda: self._close_days(now))

    def _meet(self, client: str, cell: Cell, mark: int) -> None:
        if self._ipv4_alone and ":" in client and len(packed(client)) > IPV4_SIZE:
            return
        now = self._clock()
        if not self._since <= now < self._until:
            self._enter(now)
        if mark in self._seen:
            return
        office = self._offices(client)
        if self._outbox.put(client, self._day, self._hour, office, cell, now):
            if len(self._seen) >= SEEN:
                self._seen.clear()  # its members come as lines once more, and lines are a set
            self._seen.add(mark)

    def _enter(self, now: float) -> None:
        day, hour, self._since, self._until = span(now, self._zone)
        if (day, hour) != (self._day, self._hour):
            if day > self._day:
                self._outbox.lossy = False
            self._seen.clear()
            self._day, self._hour = day, hour

    def _attempt(self, trouble: Trouble, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, StateError) as error:
            self._troubles.begin(trouble, error)
        else:
            self._troubles.end(trouble)

    def _change_key(self, now: float) -> None:
        self._attempt(Trouble.KEY, lambda: self._forget_key(now))
        if self._epochs.kept:
            self._outbox.prepare(today(now, self._zone))

    def _traces(self) -> set[date]:
        """The days of which hits are there, however far they came."""
        with suppress(OSError):  # of a directory that is not there; whoever writes to it says so
            return self._store.days() | {day for day, _ in self._journal.finished()}
        return set()

    def _forget_key(self, now: float) -> None:
        if self._outbox.retire_key(today(now, self._zone)):
            self._troubles.end(Trouble.CLOCK)
        else:
            self._troubles.begin(Trouble.CLOCK)

    def _move(self) -> None:
        self._move_finished()  # first, so that files do not pile up while this fails
        if not self._journal.rotate():
            self._outbox.lossy = True
        self._move_finished()

    def _move_finished(self) -> None:
        failed: OSError | StateError | None = None
        for day, path in self._journal.finished():
            try:
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
            self._outbox.lossy = True
            _log.error("the day's file of hits was damaged; what was readable of it is kept")
            self._store.add(day, journal.read(path))

    def _close_days(self, now: float) -> None:
        def over(day: date) -> bool:
            return is_closed(day, now, self._zone)

        self._outbox.drop(over)
        for day, path in self._journal.finished():
            if over(day):
                self._journal.discard(path)
        for day in filter(over, self._store.days()):
            self._store.destroy(day)

    def _acquire(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self._guard = os.open(self._directory / "hits.lock", flags, 0o600)
        except OSError as error:
            self._outbox.fail(error)
            return
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._release()
            raise StateError(
                "another server records its hits in this runtime directory; "
                "give each server its own with --runtime"
            ) from None

    def _release(self) -> None:
        if self._guard >= 0:
            os.close(self._guard)
            self._guard = -1
