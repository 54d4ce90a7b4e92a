"""Which periods stand before and after a training. Pure; nothing here looks at a figure.

* At most 13 periods on each side. With weeks that is a quarter: enough to see a fall by two fifths
  in an organisation of a thousand (the product's own gate measures it), and short enough that staff,
  season and list are much the same on both sides.
* Trainings with fewer than 8 periods between them are judged together, from the first week of the
  first to the last of the last: there is no room for a before of the second alone.
* Other trainings bound the windows: no period before reaches back to an earlier one, and none after
  reaches into a later one.
* A training that reached less than a tenth as many people bounds nothing: the monthly hour for new
  staff must not hide what the day for everybody did.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from blockfilter.counts import calendar
from blockfilter.counts.calendar import Kind, Period
from blockfilter.reports.beforeafter import AFTER_LEAST, BEFORE_LEAST

MOST = 13
SMALL = 10  # one that reached so many times fewer people is not looked at
_COMPARED = (Kind.WEEK, Kind.PART)  # the better one first
_PARTS_A_YEAR = 12


class Training(NamedTuple):
    """When it was and how many it reached. `id` is the activity's."""

    id: str
    first: date
    last: date
    people: int


class Total(NamedTuple):
    """A published total of a period, and the headcount it stands in."""

    period: Period
    value: int
    heads: int
    usable: bool = True  # up for 90 % of the time

    @property
    def rate(self) -> float:
        """Attempts per head and week, unclamped."""
        return self.value * 7 / (self.period.days * self.heads)


class Windows(NamedTuple):
    """What is compared for a training, and with which others it is judged together."""

    together: tuple[str, ...]
    before: tuple[Total, ...]
    after: tuple[Total, ...]
    first: date  # of the trainings judged together
    last: date
    bounded: bool  # a later training ended the time after

    @property
    def enough(self) -> bool:
        """Whether there is a verdict."""
        return len(self.before) >= BEFORE_LEAST and len(self.after) >= AFTER_LEAST


def windows(
    training: Training, trainings: Collection[Training], totals: Sequence[Total]
) -> Windows:
    """The windows of one of the trainings: in weeks where there are enough, else in 4-week parts."""
    found = [_windows(kind, training, trainings, totals) for kind in _COMPARED]
    enough = (one for one in found if one.enough)
    return next(enough, max(found, key=lambda one: bool(one.before or one.after)))


def _windows(
    kind: Kind, training: Training, trainings: Collection[Training], totals: Sequence[Total]
) -> Windows:
    seen = [one for one in trainings if one.people * SMALL >= training.people]
    phases = _phases(kind, seen)
    place = next(n for n, phase in enumerate(phases) if training in phase)
    phase = phases[place]
    first = min(ordinal(kind, one.first) for one in phase)
    last = max(ordinal(kind, one.last) for one in phase)
    begin, end = first - MOST, last + MOST
    if place:
        begin = max(begin, 1 + max(ordinal(kind, one.last) for one in phases[place - 1]))
    bounded = False
    if place + 1 < len(phases):
        later = min(ordinal(kind, one.first) for one in phases[place + 1])
        bounded, end = later <= end, min(end, later - 1)
    there = [
        (ordinal(kind, one.period.first), one)
        for one in totals
        if one.period.kind is kind and one.usable
    ]
    return Windows(
        together=tuple(one.id for one in phase if one != training),
        before=tuple(one for at, one in there if begin <= at < first),
        after=tuple(one for at, one in there if last < at <= end),
        first=min(one.first for one in phase),
        last=max(one.last for one in phase),
        bounded=bounded,
    )


def _phases(kind: Kind, trainings: Collection[Training]) -> list[list[Training]]:
    """Trainings that are judged together, in order of time."""
    phases: list[list[Training]] = []
    end = 0
    for one in sorted(trainings, key=lambda one: (one.first, one.last, one.id)):
        if phases and ordinal(kind, one.first) - end - 1 < BEFORE_LEAST:
            phases[-1].append(one)
        else:
            phases.append([one])
            end = 0
        end = max(end, ordinal(kind, one.last))
    return phases


def ordinal(kind: Kind, day: date) -> int:
    """The number of the period a day lies in, so that neighbours differ by one."""
    if kind is Kind.WEEK:
        return (day.toordinal() - 1) // 7  # day 1 of the calendar is a Monday
    period = calendar.containing(kind, day)
    year, quarter, part = period.name.split("-")
    return int(year) * _PARTS_A_YEAR + (int(quarter[1]) - 1) * 3 + int(part[1]) - 1
