"""What imported lists say of a name: their rules are in files that are too long to read for it.

A file of rules is sorted text, so a rule is found by its spelling, in a million lines within
milliseconds. Whether the list is approved or in force does not matter here.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog.folder import RULES
from blockfilter.catalog.site import ImportedList
from blockfilter.catalog.store import Catalog, left_of_suffix
from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names
from blockfilter.policy.decide import in_words
from blockfilter.policy.rule import Action, Trigger
from blockfilter.policy.snapshot import compile_patterns


class Mention(NamedTuple):
    """A rule of an imported list that speaks of the name."""

    entry: ImportedList
    rule: str  # in words


def mentions(folder: Path, catalog: Catalog, text: str) -> list[Mention]:
    """The rules of imported lists that speak of a name; none for what is no name. ListError."""
    try:
        name = names.from_text(text)
    except FormatError:
        return []
    return [
        Mention(entry, rule)
        for entry in catalog.imported
        for rule in _rules(folder / RULES / f"{entry.sha256}.rules", name)
    ]


def _rules(path: Path, name: bytes) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise ListError(
            f"{path}: cannot be read ({error}); take the file back from a copy or from git"
        ) from error
    with mapped:
        for trigger, value, wire in _spellings(name):
            line = _line(mapped, b"%b\t%b" % (trigger.encode(), value))
            if line is not None:
                yield _in_words(trigger, wire, line)
        yield from _patterns(mapped, names.to_text(name))


def _line(mapped: mmap.mmap, start: bytes) -> bytes | None:
    """The line whose first columns are `start`: longer values stand behind it."""
    at = mapped.find(b"\n" + start)
    if at < 0:
        return None
    mapped.seek(at + 1)
    line = mapped.readline()
    return line if line[len(start) : len(start) + 1] in (b"\t", b"\n") else None


def _in_words(trigger: Trigger, value: bytes, line: bytes) -> str:
    opens = line.rstrip(b"\n").endswith(b"\t" + Action.PASSTHRU.encode())
    return f"{in_words(trigger, value)}{', which stays open' if opens else ''}"


def _spellings(name: bytes) -> Iterator[tuple[Trigger, bytes, bytes]]:
    """The rules that would speak of a name, as a file spells them and as a rule holds them."""
    yield Trigger.EXACT, names.to_text(name).encode(), name
    for above in names.superdomains(name):
        yield Trigger.SUBTREE, names.to_text(above).encode(), above
    label = left_of_suffix([one.decode("latin-1") for one in names.split(name)]).encode("latin-1")
    if label:
        yield Trigger.SITE_NAME, label, label


def _patterns(mapped: mmap.mmap, shown: str) -> Iterator[str]:
    """The patterns that match; they stand together, for the file is sorted."""
    start = mapped.find(b"\n%b\t" % Trigger.PATTERN.encode())
    if start < 0:
        return
    mapped.seek(start + 1)
    lines = []
    while (line := mapped.readline()).startswith(b"%b\t" % Trigger.PATTERN.encode()):
        lines.append(line)
    values = [line.rstrip(b"\n").split(b"\t")[1] for line in lines]
    for at in sorted(compile_patterns([one.decode() for one in values]).Match(shown) or ()):
        yield _in_words(Trigger.PATTERN, values[at], lines[at])
