"""Which of a group's resolvers is asked: first, next, and instead of one that failed. Pure.

A resolver that is down is not asked by choice; if all are down, all are asked, or a group would stay
dead until a probe's turn after its resolvers have come back.
"""

from collections.abc import Collection, Sequence
from typing import Generic, Literal, Protocol, TypeVar

from blockfilter.resolve.upstream.health import Health

# Every how many exchanges `fastest` asks the resolver that was not heard of for longest: rare enough
# to cost little, often enough that one that got faster is found within seconds of ordinary load.
EXPLORE_EVERY = 50

Order = Literal["listed", "fastest"]


class Choosable(Protocol):
    """A resolver as far as choosing goes."""

    @property
    def health(self) -> Health:
        """What is known of it."""


U = TypeVar("U", bound=Choosable)


class Choice(Generic[U]):
    """The resolvers of a group, at least one, in the order they were given."""

    def __init__(self, members: Sequence[U], order: Order) -> None:
        self.members = tuple(members)
        self._fastest = order == "fastest" and len(self.members) > 1
        self._turn = 0

    def first(self) -> U:
        """Whom to ask first: the first that is up, or the fastest that is."""
        if self._fastest:
            return self._first_by_speed()
        for member in self.members:
            if member.health.up:
                return member
        return self.members[0]

    def after(self, asked: U) -> U:
        """Whom to ask after `asked`: the next in turn; `asked` itself if there is no other."""
        place = self.members.index(asked) + 1
        turn = self.members[place:] + self.members[:place]
        return next((member for member in turn if member.health.up), turn[0])

    def other(self, asked: Collection[U]) -> U | None:
        """One that is as good as those `asked` and is none of them."""
        usable = [member for member in self.members if member.health.up] or self.members
        return next((member for member in usable if member not in asked), None)

    def _first_by_speed(self) -> U:
        usable = [member for member in self.members if member.health.up] or self.members
        self._turn = (self._turn + 1) % EXPLORE_EVERY
        if self._turn == 0:
            return min(usable, key=lambda member: member.health.heard_at)
        return min(usable, key=lambda member: member.health.srtt)
