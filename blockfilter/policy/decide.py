"""Precedence: from a name and a snapshot to a decision, and why.

`Policy.decide` is on the path of every query. Names that meet no rule cost one walk of the trie and
one set operation; what each node means is worked out when the policy is made. Nothing is learnt from
a query: how long a decision takes must not tell whether somebody asked for the name before.
"""

from collections.abc import Callable, Iterable
from itertools import count
from typing import NamedTuple

from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Role, Trigger
from blockfilter.policy.snapshot import (
    EXCEPTION,
    SUFFIX,
    SUFFIX_SPACE,
    WILDCARD,
    Node,
    Record,
    Snapshot,
    compile_patterns,
)

_RANK = {Trigger.EXACT: 0, Trigger.SUBTREE: 1, Trigger.SITE_NAME: 2, Trigger.PATTERN: 3}
_HOLLOW = Node(open_below=True, records=())
_LASTING = {Trigger.SUBTREE, Trigger.SITE_NAME}  # what matches a name also matches all below it
_generations = count(1)

ENFORCED, MONITORED = "enforced", "monitored"


class Decision(NamedTuple):
    """What to do with a name. `cells` are the (category, mode) pairs to record.

    The category recorded is that of the rule, or OTHER where the list is the organisation's own.

    `passes`: protected or allowed, so that its targets are not inspected either. `nodata`: names
    below stay open, so the block may not deny them with an NXDOMAIN (RFC 8020).
    """

    blocks: bool
    passes: bool
    nodata: bool
    cells: tuple[tuple[str, str], ...]


OPEN = Decision(blocks=False, passes=False, nodata=False, cells=())
_PASSES = Decision(blocks=False, passes=True, nodata=False, cells=())


class Match(NamedTuple):
    """A rule that speaks of the name; `labels` is the length of the name it stands at."""

    record: Record
    labels: int
    rule: bytes  # canonical name, label or pattern

    @property
    def rank(self) -> tuple[int, int]:
        """Place in the table of precedence, the strongest first."""
        return _RANK[self.record.trigger], -self.labels


class Explanation(NamedTuple):
    """A decision in words; None where nothing applies."""

    blocked: bool
    mode: str | None
    rule: str | None
    list: str | None
    site: str | None
    category: str | None
    why: str


