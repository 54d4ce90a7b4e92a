"""A zone file (RFC 1035, 5) as far as a policy zone needs it: owners, types and their first datum.

Owners are told relative to the zone, whose name is that of its SOA; what a file without one says is
taken as relative to the root of the policy.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from blockfilter.errors import FormatError

_TTL = re.compile(rb"(?:\d+[smhdw]?)+", re.IGNORECASE)
_CLASSES = frozenset((b"in", b"ch", b"hs"))
_TYPE = re.compile(rb"[a-z][a-z0-9-]*", re.IGNORECASE)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[()]|;.*|(?:\\.|[^\s();"\\])+', re.DOTALL)
_OPEN, _CLOSE = b"(", b")"
_MAX_WORDS = 100  # of one record; parentheses that nobody closes would swallow the file


class Record(NamedTuple):
    """One record; `owner` without the zone's name and a final dot, b"" at the apex."""

    owner: bytes
    type: bytes
    data: bytes


def records(
    lines: Iterable[tuple[int, bytes]],
) -> Iterator[tuple[int, Record | FormatError]]:
    """The records with the number of their first line, or what is wrong there."""
    zone = _Zone()
    for number, blank, words in _entries(lines):
        try:
            record = zone.record(blank, words)
        except FormatError as error:
            yield number, error
        else:
            if record is not None:
                yield number, record


def _entries(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bool, list[bytes]]]:
    """Entries, which parentheses may spread over lines; whether the owner is left out.

    One without words has parentheses that nobody closes.
    """
    words: list[bytes] = []
    depth, first, blank = 0, 0, False
    for number, line in lines:
        if not depth:
            words, first, blank = [], number, line[:1] in (b" ", b"\t")
        if b"(" not in line and b")" not in line and b";" not in line and b'"' not in line:
            words += line.split()  # as nearly all
        else:
            depth = _tokens(line, words, depth)
        if depth and len(words) > _MAX_WORDS:
            depth, words = 0, []
            yield first, blank, words
        elif words and not depth:
            yield first, blank, words
    if depth:
        yield first, blank, []


def _tokens(line: bytes, words: list[bytes], depth: int) -> int:
    for word in _TOKEN.findall(line.rstrip()):
        if word.startswith(b";"):
            break
        if word == _OPEN:
            depth += 1
        elif word == _CLOSE:
            depth = max(0, depth - 1)
        else:
            words.append(word)
    return depth


class _Zone:
    """What a zone file has said up to now: origin, apex and the last owner."""

    def __init__(self) -> None:
        self._origin = b""
        self._apex: bytes | None = None
        self._owner: bytes | None = None

    def record(self, blank: bool, words: list[bytes]) -> Record | None:
        """A record; None for a directive."""
        if not words:
            raise FormatError("parentheses that are not closed")
        if words[0].startswith(b"$"):
            self._direct(words)
            return None
        if not blank:
            self._owner = self._absolute(words[0].lower())
            words = words[1:]
        if self._owner is None:
            raise FormatError("a record without an owner")
        at = 0
        while at < len(words) and (_TTL.fullmatch(words[at]) or words[at].lower() in _CLASSES):
            at += 1
        if len(words) < at + 2 or not _TYPE.fullmatch(words[at]):
            raise FormatError("no record of a zone file")
        kind = words[at].lower()
        if kind == b"soa" and self._apex is None:
            self._apex = self._owner
        return Record(self._relative(self._owner), kind, words[at + 1].lower())

    def _direct(self, words: list[bytes]) -> None:
        directive = words[0].lower()
        if directive == b"$origin" and len(words) > 1:
            self._origin = self._absolute(words[1].lower())
        elif directive != b"$ttl":
            raise FormatError(
                "$INCLUDE, $GENERATE or another directive; import a zone that is whole"
            )

    def _absolute(self, name: bytes) -> bytes:
        if name == b"@":
            return self._origin
        if name.endswith(b".") or not self._origin:
            return name
        return name + b"." + self._origin.lstrip(b".")

    def _relative(self, owner: bytes) -> bytes:
        apex = self._apex
        if apex is None or owner == apex:
            return b"" if owner == apex or not owner else owner.removesuffix(b".")
        ending = b"." + apex.lstrip(b".")
        if apex and owner.endswith(ending):
            return owner[: -len(ending)]
        if not owner.endswith(b"."):  # no origin was told
            return owner
        raise FormatError("a name outside of the zone")
