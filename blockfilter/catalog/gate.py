"""Whether a release may be put in force: what its compiled policy would do, and how much it changes.

The gate looks at the policy itself and at nothing that led to it, so it finds what slipped past the
checks of entries, in whichever list. Each list is judged by its own verdict, its exceptions counted,
as if no protected or allowed name outranked it. Look-alikes, redundance and the like are left to
`lint`: other people's lists rightly hold names that imitate help lines.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import NamedTuple

from blockfilter.catalog import delta, selftest, store, suffixes
from blockfilter.catalog.delta import Limits
from blockfilter.catalog.finding import Finding
from blockfilter.catalog.harm import MAX_PATTERNS, Harm, Judge, blocking, stranger, touching
from blockfilter.catalog.manifest import Manifest
from blockfilter.catalog.reference import Reference
from blockfilter.catalog.rulebook import found
from blockfilter.catalog.store import Catalog
from blockfilter.catalog.suffixes import Wide
from blockfilter.message import name as names
from blockfilter.policy.decide import Match, Policy, in_words
from blockfilter.policy.rule import Action, Role, Trigger
from blockfilter.policy.snapshot import SUFFIX_SPACE, WILDCARD, Node, Record

MAX_BELOW = 1000  # names below a protected one that are told of; one is enough to refuse
_WWW = b"\x03www"
_OF_PATTERNS = frozenset(("pattern-wide", "pattern-slow"))


def findings(
    candidate: Policy,
    manifest: Manifest,
    previous: Manifest | None,
    catalog: Catalog,
    *,
    reference: Reference,
    today: date,
    own_zones: Iterable[str] = (),
    wide: Wide | None = None,
    limits: Limits = delta.LIMITS,
) -> list[Finding]:
    """All findings, in an order that depends on the candidate only.

    `candidate` is the compiled policy of `manifest` alone; `previous` is the release in force.
    """
    if wide is None:
        wide = suffixes.read(suffixes.suffix_file()).icann
    gate = _Gate(candidate, catalog, reference, tuple(own_zones), wide)
    every = [
        *delta.findings(manifest, previous, catalog, today, limits),
        *gate.protected(),
        *gate.popular(),
        *gate.public_suffixes(wide),
        *gate.site_names(),
        *gate.patterns(),
        *selftest.findings(candidate, manifest, catalog, reference, today),
    ]
    return list(dict.fromkeys(every))


class _Place(NamedTuple):
    """A rule of the policy, and where it stands."""

    record: Record
    rule: bytes  # as a Match has it

    @property
    def words(self) -> str:
        return in_words(self.record.trigger, self.rule)

    def name(self, harmed: Sequence[str]) -> str:
        """What a remedy speaks of: the rule as a dossier has it, else what it harms."""
        if not self.record.site:
            return harmed[0]
        is_name = self.record.trigger in (Trigger.EXACT, Trigger.SUBTREE)
        return names.to_text(self.rule) if is_name else self.rule.decode()


class _Gate:
    """What the lists of one candidate do to names that are to stay open."""

    def __init__(
        self,
        candidate: Policy,
        catalog: Catalog,
        known: Reference,
        own_zones: tuple[str, ...],
        wide: Wide,
    ) -> None:
        self._policy = candidate
        self._snapshot = candidate.snapshot
        self._places: Mapping[str, str] = catalog.places
        self._kept = tuple(sorted({*(one.name for one in catalog.protected), *known.protected}))
        self._judge = Judge(wide, known, [*self._kept, *own_zones])

    def protected(self) -> Iterator[Finding]:
        """Protected names that are not, and lists that would touch one or what is below it."""
        for text in self._kept:
            if not self._policy.decide(names.from_text(text)).passes:
                yield found("protected-lost", "protected.toml", f"{text} is not protected by it")
        hit: dict[_Place, list[str]] = {}
        for text in self._judge.protected:
            name = names.from_text(text)
            for touched in (name, *self._hosts(name), *self._blocked_below(name)):
                self._note(hit, touched, text)
        for place, texts in hit.items():
            yield from self._harms([touching(place.words, texts)], place.record, place.name(texts))

    def popular(self) -> Iterator[Finding]:
        """Popular names that a list would block or watch, by the rules that would."""
        hit: dict[_Place, list[str]] = {}
        for text in self._judge.popular:
            name = names.from_text(text)
            for host in (name, *self._hosts(name)):
                self._note(hit, host, text)
        for place, texts in hit.items():
            yield from self._harms([blocking(place.words, texts)], place.record, place.name(texts))

    def _note(self, hit: dict["_Place", list[str]], name: bytes, text: str) -> None:
        """Note for each rule that would block or watch a name what that name stands for."""
        for match in own_verdicts(self._policy, name):
            texts = hit.setdefault(_Place(match.record, match.rule), [])
            if text not in texts:
                texts.append(text)

    def public_suffixes(self, wide: Wide) -> Iterator[Finding]:
        """Rules under which strangers have their sites."""
        for key in self._wide_keys(wide):
            name = names.from_key(key)
            for match in own_verdicts(self._policy, name):
                if match.record.trigger is Trigger.SUBTREE and match.rule == name:
                    text = names.to_text(name)
                    yield from self._harms([stranger(text)], match.record, text)

    def site_names(self) -> Iterator[Finding]:
        """Site-names that are words, too short, or of others' sites."""
        for label, records in sorted(self._snapshot.site_names.items()):
            text = label.decode("latin-1")
            harms = [*self._judge.site_name(text)]
            for record in filter(self._blocks, records):
                yield from self._harms(harms, record, text)

    def patterns(self) -> Iterator[Finding]:
        """Patterns that are found in too many names, and lists with too many patterns."""
        by_list: dict[int, list[tuple[str, Record]]] = {}
        for text, record in self._snapshot.patterns:
            if self._blocks(record):
                by_list.setdefault(record.list, []).append((text, record))
        for every in by_list.values():
            texts = [text for text, _ in every]
            first = every[0][1]._replace(site="")  # of the list, whichever entry begins it
            yield from self._harms(self._judge.patterns(texts), first, "NAME")
            among = self._judge.found_in(texts[:MAX_PATTERNS])
            for text, record in every[:MAX_PATTERNS]:
                harms = self._judge.pattern(text, among)
                own = [one for one in harms if one.check in _OF_PATTERNS]  # `popular` has the rest
                yield from self._harms(own, record, text)

    def _harms(self, harms: Iterable[Harm], record: Record, name: str) -> Iterator[Finding]:
        for harm in harms:
            yield self._found(harm.check, record, harm.sentence, name)

    def _found(self, rule: str, record: Record, sentence: str, name: str) -> Finding:
        list_id = self._snapshot.lists[record.list].id
        entry = record.site if list_id == store.CURATED and record.site else list_id
        place = f"{self._places[entry]}: {entry}" if entry in self._places else list_id
        imported = list_id != store.CURATED
        return found(rule, place, sentence, entry=entry, name=name, imported=imported)

    def _blocks(self, record: Record) -> bool:
        is_list = self._snapshot.lists[record.list].role is Role.BLOCK
        return is_list and record.action is Action.BLOCK

    def _node(self, key: bytes) -> Node:
        number: int = self._snapshot.metadata[self._snapshot.trie.key_id(key)]
        return self._snapshot.nodes[number]

    def _hosts(self, name: bytes) -> Iterator[bytes]:
        """The name under which a site is asked for, too, unless it is one already."""
        if not name.startswith(_WWW) and len(_WWW) + len(name) <= names.MAX_NAME:
            yield _WWW + name

    def _blocked_below(self, name: bytes) -> Iterator[bytes]:
        """Names below that some list blocks or watches, the first of them."""
        own = names.key(name)
        below = (key for key in self._snapshot.trie.iterkeys(own) if key != own)
        blocked = (key for key in below if any(map(self._blocks, self._node(key).records)))
        return map(names.from_key, islice(blocked, MAX_BELOW))

    def _wide_keys(self, wide: Wide) -> Iterator[bytes]:
        """The keys of the trie that stand at the root, at a single label or at a public suffix."""
        trie = self._snapshot.trie
        for key in trie.iterkeys():
            if not key or len(key) == key[0] + 1:
                yield key
        for suffix in trie.iterkeys(SUFFIX_SPACE):
            key = suffix[len(SUFFIX_SPACE) :]
            if len(key) != key[0] + 1 and key in trie and _text(key) in wide:
                yield key
            if self._snapshot.metadata[trie.key_id(suffix)] & WILDCARD:
                for below in trie.iterkeys(key):
                    one_more = len(below) > len(key) == len(below) - 1 - below[len(key)]
                    if one_more and _text(below) in wide and SUFFIX_SPACE + below not in trie:
                        yield below


def _text(key: bytes) -> str:
    return names.to_text(names.from_key(key))


def own_verdicts(policy: Policy, name: bytes) -> Iterator[Match]:
    """For each list that would block or watch a name the rule by which it would.

    A list speaks by the strongest of its rules, and where that is an exception not at all.
    """
    judged: set[int] = set()
    found_here = policy.matches(name)
    for match in sorted(found_here, key=lambda m: (m.rank, m.record.action is Action.BLOCK)):
        if match.record.list in judged:
            continue
        judged.add(match.record.list)
        is_list = policy.snapshot.lists[match.record.list].role is Role.BLOCK
        if is_list and match.record.action is Action.BLOCK:
            yield match
