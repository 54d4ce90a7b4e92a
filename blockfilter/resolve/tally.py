"""How many queries were served, and which offices sent any: what tells how far the filter reaches.

Served is what was answered out of the cache or from upstream. What policy answered is never in it,
nor a refusal, a failure or a name that is answered here: with all queries in it the blocked ones
could be had by subtraction. Nothing of this is ever logged or in the status; the day's close takes
it, rounds it and publishes it by the week.

`count` is on the path of every query and belongs to the event loop's thread, `take` to one worker
thread: each writes numbers of its own, so neither waits for the other.
"""

from threading import Lock
from typing import NamedTuple, Protocol

# One query in so many is asked for its office, until all offices were seen: a look-up costs as much
# as a tenth of an answer, and an office sends more than this in a minute.
SAMPLED = 16


class Offices(Protocol):
    """The partition of the organisation."""

    @property
    def ids(self) -> frozenset[str]:
        """All offices."""

    def __call__(self, client: str, /) -> str:
        """The office of a client, or what stands for none."""


class Taken(NamedTuple):
    """What was counted since it was last taken."""

    served: int
    offices: frozenset[str]


class Tally:
    """Counts from one `take` to the next."""

    __slots__ = ("_counted", "_lock", "_offices", "_seen", "_taken")

    def __init__(self, offices: Offices) -> None:
        self._offices = offices
        self._counted = 0  # since the start; `count` alone writes it
        self._taken = 0  # of these; `take` alone writes it
        self._seen: set[str] = set()
        self._lock = Lock()  # of the set: it is taken once an office and `take`

    @property
    def served(self) -> int:
        """Queries served since they were last taken."""
        return self._counted - self._taken

    def count(self, queries: int, client: str) -> None:
        """So many queries were served, the last of them for this client."""
        self._counted = counted = self._counted + queries
        if counted % SAMPLED < queries:  # it passed a multiple
            self._look(client)

    def take(self) -> Taken:
        """What was counted since the last call, which begins anew."""
        counted = self._counted
        served, self._taken = counted - self._taken, counted
        with self._lock:
            seen, self._seen = self._seen, set()
        return Taken(served, frozenset(seen))

    def _look(self, client: str) -> None:
        ids = self._offices.ids
        if len(self._seen) < len(ids) and (office := self._offices(client)) in ids:
            with self._lock:
                self._seen.add(office)
