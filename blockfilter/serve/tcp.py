"""DNS over TCP (RFC 7766, RFC 9210): frames in, frames out, in any order.

A connection reads frames however they are split, hands each to the handler and writes responses as
they come. Its bounds: queries without an answer and octets that the client does not read (at both,
reading stops until answers are out), time for one frame, for an answer, for reading, and without a
query (then it is closed). At the bound of connections a new one is accepted and closed at once, so
that the client knows. A client from outside is refused once, then closed. Over the rate a query is
dropped.

Nothing here is shared with UDP: a turn of one connection is short, and without descriptors accepting
pauses while datagrams go on.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

from blockfilter.message.question import HEADER
from blockfilter.serve.admission import ADMIT, DROP, Admission, canonical
from blockfilter.serve.keepalive import with_keepalive

log = logging.getLogger(__name__)

Respond = Callable[[bytes], None]

_LARGEST = 65535  # what the two octets of length can tell
# Octets a client may leave unread before nothing more is asked for it, and it is cut off unless it
# takes most of them within the frame's deadline: four of the largest responses.
_MOST_UNREAD = 4 * _LARGEST
# Octets read at a time, into one place for all connections: asyncio's own reads take up to 256 KiB,
# and a client whose queries wait would hold as much.
_ROOM = 16384
# Frames of one connection a turn of the loop: some hundred microseconds, in which no datagram waits
# long. The rest is for the next turn, and reading stops meanwhile.
_FRAMES_A_TURN = 32
# A query without an answer for so long will have none (the handler may keep silent), and gives its
# place free. Every answer comes sooner, within the stub's patience of 5 s.
_ANSWER_SECONDS = 10.0
# How long we listen on, without heeding it, to a client that was just answered for the last time:
# what it sends meanwhile would turn a close into a reset, and that can destroy the answer.
_LINGER_SECONDS = 0.5
_SWEEP_SECONDS = 0.5  # how late a deadline may be noticed
_ACCEPTS_A_TURN = 64
_DRAIN_STEP = 0.02
# Clients that are not served have the connections of one client together, and so keep nobody out.
_OUTSIDE = "outside"
_ACCEPT_PAUSE = 0.5  # after running out of descriptors; UDP goes on meanwhile
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class TcpLimits(NamedTuple):
    """Bounds: connections in all and of one client, seconds, and unanswered queries of one.

    `frame` is for a frame to come whole once begun, and for a client that has stopped reading.
    """

    connections: int
    per_client: int
    idle: float
    frame: float
    pipeline: int


class Handler(Protocol):
    """What answers packets."""

    def handle(self, packet: bytes, client: str, respond: Respond, /, tcp: bool = False) -> None:
        """Call `respond` once with at most 65,535 octets, now or later, or never."""

    def refuse(self, packet: bytes, respond: Respond, /) -> None:
        """Refuse a packet of a client from outside."""


class TcpServer:
    """Serves listening sockets on the running event loop."""

    def __init__(
        self,
        handler: Handler,
        admission: Admission,
        *,
        limits: TcpLimits,
        clock: Callable[[], float],
    ) -> None:
        self.handler = handler
        self.admission = admission
        self.limits = limits
        self.clock = clock
        self.loop = asyncio.get_running_loop()
        self.room = memoryview(bytearray(_ROOM))
        self._listening: list[socket.socket] = []
        self._connections: set[_Connection] = set()
        self._of_client: Counter[str] = Counter()
        self._sweeping: asyncio.TimerHandle | None = None
        self._accepting: set[asyncio.Task[None]] = set()
        self._exhausted = False

    def start(self, sock: socket.socket) -> None:
        """Accept connections from now on."""
        sock.setblocking(False)  # systemd's may block, and would stop the loop
        self._listening.append(sock)
        self._listen(sock)
        if self._sweeping is None:
            self._sweep()

    async def drain(self, deadline: float) -> None:
        """Accept and read no more; wait until what was asked is answered, or the deadline.

        `deadline` is a reading of the clock. What is left then is for `close`.
        """
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
            self._of_client[connection.account] -= 1
            if not self._of_client[connection.account]:
                del self._of_client[connection.account]

    def _listen(self, sock: socket.socket) -> None:
        if sock in self._listening:
            self.loop.add_reader(sock.fileno(), self._accept, sock)

    def _stop_listening(self) -> None:
        for sock in self._listening:
            self.loop.remove_reader(sock.fileno())
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
            self._exhausted = False
            self._admit(sock, canonical(address[0]))

    def _admit(self, sock: socket.socket, client: str) -> None:
        account = client if self.admission.serves(client) else _OUTSIDE
        full = len(self._connections) >= self.limits.connections
        if full or self._of_client[account] >= self.limits.per_client:
            sock.close()
            return
        # asyncio does so only for a socket made with IPPROTO_TCP; without it answers wait 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(self, client, account)
        self._connections.add(connection)
        self._of_client[account] += 1
        task = self.loop.create_task(self._attach(connection, sock))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    async def _attach(self, connection: "_Connection", sock: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(lambda: connection, sock)
        except OSError:
            sock.close()
            self.forget(connection)

    def _pause(self, listening: socket.socket) -> None:
        """No descriptor is left: look again soon instead of being woken without end."""
        if not self._exhausted:  # said once each time it happens, not twice a second
            log.warning("no descriptor is left for TCP clients; raise the limit of open files")
        self._exhausted = True
        self.loop.remove_reader(listening.fileno())
        self.loop.call_later(_ACCEPT_PAUSE, self._listen, listening)

    def _sweep(self) -> None:
        now = self.clock()
        for connection in tuple(self._connections):
            connection.check(now)
        self._sweeping = self.loop.call_later(_SWEEP_SECONDS, self._sweep)


class _Connection(asyncio.BufferedProtocol):
    """One client's connection.

    `_waiting` holds when each query without an answer was asked, oldest first. Reading stops while
    it is full, while the client does not read, and while frames wait for the loop's next turn.
    """

    def __init__(self, server: TcpServer, client: str, account: str) -> None:
        self.client, self.account = client, account
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._waiting: dict[int, float] = {}
        self._asked = 0
        self._active = server.clock()  # when it last asked or was answered
        self._frame_began: float | None = None
        self._stuck_since: float | None = None
        self._working = False  # frames are being handed on, further up the stack
        self._more = False  # frames wait for the next turn
        self._paused = False
        self._ending = False  # nothing more is heeded; what came is answered
        self._heard_all = False  # the client has closed its side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        self._transport = transport  # type: ignore[assignment]  # TCP's is a Transport
        self._transport.set_write_buffer_limits(high=_MOST_UNREAD)  # type: ignore[union-attr]
        self._close_if_done()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """The client is gone; answers still under way find nobody."""
        self._transport = None
        self._waiting.clear()
        self._server.forget(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's name
        """Where the next octets go: one place for all connections, taken from at once."""
        return self._server.room

    def buffer_updated(self, nbytes: int) -> None:
        """Some octets of the stream."""
        if not self._ending:
            self._buffer += self._server.room[:nbytes]
            self._work()

    def eof_received(self) -> bool:
        """The client asks no more; what it asked is still answered."""
        self._heard_all = True
        self.finish()
        return True

    def pause_writing(self) -> None:
        """The client does not read: nothing more is asked for it until it does."""
        self._stuck_since = self._server.clock()
        self._pause_or_resume()

    def resume_writing(self) -> None:
        """It does again."""
        self._stuck_since = None
        self._work_later()  # asyncio does not bear a close() from within this call

    def finish(self) -> None:
        """Read no more, and close when everything is answered."""
        self._ending = True
        self._close_if_done()

    def abort(self) -> None:
        """Close now."""
        self._ending = True
        self._buffer.clear()
        self._waiting.clear()
        if self._transport:
            self._transport.abort()

    def check(self, now: float) -> None:
        """Close if a deadline has passed."""
        limits = self._server.limits
        begun, stuck = self._frame_began, self._stuck_since
        late = begun is not None and not self._paused and now - begun > limits.frame
        if late or stuck is not None and now - stuck > limits.frame:
            self.abort()
            return
        if self._waiting and now - next(iter(self._waiting.values())) > _ANSWER_SECONDS:
            kept = ((n, at) for n, at in self._waiting.items() if now - at <= _ANSWER_SECONDS)
            self._waiting = dict(kept)
            self._work()
        if not self._waiting and now - self._active > limits.idle:
            self.abort()  # close() would wait for a client that does not read
        self._close_if_done()

    def _work(self) -> None:
        """Hand on the whole frames in the buffer, as many as a turn and the bounds allow."""
        if self._working or self._more:  # an answer from within the handler, or before our turn
            return
        self._working = True
        most = self._server.limits.pipeline
        for _ in range(_FRAMES_A_TURN):
            if len(self._waiting) >= most or self._stuck_since is not None:
                break  # the next answer, or the client's reading, brings us back
            packet = self._next_frame()
            if packet is None:
                break
            self._ask(packet)
        else:
            self._work_later()
        self._working = False
        self._pause_or_resume()
        self._close_if_done()

    def _work_later(self) -> None:
        self._more = True
        self._server.loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._more = False
        self._work()

    def _next_frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2 or len(buffer) < (end := 2 + (buffer[0] << 8 | buffer[1])):
            if not buffer:
                self._frame_began = None
            elif self._frame_began is None:
                self._frame_began = self._server.clock()
            return None
        packet, self._frame_began = bytes(buffer[2:end]), None
        del buffer[:end]
        if len(packet) < HEADER:  # no query can be meant; silence would leave the client waiting
            self.abort()
            return None
        return packet

    def _ask(self, packet: bytes) -> None:
        now = self._active = self._server.clock()
        judgement = self._server.admission.judge(self.client)
        if packet[2] >= 0x80 or judgement == DROP:
            return
        number = self._asked = self._asked + 1
        self._waiting[number] = now

        def respond(octets: bytes) -> None:
            if self._waiting.pop(number, None) is not None:
                self._answer(packet, octets)

        try:
            if judgement == ADMIT:
                self._server.handler.handle(packet, self.client, respond, tcp=True)
            else:  # from outside: told so once, and the place is free for others
                self._server.handler.refuse(packet, respond)
                self._ending = True
                self._buffer.clear()
        except Exception as error:  # noqa: BLE001 - one packet must never end the service
            log.error("a packet could not be handled: %s", type(error).__name__)  # noqa: TRY400
            self.abort()

    def _answer(self, packet: bytes, octets: bytes) -> None:
        if self._transport is None:
            return
        self._active = self._server.clock()
        idle = 0.0 if self._ending else self._server.limits.idle
        octets = with_keepalive(packet, octets, idle)
        self._transport.write(len(octets).to_bytes(2, "big") + octets)
        self._work()

    def _pause_or_resume(self) -> None:
        if self._transport is None:
            return
        stop = self._more or self._stuck_since is not None
        stop = stop or len(self._waiting) >= self._server.limits.pipeline
        if stop == self._paused:
            return
        self._paused = stop
        if stop:
            self._transport.pause_reading()
            return
        if self._frame_began is not None:  # its rest could not come meanwhile
            self._frame_began = self._server.clock()
        self._transport.resume_reading()

    def _close_if_done(self) -> None:
        """Close behind the last answer; frames that wait for their turn are still to be answered."""
        at_work = self._waiting or self._working or self._more or self._stuck_since is not None
        if not self._ending or at_work or not self._transport:
            return
        if self._heard_all or self._server.clock() - self._active > _LINGER_SECONDS:
            self._transport.close()
            return
        with contextlib.suppress(OSError):  # reset meanwhile, which reading will tell
            self._transport.write_eof()  # then the client closes, or the sweep brings us back
