"""The compiled policy: one immutable file, mapped by its readers and replaced whole.

Layout, little-endian::

    header    magic, format version, serial, inputs digest, digest of all else, section lengths
    tables    JSON: lists, records, nodes, site-names, patterns, names by category, release, date
              of the suffixes
    trie      marisa-trie of keys; a rule's key is message.name.key, a suffix's has 0xFF before it
    metadata  one uint32 a key: a node of the tables, or for a suffix its kinds as bits

A *record* is what a rule says without its name; a *node* is the records that stand at one name. A
million names of one list share one record and one node, so a name costs some ten octets.
"""

import hashlib
import json
import struct
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol, cast

import marisa_trie

from blockfilter.errors import PolicyError
from blockfilter.message import name as names
from blockfilter.policy.census import Census, recorded
from blockfilter.policy.rule import Action, Mode, Role, RuleList, Trigger

FORMAT_VERSION = 2
_HEADER = struct.Struct("<8sQQ32s32sQQQ")
HEAD = _HEADER.size
_MAGIC = b"BFPOLICY"
_ALIGN = 8  # the metadata is read as uint32 in place

SUFFIX_SPACE = b"\xff"  # no label has this length, so no rule's key begins with it
SUFFIX, WILDCARD, EXCEPTION = 1, 2, 4  # "co.uk", "*.ck", "!www.ck"


class PatternSet(Protocol):
    """What this package uses of an RE2 set."""

    def Match(self, text: str, /) -> list[int] | None:  # noqa: N802 - the library's spelling
        """Numbers of the patterns found in the text."""


class Record(NamedTuple):
    """What a rule says, without the name it says it of; `list` is an index."""

    trigger: Trigger
    list: int
    site: str
    category: str
    action: Action
    mode: Mode
    counted: bool


class Node(NamedTuple):
    """What stands at one name. `open_below`: some name below it must never be denied."""

    open_below: bool
    records: tuple[Record, ...]


class ListInfo(NamedTuple):
    """A list as the snapshot remembers it."""

    id: str
    role: Role
    rules: int
    own: bool


def build(
    lists: Sequence[RuleList],
    suffixes: Iterable[str],
    *,
    inputs: bytes,
    serial: int,
    release: str,
    suffix_date: str,
) -> bytes:
    """The octets of a snapshot.

    `suffixes` are the public suffix list's rules ("co.uk", "*.ck", "!www.ck"), A-labels; `inputs`
    is the SHA-256 over everything the snapshot was made from. PolicyError for a pattern that RE2
    does not accept.
    """
    builder = _Builder()
    for rule_list in lists:
        builder.add(rule_list)
    if builder.patterns:
        compile_patterns([text for text, _ in builder.patterns])  # together: they share a bound
    kinds: dict[bytes, int] = {}
    for suffix in suffixes:
        bare = suffix.lstrip("!").removeprefix("*.")
        kind = EXCEPTION if suffix[0] == "!" else WILDCARD if suffix[0] == "*" else SUFFIX
        suffix_key = SUFFIX_SPACE + names.key(names.from_text(bare))
        kinds[suffix_key] = kinds.get(suffix_key, 0) | kind
    trie = marisa_trie.BinaryTrie(chain(builder.by_key, kinds))
    metadata = array("I", bytes(4 * len(trie)))
    for trie_key, value in chain(builder.by_key.items(), kinds.items()):
        metadata[trie.key_id(trie_key)] = value
    found = builder.tables() | {"release": release, "suffix_date": suffix_date}
    found["names"] = builder.census(trie.iterkeys)
    return assembled(found, trie.tobytes(), metadata.tobytes(), inputs, serial)


def tables(
    lists: Sequence[ListInfo],
    nodes: Sequence[Node],
    site_names: Mapping[bytes, Sequence[Record]],
    patterns: Sequence[tuple[str, Record]],
    **more: object,
) -> dict[str, object]:
    """The tables of a snapshot whose parts are there already."""
    every = chain(
        chain.from_iterable(node.records for node in nodes),
        chain.from_iterable(site_names.values()),
        (record for _, record in patterns),
    )
    numbers = {record: number for number, record in enumerate(dict.fromkeys(every))}
    return {
        "lists": lists,
        "records": list(numbers),
        "nodes": [[one.open_below, sorted(numbers[r] for r in one.records)] for one in nodes],
        "site_names": {
            label.decode("latin-1"): [numbers[record] for record in records]
            for label, records in site_names.items()
        },
        "patterns": [[text, numbers[record]] for text, record in patterns],
        **more,
    }


