"""Who may ask, and how fast.

Clients of the configured networks are served; all others are refused, so that this is never an open
resolver, and even refusals are rationed, so that it is no reflector either. A served client has a
bound on its queries a second; over it queries are dropped without a word, as a stub then waits
longer before it asks again. Exempt networks and loopback have no bound.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

ADMIT, REFUSE, DROP = 0, 1, 2

# Clients remembered: more addresses than any site has. At the bound all are forgotten and judged
# anew, which costs each a microsecond and gives it a new second.
_MOST_CLIENTS = 1 << 17
# Refusals a second to all outsiders together: enough to tell an administrator what is wrong.
_REFUSALS_PER_SECOND = 100
_MAPPED = "::ffff:"
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_FREE, _BOUNDED, _OUTSIDE = 0, 1, 2


def canonical(address: str) -> str:
    """A client's address as it is judged and recorded: IPv4 where it is mapped into IPv6."""
    if address.startswith(_MAPPED):
        mapped = address[len(_MAPPED) :]
        if "." in mapped:
            return mapped
        return str(ip_address(address).ipv4_mapped or address)  # type: ignore[union-attr]
    return address


class Admission:
    """Judges clients by address. `rate` is queries a second for one address, 0 for no bound."""

    def __init__(
        self,
        clients: Sequence[Network],
        *,
        rate: int,
        exempt: Sequence[Network],
        clock: Callable[[], float],
    ) -> None:
        self._clients, self._exempt = tuple(clients), (*_LOOPBACK, *exempt)
        self._rate = rate
        self._clock = clock
        self._kinds: dict[str, int] = {}
        self._asked: dict[str, int] = {}  # by clients with a bound, in the present second
        self._refused = 0
        self._second = 0

    def judge(self, address: str) -> int:
        """ADMIT, REFUSE or DROP one query of a client at a canonical address."""
        kind = self._kinds.get(address)
        if kind == _FREE:
            return ADMIT
        if kind is None:
            kind = self._learn(address)
            if kind == _FREE:
                return ADMIT
        second = int(self._clock())
        if second != self._second:
            self._second, self._refused = second, 0
            self._asked.clear()
        if kind == _OUTSIDE:
            self._refused += 1
            return REFUSE if self._refused <= _REFUSALS_PER_SECOND else DROP
        asked = self._asked[address] = self._asked.get(address, 0) + 1
        return ADMIT if asked <= self._rate else DROP

    def serves(self, address: str) -> bool:
        """Whether a client at a canonical address is served at all."""
        kind = self._kinds.get(address)
        return (self._learn(address) if kind is None else kind) != _OUTSIDE

    def _learn(self, address: str) -> int:
        found = ip_address(address.partition("%")[0])
        if not any(found in net for net in self._clients):
            kind = _OUTSIDE
        elif not self._rate or any(found in net for net in self._exempt):
            kind = _FREE
        else:
            kind = _BOUNDED
        if len(self._kinds) >= _MOST_CLIENTS:
            self._kinds.clear()
        self._kinds[address] = kind
        return kind
