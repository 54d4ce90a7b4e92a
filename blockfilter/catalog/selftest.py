"""A compiled policy tried before it is put in force.

Names of every kind of rule of every list are asked, evenly spread over the list, and the decision
is held against what the rules that speak of them say together. Patterns do not tell which names
they are meant for: each is compiled alone, and must be found in the same ones of all names that are
tried, and of its entry's own names, as in the whole policy. And a fixed set of names must be open.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

from blockfilter.catalog import listable, store
from blockfilter.catalog.finding import Finding
from blockfilter.catalog.harm import some
from blockfilter.catalog.manifest import Manifest
from blockfilter.catalog.reference import Reference
from blockfilter.catalog.rulebook import found
from blockfilter.catalog.store import Catalog
from blockfilter.errors import FormatError
from blockfilter.message import name as names
from blockfilter.policy.decide import Match, Policy, in_words
from blockfilter.policy.rule import Action, Mode, Role, Trigger
from blockfilter.policy.snapshot import SUFFIX_SPACE, Record, compile_patterns

SAMPLED = 50  # names of each kind of rule of a list: enough to meet a table that is wrong
GENERATED = 60  # ordinary names
SITE_SUFFIXES = (b"\x03com\x00", b"\x03org\x00", b"\x02co\x02uk\x00")
_SUFFIXES = ("com", "org", "net", "co.uk", "de", "fr", "es", "edu", "gov", "example")
_BELOW = b"\x01x"

OPEN = (  # without these nothing else works, or a machine believes that it is offline
    *(f"{letter}.root-servers.net" for letter in "abcdefghijklm"),
    "a.gtld-servers.net",
    "ctldl.windowsupdate.com",
    "download.windowsupdate.com",
    "fe2.update.microsoft.com",
    "dl.delivery.mp.microsoft.com",
    "www.msftconnecttest.com",
    "dns.msftncsi.com",
    "time.windows.com",
    "login.microsoftonline.com",
    "swscan.apple.com",
    "mesu.apple.com",
    "captive.apple.com",
    "time.apple.com",
    "connectivitycheck.gstatic.com",
    "clients3.google.com",
    "dl.google.com",
    "deb.debian.org",
    "security.debian.org",
    "archive.ubuntu.com",
    "security.ubuntu.com",
    "connectivity-check.ubuntu.com",
    "cdn.redhat.com",
    "mirrors.fedoraproject.org",
    "detectportal.firefox.com",
    "aus5.mozilla.org",
    "pool.ntp.org",
    "ocsp.digicert.com",
    "r3.o.lencr.org",
    "crl.globalsign.com",
    "ocsp.sectigo.com",
    "www.iana.org",
    "localhost",
)


class _Sample(NamedTuple):
    record: Record
    rule: bytes  # as a Match has it
    name: bytes


def findings(
    policy: Policy, manifest: Manifest, catalog: Catalog, known: Reference, today: date
) -> Iterator[Finding]:
    """Where the policy does not decide as it should."""
    yield from _whole(policy, manifest, today)
    yield from _open(policy, known)
    samples = [*_from_trie(policy), *_from_site_names(policy)]
    for sample in samples:
        if not _as_said(policy, sample):
            lists = policy.snapshot.lists
            rule = in_words(sample.record.trigger, sample.rule)
            sentence = f"{names.to_text(sample.name)} is not decided as the rule {rule} says"
            yield found("self-test", lists[sample.record.list].id, sentence)
    yield from _patterns(policy, [sample.name for sample in samples], catalog, known)


def _whole(policy: Policy, manifest: Manifest, today: date) -> Iterator[Finding]:
    """Whether every list of the release is there, whole; what is over is not."""
    over = manifest.expired(today)
    there = {one.id: one.rules for one in policy.snapshot.lists}
    for listed in manifest.lists:
        if listed.role != Role.BLOCK or listed.id in over:
            continue
        rules = there.get(listed.id, 0)
        if rules != listed.rules and not (listed.id == store.CURATED and over):
            sentence = f"it has {rules} rules in the policy and {listed.rules} in the release"
            yield found("self-test", listed.id, sentence)


def _open(policy: Policy, known: Reference) -> Iterator[Finding]:
    """Names of the fixed set, and ordinary ones, that a list would block or watch, by rules."""
    hit: dict[str, list[str]] = {}
    for text in chain(OPEN, ordinary(known)):
        name = names.from_text(text)
        decision = policy.decide(name)
        if decision.blocks or decision.cells:
            strongest = policy.matches(name)[0]
            hit.setdefault(in_words(strongest.record.trigger, strongest.rule), []).append(text)
    for rule, texts in hit.items():
        sentence = f"{rule}: not answered as usual would be {some(texts)}"
        yield found("must-stay-open", "the lists together", sentence, name=texts[0])


def ordinary(known: Reference) -> Iterator[str]:
    """Names such as anybody may have and nobody lists, always the same."""
    words = sorted(known.words)
    if len(words) < GENERATED:
        return
    step = len(words) // GENERATED
    for number in range(GENERATED):
        three = (
            words[(number * step + offset) % len(words)] for offset in (0, 7 * step, 23 * step)
        )
        yield f"{'-'.join(three)}.{_SUFFIXES[number % len(_SUFFIXES)]}"


def _from_trie(policy: Policy) -> Iterator[_Sample]:
    """Names and what stands there, of each kind of rule of each list evenly over its names."""
    snapshot = policy.snapshot
    trie, metadata = snapshot.trie, snapshot.metadata
    other = bytearray(len(trie))  # 1: a public suffix, whose number means something else
    for key in trie.iterkeys(SUFFIX_SPACE):
        other[trie.key_id(key)] = 1
    kinds = [
        tuple({(r.trigger, r.list, r.action) for r in node.records}) for node in snapshot.nodes
    ]
    count: Counter[tuple[Trigger, int, Action]] = Counter()
    for number, times in Counter(_nodes(metadata, other)).items():
        for kind in kinds[number]:
            count[kind] += times
    steps = {kind: -(-times // SAMPLED) for kind, times in count.items()}
    seen: Counter[tuple[Trigger, int, Action]] = Counter()
    for key_id, number in enumerate(metadata):
        if other[key_id]:
            continue
        for kind in kinds[number]:
            if seen[kind] % steps[kind] == 0 or seen[kind] == count[kind] - 1:
                name = names.from_key(trie.restore_key(key_id))
                for record in snapshot.nodes[number].records:
                    if (record.trigger, record.list, record.action) == kind:
                        yield _Sample(record, name, name)
            seen[kind] += 1


def _nodes(metadata: Sequence[int] | memoryview, other: bytearray) -> Iterator[int]:
    return (number for number, skipped in zip(metadata, other, strict=True) if not skipped)


def _from_site_names(policy: Policy) -> Iterator[_Sample]:
    by_list: dict[int, list[tuple[bytes, Record]]] = {}
    for label, records in sorted(policy.snapshot.site_names.items()):
        for record in records:
            by_list.setdefault(record.list, []).append((label, record))
    for every in by_list.values():
        for label, record in every[:: -(-len(every) // SAMPLED)]:
            for suffix in SITE_SUFFIXES:
                name = bytes((len(label),)) + label + suffix
                if SUFFIX_SPACE + names.key(name) not in policy.snapshot.trie:  # has no site label
                    yield _Sample(record, label, name)


def _as_said(policy: Policy, sample: _Sample) -> bool:
    """Whether the name, and one below it, meet the rule, and are decided as all that they meet."""
    if not _consistent(policy, sample, sample.name, meets=True):
        return False
    below = _BELOW + sample.name
    lasts = sample.record.trigger is not Trigger.EXACT
    return len(below) > names.MAX_NAME or _consistent(policy, sample, below, meets=lasts)


def _consistent(policy: Policy, sample: _Sample, name: bytes, *, meets: bool) -> bool:
    matches, decision = policy.matches(name), policy.decide(name)
    if ((sample.record, sample.rule) in [(m.record, m.rule) for m in matches]) is not meets:
        return False
    passes = any(policy.snapshot.lists[m.record.list].role is not Role.BLOCK for m in matches)
    return decision.passes is passes and decision.blocks is (not passes and _enforced(matches))


def _enforced(matches: list[Match]) -> bool:
    """Whether some list, its own exceptions counted, blocks: the table of precedence once more."""
    cancelled: set[int] = set()
    for match in sorted(matches, key=lambda m: (m.rank, m.record.action is Action.BLOCK)):
        if match.record.action is Action.PASSTHRU:
            cancelled.add(match.record.list)
        elif match.record.mode is Mode.ENFORCE and match.record.list not in cancelled:
            return True
    return False


def _patterns(
    policy: Policy, sampled: list[bytes], catalog: Catalog, known: Reference
) -> Iterator[Finding]:
    """Patterns that are found alone where they are not found in the policy, or the reverse."""
    patterns = policy.snapshot.patterns
    if not patterns:
        return
    fixed = [names.from_text(text) for text in chain(OPEN, ordinary(known))]
    own = {one.id: one for one in catalog.dossiers}
    found_in: dict[bytes, set[tuple[bytes, Record]]] = {}
    for text, record in patterns:
        alone, probes = compile_patterns([text]), [*fixed, *sampled[:SAMPLED]]
        if dossier := own.get(record.site):
            attested = (name for one in dossier.evidence for name in one.names)
            probes += _names((*dossier.names, *dossier.exact, *attested))
        for name in probes:
            if name not in found_in:
                found_in[name] = {(match.rule, match.record) for match in policy.matches(name)}
            is_there = (text.encode(), record) in found_in[name]
            if bool(alone.Match(names.to_text(name))) is not is_there:
                list_id = policy.snapshot.lists[record.list].id
                sentence = f"the pattern {text} is found in other names than alone"
                yield found("self-test", list_id, sentence)
                break


def _names(texts: tuple[str, ...]) -> Iterator[bytes]:
    """Those of the texts that are names."""
    for text in texts:
        try:
            yield listable.exact(text)
        except FormatError:
            continue
