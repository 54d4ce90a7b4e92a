"""What a policy comes to, name by name, as other resolvers can be told it.

A policy has lists, modes, roles and exceptions; other resolvers have names that are blocked and
names that are not. Of every name that a rule stands at, `flat` says whether it is blocked, and
whether names below it are that nothing is said of. Superdomains come before what is below them, all
sorted by labels from the right. The test name that blockfilter brings itself is left out.

Rules that speak of no name in particular (site-names, patterns) decide about a name that is here,
but what else they speak of cannot be written as names: they are counted.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from blockfilter.catalog.snapshots import BUILT_IN
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Action, Mode, Role, Trigger
from blockfilter.policy.snapshot import SUFFIX_SPACE, Record, Snapshot

# Why a rule is not among the names.
SITE_NAMES = "rules for a site-name, which is under any public suffix"
PATTERNS = "rules that are a pattern"
EXCEPTIONS = "exceptions for a site-name or a pattern"
MONITORED = "rules in monitor mode, which block nothing"
EVERYTHING = "rules for all names there are"

_LENGTHS = [bytes((length,)) for length in range(names.MAX_LABEL + 1)]
_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-_."
_DEEPEST = names.MAX_NAME - 2  # octets of a name that a label of one octet can stand before

# Lists that block the names below; None: those names are open, whatever lists say.
_Lists = frozenset[int] | None
_NONE: frozenset[int] = frozenset()


class Flat(NamedTuple):
    """A name at which or below which something is blocked, or open although it is blocked above.

    `below` and `inherited` are of names that no rule stands at: those below this name, and, as the
    next name above would have it, this name and those below it.
    """

    text: str  # as message.name.to_text
    at: bool
    below: bool
    inherited: bool
    open_below: bool  # some name below it is open

    @property
    def turns(self) -> bool:
        """Whether it says anything that is not inherited."""
        return not self.at == self.below == self.inherited

    @property
    def blocks(self) -> bool:
        """Whether it brings a block, of itself or of what is below it."""
        return self.at or (self.below and not self.inherited)


def flat(policy: Policy, left: Counter[str]) -> Iterator[Flat]:
    """Every name with what holds there; `left` counts the rules that are no names, by reason."""
    family: list[tuple[bytes, Flat]] = []  # a name and what is below it, up to now
    for key, one in _walk(policy, left):
        if family and not key.startswith(family[0][0]):
            yield from _marked(family)
            family.clear()
        family.append((key, one))
    yield from _marked(family)


def _marked(family: list[tuple[bytes, Flat]]) -> Iterator[Flat]:
    """The names of a family, those marked that have an open name below them."""
    marks = [not one.below for _, one in family]
    above: list[int] = []
    for number, (key, one) in enumerate(family):
        while above and not key.startswith(family[above[-1]][0]):
            above.pop()
        if not (one.at and one.below):
            for parent in reversed(above):
                if marks[parent]:
                    break  # and so are those above it
                marks[parent] = True
        above.append(number)
    for (_, one), mark in zip(family, marks, strict=True):
        yield one._replace(open_below=True) if mark and not one.open_below else one


def _walk(policy: Policy, left: Counter[str]) -> Iterator[tuple[bytes, Flat]]:
    """The names with their trie keys, their open names below not yet looked for."""
    snapshot, steps = policy.snapshot, _Steps(policy.snapshot)
    metadata, key_id = snapshot.metadata, snapshot.trie.key_id
    _count_shapes(snapshot, left)
    met: Counter[int] = Counter()
    above: list[tuple[bytes, _Lists, bool]] = [(b"", _NONE, False)]
    for labels in _names(snapshot):
        key = b"".join([_LENGTHS[len(label)] + label for label in labels])
        node = metadata[key_id(key)]
        met[node] += 1
        while not key.startswith(above[-1][0]):
            above.pop()
        _, lists, inherited = above[-1]
        lists = steps.down(lists, node)
        if not labels:
            left[EVERYTHING] += bool(lists)
            above = [(b"", lists, False)]
            continue
        labels.reverse()
        wire = b"".join([_LENGTHS[len(label)] + label for label in labels]) + names.ROOT
        at = lists is not None and policy.decide(wire).blocks
        below = bool(lists) if len(wire) <= _DEEPEST else at
        above.append((key, lists, below))
        if at or below or inherited:
            yield key, Flat(_text(labels, wire), at, below, inherited, not below)
    for node, count in met.items():
        left[MONITORED] += count * steps.monitored(node)


class _Steps:
    """Which lists block the names below a name, from which do so above it; worked out once each."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._nodes = snapshot.nodes
        self._blocking = frozenset(
            number
            for number, info in enumerate(snapshot.lists)
            if info.role is Role.BLOCK and info.id != BUILT_IN
        )
        self._known: dict[tuple[_Lists, int], _Lists] = {}

    def down(self, lists: _Lists, node: int) -> _Lists:
        """The lists below a name with this node, `lists` being those above it."""
        found = self._known.get((lists, node), _UNKNOWN)
        if found is _UNKNOWN:
            records = [r for r in self._nodes[node].records if r.trigger is Trigger.SUBTREE]
            found = self._known[lists, node] = self._stepped(lists, records)
        return found

    def _stepped(self, lists: _Lists, records: list[Record]) -> _Lists:
        if lists is None or any(one.list not in self._blocking for one in records):
            return None
        opened = {one.list for one in records if one.action is Action.PASSTHRU}
        blocked = {
            one.list for one in records if one.action is Action.BLOCK and one.mode is Mode.ENFORCE
        }
        return (lists | blocked) - opened  # in one place, a list's exception is the stronger

    def monitored(self, node: int) -> int:
        """How many rules of a node are only watched."""
        return sum(map(self.watched, self._nodes[node].records))

    def watched(self, record: Record) -> bool:
        """Whether a rule is one that blocks nothing because of its mode."""
        return (
            record.list in self._blocking
            and record.action is Action.BLOCK
            and record.mode is Mode.MONITOR
        )


