"""What exceptions leave of a list's blocks, where a block below an exception is open all the same.

The engine lets the longer of two names win. Adblock lists mean otherwise: an exception opens its
name and all below it, whatever else they list. So a block that an exception covers is left out, and
one that spares some names brings exceptions for those that nothing else blocks.
"""

from blockfilter.message import name as names
from blockfilter.policy.rule import Trigger

Speaks = tuple[Trigger, bytes]  # EXACT or SUBTREE, and a canonical name


class Names:
    """A set of names, some with all below."""

    def __init__(self) -> None:
        self.exact: set[bytes] = set()
        self.below: set[bytes] = set()

    def __bool__(self) -> bool:
        return bool(self.exact or self.below)

    def add(self, trigger: Trigger, name: bytes) -> None:
        """One more."""
        (self.exact if trigger is Trigger.EXACT else self.below).add(name)

    def covers(self, trigger: Trigger, name: bytes) -> bool:
        """Whether all that is meant by trigger and name is in the set."""
        if trigger is Trigger.EXACT and name in self.exact:
            return True
        return bool(self.below) and not self.below.isdisjoint(names.superdomains(name))


class Spared:
    """The names that some blocks spare, and the blocks that speak of them.

    First every name that is spared is told, then every block that counts.
    """

    def __init__(self) -> None:
        self._spared: dict[Speaks, None] = {}
        self._above: set[bytes] = set()  # the names themselves and those above them
        self._blocks: dict[bytes, list[tuple[Trigger, tuple[Speaks, ...]]]] = {}

    def __bool__(self) -> bool:
        return bool(self._spared)

    def add(self, spared: tuple[Speaks, ...]) -> None:
        """Names that a block spares."""
        for trigger, name in spared:
            self._spared[trigger, name] = None
            self._above.update(names.superdomains(name))

    def block(self, trigger: Trigger, name: bytes, spared: tuple[Speaks, ...] = ()) -> None:
        """A block that counts, and what it spares itself."""
        if name in self._above:
            self._blocks.setdefault(name, []).append((trigger, spared))

    def open(self) -> list[Speaks]:
        """What is spared by every block that covers it."""
        return [speaks for speaks in self._spared if self._is_open(*speaks)]

    def _is_open(self, trigger: Trigger, name: bytes) -> bool:
        covered = False
        for above in names.superdomains(name):
            for its, spared in self._blocks.get(above, ()):
                if its is Trigger.SUBTREE or (above == name and trigger is Trigger.EXACT):
                    covered = True
                    if not _spares(spared, trigger, name):
                        return False
        return covered


def _spares(spared: tuple[Speaks, ...], trigger: Trigger, name: bytes) -> bool:
    kept = Names()
    for speaks in spared:
        kept.add(*speaks)
    return kept.covers(trigger, name)
