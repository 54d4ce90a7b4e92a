"""blockfilter in which everything fails now and then, with exceptions that hold all there is to tell."""

import itertools
from typing import Any

from blockfilter.daemon.counting import Counting
from blockfilter.daemon.server import Server
from blockfilter.hits.outbox import Outbox
from blockfilter.hits.recorder import Recorder
from blockfilter.hits.store import Store
from blockfilter.resolve.resolver import Resolver

_asked: list[object] = []  # the last query, whose it is, and its octets


class CanaryError(Exception):
    """Of a kind that nobody foresees."""


def _every(number: int, place: type, name: str) -> None:
    """Let a method fail at each call of this number, or after it has done its work."""
    real: Any = getattr(place, name)
    calls = itertools.count(1)

    def failing(*arguments: Any, **named: Any) -> Any:
        call = next(calls)
        if call % number == 0 and call // number % 2:
            raise CanaryError(f"{_asked} {arguments[1:]} {named}")
        done = real(*arguments, **named)
        if call % number == 0:
            raise CanaryError(f"{_asked} {arguments[1:]} {named} {done}")
        return done

    setattr(place, name, failing)


_resolve = Resolver._resolve


def _note(self: Resolver, query: Any, client: str, packet: bytes, *more: Any) -> None:
    _asked[:] = [query.name.decode("latin-1"), query, client, packet]
    _resolve(self, query, client, packet, *more)


async def _crash(_: Server) -> None:
    raise CanaryError(f"{_asked}")


Resolver._resolve = _note  # type: ignore[method-assign, assignment]
Server._drain = _crash  # type: ignore[method-assign, assignment]
_every(5, Resolver, "_resolve")
_every(3, Resolver, "_taken_in")
_every(3, Recorder, "_meet")
_every(4, Outbox, "put")
_every(2, Store, "add")
_every(2, Counting, "turn")
