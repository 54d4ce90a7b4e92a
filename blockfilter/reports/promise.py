"""The promise in plain words, for employees and works councils: what is blocked, kept, and shown.

It is made from the configuration in force and, where there is one, the ledger: nothing in it is
true by being written here. `chapters` has the words, `lowered` what makes the protection less than
it could be, `promised` lays them out.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from blockfilter.counts import tables
from blockfilter.counts.frame import Frame
from blockfilter.counts.law import guess
from blockfilter.counts.tables import Plan
from blockfilter.reports.figures import Blocked

KEPT_HOURS = 27  # until three hours after the day's end


class Help(NamedTuple):
    """Where help is to be had."""

    name: str
    phone: str
    text: str  # number for text messages, "" for none
    web: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the promise is made from."""

    organisation: str
    blocked: Blocked
    answer: str  # what a refused name looks like
    watched: int  # lists whose names are only watched
    counting: bool
    addresses: int  # per device: 1 leaves IPv6 uncounted
    in_memory: bool | None  # None: no server told yet
    spent: Fraction | None = None  # of the ledger; None: nothing was opened yet
    keys: int = 1  # as how many devices one may have counted on the worst day
    frames: tuple[Frame, ...] = ()  # what was frozen, oldest first
    simulated: bool = False
    help: Help

    @property
    def plans(self) -> tuple[Plan, ...]:
        """What is published for an organisation of this size; everything where it is not known."""
        names = {one.id: one.entries for one in self.blocked.categories}
        frame = self.frames[-1] if self.frames else Frame(quarter="", heads=tables.WEEKLY)
        return tuple(tables.plans(frame, names))

    @property
    def epsilon(self) -> Fraction:
        """What all figures together cost a device and day at the most."""
        planned = [one.table for one in self.plans] if self.frames else tables.TABLES.values()
        listed = sum((one.epsilon for one in planned), Fraction(0))
        return max(listed, self.spent or Fraction(0)) * self.keys

    @property
    def best_guess(self) -> int:
        """How often of 100 times the best guess at one device and day is right."""
        return ceil(100 * guess(self.epsilon))

    @property
    def thiefs_guess(self) -> int:
        """The same for who also has a copy of the open periods' sums, which began as noise at 2ε."""
        return ceil(100 * guess(2 * self.epsilon))


class Chapter(NamedTuple):
    """A heading, what is said below it, as paragraphs, then as items, then as a table."""

    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
