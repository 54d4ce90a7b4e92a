"""A policy that blocks less than another one, made from it: a rule only watched, a name kept open.

What does harm must end at once, and a compiler reads a million names again for it. Here everything
is taken over, and only what the rules say is changed; where a name is new, the trie is built anew
from its keys. What comes out decides as the same lists compiled would.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import marisa_trie

from blockfilter.message import name as names
from blockfilter.policy.census import Census
from blockfilter.policy.rule import Action, Mode, Role, Trigger
from blockfilter.policy.snapshot import (
    SUFFIX_SPACE,
    ListInfo,
    Node,
    Record,
    Snapshot,
    assembled,
    tables,
)


class Watched(NamedTuple):
    """A blocking list, or one site of it, whose rules change no answer any more."""

    list: str
    site: str = ""  # "": all of the list


class Opened(NamedTuple):
    """A name that stays open with all below it, by a rule of an allowing list."""

    list: str
    category: str
    name: bytes


def softened(base: Snapshot, change: Watched | Opened, *, inputs: bytes, serial: int) -> bytes:
    """The octets of the snapshot that `base` becomes by a change."""
    making = _Making(base)
    if isinstance(change, Watched):
        making.watch(change)
    else:
        making.open(change)
    return making.octets(inputs, serial)


class _Making:
    """A snapshot that is about to be another one."""

    def __init__(self, base: Snapshot) -> None:
        self._base = base
        self._trie, self._numbers = base.trie, base.metadata
        self._lists, self._nodes = list(base.lists), list(base.nodes)
        self._site_names = dict(base.site_names)
        self._patterns = list(base.patterns)

    def watch(self, what: Watched) -> None:
        """Turn what its rules do into watching."""
        number = next((i for i, one in enumerate(self._lists) if one.id == what.list), None)
        soft = {
            record: record._replace(mode=Mode.MONITOR)
            for record in self._base.records
            if record.list == number and what.site in ("", record.site)
        }

        def all_soft(records: Sequence[Record]) -> tuple[Record, ...]:
            return tuple(dict.fromkeys(soft.get(record, record) for record in records))

        self._nodes = [Node(one.open_below, all_soft(one.records)) for one in self._nodes]
        self._site_names = {label: all_soft(found) for label, found in self._site_names.items()}
        self._patterns = [(text, soft.get(record, record)) for text, record in self._patterns]

    def open(self, what: Opened) -> None:
        """Let a name pass, and keep every block above it from denying that it is there."""
        number = self._list(what.list)
        record = Record(
            Trigger.SUBTREE, number, "", what.category, Action.BLOCK, Mode.ENFORCE, counted=True
        )
        changed: dict[bytes, int] = {}
        for above in names.superdomains(what.name)[1:-1]:
            self._change(changed, above, Node(True, self._node(above).records))
        here = self._node(what.name)
        records = tuple(dict.fromkeys((*here.records, record)))
        self._change(changed, what.name, Node(here.open_below, records))
        self._put(changed)

    def octets(self, inputs: bytes, serial: int) -> bytes:
        """All of it, as a file."""
        found = tables(
            self._lists,
            self._nodes,
            self._site_names,
            self._patterns,
            names=self._census(),
            release=self._base.release,
            suffix_date=self._base.suffix_date,
        )
        return assembled(found, self._trie.tobytes(), bytes(self._numbers), inputs, serial)

    def _list(self, id_: str) -> int:
        """The number of an allowing list, which has one rule more."""
        for number, one in enumerate(self._lists):
            if one.id == id_ and one.role is Role.ALLOW:
                self._lists[number] = one._replace(rules=one.rules + 1)
                return number
        self._lists.append(ListInfo(id_, Role.ALLOW, 1, own=False))
        return len(self._lists) - 1

    def _number(self, trie_key: bytes) -> int:
        return self._numbers[self._trie.key_id(trie_key)] if trie_key in self._trie else 0

    def _node(self, name: bytes) -> Node:
        return self._nodes[self._number(names.key(name))]

    def _change(self, changed: dict[bytes, int], name: bytes, node: Node) -> None:
        changed[names.key(name)] = len(self._nodes)
        self._nodes.append(node)

    def _put(self, changed: dict[bytes, int]) -> None:
        """Give keys other nodes; those that are not there yet need another trie."""
        old, numbers = self._trie, self._numbers
        new = [trie_key for trie_key in changed if trie_key not in old]
        if new:
            self._trie = marisa_trie.BinaryTrie(chain(old.iterkeys(), new))
        others = array("I", bytes(4 * len(self._trie)))
        if new:
            for trie_key in old.iterkeys():
                others[self._trie.key_id(trie_key)] = numbers[old.key_id(trie_key)]
        else:
            others[:] = array("I", bytes(numbers))
        for trie_key, number in changed.items():
            others[self._trie.key_id(trie_key)] = number
        self._numbers = memoryview(others)

    def _census(self) -> dict[str, int]:
        """How many names are enforced of each category."""
        census, at_node = Census(self._lists), Counter(self._numbers)
        at_node.subtract(self._number(key) for key in self._trie.iterkeys(SUFFIX_SPACE))
        at_node.subtract(self._number(key) for key in self._passing())
        found: Counter[str] = Counter()
        for number, count in at_node.items():
            if count > 0 and (category := census.category(self._nodes[number].records)):
                found[category] += count
        found += census.shapes(self._site_names.values())
        return dict(found + census.shapes([record] for _, record in self._patterns))

    def _passing(self) -> set[bytes]:
        """The keys of the names that are let pass, by themselves or by what is above them."""
        kinds = [
            {one.trigger for one in node.records if self._lists[one.list].role is not Role.BLOCK}
            for node in self._nodes
        ]
        passing = {number for number, triggers in enumerate(kinds) if triggers}
        found: set[bytes] = set()
        for key_id, number in enumerate(self._numbers):
            if number not in passing:
                continue
            trie_key = self._trie.restore_key(key_id)
            if trie_key.startswith(SUFFIX_SPACE):
                continue  # a public suffix, whose number means something else
            if Trigger.SUBTREE in kinds[number]:
                found.update(self._trie.iterkeys(trie_key))
            else:
                found.add(trie_key)
        return found
