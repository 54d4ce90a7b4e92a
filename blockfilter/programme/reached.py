"""How many people were reached: what a report says of a period, and of everything up to its end.

Pure. An activity belongs to the period in which it ended, so that periods add up. What was taken
back is in no sum.

A sum of records counts *attendances*: somebody who came twice is in it twice. It counts *people*
only where every record in it says that it is distinct, each person once and in no other record of
its kind. As a share of the headcount attendances are an upper bound, "at most 40 %"; a sum that is
more than the headcount is no share of it at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from blockfilter.programme import practice
from blockfilter.programme.activity import CHANNELS, Activity, Kind
from blockfilter.programme.organisation import Organisation

_DONE = {Kind.INFORMED: "informed", Kind.TRAINED: "trained", Kind.EVENT: "at special events"}


@dataclass(frozen=True, slots=True)
class Reach:
    """What the records of one kind add up to."""

    kind: Kind
    people: int  # or attendances
    records: int
    distinct: bool  # every record says so: they are people
    heads: int | None  # the organisation's at the period's end; None where it is not known
    channels: tuple[tuple[str, int], ...]  # the sum by channel or audience, in the table's order

    @property
    def share(self) -> float | None:
        """The part of the headcount, 0 to 1; None where it is not known or the sum is more.

        Where the sum is not distinct it is the most the share can be.
        """
        if not self.heads or self.people > self.heads:
            return None
        return self.people / self.heads

    def words(self) -> str:
        """It as a sentence's part: "1240 attendances (at most 62 % of 2000)"."""
        if not self.people:
            return "nobody"
        one, many = ("person", "people") if self.distinct else ("attendance", "attendances")
        said = f"{self.people} {one if self.people == 1 else many}"
        if self.share is None:
            return f"{said} (headcount {self.heads})" if self.heads else said
        rounded = round(100 * self.share)
        part = f"{rounded} %" if rounded else "under 1 %"
        most = "" if self.distinct or not rounded else "at most "
        return f"{said} ({most}{part} of {self.heads})"


@dataclass(frozen=True, slots=True)
class Adopted:
    """How many practices of an area are in place."""

    area: str
    title: str
    yes: int
    partly: int
    applicable: int  # all questions but those that are not applicable
    score: int | None


@dataclass(frozen=True, slots=True)
class Reached:
    """What a report says of what the employer did."""

    first: date
    last: date
    period: tuple[Reach, ...]  # informed, trained, event
    cumulative: tuple[Reach, ...]  # the same, of everything up to `last`
    practices: tuple[Adopted, ...]  # as they stood on `last`; the last one is of all areas
    answered: bool  # anything was answered up to `last`


def reached(
    organisation: Organisation,
    activities: Iterable[Activity],
    answers: Sequence[practice.Answer],
    first: date,
    last: date,
) -> Reached:
    """What was done from `first` to `last`, both included, and up to `last`."""
    held = [one for one in activities if not one.retracted and one.last <= last]
    heads = organisation.heads_at(last)
    within = [one for one in held if one.last >= first]
    return Reached(
        first,
        last,
        period=tuple(_reach(kind, within, heads) for kind in Kind),
        cumulative=tuple(_reach(kind, held, heads) for kind in Kind),
        practices=tuple(map(_adopted, practice.scores(answers, last))),
        answered=any(one.day <= last for one in answers),
    )


def done(kind: Kind) -> str:
    """What happened to the people of a kind: "informed", "at special events"."""
    return _DONE[kind]


def _reach(kind: Kind, activities: Iterable[Activity], heads: int | None) -> Reach:
    summed = [one for one in activities if one.kind is kind]
    channels = {one: 0 for one in CHANNELS[kind]}
    for one in summed:
        channels[one.channel] = channels.get(one.channel, 0) + one.people
    return Reach(
        kind,
        people=sum(one.people for one in summed),
        records=len(summed),
        distinct=all(one.distinct for one in summed),
        heads=heads,
        channels=tuple((one, people) for one, people in channels.items() if people),
    )


def _adopted(score: practice.Score) -> Adopted:
    applicable = score.yes + score.partly + score.no + score.unanswered
    return Adopted(score.area, score.title, score.yes, score.partly, applicable, score.score)