_UNKNOWN: frozenset[int] = frozenset((-1,))  # no list has this number


def _count_shapes(snapshot: Snapshot, left: Counter[str]) -> None:
    """Count the site-names and patterns."""
    steps = _Steps(snapshot)
    shapes = [(SITE_NAMES, record) for said in snapshot.site_names.values() for record in said]
    shapes += [(PATTERNS, record) for _, record in snapshot.patterns]
    for reason, record in shapes:
        if steps.watched(record):
            left[MONITORED] += 1
        elif record.action is Action.BLOCK and snapshot.lists[record.list].role is Role.BLOCK:
            left[reason] += 1
        else:
            left[EXCEPTIONS] += 1


def _names(snapshot: Snapshot) -> Iterator[list[bytes]]:
    """Labels of every name with a node, the rightmost first, in their order.

    While they are sorted each is one string of octets, which is a third of a list of labels: the
    labels with 0x00 between them, which sorts below all that a label holds when escaped.
    """
    keys = snapshot.trie.iterkeys()
    every = [_sortable(_split(key)) for key in keys if not key.startswith(SUFFIX_SPACE)]
    every.sort()
    for one in every:
        labels = one.split(b"\0") if one else []
        if b"\1" in one:
            labels = [label.replace(b"\1\1", b"\0").replace(b"\1\2", b"\1") for label in labels]
        yield labels


def _sortable(labels: list[bytes]) -> bytes:
    joined = b"\0".join(labels)
    if b"\1" in joined or joined.count(b"\0") >= max(len(labels), 1):
        return b"\0".join(
            [label.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1") for label in labels]
        )
    return joined


def _split(key: bytes) -> list[bytes]:
    labels, at, end = [], 0, len(key)
    while at < end:
        start = at + 1
        at = start + key[at]
        labels.append(key[start:at])
    return labels


def _text(labels: list[bytes], wire: bytes) -> str:
    """As `names.to_text`, faster for names of usual characters."""
    text = b".".join(labels)
    if not text.translate(None, _PLAIN) and text.count(b".") == len(labels) - 1:
        return text.decode()
    return names.to_text(wire)
