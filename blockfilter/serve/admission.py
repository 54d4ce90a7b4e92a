"""Who may ask, and how fast.

Clients of the configured networks are served; all others are refused, so that this is never an open
resolver, and even refusals are rationed, so that it is no reflector either. A served client has a
bound on its queries a second; over it queries are dropped without a word, as a stub then waits
longer before it asks again. Exempt networks and loopback have no bound.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

ADMIT, REFUSE, DROP = 0, 1, 2

# Addresses remembered, 14 MB in all: more clients than any site has. At the bound all are forgotten
# and judged anew, which costs each some microseconds once and gives it a new second.
_MOST_CLIENTS = 1 << 16
# Refusals a second to all outsiders together: enough to tell an administrator what is wrong.
_REFUSALS_PER_SECOND = 100
_SECOND = 1.0
_MAPPED = "::ffff:"
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


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
        self._clients, self._exempt = _Blocks(clients), _Blocks((*_LOOPBACK, *exempt))
        self._rate = rate
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._free = _Window(ADMIT, 0)
        self._outside = _Window(REFUSE, _REFUSALS_PER_SECOND)  # one for all of them

    def judge(self, address: str) -> int:
        """ADMIT, REFUSE or DROP one query of a client at a canonical address."""
        window = self._windows.get(address)
        if window is None:
            window = self._learn(address)
        if window is self._free:
            return ADMIT
        now = self._clock()
        if now - window.began >= _SECOND:
            window.began, window.asked = now, 0
        asked = window.asked = window.asked + 1
        return window.verdict if asked <= window.most else DROP

    def serves(self, address: str) -> bool:
        """Whether a client at a canonical address is served at all."""
        return (self._windows.get(address) or self._learn(address)) is not self._outside

    def _learn(self, address: str) -> "_Window":
        plain = address.partition("%")[0]
        if plain not in self._clients:
            window = self._outside
        elif not self._rate or plain in self._exempt:
            window = self._free
        else:
            window = _Window(ADMIT, self._rate)
        if len(self._windows) >= _MOST_CLIENTS:
            self._windows.clear()
        self._windows[address] = window
        return window


class _Window:
    """A second that begins with a query: `most` have `verdict` in it, those after them are dropped."""

    __slots__ = ("asked", "began", "most", "verdict")

    def __init__(self, verdict: int, most: int) -> None:
        self.verdict, self.most = verdict, most
        self.began, self.asked = -_SECOND, 0


class _Blocks:
    """Networks as numbers: a flood of forged addresses is told apart in a microsecond each."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._blocks = tuple(
            (net.version == 6, int(net.netmask), int(net.network_address)) for net in networks
        )

    def __contains__(self, address: str) -> bool:
        six = ":" in address
        packed = socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, address)
        number = int.from_bytes(packed, "big")
        return any(v6 == six and number & mask == base for v6, mask, base in self._blocks)
