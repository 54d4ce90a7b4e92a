"""DNS over TCP (RFC 7766, RFC 9210): frames in, frames out, in any order.

A connection reads frames however they are split, hands each to the handler and writes responses as
they come. Its bounds: queries without an answer (then reading stops until answers are out), octets
that the client does not read, time without a query, time for one frame. At the bound of connections
a new one is accepted and closed at once, so that the client knows. Nothing here is shared with UDP.
"""

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

from blockfilter.errors import FormatError
from blockfilter.message.question import HEADER, each_option, read
from blockfilter.serve.admission import ADMIT, Admission, canonical

log = logging.getLogger(__name__)

Respond = Callable[[bytes], None]

_KEEPALIVE = 11  # RFC 7828
_NO_OPT_OPTIONS = b"\x00\x00"
_OPT_FIXED = 11
# Octets a client may leave unread before it is cut off, unless it takes them within the deadline:
# four of the largest responses.
_MOST_UNREAD = 4 * 65535
_SWEEP_SECONDS = 0.5  # how late a deadline may be noticed
_ACCEPTS_A_TURN = 64
_DRAIN_STEP = 0.02
_ACCEPT_PAUSE = 0.5  # after running out of descriptors; UDP goes on meanwhile
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class TcpLimits(NamedTuple):
    """Bounds: connections in all and of one client, seconds, and unanswered queries of one."""

    connections: int
    per_client: int
    idle: float
    frame: float
    pipeline: int


