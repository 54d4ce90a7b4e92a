"""Identical questions share one exchange (against the birthday attack of VU#457875)."""

from collections.abc import Hashable
from enum import Enum, auto
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
W = TypeVar("W")

# BIND's clients-per-query grows to this. At the bound a newcomer is told that it failed.
MAX_WAITERS = 100


class Joined(Enum):
    """What became of one who wants to wait."""

    FIRST = auto()  # the exchange is still to be started
    LATER = auto()
    REFUSED = auto()  # enough wait already


class Inflight(Generic[K, W]):
    """Who waits for which exchange."""

    def __init__(self, max_waiters: int = MAX_WAITERS) -> None:
        self._waiting: dict[K, list[W]] = {}
        self._max = max_waiters

    def join(self, key: K, waiter: W) -> Joined:
        """Wait for `key`."""
        waiters = self._waiting.get(key)
        if waiters is None:
            self._waiting[key] = [waiter]
            return Joined.FIRST
        if len(waiters) >= self._max:
            return Joined.REFUSED
        waiters.append(waiter)
        return Joined.LATER

    def leave(self, key: K) -> list[W]:
        """All who waited for `key`, in the order they came; none does any more."""
        return self._waiting.pop(key, [])

    def __len__(self) -> int:
        return len(self._waiting)
