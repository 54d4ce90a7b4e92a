"""The last step before an answer leaves: token, line, completed write. If it fails, lines wait here.

What waits is bounded and holds tokens, never addresses. No line gets into a file before the key of
its token is in one. Every method may be called from any thread; none holds the lock for longer than
one `write()` takes.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from itertools import islice
from pathlib import Path
from threading import Lock

from blockfilter.errors import StateError
from blockfilter.hits.epoch import Epochs
from blockfilter.hits.hit import Cell, Hit
from blockfilter.hits.journal import Journal, day_of, encode
from blockfilter.hits.pseudonym import DayKey
from blockfilter.hits.trouble import Trouble, Troubles

WAITING = 1 << 16  # lines kept in memory while nothing can be written: 10 MB at the most
RETRY_AFTER = 1.0  # seconds between attempts of the query path while writing fails
BATCH = 256  # waiting lines in one write(): 20 kB, some ten microseconds


class Outbox:
    """The key, the journal that is written to, and what could not be written yet."""

    def __init__(
        self, directory: Path, journal: Journal, troubles: Troubles, epochs: Epochs
    ) -> None:
        self._key = DayKey(directory, epochs)
        self._epochs = epochs
        self._journal = journal
        self._troubles = troubles
        self._waiting: dict[bytes, None] = {}
        self._writable, self._tried = True, 0.0  # how the last attempt ended, and when it was
        self._lock = Lock()
        self.lossy = False  # something had to be dropped

    def load(self) -> None:
        """Take over the key a former process left. Raises OSError."""
        with self._lock:
            self._key.load()

    @property
    def key_day(self) -> date | None:
        """The day of the key that is there; None if none is."""
        return self._key.day if self._key.present else None

    def prepare(self, day: date) -> None:
        """Have the key of a day before it is needed. For a worker thread."""
        with self._lock:
            self._key.ready(day)
            self._tell(day)
        with suppress(StateError):  # what follows tries again, and says so
            self._epochs.keep()  # without the lock: a query must not wait for this disk
        with self._lock:
            self._write(day, b"")

    def put(self, client: str, day: date, hour: int, office: str, cell: Cell, now: float) -> bool:
        """Write a hit or keep it waiting; False if it is in neither place."""
        with self._lock:
            token = self._key.token(client, day)
            if token is None:
                self._tell(day)
                return False
            line = encode(Hit(day.isoformat(), hour, office, *cell, token))
            if self._writable or abs(now - self._tried) >= RETRY_AFTER:
                self._tried = now
                if self._write(day, line):
                    self._write_waiting()
                    return True
            if len(self._waiting) >= WAITING:
                self.lossy = True
                return False
            self._waiting[line] = None
            return True

    def drain(self, day: date) -> None:
        """Find out whether `day` can be written to, and write all that waits."""
        with self._lock:
            more = self._write(day, b"")
        while more:
            with self._lock:  # let go after each batch: a query may be waiting
                more = self._write_waiting()

    def retire_key(self, today: date) -> bool:
        """Destroy a key of a day before `today`. False if its day is yet to come. Raises OSError."""
        with self._lock:
            self._key.retire(today)
            past = self._key.day is None or self._key.day <= today
        self._key.destroy_spent()
        return past

    def drop(self, is_closed: Callable[[date], bool]) -> None:
        """Forget what waits of closed days, and leave a journal of such a day."""
        with self._lock:
            for line in [line for line in self._waiting if is_closed(day_of(line))]:
                del self._waiting[line]
            if self._journal.day and is_closed(self._journal.day):
                self._journal.close()

    def fail(self, error: OSError) -> None:
        """The directory cannot be written, as was found elsewhere."""
        self._writable = False
        self._troubles.begin(Trouble.WRITE, error)

    def _tell(self, day: date) -> None:
        """Say once whether a day may have no more keys."""
        if self._key.day != day:  # the clock is on an earlier day, which is another trouble
            return
        if self._key.present:
            self._troubles.end(Trouble.LOST)
        else:
            self.lossy = True
            self._troubles.begin(Trouble.LOST)

    def _write(self, day: date, lines: bytes) -> bool:
        try:
            if not lines:
                self._key.confirm()
            self._key.persist()
            self._journal.append(day, lines)
        except OSError as error:
            self.fail(error)
        except StateError as error:
            self._writable = False
            self._troubles.begin(Trouble.NUMBER, error)
        else:
            self._writable = True
        return self._writable

    def _write_waiting(self) -> bool:
        """Write some of what waits. False: it failed, or nothing is left."""
        if self._waiting:
            first = next(iter(self._waiting))
            lines = [line for line in islice(self._waiting, BATCH) if line[:10] == first[:10]]
            if not self._write(day_of(first), b"".join(lines)):
                return False
            for line in lines:
                del self._waiting[line]
        if not self._waiting:
            self._troubles.end(Trouble.WRITE)
            self._troubles.end(Trouble.NUMBER)
        return bool(self._waiting)
