"""A table with a bound on what it holds, without a scan and without a lock.

Two halves: entries go into the young one; when it holds half of the bound it becomes the old one
and what the old one held is gone. An entry found in the old half moves to the young one. So what is
asked for stays, what is not asked for leaves, and each operation is one or two dictionary calls.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Maps keys to values whose costs, in octets, add up to `max_cost` at most."""

    __slots__ = ("_half", "_old", "_spent", "_young")

    def __init__(self, max_cost: int) -> None:
        self._half = max_cost // 2
        self._spent = 0
        self._young: dict[K, tuple[V, int]] = {}
        self._old: dict[K, tuple[V, int]] = {}

    def get(self, key: K) -> V | None:
        """The value, or None."""
        found = self._young.get(key)
        if found is not None:
            return found[0]
        found = self._old.pop(key, None)
        if found is None:
            return None
        self.put(key, *found)
        return found[0]

    def put(self, key: K, value: V, cost: int) -> None:
        """Keep `value`; at the bound the half that was longer not asked for is forgotten."""
        replaced = self._young.pop(key, None)
        self._spent -= replaced[1] if replaced else 0
        if cost > self._half:
            self._old.pop(key, None)  # what it was before is no longer true
            return
        self._spent += cost
        if self._spent > self._half:
            self._old, self._young, self._spent = self._young, {}, cost
        self._young[key] = value, cost

    def clear(self) -> None:
        """Forget everything."""
        self._young, self._old, self._spent = {}, {}, 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
