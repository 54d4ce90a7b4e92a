"""Resolvers that are asked as one: what a route leads to, and never to another's."""

import time
from collections.abc import Callable, Sequence

from blockfilter.errors import ConfigError
from blockfilter.resolve.upstream.choice import Choice, Order
from blockfilter.resolve.upstream.endpoint import Endpoint
from blockfilter.resolve.upstream.exchange import Exchange, Outcome
from blockfilter.resolve.upstream.transport import Transport


class Upstreams:
    """A group of resolvers. `number` tells groups apart; this package makes no use of it."""

    def __init__(
        self, endpoints: Sequence[Endpoint], *, transport: Transport, order: Order, number: int = 0
    ) -> None:
        if not endpoints:
            raise ConfigError(["a group of upstreams is empty; name one resolver at least"])
        self.number = number
        self._transport = transport
        members = [transport.upstream(endpoint) for endpoint in dict.fromkeys(endpoints)]
        self._choice = Choice(members, order)

    def exchange(
        self, question: bytes, flags: int, do: bool, done: Callable[[Outcome], None]
    ) -> None:
        """Ask, and tell `done` what came of it, exactly once.

        `question` is the octets of a question section, sent as they are; of `flags` RD, AD and CD
        are sent; an OPT of our own is added, with DO as given. `done` is called later, from the
        event loop; only where there is no room for another exchange, before this returns.
        """
        transport = self._transport
        transport.begin(
            Exchange(self._choice, question, flags, do, done, time.monotonic(), transport.budget)
        )

    def status(self) -> list[tuple[str, bool]]:
        """Each resolver's address and whether it is up."""
        return [(member.text, member.health.up) for member in self._choice.members]