class Handle(Protocol):
    """What answers a packet."""

    def __call__(self, packet: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        """Call `respond` once, now or later, or never."""


class TcpServer:
    """Serves listening sockets on the running event loop."""

    def __init__(
        self,
        handle: Handle,
        admission: Admission,
        *,
        limits: TcpLimits,
        clock: Callable[[], float],
    ) -> None:
        self.handle = handle
        self.admission = admission
        self.limits = limits
        self.clock = clock
        self._loop = asyncio.get_running_loop()
        self._listening: list[socket.socket] = []
        self._connections: set[_Connection] = set()
        self._of_client: Counter[str] = Counter()
        self._sweeping: asyncio.TimerHandle | None = None
        self._accepting: set[asyncio.Task[None]] = set()

    def start(self, sock: socket.socket) -> None:
        """Accept connections from now on."""
        self._listening.append(sock)
        self._loop.add_reader(sock.fileno(), self._accept, sock)
        if self._sweeping is None:
            self._sweep()

    async def drain(self, deadline: float) -> None:
        """Accept and read no more; wait until what was asked is answered, or the deadline."""
        self._stop_listening()
        for connection in tuple(self._connections):
            connection.finish()
        while self._connections and self.clock() < deadline:  # noqa: ASYNC110 - ends by time, too
            await asyncio.sleep(_DRAIN_STEP)

    def close(self) -> None:
        """Cut every connection."""
        self._stop_listening()
        if self._sweeping:
            self._sweeping.cancel()
        for connection in tuple(self._connections):
            connection.abort()

    def forget(self, connection: "_Connection") -> None:
        """A connection is gone."""
        if connection in self._connections:
            self._connections.discard(connection)
            self._of_client[connection.client] -= 1
            if not self._of_client[connection.client]:
                del self._of_client[connection.client]

    def _stop_listening(self) -> None:
        for sock in self._listening:
            self._loop.remove_reader(sock.fileno())
            sock.close()
        self._listening.clear()

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            try:
                sock, address = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._pause(listening)
                return
            self._admit(sock, canonical(address[0]))

    def _admit(self, sock: socket.socket, client: str) -> None:
        full = len(self._connections) >= self.limits.connections
        if full or self._of_client[client] >= self.limits.per_client:
            sock.close()
            return
        if not self.admission.serves(client):
            sock.close()
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(self, client)
        self._connections.add(connection)
        self._of_client[client] += 1
        task = self._loop.create_task(self._attach(connection, sock))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    async def _attach(self, connection: "_Connection", sock: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, sock)
        except OSError:
            sock.close()
            self.forget(connection)

    def _pause(self, listening: socket.socket) -> None:
        """No descriptor is left: look again soon instead of being woken without end."""
        log.warning("no descriptor is left for TCP; raise the limit of open files")
        self._loop.remove_reader(listening.fileno())

        def resume() -> None:
            if listening in self._listening:
                self._loop.add_reader(listening.fileno(), self._accept, listening)

        self._loop.call_later(_ACCEPT_PAUSE, resume)

    def _sweep(self) -> None:
        now = self.clock()
        for connection in tuple(self._connections):
            connection.check(now)
        self._sweeping = self._loop.call_later(_SWEEP_SECONDS, self._sweep)


class _Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, server: TcpServer, client: str) -> None:
        self.client = client
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._unanswered = 0
        self._active = server.clock()  # when it last asked or was answered
        self._frame_began: float | None = None
        self._stuck_since: float | None = None
        self._ending = False
        self._paused = False
        self._working = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        self._transport = transport  # type: ignore[assignment]  # TCP's is a Transport
        self._transport.set_write_buffer_limits(high=_MOST_UNREAD)  # type: ignore[union-attr]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """The client is gone; answers still under way find nobody."""
        self._transport = None
        self._server.forget(self)

    def data_received(self, data: bytes) -> None:
        """Some octets of the stream."""
        if self._ending:
            return
        self._buffer += data
        self._work()

    def eof_received(self) -> bool:
        """The client asks no more; what it asked is still answered."""
        self.finish()
        return True

    def pause_writing(self) -> None:
        """The client does not read."""
        self._stuck_since = self._server.clock()

    def resume_writing(self) -> None:
        """It does again."""
        self._stuck_since = None

    def finish(self) -> None:
        """Read no more, and close when everything is answered."""
        self._ending = True
        self._close_if_done()

    def abort(self) -> None:
        """Close now."""
        if self._transport:
            self._transport.abort()

    def check(self, now: float) -> None:
        """Close if a deadline has passed."""
        limits = self._server.limits
        begun, stuck = self._frame_began, self._stuck_since
        if (
            stuck is not None
            and now - stuck > limits.frame
            or begun is not None
            and not self._paused
            and now - begun > limits.frame
        ):
            self.abort()
        elif not self._unanswered and now - self._active > limits.idle and self._transport:
            self._transport.close()

    def _work(self) -> None:
        """Hand on the whole frames in the buffer, up to the bound of unanswered queries."""
        if self._working:  # an answer came at once, from within the handler
            return
        self._working = True
        try:
            while self._unanswered < self._server.limits.pipeline:
                packet = self._next_frame()
                if packet is None:
                    break
                self._ask(packet)
        finally:
            self._working = False
        self._pause_or_resume()

    def _next_frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2 or len(buffer) < (end := 2 + (buffer[0] << 8 | buffer[1])):
            if not buffer:
                self._frame_began = None
            elif self._frame_began is None:
                self._frame_began = self._server.clock()
            return None
        packet = bytes(buffer[2:end])
        del buffer[:end]
        self._frame_began = None
        self._active = self._server.clock()
        if len(packet) < HEADER:  # no query can be meant; silence would leave the client waiting
            self.abort()
            return None
        return packet

    def _ask(self, packet: bytes) -> None:
        if packet[2] >= 0x80 or self._server.admission.judge(self.client) != ADMIT:
            return
        self._unanswered += 1
        answered = False

        def respond(octets: bytes) -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._answer(packet, octets)

        try:
            self._server.handle(packet, self.client, respond, tcp=True)
        except Exception as error:  # noqa: BLE001 - one packet must never end the service
            log.error("a packet could not be handled: %s", type(error).__name__)  # noqa: TRY400
            self.abort()

    def _answer(self, packet: bytes, octets: bytes) -> None:
        self._unanswered -= 1
        self._active = self._server.clock()
        if self._transport is None:
            return
        octets = with_keepalive(packet, octets, self._server.limits.idle)
        self._transport.write(len(octets).to_bytes(2, "big") + octets)
        if self._ending:
            self._close_if_done()
        else:
            self._work()

    def _pause_or_resume(self) -> None:
        if self._transport is None or self._ending:
            return
        full = self._unanswered >= self._server.limits.pipeline
        if full and not self._paused:
            self._transport.pause_reading()
        elif self._paused and not full:
            self._transport.resume_reading()
        self._paused = full

    def _close_if_done(self) -> None:
        if not self._unanswered and self._transport:
            self._transport.close()


def with_keepalive(query: bytes, octets: bytes, idle: float) -> bytes:
    """The response with our idle time in its OPT, where the query asks for it (RFC 7828).

    Our responses have the OPT last, so the option goes to the end.
    """
    if query[10:12] == b"\0\0" or octets[10:12] == b"\0\0":
        return octets
    try:
        asked = read(query)
        options = each_option(asked.options)
    except FormatError:
        return octets
    if (_KEEPALIVE, b"") not in options:
        return octets
    at = octets.rfind(b"\0\0\x29\x04\xd0", HEADER + len(asked.question))
    length = octets[at + _OPT_FIXED - 2 : at + _OPT_FIXED]
    if at < 0 or at + _OPT_FIXED + int.from_bytes(length, "big") != len(octets):
        return octets
    tenths = min(int(idle * 10), 0xFFFF)
    option = b"\0\x0b\0\2" + tenths.to_bytes(2, "big")
    grown = (int.from_bytes(length, "big") + len(option)).to_bytes(2, "big")
    return octets[: at + 9] + grown + octets[at + 11 :] + option
