"""How many names each category has: what is enforced, by the category it is recorded under.

A count by category is published only for categories of many names, or it would tell which of them
was asked for. So a name counts once, under the category that a hit of it is recorded as, and one
that is let pass (protected, or allowed here) does not count: it is never recorded. A site-name and a
pattern count one each, however many names they mean.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from blockfilter.policy.rule import OTHER, Action, Mode, Role, Trigger

if TYPE_CHECKING:
    from blockfilter.policy.snapshot import ListInfo, Record

Records = Sequence["Record"]


class Census:
    """Counts rules over these lists."""

    def __init__(self, lists: Sequence["ListInfo"]) -> None:
        self._lists = lists

    def names(
        self,
        by_key: Mapping[bytes, int],
        nodes: Sequence[Records],
        below: Callable[[bytes], Iterable[bytes]],
    ) -> Counter[str]:
        """Names, which are keys with the number of a node; `below` gives a key and those below it."""
        at_node = Counter(by_key.values())
        for key in self._passing(by_key, nodes, below):
            at_node[by_key[key]] -= 1
        found: Counter[str] = Counter()
        for number, names in at_node.items():
            if category := self.category(nodes[number]):
                found[category] += names
        return +found

    def shapes(self, every: Iterable[Records]) -> Counter[str]:
        """Site-names or patterns, each with its records."""
        return Counter(category for records in every if (category := self.category(records)))

    def category(self, records: Records) -> str | None:
        """What a hit of a name with these records is recorded under; None if it is not enforced."""
        judged: set[int] = set()
        for record in sorted(records, key=_strength):
            role = self._lists[record.list].role
            if role is not Role.BLOCK:
                return None
            if record.list in judged:
                continue
            if record.action is Action.PASSTHRU:
                judged.add(record.list)
            elif record.mode is Mode.ENFORCE:
                return recorded(self._lists, record) if record.counted else None
        return None

    def _passing(
        self,
        by_key: Mapping[bytes, int],
        nodes: Sequence[Records],
        below: Callable[[bytes], Iterable[bytes]],
    ) -> set[bytes]:
        """The names that are let pass."""
        kinds = [
            {one.trigger for one in records if self._lists[one.list].role is not Role.BLOCK}
            for records in nodes
        ]
        found: set[bytes] = set()
        for key, number in by_key.items():
            if Trigger.SUBTREE in kinds[number]:
                found.update(one for one in below(key) if one in by_key)
            elif kinds[number]:
                found.add(key)
        return found


def recorded(lists: Sequence["ListInfo"], record: "Record") -> str:
    """The category of a hit: an organisation's own entry must not single out what it is."""
    return OTHER if lists[record.list].own else record.category


def _strength(record: "Record") -> tuple[bool, bool]:
    """Of rules at one name the strongest first, as `decide` has them."""
    return record.trigger is not Trigger.EXACT, record.action is Action.BLOCK
