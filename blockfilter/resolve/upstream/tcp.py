"""Queries over TCP: connections that stay open, with several queries on their way (RFC 7766).

A resolver has few connections; a query takes the first with room. Responses come in any order, are
told apart by id and held against the question like any other. A connection is closed when it was
idle for a while, and used no more once a query on it stayed silent: its other end may be gone.
"""

import contextlib
import socket
from collections.abc import Iterator

from blockfilter.resolve.poller import READ, WRITE, Poller
from blockfilter.resolve.upstream import matching
from blockfilter.resolve.upstream.endpoint import Upstream
from blockfilter.resolve.upstream.exchange import Exchange, Owner

# Queries waiting on one connection, and connections to one resolver. Resolvers work on 10 to 25 of
# a connection at a time; more would queue there. Beyond both, a try fails as if it was refused.
MAX_PIPELINED = 50
MAX_CONNECTIONS = 4
# Seconds without a waiting query until a connection is closed (RFC 7766 section 6.2.3: a few).
IDLE_SECONDS = 10.0

_LENGTH = 2  # octets before each message, RFC 1035 section 4.2.2
_CHUNK = 65536
_BURST = 4  # chunks read a turn, so that one connection does not hold up everything else
_STREAM = socket.SOCK_STREAM | socket.SOCK_NONBLOCK


class TcpTry:
    """One query over TCP, on a connection it shares."""

    __slots__ = ("_connection", "exchange", "ident", "plain", "sent_at", "upstream")

    def __init__(
        self,
        exchange: Exchange,
        upstream: Upstream,
        ident: bytes,
        plain: bool,
        now: float,
        connection: "Connection",
    ) -> None:
        self.exchange = exchange
        self.upstream = upstream
        self.ident = ident
        self.plain = plain
        self.sent_at = now
        self._connection = connection

    @property
    def tcp(self) -> bool:
        """Whether it left over TCP."""
        return True

    def close(self) -> None:
        """Wait no more; the connection stays."""
        self._connection.forget(self)

    def abandon(self) -> None:
        """Send nothing more on this connection."""
        self._connection.retire()


class Connection:
    """A TCP connection and the queries waiting on it; OSError where it cannot even be begun."""

    def __init__(
        self, upstream: Upstream, poller: Poller, owner: Owner, peers: list["Connection"]
    ) -> None:
        self.waiting: dict[bytes, TcpTry] = {}
        self.idle_since = 0.0
        self._poller = poller
        self._owner = owner
        self._peers = peers  # the connections queries may take; this one while it is among them
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._answers = 0
        self._sock = sock = socket.socket(upstream.family, _STREAM)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(BlockingIOError):  # on its way; reading tells how it went
                sock.connect(upstream.address)
            poller.add(sock.fileno(), self, READ)
        except OSError:
            sock.close()
            raise
        self._watched = READ
        peers.append(self)

    def ask(self, try_: TcpTry, packet: bytes) -> None:
        """Send a query; what becomes of it is told to the owner, later."""
        self.waiting[try_.ident] = try_
        self._outgoing += len(packet).to_bytes(_LENGTH, "big") + packet
        self._flush()

    def forget(self, try_: TcpTry) -> None:
        """Wait for a query's response no more."""
        if self.waiting.pop(try_.ident, None) is not None:
            self._rest()

    def retire(self) -> None:
        """Take no more queries; close as soon as none waits."""
        if self in self._peers:
            self._peers.remove(self)
        self._rest()

    def close(self) -> None:
        """Let go of the socket. Nobody is told."""
        if self in self._peers:
            self._peers.remove(self)
        if self._sock.fileno() >= 0:
            self._poller.remove(self._sock.fileno())
            self._sock.close()

    def ready(self, events: int, now: float) -> None:
        """Go on sending, and take what has arrived."""
        if events & WRITE:
            self._flush()
        if events & ~WRITE:
            open_ = self._receive()
            self._hand_out(now)
            if not open_:
                self._lost(now)

    def _rest(self) -> None:
        if self.waiting:
            return
        if self in self._peers:
            self.idle_since = 0.0  # counted from the next look on, as precise as idling needs to be
        else:
            self.close()

    def _flush(self) -> None:
        # Not connected yet, or full: there will be an event. Broken: reading tells.
        with contextlib.suppress(OSError):
            del self._outgoing[: self._sock.send(self._outgoing)]
        watched = READ | WRITE if self._outgoing else READ
        if watched != self._watched:
            self._poller.change(self._sock.fileno(), watched)
            self._watched = watched

    def _receive(self) -> bool:
        """Take in what has arrived; False where nothing more can."""
        try:
            for _ in range(_BURST):
                chunk = self._sock.recv(_CHUNK)
                self._incoming += chunk
                if len(chunk) < _CHUNK:
                    return bool(chunk)
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def _hand_out(self, now: float) -> None:
        """Tell of each message that is whole by now."""
        for message in self._messages():
            try_ = self.waiting.get(message[:2])
            if try_ is None:  # late: its exchange has ended
                self._owner.stray()
                continue
            self._answers += 1
            self._owner.heard(try_, message, now)

    def _messages(self) -> list[bytes]:
        incoming, at, found = self._incoming, 0, []
        while at + _LENGTH <= len(incoming):
            end = at + _LENGTH + (incoming[at] << 8 | incoming[at + 1])
            if end > len(incoming):
                break
            found.append(bytes(incoming[at + _LENGTH : end]))
            at = end
        del incoming[:at]
        return found

    def _lost(self, now: float) -> None:
        tries = list(self.waiting.values())
        self.waiting.clear()
        self.close()
        self._owner.lost(tries, now, reused=self._answers > 0)


class Connections:
    """The connections to all resolvers."""

    def __init__(self, poller: Poller, owner: Owner, idents: Iterator[bytes]) -> None:
        self._poller = poller
        self._owner = owner
        self._idents = idents
        self._open: dict[Upstream, list[Connection]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, exchange: Exchange, upstream: Upstream, plain: bool, now: float) -> TcpTry:
        """Send a query; OSError where there is no way or no room."""
        connection = self._with_room(upstream)
        ident = next(self._idents)
        while ident in connection.waiting:
            ident = next(self._idents)
        try_ = TcpTry(exchange, upstream, ident, plain, now, connection)
        connection.ask(
            try_, matching.query(ident, exchange.question, exchange.flags, exchange.do, plain)
        )
        return try_

    def close_idle(self, now: float) -> None:
        """Close connections on which nothing has waited for long."""
        for upstream, connections in list(self._open.items()):
            for connection in list(connections):
                if connection.waiting:
                    continue
                if not connection.idle_since:
                    connection.idle_since = now
                elif now - connection.idle_since >= IDLE_SECONDS:
                    connection.close()
            if not connections:
                del self._open[upstream]

    def close(self) -> None:
        """Close all connections queries may take; others close with the last query on them."""
        for connections in self._open.values():
            for connection in list(connections):
                connection.close()
        self._open.clear()

    def _with_room(self, upstream: Upstream) -> Connection:
        connections = self._open.setdefault(upstream, [])
        for connection in connections:
            if len(connection.waiting) < MAX_PIPELINED:
                return connection
        if len(connections) >= MAX_CONNECTIONS:
            raise ConnectionRefusedError("the connections to this resolver are full")
        return Connection(upstream, self._poller, self._owner, connections)
