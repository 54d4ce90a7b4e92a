"""Settings become the values and parts the resolver works with. Nothing here listens or runs."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import tzlocal

from blockfilter.catalog import store
from blockfilter.catalog.snapshots import Inputs, OwnList
from blockfilter.config.settings import Settings
from blockfilter.config.values import Endpoint
from blockfilter.counts import calendar
from blockfilter.counts.calendar import Kind
from blockfilter.counts.frame import Frame
from blockfilter.counts.reader import Reader
from blockfilter.daemon.partition import Partition
from blockfilter.errors import StateError
from blockfilter.hits.day import today
from blockfilter.hits.recorder import Recorder
from blockfilter.message import name as names
from blockfilter.message import response
from blockfilter.message.answer import Limits
from blockfilter.policy.rule import Mode
from blockfilter.programme import facts as sizes
from blockfilter.programme.store import NAME as PROGRAMME
from blockfilter.resolve import resolver
from blockfilter.resolve.routes import (
    SPECIAL_NAMES,
    Group,
    Local,
    Routes,
    Special,
    is_private,
    private_reverse_zones,
)
from blockfilter.resolve.upstream import Transport, Upstreams
from blockfilter.serve.admission import Admission
from blockfilter.serve.tcp import TcpLimits

log = logging.getLogger(__name__)


class Forwarding(NamedTuple):
    """All groups of upstreams: the default one first, then one a configured route."""

    default: Upstreams
    routes: Mapping[bytes, Upstreams]
    endpoints: tuple[Endpoint, ...]  # each upstream once

    @property
    def groups(self) -> list[Upstreams]:
        """Every group once."""
        return [self.default, *self.routes.values()]


def zone(settings: Settings, state: Path, now: float) -> ZoneInfo:
    """The organisation's zone: what is frozen for this quarter, or what is configured.

    Where none is configured it is the programme's, or else the system's.
    """
    asked = settings.server.time_zone or sizes.read(state / PROGRAMME, date.min).zone
    wanted = ZoneInfo(asked or tzlocal.get_localzone_name() or "UTC")
    frame = frozen(state, today(now, wanted))
    if frame is not None and frame.zone != wanted.key:
        log.warning(
            "the time zone %s takes effect with the next quarter; until then it is %s",
            wanted.key,
            frame.zone,
        )
    return ZoneInfo(frame.zone) if frame is not None else wanted


def frozen(state: Path, day: date) -> Frame | None:
    """What is frozen for a day's quarter; None where nothing is, or where it cannot be read."""
    try:
        frames = Reader(state).frames()
    except StateError:
        return None  # nothing was counted yet; what is damaged is said by the counting itself
    return frames.get(calendar.containing(Kind.QUARTER, day).name)


def recorder(
    settings: Settings, runtime: Path, state: Path, zone: ZoneInfo, partition: Partition
) -> Recorder:
    """Where hits are kept. With counting off it only puts away what former days left: no key is made."""
    counts = settings.counts
    return Recorder(
        runtime,
        zone,
        offices=partition,
        addresses_per_device=counts.addresses_per_device,
        state=state if counts.enabled else None,
    )


def inputs(settings: Settings) -> Inputs:
    """What the policy is compiled from."""
    return Inputs(
        catalogs=tuple(map(str, _catalogs(settings))),
        lists=tuple(OwnList(str(one.file), Mode(one.mode)) for one in settings.list),
        allow=settings.policy.allow,
        curated=settings.policy.curated,
    )


def curated(settings: Settings) -> Path | None:
    """The folder of the curated catalogue, if it is used."""
    return (settings.catalog.folder or store.shipped()) if settings.policy.curated else None


def _catalogs(settings: Settings) -> Iterator[Path]:
    if (folder := curated(settings)) is not None:
        yield folder
    if settings.catalog.local is not None:
        yield settings.catalog.local


def forwarding(
    settings: Settings, servers: Sequence[Endpoint], transport: Transport, first_number: int
) -> Forwarding:
    """The groups of upstreams; `first_number` keeps their cached answers apart from older ones."""
    order = settings.upstream.order

    def group(endpoints: Sequence[Endpoint], number: int) -> Upstreams:
        return Upstreams(endpoints, transport=transport, order=order, number=number)

    routes = {
        names.from_text(route.zone): group(route.servers, first_number + place)
        for place, route in enumerate(settings.route, 1)
    }
    every = [*servers, *(endpoint for route in settings.route for endpoint in route.servers)]
    return Forwarding(group(servers, first_number), routes, tuple(dict.fromkeys(every)))


def lone(endpoint: Endpoint, transport: Transport) -> Upstreams:
    """A group of one resolver, to ask it and no other."""
    return Upstreams([endpoint], transport=transport, order="listed", number=-1)


def routes(
    settings: Settings, groups: Forwarding, servers: Sequence[Endpoint], probes: dict[bytes, Local]
) -> Routes:
    """The table of zones: what is answered here, and over it what the configuration routes."""
    specials: list[Special] = [
        special
        for switch, several in SPECIAL_NAMES.items()
        if getattr(settings.special, switch)
        for special in several
    ]
    reverse = settings.special.private_reverse
    if reverse == "on" or (reverse == "auto" and not any(is_private(one.host) for one in servers)):
        specials += private_reverse_zones()
    zones: dict[bytes, Group | Local] = {
        names.from_text(special.name): special.answer for special in specials
    }
    return Routes(groups.default, zones | probes | dict(groups.routes))


def admission(settings: Settings, clock: Callable[[], float]) -> Admission:
    """Who may ask, and how fast."""
    return Admission(
        settings.server.clients,
        rate=settings.limits.queries_per_second,
        exempt=settings.limits.exempt,
        clock=clock,
    )


def tcp_limits(settings: Settings) -> TcpLimits:
    """The bounds of TCP connections."""
    tcp = settings.tcp
    return TcpLimits(
        connections=tcp.connections,
        per_client=tcp.per_client,
        idle=tcp.idle_seconds,
        frame=tcp.query_seconds,
        pipeline=tcp.pipeline,
    )


def answer_settings(settings: Settings) -> resolver.Settings:
    """How blocks look and how long answers live."""
    blocked = settings.blocked
    constructor = {
        "nxdomain": response.blocked_nxdomain,
        "nodata": response.blocked_nodata,
        "address": response.blocked_addresses,
    }[blocked.answer]
    packed = [ip_address(address).packed for address in blocked.addresses]
    block = response.Block(
        blocked.ttl,
        tuple(one for one in packed if len(one) == 4),
        tuple(one for one in packed if len(one) != 4),
    )
    limits = Limits(settings.cache.max_ttl, settings.cache.max_negative_ttl)
    return resolver.Settings(
        resolver.Blocking(constructor, block), limits, settings.upstream.trust_ad
    )
