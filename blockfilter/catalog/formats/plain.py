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

from blockfilter.catalog import listable
from blockfilter.catalog.formats.lines import numbered, web_page
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Rule, Trigger

MAX_ENTRIES = 2_000_000  # what memory and start-up time are measured for
CATEGORY = "other"
NOTED = 20  # refused lines kept with their cause; of the rest only the number

_LENGTHS = [bytes((length,)) for length in range(names.MAX_LABEL + 1)]
_USUAL = b"abcdefghijklmnopqrstuvwxyz0123456789-_."
_SINKS = frozenset((b"0.0.0.0", b"127.0.0.1", b"::", b"::1"))
_PAGE = re.compile(rb"\s*<(?:!doctype|\?xml|html|head|body)\b", re.IGNORECASE)
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
    entries, block = 0, Action.BLOCK  # a look at an Enum is slow
    for number, line in numbered(path):
        if usual := _usual(line, wide):
            trigger, wire = usual
            entries += 1
            yield Rule(trigger, wire, CATEGORY, "", block, mode)
        else:
            try:
                trigger, values = _entry(line, wide)
            except FormatError as error:
                if _PAGE.match(line):
                    raise web_page(path) from None
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


def _usual(
    line: bytes, wide: Wide, subtree: Trigger = Trigger.SUBTREE, exact: Trigger = Trigger.EXACT
) -> tuple[Trigger, bytes] | None:
    """What `_entry` makes of a line with one name, five times as fast; None: ask `_entry`.

    The triggers are arguments because a look at an Enum is slow.
    """
    words = (line.partition(b"#")[0] if b"#" in line else line).split()
    if len(words) == 1:
        trigger = subtree
    elif len(words) == 2 and words[0] in _SINKS:  # an address and a name
        trigger = exact
    else:
        return None
    name = words[-1].lower().removesuffix(b".")
    labels = name.split(b".")
    if name.translate(None, _USUAL) or b"" in labels or len(labels) == 1 or labels[-1].isdigit():
        return None
    if len(name) > names.MAX_LABEL and (
        len(name) > names.MAX_NAME - 2 or max(map(len, labels)) > names.MAX_LABEL
    ):
        return None
    if trigger is exact:
        if name.startswith(b"local"):  # it may be the machine's own
            return None
    elif name.decode() in wide:
        return None
    return trigger, b"".join([_LENGTHS[len(label)] + label for label in labels]) + names.ROOT


def _entry(line: bytes, wide: Wide) -> tuple[Trigger, list[bytes]]:
    """Any line; FormatError says what is wrong with it, without its text."""
    content = line.partition(b"#")[0].strip()
    if content.startswith(b"!"):
        return Trigger.EXACT, []
    try:
        words = content.decode("utf-8").split()
    except UnicodeDecodeError as error:
        raise FormatError("not in UTF-8") from error
    if not words:
        return Trigger.EXACT, []
    if _is_address(words[0]):
        if not words[1:]:
            raise FormatError("an address without a name")
        return Trigger.EXACT, [
            listable.exact(word) for word in words[1:] if not _BOILERPLATE.fullmatch(word.lower())
        ]
    if words[1:]:
        raise FormatError("several words, and the first is no address")
    return Trigger.SUBTREE, [listable.subtree(words[0], wide)]


def _is_address(word: str) -> bool:
    try:
        ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True