def assembled(
    found: Mapping[str, object], trie: bytes, metadata: bytes, inputs: bytes, serial: int
) -> bytes:
    """The octets of a snapshot of these sections."""
    sections = [_padded(json.dumps(found).encode()), _padded(trie), metadata]
    payload = b"".join(sections)
    lengths = [len(section) for section in sections]
    digest = _digest(serial, inputs, lengths, payload)
    return _HEADER.pack(_MAGIC, FORMAT_VERSION, serial, inputs, digest, *lengths) + payload


def inputs_of(head: bytes) -> bytes:
    """The digest of inputs that the first HEAD octets of a snapshot tell, b"" if they tell none."""
    if len(head) < HEAD:
        return b""
    magic, version, _, inputs, *_ = _HEADER.unpack(head[:HEAD])
    return bytes(inputs) if (magic, version) == (_MAGIC, FORMAT_VERSION) else b""


def _digest(serial: int, inputs: bytes, lengths: list[int], payload: bytes | memoryview) -> bytes:
    head = _HEADER.pack(_MAGIC, FORMAT_VERSION, serial, inputs, b"", *lengths)
    found = hashlib.sha256(head)
    found.update(payload)
    return found.digest()


def _padded(section: bytes) -> bytes:
    return section + b" " * (-len(section) % _ALIGN)


class _Builder:
    """Gathers keys; each distinct set of records at a name becomes one node."""

    def __init__(self) -> None:
        self.by_key: dict[bytes, int] = {}
        self.patterns: list[tuple[str, int]] = []
        self._lists: list[ListInfo] = []
        self._records: dict[Record, int] = {}
        self._nodes: list[tuple[bool, frozenset[int]]] = [(False, frozenset())]
        self._node_ids = {self._nodes[0]: 0}
        self._steps: dict[tuple[int, int], int] = {}
        self._site_names: dict[str, list[int]] = {}

    def add(self, rule_list: RuleList) -> None:
        index, count = len(self._lists), 0
        by_key, steps = self.by_key, self._steps
        must_stay_open = rule_list.role is not Role.BLOCK
        for count, rule in enumerate(rule_list.rules, 1):
            trigger, value, category, site, action, mode, counted = rule
            said = Record(trigger, index, site, category, action, mode, counted)
            record = self._records.setdefault(said, len(self._records))
            if trigger is Trigger.PATTERN:
                self.patterns.append((value.decode(), record))
            elif trigger is Trigger.SITE_NAME:
                self._site_names.setdefault(value.decode("latin-1"), []).append(record)
            else:
                trie_key = names.key(value)
                node = by_key.get(trie_key, 0)
                step = steps.get((node, record))
                by_key[trie_key] = self._step(node, record) if step is None else step
                if must_stay_open or action is Action.PASSTHRU:
                    self._keep_open(value)
        self._lists.append(ListInfo(rule_list.id, rule_list.role, count, rule_list.own))

    def _keep_open(self, value: bytes) -> None:
        for superdomain in names.superdomains(value)[1:-1]:
            trie_key = names.key(superdomain)
            _, records = self._nodes[self.by_key.get(trie_key, 0)]
            self.by_key[trie_key] = self._node((True, records))

    def _step(self, node: int, record: int) -> int:
        open_below, records = self._nodes[node]
        step = self._steps[node, record] = self._node((open_below, records | {record}))
        return step

    def _node(self, node: tuple[bool, frozenset[int]]) -> int:
        number = self._node_ids.setdefault(node, len(self._nodes))
        if number == len(self._nodes):
            self._nodes.append(node)
        return number

    def census(self, below: Callable[[bytes], Iterable[bytes]]) -> dict[str, int]:
        """Names by category; `below` gives the keys that begin with one."""
        records, census = list(self._records), Census(self._lists)
        nodes = [[records[number] for number in sorted(found)] for _, found in self._nodes]
        sites = ([records[number] for number in found] for found in self._site_names.values())
        patterns = ([records[number]] for _, number in self.patterns)
        found = census.names(self.by_key, nodes, below)
        return dict(found + census.shapes(sites) + census.shapes(patterns))

    def tables(self) -> dict[str, object]:
        return {
            "lists": self._lists,
            "records": list(self._records),
            "nodes": [[open_below, sorted(records)] for open_below, records in self._nodes],
            "site_names": self._site_names,
            "patterns": self.patterns,
        }


