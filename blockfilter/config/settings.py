"""Every setting: its type, its bounds, its default and one line that explains it.

This is the only place where a setting is defined; defaults, validation, environment, `config show`
and `config schema` are all read from it. A value is frozen, and importing this module costs no
pydantic. Defaults are the measured ones of good resolvers; a bound says what would be a mistake.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le, MinLen

from blockfilter.config.values import (
    AnswerAddress,
    Clients,
    Day,
    Directory,
    Endpoint,
    File,
    Listener,
    Name,
    Network,
    Phone,
    PhoneOrNone,
    Said,
    Server,
    TimeZone,
    Zone,
)

KIB, MIB, GIB = 1024, 1024**2, 1024**3
HOUR, DAY, WEEK = 3600, 86_400, 604_800

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
INSIDE: tuple[Network, ...] = (
    *LOOPBACK,
    ip_network("10.0.0.0/8"),  # RFC 1918
    ip_network("172.16.0.0/12"),
    ip_network("192.168.0.0/16"),
    ip_network("169.254.0.0/16"),  # link-local, RFC 3927
    ip_network("fc00::/7"),  # unique local, RFC 4193
    ip_network("fe80::/10"),  # link-local, RFC 4291
)


@dataclass(frozen=True, slots=True)
class Doc:
    """The one line that explains a setting, in `config show` and in the schema."""

    text: str

    def __get_pydantic_json_schema__(
        self, schema: object, handler: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """Put the line into the JSON schema."""
        return handler(schema) | {"description": self.text}


class Table:
    """A TOML table whose unknown keys are mistakes."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class ServerSettings(Table):
    """Where blockfilter listens, whom it answers, and where it keeps its files."""

    listen: Annotated[
        tuple[Listener, ...], MinLen(1), Doc("Addresses to listen on, each for UDP and TCP.")
    ] = (Endpoint("127.0.0.1", 5335),)
    clients: Annotated[
        tuple[Clients, ...], MinLen(1), Doc("Networks that may ask; all others are REFUSED.")
    ] = INSIDE
    time_zone: Annotated[
        TimeZone, Doc("Zone of the organisation's day; empty is the system's.")
    ] = ""
    state: Annotated[
        Directory, Doc("Directory for what outlives a restart; empty is found (systemd, XDG).")
    ] = None
    runtime: Annotated[
        Directory, Doc("Directory for hits, best RAM-backed; empty is found (systemd, XDG).")
    ] = None


@dataclass(frozen=True, slots=True)
class UpstreamSettings(Table):
    """The resolvers that are asked what policy and cache cannot answer."""

    servers: Annotated[
        tuple[Server, ...], Doc("Resolvers to forward to; empty is the system's own.")
    ] = ()
    order: Annotated[
        Literal["listed", "fastest"],
        Doc("The first that works, or the fastest; never mix inside and public ones in fastest."),
    ] = "listed"
    trust_ad: Annotated[
        bool, Doc("Relay the AD flag of upstreams that are not on loopback, too.")
    ] = False
    try_ms: Annotated[
        int, Ge(50), Le(4000), Doc("Milliseconds until the first retransmission; then doubled.")
    ] = 400
    budget_ms: Annotated[
        int,
        Ge(500),
        Le(4900),
        Doc("Milliseconds for one query in all; a stub gives up after 5000."),
    ] = 4500
    outstanding: Annotated[
        int, Ge(16), Le(60_000), Doc("Most exchanges at a time; at it the oldest slow one goes.")
    ] = 2000


@dataclass(frozen=True, slots=True)
class Route(Table):
    """A zone with servers of its own; it never falls back to the others."""

    zone: Annotated[Zone, Doc("The zone, forward or reverse: it and all names below it.")]
    servers: Annotated[tuple[Server, ...], MinLen(1), Doc("Resolvers that are asked for it.")]


@dataclass(frozen=True, slots=True)
class BlockedSettings(Table):
    """What the answer for a blocked name looks like."""

    answer: Annotated[
        Literal["nxdomain", "nodata", "address"],
        Doc("No such name, no such data, or the addresses below."),
    ] = "nxdomain"
    addresses: Annotated[
        tuple[AnswerAddress, ...], Doc("Addresses of the answer, if it is an address.")
    ] = ()
    ttl: Annotated[
        int, Ge(1), Le(DAY), Doc("Seconds a client may keep it; an unblock waits as long.")
    ] = 60


@dataclass(frozen=True, slots=True)
class CatalogSettings(Table):
    """The catalogues whose releases are in force: the curated one, and the organisation's own."""

    folder: Annotated[
        Directory, Doc("The curated catalogue; empty is the one that comes with blockfilter.")
    ] = None
    local: Annotated[
        Directory, Doc("The organisation's own catalogue, on top of the curated one; empty: none.")
    ] = None
    refresh: Annotated[
        bool, Doc("Fetch the subscriptions of these catalogues anew once a day.")
    ] = True
    look: Annotated[
        bool, Doc("Look once a week, slowly, whether the names of the dossiers still exist.")
    ] = True


@dataclass(frozen=True, slots=True)
class PolicySettings(Table):
    """What is blocked besides the lists named under [[list]]."""

    curated: Annotated[bool, Doc("Use the curated catalogue.")] = True
    allow: Annotated[
        tuple[Name, ...], Doc("Names never blocked, with all below them; they outrank every list.")
    ] = ()


@dataclass(frozen=True, slots=True)
class ListFile(Table):
    """A list of your own: domains (the name and all below) or hosts lines (the exact name)."""

    file: Annotated[File, Doc("The file; a relative path starts at the configuration's folder.")]
    mode: Annotated[
        Literal["enforce", "monitor"], Doc("Block, or answer normally and count as would-block.")
    ] = "enforce"


