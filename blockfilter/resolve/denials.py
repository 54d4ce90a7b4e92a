"""Blocks told before, by client: who asks again hears sooner, and nobody hears from it that others asked.

A block that is kept for all would come sooner to whoever asks second, and tell him that somebody had
asked. So each is kept for the client it was told to, as a mark: a hash of client and query under the
process's own seed. Neither an address nor a name is kept, and marks are dropped every few minutes.
The bound on their number is drawn at each time: who fills the table with marks of his own cannot
count those of others by when it is emptied.

What is kept of a response is what stands around the name; the name comes back out of the query.
"""

import secrets
from collections.abc import Callable
from typing import NamedTuple

from blockfilter.hits.hit import Cell
from blockfilter.message.question import HEADER

# Marks, 7 MB at the most: ten thousand devices, some names each; what a flood adds is dropped soon.
MOST = 1 << 16
# Seconds from one emptying to the next: a browser that is refused asks again within moments.
KEPT_SECONDS = 300
_LONGEST = 512  # octets; a longer query is none that will come again
_TYPE_AND_CLASS = 4  # octets at the end of a question
# What a block around the name depends on, policy and settings being what they are: its own header,
# the query from the type on, where the question ends; and the hits.
Kind = tuple[bytes, bytes, int, tuple[Cell, ...]]


class Denial(NamedTuple):
    """A block without id and question, which ends at `end`, and the hits telling it makes.

    The response to a query that has the mark it is kept under is the query's id, `head`, the query's
    own octets from the header's end up to `end`, `tail`.
    """

    head: bytes
    end: int
    tail: bytes
    cells: tuple[Cell, ...]


class Denials:
    """The table of marks. `draw` gives a number from 0 up to its argument, as nobody can foresee."""

    def __init__(self, most: int = MOST, draw: Callable[[int], int] = secrets.randbelow) -> None:
        self._most, self._draw = most, draw
        self._marks: dict[int, Denial] = {}
        self._kinds: dict[Kind, Denial] = {}  # there are few, so each is kept once
        self._bound = self._drawn()
        self.get = self._marks.get  # by `mark`

    def put(
        self, client: str, packet: bytes, end: int, octets: bytes, cells: tuple[Cell, ...]
    ) -> None:
        """Keep what a client was told: `octets` to `packet`, whose question ends at `end`."""
        if len(packet) > _LONGEST:
            return
        marks = self._marks
        if len(marks) >= self._bound:
            self.clear()
        kind = octets[2:HEADER], packet[end - _TYPE_AND_CLASS :], end, cells
        denial = self._kinds.get(kind)
        if denial is None:
            denial = self._kinds[kind] = Denial(octets[2:HEADER], end, octets[end:], cells)
        marks[mark(client, packet[2:])] = denial

    def clear(self) -> None:
        """Forget everything. May be called from any thread."""
        self._marks.clear()
        self._kinds.clear()
        self._bound = self._drawn()

    def _drawn(self) -> int:
        half = self._most // 2
        return half + self._draw(half)


def mark(client: str, key: bytes) -> int:
    """What stands for a client and the octets of its query behind the id."""
    return hash((client, key))