def compile_patterns(patterns: Sequence[str]) -> PatternSet:
    """An RE2 set over all patterns, which tells those that match in one linear pass."""
    import re2  # loaded only where a list has patterns

    options = re2.Options()
    options.log_errors = False  # it would print the pattern to stderr
    found = re2.Set.SearchSet(options)
    for number, pattern in enumerate(patterns, 1):
        try:
            found.Add(pattern)
        except re2.error as error:
            why = _why_not(pattern, options) or error
            raise PolicyError(f"pattern {number} is no RE2 expression: {why}") from error
    try:
        found.Compile()
    except re2.error as error:
        raise PolicyError("the patterns are too many or too large for one RE2 set") from error
    return cast("PatternSet", found)


def _why_not(pattern: str, options: object) -> str:
    """What RE2 has against a pattern, which it tells for one alone; "" if nothing."""
    import re2

    try:
        re2.compile(pattern, options)
    except re2.error as error:
        (why,) = error.args
        return str(why, "utf-8", "replace") if isinstance(why, bytes) else str(why)
    return ""


class Snapshot:
    """A snapshot's tables and indexes over its octets, which must outlive it.

    PolicyError where the octets are not a whole, undamaged snapshot of this version.
    """

    def __init__(self, buffer: bytes | memoryview) -> None:
        view = memoryview(buffer)
        if len(view) < _HEADER.size:
            raise PolicyError("the policy snapshot is cut short; it will be compiled anew")
        magic, version, serial, inputs, digest, *lengths = _HEADER.unpack_from(view)
        payload = view[_HEADER.size :]
        if magic != _MAGIC or version != FORMAT_VERSION:
            raise PolicyError("not a policy snapshot of this version; it will be compiled anew")
        if len(payload) != sum(lengths) or _digest(serial, inputs, lengths, payload) != digest:
            raise PolicyError("the policy snapshot is damaged; it will be compiled anew")
        end_of_tables, end_of_trie = lengths[0], lengths[0] + lengths[1]
        found = json.loads(bytes(payload[:end_of_tables]))
        self.serial: int = serial
        self.inputs: bytes = inputs
        self.release: str = found["release"]
        self.suffix_date: str = found["suffix_date"]
        self.lists = [ListInfo(i, Role(role), *more) for i, role, *more in found["lists"]]
        self.records = [_record(*fields) for fields in found["records"]]
        self.nodes = [
            Node(open_below, tuple(self.records[number] for number in numbers))
            for open_below, numbers in found["nodes"]
        ]
        self.site_names: dict[bytes, tuple[Record, ...]] = {
            label.encode("latin-1"): tuple(self.records[number] for number in numbers)
            for label, numbers in found["site_names"].items()
        }
        self.patterns = [(text, self.records[number]) for text, number in found["patterns"]]
        self.trie = marisa_trie.BinaryTrie()
        self.trie.map(payload[end_of_tables:end_of_trie])
        self.metadata = payload[end_of_trie:].cast("I")
        self._names: dict[str, int] = found["names"]
        self._buffer = view

    def names_by_category(self) -> dict[str, int]:
        """How many names are enforced of each category that hits are recorded under."""
        return dict(self._names)

    def recorded(self, record: Record) -> str:
        """The category that a hit of a rule is recorded under."""
        return recorded(self.lists, record)

    @property
    def rules(self) -> int:
        """How many rules the blocking lists hold."""
        return sum(info.rules for info in self.lists if info.role is Role.BLOCK)


def _record(
    trigger: str, index: int, site: str, category: str, action: str, mode: str, counted: bool
) -> Record:
    return Record(Trigger(trigger), index, site, category, Action(action), Mode(mode), counted)
