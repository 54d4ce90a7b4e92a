"""How far a fetch may reach, and what it may take: public addresses, octets, seconds.

Values and one look into the resolver; `source` keeps to them.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Network, ip_address
from ssl import SSLContext
from typing import NamedTuple

from blockfilter.catalog.formats.lines import MAX_FILE
from blockfilter.errors import SourceError

MAX_SECONDS = 300.0  # for all of it: the largest list at 1 MB/s, and a slow drip ends
MAX_IDLE = 30.0  # seconds without an octet; a server that lives says something sooner

_UNICAST, _DOCUMENTATION = IPv6Network("2000::/3"), IPv6Network("3fff::/20")
_NAT64 = IPv6Network("64:ff9b::/96")


def addresses(host: str, port: int) -> Sequence[str]:
    """Every address of a host, as the system resolves it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceError(
            f"{host}: has no address; check its name and this machine's resolver"
        ) from error
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def public(address: str) -> bool:
    """Whether an address is one of the Internet's, and reaches no other one by translation."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast
    inner = IPv4Address(ip.packed[-4:]) if ip in _NAT64 else ip.ipv4_mapped or ip.sixtofour
    if inner is not None:
        return public(str(inner))
    return ip in _UNICAST and ip.is_global and ip not in _DOCUMENTATION


class Network(NamedTuple):
    """How the outside is reached; `trust` None: with the system's trust store."""

    trust: SSLContext | None = None
    resolve: Callable[[str, int], Sequence[str]] = addresses
    public: Callable[[str], bool] = public


class Limits(NamedTuple):
    """What one fetch may take: decoded octets, seconds in all, seconds without an octet."""

    octets: int = MAX_FILE
    seconds: float = MAX_SECONDS
    idle: float = MAX_IDLE


SYSTEM = Network()
LIMITS = Limits()
