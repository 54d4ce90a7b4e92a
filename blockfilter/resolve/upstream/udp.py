"""A query over UDP: a socket of its own, on a port the kernel chose, used for nothing else.

The port is as unpredictable as the id, and neither is used again (RFC 5452 section 4.5). The socket
is connected: the kernel drops what comes from elsewhere, and tells of ICMP errors.
"""

import socket

from blockfilter.resolve.poller import READ, Poller
from blockfilter.resolve.upstream import matching
from blockfilter.resolve.upstream.endpoint import Upstream
from blockfilter.resolve.upstream.exchange import Exchange, Owner
from blockfilter.resolve.upstream.matching import LARGEST_DATAGRAM, TC_OCTET

_DATAGRAM = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK


class UdpTry:
    """One query over UDP and its socket; OSError where it cannot be sent."""

    __slots__ = (
        "_fd",
        "_owner",
        "_poller",
        "_sock",
        "exchange",
        "ident",
        "plain",
        "sent_at",
        "upstream",
    )

    def __init__(
        self,
        exchange: Exchange,
        upstream: Upstream,
        ident: bytes,
        plain: bool,
        now: float,
        poller: Poller,
        owner: Owner,
    ) -> None:
        self.exchange = exchange
        self.upstream = upstream
        self.ident = ident
        self.plain = plain
        self.sent_at = now
        self._poller = poller
        self._owner = owner
        # The type under socket.socket: half the cost, and nothing here needs the other half.
        self._sock = sock = socket.SocketType(upstream.family, _DATAGRAM)
        self._fd = sock.fileno()
        try:
            sock.connect(upstream.address)
            sock.send(matching.query(ident, exchange.question, exchange.flags, exchange.do, plain))
            poller.add(self._fd, self, READ)
        except OSError:
            sock.close()
            raise

    @property
    def tcp(self) -> bool:
        """Whether it left over TCP."""
        return False

    def ready(self, _: int, now: float) -> None:
        """Take one datagram, or the error."""
        try:
            message = self._sock.recv(LARGEST_DATAGRAM + 1)
        except BlockingIOError:  # an event of another socket that had this number before
            return
        except OSError:
            self._owner.failed(self, now)
            return
        if len(message) > LARGEST_DATAGRAM:  # cut by us, so it is truncated, whatever it says
            message = message[:2] + bytes((message[2] | TC_OCTET,)) + message[3:]
        self._owner.heard(self, message, now)

    def close(self) -> None:
        """Wait no more; the port is free for others."""
        self._poller.remove(self._fd)
        self._sock.close()

    def abandon(self) -> None:
        """Nothing else is sent from here anyway."""
