"""Whole responses by the octets of the query: a question asked again costs one look-up.

The key is everything behind the id, so letter case, flags and EDNS are part of it; the value is the
response behind the id. A response whose TTLs count down is kept until the next whole second of its
age, so its numbers are right without touching them. A swap of the policy empties the table.
"""

from typing import NamedTuple

from blockfilter.hits.hit import Cell
from blockfilter.resolve.bounded import Bounded

FOREVER = float("inf")  # until the policy changes
# Some 40,000 responses: what a thousand desks ask again within a minute, several times over.
MAX_BYTES = 24 << 20
_OVERHEAD = 400  # objects around the octets of one entry, measured
_LONGEST_KEY = 512  # a longer query is none that will come again


class Repeat(NamedTuple):
    """A response behind its id, true until `until` (monotonic), and the hits telling it makes.

    `served`: it is an upstream's answer, so that telling it counts as a query served.
    """

    body: bytes
    until: float
    cells: tuple[Cell, ...]
    served: bool = False


class Repeats:
    """The table of repeated questions."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._table: Bounded[bytes, Repeat] = Bounded(max_bytes)
        self.get = self._table.get
        self.clear = self._table.clear

    def put(self, key: bytes, repeat: Repeat) -> None:
        """Keep a response for the query whose octets behind the id are `key`."""
        if len(key) <= _LONGEST_KEY:
            self._table.put(key, repeat, _OVERHEAD + len(key) + len(repeat.body))
