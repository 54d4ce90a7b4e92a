"""The audit chain: what was frozen, opened, released, lost. Each line holds the digest before it.

A line is canonical JSON; its digest is SHA-256 of the digest before and the line. The head is the
digest of the last line: every release row and report carries one, so a chain that was rewritten
contradicts what was already published.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

START = "0" * 64


class Line(NamedTuple):
    """A line as it is stored."""

    number: int  # from 1, without a gap
    text: str
    digest: str


def line(before: Line | None, now: float, what: str, facts: Mapping[str, Any]) -> Line:
    """The next line."""
    number = before.number + 1 if before else 1
    at = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = canonical({"number": number, "at": at, "what": what, **facts})
    return Line(number, text, digest(before.digest if before else START, text))


def digest(before: str, text: str) -> str:
    """The digest of a line behind the one before it."""
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def of_figures(figures: Sequence[Sequence[Any]]) -> str:
    """The digest of a release's figures, which its line holds: (cell, value, low, high) in order."""
    return hashlib.sha256(canonical([list(one) for one in figures]).encode()).hexdigest()


def canonical(facts: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON with one form for one meaning."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def faults(lines: Iterable[Line]) -> Iterator[str]:
    """What is wrong with a chain, the first fault of each line."""
    before, expected = START, 1
    for one in lines:
        if one.number != expected:
            yield f"audit line {expected} is missing: the next one is line {one.number}"
        elif digest(before, one.text) != one.digest:
            yield f"audit line {one.number} is not as it was written"
        before, expected = one.digest, one.number + 1
