"""What of the lines of a file is on record already.

A line that an activity says, in its present or a former version, is that activity: the same file
twice adds nothing, and what was corrected or taken back does not come back. Each activity stands
for one line, so two equal lines of one file are two activities.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from blockfilter.programme.activity import Activity, Entry


class Line(NamedTuple):
    """An entry and the line of the file it stands in."""

    number: int
    entry: Entry


class Brought(NamedTuple):
    """What came of lines: the ids of those added, and the activities that others are already."""

    added: tuple[tuple[int, str], ...]
    known: tuple[tuple[int, Activity], ...]


class Known:
    """The activities on record, found by what any of their versions says; each is taken once."""

    def __init__(self, history: Sequence[Activity]) -> None:
        self._newest = {one.id: one for one in history}
        self._saying: dict[Entry, list[str]] = defaultdict(list)  # the best to take comes last
        standing = list(self._newest.values())
        former = [one for one in history if one.version < self._newest[one.id].version]
        for one in (*reversed(former), *reversed(standing)):
            self._saying[one.entry()].append(one.id)

    def take(self, entry: Entry) -> Activity | None:
        """An activity that says this and was not taken yet; one that still says it comes first."""
        saying = self._saying.get(entry, [])
        while saying:
            if found := self._newest.pop(saying.pop(), None):
                return found
        return None
