"""Mistakes that no setting makes alone, and settings that time makes doubtful.

A contradiction names the keys it is about: if one of them is already known to be wrong, it may be
a mere consequence and is not worth a second sentence.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from ipaddress import IPv4Address
from typing import NamedTuple

from blockfilter.config.settings import Settings
from blockfilter.config.values import Endpoint

VERIFIED_FOR = timedelta(days=365)  # numbers change; a year is as long as one may be trusted


class Contradiction(NamedTuple):
    """The keys that do not fit together, and the sentence about them."""

    keys: tuple[str, ...]
    problem: str


def contradictions(settings: Settings) -> Iterator[Contradiction]:
    """All of them, in the order of the sections."""
    for check in _CHECKS:
        yield from check(settings)


def reminders(settings: Settings, today: date) -> Iterator[str]:
    """What is no mistake but should be looked at on this day."""
    verified = settings.help.last_verified
    if verified > today:
        yield f"help.last_verified = {verified} is after today; write when it was verified"
    elif today - verified > VERIFIED_FOR:
        yield (
            f"help.last_verified = {verified} is more than a year ago; call {settings.help.phone}, "
            "see whether it still is the help line, and write the day"
        )


def _places(settings: Settings) -> Iterator[Contradiction]:
    state, runtime = settings.server.state, settings.server.runtime
    if state is not None and state == runtime:
        yield Contradiction(
            ("server.state", "server.runtime"),
            "server.runtime is the same directory as server.state: hits belong on a RAM-backed "
            "one; leave server.runtime empty or name another",
        )


def _catalogs(settings: Settings) -> Iterator[Contradiction]:
    folder, local = settings.catalog.folder, settings.catalog.local
    if local is not None and local == folder:
        yield Contradiction(
            ("catalog.folder", "catalog.local"),
            "catalog.local is the same directory as catalog.folder: the organisation's own entries "
            "go on top of the curated ones; name another, or leave catalog.folder empty",
        )


def _twice(settings: Settings) -> Iterator[Contradiction]:
    for key, values in (
        ("server.listen", settings.server.listen),
        ("upstream.servers", settings.upstream.servers),
        ("policy.allow", settings.policy.allow),
    ):
        for value in _repeated(values):
            yield Contradiction((key,), f'{key} has "{value}" twice; keep one')
    for zone in _repeated(route.zone for route in settings.route):
        yield Contradiction(
            ("route",), f'[[route]] zone "{zone}" is there twice; list all its servers in one'
        )


def _repeated(values: Iterable[object]) -> list[object]:
    seen: set[object] = set()
    return [value for value in values if value in seen or seen.add(value)]  # type: ignore[func-returns-value]


def _own_listeners(settings: Settings) -> Iterator[Contradiction]:
    asked = [("upstream.servers", "upstream.servers", settings.upstream.servers)]
    asked += [("route", f'[[route]] "{route.zone}"', route.servers) for route in settings.route]
    for key, place, servers in asked:
        for server in servers:
            if any(reaches(server, listener) for listener in settings.server.listen):
                yield Contradiction(
                    (key, "server.listen"),
                    f"{place} has {server}, where blockfilter itself listens: every query would "
                    "come back to it; name the resolver behind it",
                )


def reaches(server: Endpoint, listener: Endpoint) -> bool:
    """Whether what is sent to `server` arrives at `listener`, as far as addresses can tell.

    A wildcard listener is known to be reached by loopback; this machine's other addresses are
    not known here.
    """
    if server.port != listener.port:
        return False
    if server.host == listener.host:
        return True
    to, at = server.address, listener.address
    takes_both = not isinstance(at, IPv4Address)
    return at.is_unspecified and to.is_loopback and (takes_both or isinstance(to, IPv4Address))


def _times(settings: Settings) -> Iterator[Contradiction]:
    upstream = settings.upstream
    if upstream.try_ms >= upstream.budget_ms:
        yield Contradiction(
            ("upstream.try_ms", "upstream.budget_ms"),
            f"upstream.try_ms = {upstream.try_ms} leaves no second try within upstream.budget_ms "
            f"= {upstream.budget_ms}; make it smaller",
        )


def _answer(settings: Settings) -> Iterator[Contradiction]:
    if settings.blocked.answer == "address" and not settings.blocked.addresses:
        yield Contradiction(
            ("blocked.answer", "blocked.addresses"),
            'blocked.answer = "address", but blocked.addresses is empty; name the addresses',
        )


def _connections(settings: Settings) -> Iterator[Contradiction]:
    tcp = settings.tcp
    if tcp.per_client > tcp.connections:
        yield Contradiction(
            ("tcp.per_client", "tcp.connections"),
            f"tcp.per_client = {tcp.per_client} is more than tcp.connections = "
            f"{tcp.connections}; make it smaller",
        )


_CHECKS: tuple[Callable[[Settings], Iterator[Contradiction]], ...] = (
    _places,
    _catalogs,
    _twice,
    _own_listeners,
    _times,
    _answer,
    _connections,
)