@dataclass(frozen=True, slots=True)
class SpecialSettings(Table):
    """Special-use names that are answered here and not sent upstream."""

    localhost: Annotated[bool, Doc("Answer localhost with loopback (RFC 6761).")] = True
    invalid: Annotated[bool, Doc("Answer invalid with NXDOMAIN (RFC 6761).")] = True
    onion: Annotated[bool, Doc("Answer onion with NXDOMAIN (RFC 7686).")] = True
    firefox_canary: Annotated[
        bool, Doc("Tell Firefox by use-application-dns.net to keep using this resolver.")
    ] = True
    private_relay: Annotated[
        bool, Doc("Tell Apple devices by mask.icloud.com that Private Relay is off here.")
    ] = True
    ddr: Annotated[bool, Doc("Answer resolver.arpa: no designated resolver here (RFC 9462).")] = (
        True
    )
    private_reverse: Annotated[
        Literal["auto", "on", "off"],
        Doc("Answer private reverse zones here; auto: only if every upstream is public."),
    ] = "auto"


@dataclass(frozen=True, slots=True)
class CacheSettings(Table):
    """What is remembered of answers."""

    max_bytes: Annotated[
        int, Ge(64 * KIB), Le(16 * GIB), Doc("Most bytes of memory for answers.")
    ] = 32 * MIB
    max_ttl: Annotated[int, Ge(1), Le(WEEK), Doc("Longest an answer is kept, in seconds.")] = DAY
    max_negative_ttl: Annotated[
        int, Ge(1), Le(DAY), Doc("Longest a negative answer is kept, in seconds.")
    ] = HOUR
    failure_ttl: Annotated[
        int, Ge(1), Le(300), Doc("Seconds a failure is kept before upstreams are asked again.")
    ] = 2


@dataclass(frozen=True, slots=True)
class TcpSettings(Table):
    """Limits of clients that come over TCP; UDP shares none of them."""

    connections: Annotated[int, Ge(1), Le(65_536), Doc("Most connections in all.")] = 500
    per_client: Annotated[int, Ge(1), Le(65_536), Doc("Most connections of one client.")] = 20
    idle_seconds: Annotated[
        int, Ge(1), Le(300), Doc("Seconds without a query until a connection is closed.")
    ] = 10
    query_seconds: Annotated[
        int, Ge(1), Le(60), Doc("Seconds for one query to arrive whole, once begun.")
    ] = 5
    pipeline: Annotated[
        int, Ge(1), Le(1000), Doc("Queries in work for one connection until reading stops.")
    ] = 20


@dataclass(frozen=True, slots=True)
class LimitSettings(Table):
    """How fast one client may ask.

    Five thousand a second is several times what a site of 10,000 people sends through its own
    forwarder at its busiest (such a forwarder is one address here), and still a bound for one
    machine gone wild.
    """

    queries_per_second: Annotated[
        int, Ge(0), Le(1_000_000), Doc("Queries a second of one client address; 0 is no limit.")
    ] = 5000
    exempt: Annotated[
        tuple[Clients, ...], Doc("Networks without this limit, such as a busy forwarder's.")
    ] = LOOPBACK


@dataclass(frozen=True, slots=True)
class HitSettings(Table):
    """How hits wait between the answer and the day's store; neither changes what is counted."""

    fold_seconds: Annotated[
        int, Ge(1), Le(HOUR), Doc("Seconds between moves from the journal to the store.")
    ] = 60


@dataclass(frozen=True, slots=True)
class CountSettings(Table):
    """What becomes of hits: anonymous counts, or nothing at all."""

    enabled: Annotated[
        bool, Doc("Count attempts anonymously; false: block, and record no hit at all.")
    ] = True
    addresses_per_device: Annotated[
        int, Ge(1), Le(8), Doc("1 counts IPv4 alone; from 2 IPv6, too, under that much more noise.")
    ] = 1


@dataclass(frozen=True, slots=True)
class LogSettings(Table):
    """What is logged; no level ever shows a client's address or a queried name."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Doc("Least severity that is logged.")
    ] = "info"


@dataclass(frozen=True, slots=True)
class HelpSettings(Table):
    """The help line that notices and pages name; verify it once a year."""

    name: Annotated[Said, Doc("What it is called.")] = "National Human Trafficking Hotline"
    phone: Annotated[Phone, Doc("Its telephone number, as it is to be shown.")] = "1-888-373-7888"
    text: Annotated[PhoneOrNone, Doc("Its number for text messages; empty: none.")] = ""
    web: Annotated[Name, Doc("Its website, as a name.")] = "humantraffickinghotline.org"
    last_verified: Annotated[
        Day, Doc("When somebody last made sure that all this is right; a year is long.")
    ] = date(2026, 11, 20)


@dataclass(frozen=True, slots=True)
class Settings(Table):
    """All settings; a value of this type has been validated."""

    server: ServerSettings = ServerSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    blocked: BlockedSettings = BlockedSettings()
    catalog: CatalogSettings = CatalogSettings()
    policy: PolicySettings = PolicySettings()
    special: SpecialSettings = SpecialSettings()
    cache: CacheSettings = CacheSettings()
    tcp: TcpSettings = TcpSettings()
    limits: LimitSettings = LimitSettings()
    hits: HitSettings = HitSettings()
    counts: CountSettings = CountSettings()
    log: LogSettings = LogSettings()
    help: HelpSettings = HelpSettings()
    route: Annotated[tuple[Route, ...], Doc("Zones with servers of their own.")] = ()
    list: Annotated[tuple[ListFile, ...], Doc("Lists of your own.")] = ()
