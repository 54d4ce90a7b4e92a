"""The day's key, and the token made with it.

A token is BLAKE2b over the packed address under a key that lives for one local day. The key is
persisted before a token made with it is written anywhere, so that a restart goes on with the same
tokens; it is destroyed at midnight, and from then on no token can be traced. Addresses are never
kept. Not thread-safe: the recorder holds its lock.
"""

import errno
import logging
import os
from contextlib import suppress
from datetime import UTC, date, datetime, time
from hashlib import blake2b
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton

from blockfilter.hits.epoch import Epochs
from blockfilter.hits.erase import erase

KEY_SIZE = 32
TOKEN_SIZE = 16
IPV4_SIZE = 4  # octets of an address; one of IPv6 has 16
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, an IPv4 client of a dual-stack socket

_log = logging.getLogger(__name__)


def packed(client: str) -> bytes:
    """An address as 4 or 16 octets; IPv4-mapped is IPv4, a scope id is dropped."""
    host = client.partition("%")[0]
    if ":" not in host:
        return inet_pton(AF_INET, host)
    octets = inet_pton(AF_INET6, host)
    return octets.removeprefix(_MAPPED)


class DayKey:
    """The key in `directory`. It knows the latest day it was asked about and never goes back.

    `epochs` counts the keys of a day, and may refuse one.
    """

    def __init__(self, directory: Path, epochs: Epochs) -> None:
        self._epochs = epochs
        self._path = directory / "day.key"
        self._draft = directory / "day.key.new"
        self._spent = directory / "day.key.spent"
        self._key = bytearray()  # empty: none; a bytearray, because it can be overwritten
        self._day: date | None = None
        self._persisted = False

    def load(self) -> None:
        """Take over the key a former process left; one that cannot be used is as good as lost.

        Raises OSError if what else it left cannot be erased.
        """
        self._read()
        for leftover in (self._draft, self._spent):
            erase(leftover)

    def token(self, client: str, day: date) -> bytes | None:
        """The device's token of a day; None if it can have none. No I/O but a key's."""
        if not self.ready(day):
            return None
        return blake2b(packed(client), key=self._key, digest_size=TOKEN_SIZE).digest()

    def ready(self, day: date) -> bool:
        """Have a key for a day; False if a later day has begun before, or it may have no more keys."""
        if self._day is not None and day < self._day:
            return False
        if self._day != day:
            with suppress(OSError):  # if it cannot go, the new key cannot come: persist() says so
                self.retire(day)
                erase(self._spent, sync=False)
        if not self._key and self._epochs.begin(day):
            self._make(day)
        return bool(self._key)

    def persist(self) -> None:
        """Write the key unless it is written; no token may be written before.

        Raises StateError if its number cannot be kept, OSError if the key cannot be written.
        """
        if self._persisted or self._day is None or not self._key:
            return
        self._epochs.keep()
        self._draft.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        file = os.open(self._draft, flags, 0o600)
        try:
            if os.write(file, self._key) != KEY_SIZE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            midnight = datetime.combine(self._day, time.min, UTC).timestamp()
            os.utime(file, (midnight, midnight))  # before the rename: octets and day come at once
        finally:
            os.close(file)
        self._draft.replace(self._path)
        self._persisted = True

    def retire(self, today: date) -> None:
        """Forget a key of a day before `today` and move its file aside, to be erased.

        Raises OSError if the file cannot be moved; it is tried again at every call.
        """
        if self._day is None or self._day < today:
            self._key[:] = bytes(len(self._key))
            self._key = bytearray()
            self._day, self._persisted = today, False
        if not self._key:
            with suppress(FileNotFoundError):
                self._path.replace(self._spent)

    def confirm(self) -> None:
        """Persist the key again if its file was taken away. Raises as `persist` does."""
        self._persisted = self._persisted and self._path.exists()
        self.persist()

    @property
    def day(self) -> date | None:
        """The latest day known."""
        return self._day

    @property
    def present(self) -> bool:
        """Whether there is a key of that day."""
        return bool(self._key)

    def destroy_spent(self) -> None:
        """Erase what was moved aside. May wait for a disk; raises OSError."""
        erase(self._spent)

    def _read(self) -> None:
        try:
            with self._path.open("rb", buffering=0) as file:
                key = bytearray(KEY_SIZE + 1)
                length = file.readinto(key) or 0
                day = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC).date()
        except FileNotFoundError:
            return
        except (OSError, OverflowError, ValueError):
            length = 0
        if length != KEY_SIZE:
            _log.warning("the day's key cannot be used; a new one is made")
            return
        self._key, self._day, self._persisted = key[:KEY_SIZE], day, True
        key[:] = bytes(len(key))

    def _make(self, day: date) -> None:
        key = bytearray(KEY_SIZE)
        with Path("/dev/urandom").open("rb", buffering=0) as source:
            source.readinto(key)  # os.urandom would leave a copy that cannot be overwritten
        self._key, self._day, self._persisted = key, day, False