class Policy:
    """Decides over one snapshot; immutable, replaced whole. `generation` is its own forever."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.generation = next(_generations)
        self._prefixes = snapshot.trie.prefixes
        self._key_id = snapshot.trie.key_id
        self._metadata = snapshot.metadata
        self._site_labels = frozenset(bytes((len(label),)) + label for label in snapshot.site_names)
        self._patterns = (
            compile_patterns([text for text, _ in snapshot.patterns]) if snapshot.patterns else None
        )
        # Where a site-name or a pattern lets names pass, any block may have such names below it.
        self._passes_by_shape = any(
            snapshot.lists[record.list].role is not Role.BLOCK
            and record.trigger in (Trigger.SITE_NAME, Trigger.PATTERN)
            for record in snapshot.records
        )
        self._meanings = self._meanings_of(snapshot.nodes)
        # What superdomains of protected and excepted names have: no rule, but names to be kept open.
        self._hollow = next((i for i, one in enumerate(snapshot.nodes) if one == _HOLLOW), -1)

    def decide(self, name: bytes) -> Decision:
        """What a canonical name deserves."""
        parts, at = [], 0
        while length := name[at]:
            end = at + 1 + length
            parts.append(name[at:end])
            at = end
        parts.reverse()
        key = b"".join(parts)
        found = self._prefixes(key)
        if not key or not self._site_labels.isdisjoint(parts):
            return self._judge(name)
        if self._patterns is not None and self._matching_patterns(name):
            return self._judge(name)
        if not found:
            return OPEN
        metadata, key_id, hollow = self._metadata, self._key_id, self._hollow
        nodes: list[int] = [metadata[key_id(prefix)] for prefix in found]
        last = nodes[-1]
        for node in nodes:
            if node not in (last, hollow):  # a rule below another one, and they differ
                return self._judge(name)
        return self._meanings[last][found[-1] == key]

    def inspect(self, targets: Iterable[bytes]) -> Decision:
        """What an answer deserves whose aliases lead to `targets`: the first block, else open."""
        cells: dict[tuple[str, str], None] = {}
        for target in targets:
            decision = self.decide(target)
            if decision.blocks:
                return decision
            cells.update(dict.fromkeys(decision.cells))
        return OPEN._replace(cells=tuple(cells)) if cells else OPEN

    def matches(self, name: bytes) -> list[Match]:
        """Every rule that speaks of the name, strongest first, list by list not yet judged."""
        key, snapshot = names.key(name), self.snapshot
        found = [
            Match(record, len(names.split(prefix + names.ROOT)), names.from_key(prefix))
            for prefix in self._prefixes(key)
            for record in snapshot.nodes[self._metadata[self._key_id(prefix)]].records
            if record.trigger is Trigger.SUBTREE or prefix == key
        ]
        label = self._label_before_suffix(name)
        found += [Match(record, 0, label) for record in snapshot.site_names.get(label, ())]
        found += [
            Match(record, 0, text.encode())
            for text, record in (snapshot.patterns[i] for i in self._matching_patterns(name))
        ]
        return sorted(found, key=lambda match: match.rank)

    def explain(self, name: bytes) -> Explanation:
        """The decision on a name and the rule that made it, in words."""
        found = self.matches(name)
        passing = self._passing(found)
        if passing:
            role = self.snapshot.lists[passing.record.list].role
            why = "protected: no list may block it" if role is Role.PROTECTED else "allowed here"
            return self._explained(passing, blocked=False, mode=None, why=why)
        if enforced := self._verdict(found, Mode.ENFORCE):
            return self._explained(enforced, blocked=True, mode=ENFORCED, why="on the list")
        if monitored := self._verdict(found, Mode.MONITOR):
            why = "would be blocked: its rule is in monitor mode, so it is answered normally"
            return self._explained(monitored, blocked=False, mode=MONITORED, why=why)
        why = "an exception of the list itself" if found else "on no list"
        return Explanation(False, None, None, None, None, None, why)

    def _explained(self, match: Match, *, blocked: bool, mode: str | None, why: str) -> Explanation:
        record = match.record
        source = self.snapshot.lists[record.list].id
        rule = in_words(record.trigger, match.rule)
        return Explanation(blocked, mode, rule, source, record.site or None, record.category, why)

    def _judge(self, name: bytes) -> Decision:
        found = self.matches(name)
        return self._decided(found, lambda: self._is_open_below(names.key(name), found))

    def _meanings_of(self, nodes: Iterable[Node]) -> list[tuple[Decision, Decision]]:
        """Of each node: what names below it deserve, and the name it stands at, by it alone."""
        worked_out: dict[object, tuple[Decision, Decision]] = {}
        meanings = []
        for node in nodes:
            # A site is no part of a decision, and nodes that differ in it alone are thousands.
            said = node.open_below, tuple((*one[:2], *one[3:]) for one in node.records)
            meaning = worked_out.get(said)
            if meaning is None:
                meaning = worked_out[said] = self._meaning(node)
            meanings.append(meaning)
        return meanings

    def _meaning(self, node: Node) -> tuple[Decision, Decision]:
        at = sorted((Match(one, 0, b"") for one in node.records), key=lambda match: match.rank)
        below = [match for match in at if match.record.trigger is Trigger.SUBTREE]
        ends = self._verdict(below, Mode.ENFORCE) is None  # and what is below is open
        return (
            self._decided(below, lambda: self._passes_by_shape),
            self._decided(at, lambda: self._passes_by_shape or node.open_below or ends),
        )

    def _decided(self, found: list[Match], is_open_below: Callable[[], bool]) -> Decision:
        """What all rules that speak of a name mean together."""
        if not found:
            return OPEN
        if self._passing(found):
            return _PASSES
        enforced = self._verdict(found, Mode.ENFORCE)
        monitored = self._verdict(found, Mode.MONITOR)
        cells = [
            (self.snapshot.recorded(match.record), mode)
            for match, mode in ((enforced, ENFORCED), (monitored, MONITORED))
            if match and match.record.counted
        ]
        nodata = enforced is not None and is_open_below()
        return Decision(enforced is not None, False, nodata, tuple(cells))

    def _passing(self, found: list[Match]) -> Match | None:
        lists = self.snapshot.lists
        for role in (Role.PROTECTED, Role.ALLOW):
            for match in found:
                if lists[match.record.list].role is role:
                    return match
        return None

    def _verdict(self, found: list[Match], mode: Mode) -> Match | None:
        """The strongest of the lists' own verdicts; `found` is sorted, so the first of each list."""
        judged: set[int] = set()
        best: Match | None = None
        for match in sorted(found, key=lambda m: (m.rank, m.record.action is Action.BLOCK)):
            record = match.record
            if record.list in judged:
                continue
            if record.action is Action.PASSTHRU:
                judged.add(record.list)
            elif record.mode is mode:
                judged.add(record.list)
                best = best or match
        return best

    def _is_open_below(self, key: bytes, found: list[Match]) -> bool:
        """Whether a name below the blocked one may be open (RFC 8020); `found` are its matches."""
        if not key or self._passes_by_shape or self._has_open_node(key):
            return True
        lasting = {Trigger.SUBTREE} if self._has_suffix_below(key) else _LASTING
        below = [match for match in found if match.record.trigger in lasting]
        return self._verdict(below, Mode.ENFORCE) is None

    def _has_open_node(self, key: bytes) -> bool:
        number = self._key_id(key) if key in self.snapshot.trie else None
        return number is not None and self.snapshot.nodes[self._metadata[number]].open_below

    def _has_suffix_below(self, key: bytes) -> bool:
        """Whether names below have another site label than the name of `key`."""
        own = SUFFIX_SPACE + key
        return any(
            found != own or self._metadata[self._key_id(found)] & WILDCARD
            for found in self.snapshot.trie.iterkeys(own)
        )

    def _label_before_suffix(self, name: bytes) -> bytes:
        """The label left of the public suffix, b"" where the name is a suffix itself."""
        labels = names.split(name)
        length = self._suffix_length(names.key(name), len(labels))
        return labels[-length - 1] if len(labels) > length else b""

    def _suffix_length(self, key: bytes, labels: int) -> int:
        """Labels of the public suffix, by the algorithm of the list: the longest rule, else one."""
        longest = 1
        for prefix in self._prefixes(SUFFIX_SPACE + key):
            if not prefix:
                continue  # a rule that stands at the root
            kinds = self._metadata[self._key_id(prefix)]
            length = len(names.split(prefix[1:] + names.ROOT))
            if kinds & EXCEPTION:
                return length - 1
            if kinds & SUFFIX:
                longest = max(longest, length)
            if kinds & WILDCARD and labels > length:
                longest = max(longest, length + 1)
        return longest

    def _matching_patterns(self, name: bytes) -> list[int]:
        return (self._patterns.Match(names.to_text(name)) or []) if self._patterns else []


def in_words(trigger: Trigger, rule: bytes) -> str:
    """A rule as a person reads it."""
    match trigger:
        case Trigger.EXACT:
            return names.to_text(rule)
        case Trigger.SUBTREE:
            return f"{names.to_text(rule)} and all below"
        case Trigger.SITE_NAME:
            return f"{rule.decode('latin-1')} under any public suffix"
        case Trigger.PATTERN:
            return f"/{rule.decode()}/"
