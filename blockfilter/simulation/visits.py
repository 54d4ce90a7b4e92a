"""Who asks for which listed name, and when: from a seed.

A device that tries on a day asks for one to three names within a few minutes, mostly around the
early afternoon. Times are local, and the simulated organisation's zone is UTC. Pure: the same plan
and the same list make the same visits.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple

from blockfilter.message import name as wire
from blockfilter.policy.decide import Policy
from blockfilter.policy.snapshot import SUFFIX_SPACE

START = date(2025, 12, 29)  # the Monday of 2026-W01
MOST_WEEKS = 520  # ten years: more says nothing that one year does not
MOST_HEADS = 200_000
MOST_OFFICES = 200  # 10.1.0.0/16 to 10.200.0.0/16, one each
_DAYS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.15, 0.1)  # how likely each weekday is, beside Monday
MOST_RATE = sum(_DAYS)  # device-days a head and week, where everybody tries every day
_HOSTS = 250  # devices that differ in the last octet alone: .1 to .250
MOST_IN_OFFICE = 256 * _HOSTS  # people: each has an address of the office's prefix


class Visit(NamedTuple):
    """A query for a name."""

    at: datetime  # local, without a zone
    client: str
    qname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be simulated; `rate` is device-days a head and week before the training."""

    headcount: int = 1200
    offices: int = 3
    weeks: int = 53  # the ISO year 2026
    rate: float = 0.02
    training_week: int | None = None  # counted from 1; after it the effect sets in
    effect: float = 0.0  # -0.4: 40 % fewer
    seed: int = 1

    @property
    def last(self) -> date:
        """The last simulated day."""
        return START + timedelta(weeks=self.weeks, days=-1)

    def office_heads(self) -> tuple[int, ...]:
        """How many people each office has: as equal as can be."""
        each, more = divmod(self.headcount, self.offices)
        return tuple(each + (number < more) for number in range(self.offices))

    def rate_of(self, day: date) -> float:
        """Device-days a head and week on a day."""
        week = (day - START).days // 7 + 1
        after = self.training_week is not None and week > self.training_week
        return self.rate * (1 + self.effect) if after else self.rate


def usual_offices(headcount: int) -> int:
    """How many offices there are where nobody says: three, if so many people can be in them."""
    return max(min(3, headcount), -(-headcount // MOST_IN_OFFICE))


def density(hour: float) -> float:
    """How likely an attempt is at a time of day: most around half past two."""
    return math.exp(-0.5 * ((hour - 14.5) / 2.5) ** 2) + 0.3 * (7 <= hour < 19) + 0.02


_MINUTES = list(accumulate(density(minute / 60) for minute in range(24 * 60)))


def prefix(office: int) -> str:
    """The prefix of an office, counted from 0."""
    return f"10.{office + 1}.0.0/16"


def listed(policy: Policy) -> dict[str, list[str]]:
    """The names of which a hit is recorded, by the category it is recorded under."""
    found: dict[str, list[str]] = {}
    for key in policy.snapshot.trie.iterkeys():
        if not key.startswith(SUFFIX_SPACE):
            name = wire.from_key(key)
            for category, _ in policy.decide(name).cells[:1]:
                found.setdefault(category, []).append(wire.to_text(name))
    return {category: sorted(names) for category, names in found.items()}


def generated(plan: Plan, names: Mapping[str, Sequence[str]]) -> Iterator[Visit]:
    """All visits of a plan, in order of time; `names` are listed names by category."""
    random = Random(plan.seed)  # noqa: S311  # of visits alone; no noise comes from here
    pools = [(len(names[key]), names[key]) for key in sorted(names) if names[key]]
    devices = [client for office, heads in enumerate(plan.office_heads())
               for client in _clients(office, heads)]  # fmt: skip
    for number in range(plan.weeks * 7):
        day = START + timedelta(days=number)
        chance = plan.rate_of(day) * _DAYS[day.weekday()] / sum(_DAYS)
        found = [
            visit
            for place in _chosen(random, len(devices), min(1.0, chance))
            for visit in _tries(random, day, devices[place], pools)
        ]
        yield from sorted(found)


def _clients(office: int, heads: int) -> Iterator[str]:
    for device in range(heads):
        yield f"10.{office + 1}.{device // _HOSTS}.{device % _HOSTS + 1}"


def _chosen(random: Random, count: int, chance: float) -> Iterator[int]:
    """Each of `count` places with this chance, by the distance to the next one."""
    if chance <= 0:
        return
    place = -1
    while True:
        skip = math.log(1 - random.random()) / math.log1p(-chance) if chance < 1 else 0
        place += 1 + int(min(skip, count))
        if place >= count:
            return
        yield place


def _tries(
    random: Random, day: date, client: str, pools: Sequence[tuple[int, Sequence[str]]]
) -> Iterator[Visit]:
    """What one device asks for on one day."""
    (minute,) = random.choices(range(24 * 60), cum_weights=_MINUTES)
    begin = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001  # local, as the pipeline reads it
    for _ in range(random.choice((1, 1, 2, 3))):
        (names,) = random.choices([pool for _, pool in pools], [size for size, _ in pools])
        at = begin + timedelta(seconds=random.randrange(600))
        yield Visit(
            min(at, begin.replace(hour=23, minute=59, second=59)), client, random.choice(names)
        )
