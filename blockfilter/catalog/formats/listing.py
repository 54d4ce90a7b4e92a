"""What every reader is given, and where it notes what it refuses.

A line that cannot be used is skipped and noted with its number and its cause, never with its text.
The causes are few fixed sentences, so that a run can end with a table of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog.formats.lines import numbered, web_page
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import ListError
from blockfilter.policy.rule import Mode, Rule, Trigger

MAX_ENTRIES = 2_000_000  # rules; what memory and start-up time are measured for
NOTED = 20  # refused lines kept with their cause; of the rest only the number
NOTED_EACH = 3  # lines kept of each cause, so that each can be looked up

_NUL = "a NUL, which no text has"
_PAGE = re.compile(rb"\s*<(?:!doctype|\?xml|html|head|body)\b", re.IGNORECASE)


class Cause(NamedTuple):
    """Why lines were refused, how many, and the first of them."""

    cause: str
    times: int
    lines: tuple[int, ...]


class Refused:
    """The wrong lines of one file: how many, why, and of the first ones where."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[tuple[int, str]] = []
        self.causes: Counter[str] = Counter()
        self._lines: dict[str, list[int]] = {}

    def note(self, line: int, cause: str) -> None:
        """One more."""
        self.count += 1
        self.causes[cause] += 1
        if len(self.first) < NOTED:
            self.first.append((line, cause))
        lines = self._lines.setdefault(cause, [])
        if len(lines) < NOTED_EACH:
            lines.append(line)

    @property
    def table(self) -> tuple[Cause, ...]:
        """The causes, the most frequent first."""
        every = self.causes.most_common()
        return tuple(Cause(cause, times, tuple(self._lines[cause])) for cause, times in every)


class Listing(NamedTuple):
    """A file that is read as a list, and as what."""

    path: Path
    category: str
    mode: Mode
    wide: Wide  # names too wide to be listed with all below
    refused: Refused
    trigger: Trigger | None = None  # EXACT or SUBTREE: what names mean, whatever the format says

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Its lines from 1, their ends still on; those with a NUL are refused."""
        for number, line in numbered(self.path):
            if b"\0" in line:
                self.refused.note(number, _NUL)
            else:
                yield number, line

    def refuse(self, number: int, line: bytes, cause: object) -> None:
        """Note a line; ListError where it shows that the file is a web page."""
        if _PAGE.match(line):
            raise web_page(self.path)
        self.refused.note(number, str(cause))

    def bounded(self, rules: Iterable[Rule]) -> Iterator[Rule]:
        """The rules; ListError where they are too many or none."""
        count = 0
        for rule in rules:
            count += 1
            if count > MAX_ENTRIES:
                raise ListError(f"{self.path}: has more than {MAX_ENTRIES} entries; shorten it")
            yield rule
        if not count:
            raise ListError(f"{self.path}: {self._useless()}")

    def _useless(self) -> str:
        if not self.refused.count:
            return "names nothing; a list names at least one name"
        line, cause = self.refused.first[0]
        return f"has no usable line (line {line}: {cause}); see whether it is read as what it is"
