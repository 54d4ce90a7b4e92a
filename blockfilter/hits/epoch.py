"""How many keys a day had: `epochs.json` in the state directory, for a few days and without a secret.

A key that is lost within its day (a reboot) gives every device a second token for the rest of it, so
what is published of the day costs twice the privacy, and the ledger has to know. There is no third
key: hits of that day are then not recorded any more. A key's number is durable before a token made
with it is in a file, and keys are made whether or not there are hits, so that nothing here tells of
any. Thread-safe; `keep` waits for a disk.
"""

import errno
import json
import logging
import os
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from threading import Lock

from blockfilter.errors import StateError

FILE = "epochs.json"
MOST = 2  # keys of a day; hits under a third one are not recorded
KEPT = 8  # days: after a week without a close their hits are long gone
_ONE_DAY = timedelta(days=1)

_log = logging.getLogger(__name__)


class Epochs:
    """The numbers kept in `state`; without one they live as long as the process, and none is refused."""

    def __init__(self, state: Path | None) -> None:
        self._path = None if state is None else state / FILE
        self._counts: dict[date, int] = {}
        self._durable = True
        self._lock = Lock()

    @property
    def kept(self) -> bool:
        """Whether they outlive the process."""
        return self._path is not None

    def load(self, today: date, key: date | None, traces: Iterable[date]) -> None:
        """Take over what a former process counted.

        `key` is the day of the key that is there, `traces` are the days of which hits are there:
        these days had a key at least. Where the numbers are damaged, every day up to now had all
        the keys it may have, but for one that is still to be made today.
        """
        found = self._read()
        counts = {} if found is None else found
        if found is None:
            counts |= {today - number * _ONE_DAY: MOST for number in range(KEPT)}
            counts[today] = MOST if key == today else MOST - 1
            _log.warning("%s cannot be used; the day's key counts as its second one", FILE)
        for day in {*traces, *({key} if key else ())}:
            counts[day] = max(1, counts.get(day, 0))
        with self._lock:
            self._counts = counts
            self._durable = found is not None

    def begin(self, day: date) -> bool:
        """Count one more key of a day, to be kept before it is used; False if there may be none."""
        with self._lock:
            made = self._counts.get(day, 0)
            if self.kept and made >= MOST:
                return False
            self._counts[day] = made + 1
            self._durable = False
            return True

    def keep(self) -> None:
        """Make durable what was counted, if that is still to be done. StateError where it cannot."""
        if self._durable:
            return
        with self._lock:
            if self._path is not None and not self._durable:
                try:
                    _write(self._path, self._octets())
                except OSError as error:
                    raise StateError(f"{FILE} cannot be written: {error.strerror}") from None
            self._durable = True

    def count(self, day: date) -> int:
        """How many keys a day had; 0 if there was none."""
        with self._lock:
            return self._counts.get(day, 0)

    def _octets(self) -> bytes:
        self._counts = dict(sorted(self._counts.items())[-KEPT:])
        value = {day.isoformat(): count for day, count in self._counts.items()}
        return json.dumps(value, indent=1).encode() + b"\n"

    def _read(self) -> dict[date, int] | None:
        """What is in the file, nothing where there is none; None: it is damaged."""
        if self._path is None:
            return {}
        try:
            value = json.loads(self._path.read_bytes())
            counts = {date.fromisoformat(day): count for day, count in value.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, RecursionError):
            return None
        whole = all(type(count) is int and 0 < count <= MOST for count in counts.values())
        return counts if whole else None


def _write(path: Path, octets: bytes) -> None:
    """Replace a file whole and durably. Raises OSError."""
    draft = path.with_name(f"{path.name}.new")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        if os.write(file, octets) != len(octets):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
