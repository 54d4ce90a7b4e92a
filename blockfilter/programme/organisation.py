"""The organisation and its offices: frozen values with dates, so that a rate has its denominator.

A headcount holds from its day until a later one; a later one never changes what was before. One
that would let more be published waits for a second person: `confirmed` figures are those that
decide how much is published, all figures serve as denominators.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something and when: "2026-11-23T09:17:05Z"."""

    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many people there are from a day on."""

    day: date
    heads: int
    recorded: Act
    confirmed_by: str  # "" while it waits for a second person


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A part of the organisation, told by the addresses its clients have."""

    id: str
    name: str
    prefixes: tuple[str, ...] = ()
    time_zone: str = ""  # "": the organisation's
    headcounts: tuple[Headcount, ...] = ()  # in the order they were recorded
    opened: date
    retired: date | None = None
    added: Act
    confirmed_by: str = ""  # "" while it waits for a second person

    def open_at(self, day: date) -> bool:
        """Whether it was open on a day."""
        return self.opened <= day and (self.retired is None or day < self.retired)

    def heads_at(self, day: date, *, confirmed: bool = False) -> int | None:
        """Its headcount on a day; None where none was known."""
        return heads_at(self.headcounts, day, confirmed=confirmed)


@dataclass(frozen=True, slots=True)
class Organisation:
    """The employer."""

    name: str
    time_zone: str
    headcounts: tuple[Headcount, ...]  # its own, in the order they were recorded
    offices: tuple[Office, ...]
    founded: Act

    def heads_at(self, day: date, *, confirmed: bool = False) -> int | None:
        """Its own headcount on a day, or the sum of its open offices' where it has none.

        None where neither is known.
        """
        own = heads_at(self.headcounts, day, confirmed=confirmed)
        if own is not None:
            return own
        counted = [
            office.heads_at(day, confirmed=confirmed)
            for office in self.offices
            if office.open_at(day) and (office.confirmed_by or not confirmed)
        ]
        known = [heads for heads in counted if heads is not None]
        return sum(known) if known else None

    def office(self, id_: str) -> Office | None:
        """The office of an id."""
        return next((one for one in self.offices if one.id == id_), None)


def heads_at(headcounts: Sequence[Headcount], day: date, *, confirmed: bool) -> int | None:
    """The figure of the latest day up to `day`; of two of one day the one recorded last."""
    held = [one for one in headcounts if one.day <= day and (one.confirmed_by or not confirmed)]
    return max(enumerate(held), key=lambda one: (one[1].day, one[0]))[1].heads if held else None
