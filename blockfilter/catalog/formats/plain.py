"""Plain lists: hosts lines, bare names and wildcards, in one file if need be.

=========================  =====================================================================
line                       rules
=========================  =====================================================================
``0.0.0.0 a.example b.ex`` hosts: an address first, whichever it is; each name exactly
``a.example``              a domain: the name and all below it
``*.a.example``            the same, in a file of wildcards; elsewhere it is refused
``# …``, ``! …``, empty    none; ``#`` also begins a comment within a line
=========================  =====================================================================

A line that is neither is skipped and noted with its number and what is wrong with it, never with
its text. A file that is no list, or has no usable line, is refused whole with a ListError.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path

from blockfilter.catalog.formats import naming
from blockfilter.catalog.formats.listing import Listing, Refused
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError
from blockfilter.policy.rule import Action, Mode, Rule, Trigger

CATEGORY = "other"

_SINKS = frozenset((b"0.0.0.0", b"127.0.0.1", b"::", b"::1"))
_STAR = b"*."
_COSMETIC = re.compile(rb"[^\s#]#@?[?$%]*#[^\s#]")  # of a browser's filter list
# What hosts files bring for the machine itself.
_BOILERPLATE = re.compile(
    r"localhost[46]?(?:\.localdomain[46]?)?|local|broadcasthost|ip6-[a-z0-9-]+|0\.0\.0\.0"
)


def rules(path: Path, mode: Mode, wide: Wide, refused: Refused) -> Iterator[Rule]:
    """An administrator's own file, one rule after the other.

    ListError, also after the first rules: the file is refused whole.
    """
    listing = Listing(path, CATEGORY, mode, wide, refused)
    return listing.bounded(read(listing))


def read(listing: Listing) -> Iterator[Rule]:
    """The rules of hosts lines and bare names."""
    return _read(listing, listing.lines())


def read_wildcards(listing: Listing) -> Iterator[Rule]:
    """The same of a file in which ``*.x`` stands for x and all below it."""
    return _read(listing, _starless(listing.lines()))


def _starless(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    for number, line in lines:
        yield number, (line.lstrip()[len(_STAR) :] if line.lstrip().startswith(_STAR) else line)


def _read(listing: Listing, lines: Iterable[tuple[int, bytes]]) -> Iterator[Rule]:
    block = Action.BLOCK  # a look at an Enum is slow
    _, category, mode, wide, _, forced = listing
    bare, hosts = forced or Trigger.SUBTREE, forced or Trigger.EXACT
    for number, line in lines:
        if found := usual(line, wide, bare, hosts):
            trigger, wire = found
            yield Rule(trigger, wire, category, "", block, mode)
        else:
            try:
                trigger, values = entry(line, wide, bare, hosts)
            except FormatError as error:
                listing.refuse(number, line, error)
                continue
            for value in values:
                yield Rule(trigger, value, category, "", block, mode)


def usual(
    line: bytes, wide: Wide, bare: Trigger, hosts: Trigger, subtree: Trigger = Trigger.SUBTREE
) -> tuple[Trigger, bytes] | None:
    """What `entry` makes of a line with one name, five times as fast; None: ask `entry`.

    `subtree` is an argument because a look at an Enum is slow.
    """
    if b"#" in line:
        if b"##" in line or b"#@" in line:
            return None
        line = line.partition(b"#")[0]
    words = line.split()
    if len(words) == 1:
        trigger, name = bare, words[0].lower().removesuffix(b".")
    elif len(words) == 2 and words[0] in _SINKS:  # an address and a name
        trigger, name = hosts, words[1].lower().removesuffix(b".")
        if name.startswith(b"local"):  # it may be the machine's own
            return None
    else:
        return None
    wire = naming.usual(name)
    if wire is None or (trigger is subtree and name.decode() in wide):
        return None
    return trigger, wire


def entry(line: bytes, wide: Wide, bare: Trigger, hosts: Trigger) -> tuple[Trigger, list[bytes]]:
    """Any line; FormatError says what is wrong with it, without its text."""
    if _COSMETIC.search(line) and not line.lstrip().startswith(b"!"):
        raise FormatError("a rule on parts of pages, where a name belongs")
    content = line.partition(b"#")[0].strip()
    if content.startswith(b"!"):
        return bare, []
    words = naming.decoded(content).split()
    if not words:
        return bare, []
    if _is_address(words[0]):
        if not words[1:]:
            raise FormatError("an address without a name")
        return hosts, [
            naming.from_text(word, hosts, wide)
            for word in words[1:]
            if not _BOILERPLATE.fullmatch(word.lower())
        ]
    if words[1:]:
        raise FormatError("several words, and the first is no address")
    return bare, [naming.from_text(words[0], bare, wide)]


def _is_address(word: str) -> bool:
    try:
        ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True
