"""An upstream that does as it is told: a recursive resolver of our own making on loopback.

A script is asked what to do with each query and gives steps: octets to send, octets to send later,
octets from elsewhere, octets without framing, or closing the connection. No step at all is silence.
Everything runs in one thread, so that delays and floods of one test disturb nothing else.

    with ScriptedUpstream(always("example.com. 60 IN A 192.0.2.1")) as upstream:
        ask(upstream.address)
        upstream.wait_for(1)
"""

import contextlib
import heapq
import itertools
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from tests.scripts import (
    Close,
    Elsewhere,
    Now,
    Raw,
    Received,
    Script,
    Step,
    addressed,
    always,
    answer,
    by_name,
    in_turn,
    rrset,
    silent,
    truncating,
    with_id,
    with_question,
)

__all__ = [
    "Close",
    "Elsewhere",
    "Raw",
    "Received",
    "Script",
    "ScriptedUpstream",
    "Step",
    "addressed",
    "always",
    "answer",
    "by_name",
    "closed_port",
    "in_turn",
    "rrset",
    "silent",
    "truncating",
    "with_id",
    "with_question",
]

_LARGEST = 65535
_PATIENCE = 5.0  # seconds `wait_for` waits unless told otherwise


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    source: tuple[str, int]
    number: int
    buffer: bytearray = field(default_factory=bytearray)


class ScriptedUpstream:
    """Answers UDP and TCP on one port of `host` by `script`, which may be replaced while it runs.

    `port` 0 is any free one; `start` after `stop` takes the same port again, as a resolver that
    comes back does. `udp` or `tcp` False: that port is closed.
    """

    def __init__(
        self,
        script: Script,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        udp: bool = True,
        tcp: bool = True,
    ) -> None:
        self.script = script
        self.received: list[Received] = []
        self.errors: list[BaseException] = []
        self.address = (host, port)
        self.connections = 0  # TCP connections accepted so far
        self._with = (udp, tcp)
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; returns when queries can be sent."""
        self._selector = selectors.DefaultSelector()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._open: set[socket.socket] = set()
        self._stop_read, self._stop_write = socket.socketpair()
        self._selector.register(self._stop_read, selectors.EVENT_READ)
        self._udp, self._listener = _bind_pair(self.address)
        self.address = (self.address[0], self._udp.getsockname()[1])
        udp, tcp = self._with
        if udp:
            self._selector.register(self._udp, selectors.EVENT_READ, self._on_datagram)
        else:
            self._udp.close()
        if tcp:
            self._listener.listen(64)
            self._selector.register(self._listener, selectors.EVENT_READ, self._on_connection)
        else:
            self._listener.close()
        self._thread = threading.Thread(target=self._run, name="scripted upstream", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close everything; further queries meet closed ports."""
        if self._thread is None:
            return
        self._stop_write.send(b"\0")
        self._thread.join()
        self._thread = None
        for sock in (self._udp, self._listener, self._stop_read, self._stop_write, *self._open):
            sock.close()
        self._selector.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.errors:  # a script that fails is a test that means nothing
            raise self.errors[0]

    def wait_for(self, count: int, seconds: float = _PATIENCE) -> list[Received]:
        """The queries received as soon as there are `count`; AssertionError if that takes too long."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.received) >= count, seconds)
            assert len(self.received) >= count, f"{len(self.received)} queries came, not {count}"
            return list(self.received)

    def by(self, transport: str) -> list[Received]:
        """The queries that came by "udp" or "tcp" so far."""
        return [one for one in list(self.received) if one.transport == transport]

    def _run(self) -> None:
        while True:
            pause = max(0.0, self._later[0][0] - time.monotonic()) if self._later else None
            for key, _ in self._selector.select(pause):
                if key.fileobj is self._stop_read:
                    return
                key.data()
            while self._later and self._later[0][0] <= time.monotonic():
                heapq.heappop(self._later)[2]()

    def _on_datagram(self) -> None:
        udp = self._udp
        while True:
            try:
                packet, source = udp.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except OSError:  # ICMP of an earlier answer, for the asking socket is closed by now
                continue

            def send(octets: bytes, target: tuple[str, int] = source) -> None:
                udp.sendto(octets, target)

            self._take(Received(packet, "udp", source, time.monotonic()), send, None)

    def _on_connection(self) -> None:
        sock, source = self._listener.accept()
        sock.settimeout(1.0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        connection = _Connection(sock, source[:2], self.connections)
        self._open.add(sock)
        self._selector.register(sock, selectors.EVENT_READ, lambda: self._on_octets(connection))

    def _on_octets(self, connection: _Connection) -> None:
        try:
            octets = connection.sock.recv(_LARGEST)
        except OSError:
            octets = b""
        if not octets:
            self._close(connection)
            return
        buffer = connection.buffer
        buffer += octets
        while len(buffer) >= 2 and len(buffer) >= (end := 2 + (buffer[0] << 8 | buffer[1])):
            packet = bytes(buffer[2:end])
            del buffer[:end]
            query = Received(packet, "tcp", connection.source, time.monotonic(), connection.number)
            self._take(query, connection.sock.sendall, connection)

    def _take(
        self, query: Received, send: Callable[[bytes], None], connection: _Connection | None
    ) -> None:
        with self._changed:
            self.received.append(query)
            self._changed.notify_all()
        try:
            steps = list(self.script(query))
        except Exception as error:  # noqa: BLE001 - told to the test when it ends
            self.errors.append(error)
            return
        for step in steps:
            delay, now = step if isinstance(step, tuple) else (0.0, step)
            if not delay:
                self._do(now, query, send, connection)
                continue

            def later(now: Now = now) -> None:
                self._do(now, query, send, connection)

            heapq.heappush(self._later, (time.monotonic() + delay, next(self._numbers), later))

    def _do(
        self,
        step: Now,
        query: Received,
        send: Callable[[bytes], None],
        connection: _Connection | None,
    ) -> None:
        with contextlib.suppress(OSError):  # the asking side has gone: that is its right
            if isinstance(step, Close):
                if connection:
                    self._close(connection)
            elif isinstance(step, Elsewhere):
                with socket.socket(self._udp.family, socket.SOCK_DGRAM) as other:
                    other.bind((self.address[0], 0))
                    other.sendto(step.octets, query.source)
            elif isinstance(step, Raw):
                send(step.octets)
            else:
                send(struct.pack("!H", len(step)) + step if connection else step)

    def _close(self, connection: _Connection) -> None:
        if connection.sock in self._open:
            self._open.remove(connection.sock)
            self._selector.unregister(connection.sock)
            connection.sock.close()


def _bind_pair(address: tuple[str, int]) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket bound to one port."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    for _ in range(100):  # a free UDP port may be taken for TCP
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        datagrams.setblocking(False)
        try:
            datagrams.bind(address)
            listener.bind((address[0], datagrams.getsockname()[1]))
        except OSError:
            datagrams.close()
            listener.close()
            if address[1]:
                raise
        else:
            return datagrams, listener
    raise OSError("no port is free for both UDP and TCP")


def closed_port(host: str = "127.0.0.1") -> tuple[str, int]:
    """An address nobody listens on."""
    upstream = ScriptedUpstream(silent, host=host)
    upstream.start()
    upstream.stop()
    return upstream.address
