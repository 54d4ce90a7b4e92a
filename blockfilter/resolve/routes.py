"""Which upstreams a name goes to, and the names that are answered here (RFC 6761 and successors).

One table of zones: the longest that holds the name decides. A zone leads to a group of upstreams
and to no other, or to a local answer.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple, Protocol

from blockfilter.message import name as names
from blockfilter.resolve.upstream import Outcome


class Local(Enum):
    """How a name is answered without asking anybody."""

    NXDOMAIN = auto()
    NODATA = auto()
    LOOPBACK = auto()  # 127.0.0.1 and ::1
    PROBE = auto()  # this server's own probe came back: a forwarding loop


class Group(Protocol):
    """Resolvers that are asked as one; `number` tells the groups apart."""

    number: int

    def exchange(
        self, question: bytes, flags: int, do: bool, done: Callable[[Outcome], None], /
    ) -> None:
        """Ask; `done` is called once, later, with what came of it."""


class Special(NamedTuple):
    """Names that never leave this server, with what they are answered."""

    name: str
    answer: Local


# The switch in the configuration's section [special] and what it stands for.
SPECIAL_NAMES: Mapping[str, tuple[Special, ...]] = {
    "localhost": (Special("localhost", Local.LOOPBACK),),  # RFC 6761 section 6.3
    "invalid": (Special("invalid", Local.NXDOMAIN),),  # RFC 6761 section 6.4
    "onion": (Special("onion", Local.NXDOMAIN),),  # RFC 7686
    # The sign by which Firefox leaves encrypted DNS of its own off.
    "firefox_canary": (Special("use-application-dns.net", Local.NXDOMAIN),),
    # The sign by which Apple's devices leave Private Relay off.
    "private_relay": (
        Special("mask.icloud.com", Local.NXDOMAIN),
        Special("mask-h2.icloud.com", Local.NXDOMAIN),
    ),
    "ddr": (Special("resolver.arpa", Local.NODATA),),  # RFC 9462 section 6.4: no other resolver
}

# RFC 6303 and 7793: reverse zones of addresses that mean nothing outside.
_PRIVATE_V4 = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),  # inside, behind a carrier
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "255.255.255.255/32"),  # this host, this link
    *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),  # documentation
)
_PRIVATE_V6 = ("::/128", "::1/128", "fc00::/7", "fe80::/10", "2001:db8::/32")


def private_reverse_zones() -> list[Special]:
    """The reverse zones of private addresses; an outside resolver knows nothing of them."""
    v4 = [subnet for net in _PRIVATE_V4 for subnet in _octets(IPv4Network(net))]
    v6 = [subnet for net in _PRIVATE_V6 for subnet in _nibbles(IPv6Network(net))]
    return [Special(zone, Local.NXDOMAIN) for zone in (*v4, *v6)]


def _octets(net: IPv4Network) -> Iterable[str]:
    length = -(-net.prefixlen // 8)
    for subnet in net.subnets(new_prefix=length * 8):
        octets = str(subnet.network_address).split(".")[:length]
        yield ".".join([*reversed(octets), "in-addr", "arpa"])


def _nibbles(net: IPv6Network) -> Iterable[str]:
    length = -(-net.prefixlen // 4)
    for subnet in net.subnets(new_prefix=length * 4):
        nibbles = subnet.network_address.exploded.replace(":", "")[:length]
        yield ".".join([*reversed(nibbles), "ip6", "arpa"])


class Routes:
    """Where each name goes. `zones` are canonical names; the root stands for all others."""

    def __init__(self, default: Group, zones: Mapping[bytes, Group | Local]) -> None:
        self._default = default
        self._zones = dict(zones)
        # A zone's rightmost label: for nearly every name one look here is all it takes.
        self._rightmost = frozenset(names.split(zone)[-1] for zone in zones)

    def find(self, name: bytes) -> Group | Local:
        """The group or the local answer for a canonical name."""
        starts, at = [], 0
        while length := name[at]:
            starts.append(at)
            at += 1 + length
        if not starts or name[starts[-1] + 1 : -1] not in self._rightmost:
            return self._default
        for start in starts:
            found = self._zones.get(name[start:])
            if found is not None:
                return found
        return self._default


def is_private(host: str) -> bool:
    """Whether an upstream's address is an inside one, which may know private reverse zones."""
    return ip_network(host.partition("%")[0]).is_private
