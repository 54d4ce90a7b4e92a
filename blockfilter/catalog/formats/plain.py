"""Plain lists: hosts lines and bare names, in one file if need be.

=========================  =====================================================================
line                       rules
=========================  =====================================================================
``0.0.0.0 a.example b.ex`` hosts: an address first, whichever it is; each name exactly
``a.example``              a domain: the name and all below it
``# …``, ``! …``, empty    none; ``#`` also begins a comment within a line
=========================  =====================================================================

A line that is neither is skipped and noted with its number and what is wrong with it, never with
its text. A file that is no list, or has no usable line, is refused whole with a ListError.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from blockfilter.catalog.formats.lines import numbered
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Rule, Trigger

MAX_ENTRIES = 2_000_000  # what memory and start-up time are measured for
CATEGORY = "other"
NOTED = 5  # refused lines kept with their cause; of the rest only the number

_WIDE = "a public suffix, under which every site would be blocked"
_LENGTHS = [bytes((length,)) for length in range(names.MAX_LABEL + 1)]
# Nine lines in ten: one short name in lower case, perhaps after the usual address.
_USUAL = b"abcdefghijklmnopqrstuvwxyz0123456789-_."
_SINKS = (b"0.0.0.0 ", b"127.0.0.1 ")
_CHARACTERS = re.compile(r"[a-z0-9_.-]*")
_NUMERIC = re.compile(r"(?:.*\.)?[0-9]+")  # its last label is a number: read as an address
# What hosts files bring for the machine itself.
_BOILERPLATE = re.compile(
    r"localhost[46]?(?:\.localdomain[46]?)?|local|broadcasthost|ip6-[a-z0-9-]+|0\.0\.0\.0"
)


class Refused:
    """The wrong lines of one file: how many, and of the first ones where and why."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[tuple[int, str]] = []

    def note(self, line: int, cause: str) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < NOTED:
            self.first.append((line, cause))


def rules(path: Path, mode: Mode, wide: Wide, refused: Refused) -> Iterator[Rule]:
    """The file's rules, one by one; `wide` are the names too wide to be listed with all below.

    ListError, also after the first rules: the file is refused whole.
    """
    entries = 0
    subtree, exact, block = Trigger.SUBTREE, Trigger.EXACT, Action.BLOCK  # an Enum's are slow
    for number, line in numbered(path):
        trigger, name = subtree, line.rstrip()
        if name.startswith(_SINKS):
            trigger, name = exact, name.partition(b" ")[2].lstrip()
        if wire := _usual(name):
            if trigger is subtree and name.decode() in wide:
                refused.note(number, _WIDE)
                continue
            entries += 1
            yield Rule(trigger, wire, CATEGORY, "", block, mode)
        else:
            try:
                trigger, values = _entry(line, wide)
            except FormatError as error:
                refused.note(number, str(error))
                continue
            entries += len(values)
            for value in values:
                yield Rule(trigger, value, CATEGORY, "", block, mode)
        if entries > MAX_ENTRIES:
            raise ListError(f"{path}: has more than {MAX_ENTRIES} entries; shorten it")
    if not entries:
        raise ListError(f"{path}: {_useless(refused)}")


def _useless(refused: Refused) -> str:
    if not refused.count:
        return "names nothing; a list names at least one name"
    line, cause = refused.first[0]
    return f"has no usable line (line {line}: {cause}); a list has one name or hosts entry a line"


def _usual(name: bytes) -> bytes:
    """The canonical form of a usual name that the slow way would take, too; else b""."""
    # Within the length of a label no limit can be passed; "local" may begin the machine's own.
    if len(name) > names.MAX_LABEL or name.translate(None, _USUAL) or name.startswith(b"local"):
        return b""
    labels = name.split(b".")
    if len(labels) == 1 or b"" in labels or labels[-1].isdigit():
        return b""
    return b"".join([_LENGTHS[len(label)] + label for label in labels]) + names.ROOT


def _entry(line: bytes, wide: Wide) -> tuple[Trigger, list[bytes]]:
    """Any line, read slowly; FormatError says what is wrong with it, without its text."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise FormatError("not in UTF-8") from error
    words = [] if text.startswith("!") else text.partition("#")[0].split()
    if not words:
        return Trigger.EXACT, []
    if _is_address(words[0]):
        if not words[1:]:
            raise FormatError("an address without a name")
        return Trigger.EXACT, [
            _name(word) for word in words[1:] if not _BOILERPLATE.fullmatch(word.lower())
        ]
    if words[1:]:
        raise FormatError("several words, and the first is no address")
    name = _name(words[0])
    shown = names.to_text(name)
    if "." not in shown:
        raise FormatError("a single label, under which every site would be blocked")
    if shown in wide:
        raise FormatError(_WIDE)
    return Trigger.SUBTREE, [name]


def _name(word: str) -> bytes:
    if word.startswith("*"):
        raise FormatError("a wildcard, where a bare name means all below it already")
    if word.isascii() and not _CHARACTERS.fullmatch(word.lower()):
        raise FormatError("a character that no host's or site's name has")
    name = names.from_text(word)
    shown = names.to_text(name)
    if name == names.ROOT or not _CHARACTERS.fullmatch(shown):
        raise FormatError("a character that no host's or site's name has")
    if _NUMERIC.fullmatch(shown):
        raise FormatError("an address is no name")
    return name


def _is_address(word: str) -> bool:
    try:
        ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True
