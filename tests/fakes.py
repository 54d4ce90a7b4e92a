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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

_HEADER = 12
_LARGEST = 65535
_PATIENCE = 5.0  # seconds `wait_for` waits unless told otherwise


@dataclass(frozen=True, slots=True)
class Received:
    """A query as it arrived. `at` is monotonic seconds, `connection` tells TCP connections apart."""

    packet: bytes
    transport: str  # "udp" or "tcp"
    source: tuple[str, int]
    at: float = 0.0
    connection: int = 0

    @property
    def id(self) -> int:
        return int.from_bytes(self.packet[:2], "big")

    @property
    def flags(self) -> int:
        return int.from_bytes(self.packet[2:4], "big")

    @property
    def question(self) -> bytes:
        """The octets of the question section."""
        at = _HEADER
        while self.packet[at]:
            at += 1 + self.packet[at]
        return self.packet[_HEADER : at + 5]

    @property
    def message(self) -> dns.message.Message:
        return dns.message.from_wire(self.packet)

    @property
    def name(self) -> str:
        """The queried name as text, in the letter case it came in."""
        return self.message.question[0].name.to_text()

    @property
    def qtype(self) -> str:
        return dns.rdatatype.to_text(self.message.question[0].rdtype)

    @property
    def edns(self) -> bool:
        return self.message.edns >= 0


@dataclass(frozen=True, slots=True)
class Raw:
    """Octets for TCP without the length before them; over UDP a datagram like any other."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A datagram that comes from another port than the one that was asked."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close the TCP connection the query came by; what was sent before still arrives."""


Now = bytes | Raw | Elsewhere | Close
Step = Now | tuple[float, Now]  # a step alone, or after so many seconds
Script = Callable[[Received], Iterable[Step]]


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


# What to answer.


def answer(
    query: Received | bytes,
    *records: str,
    rcode: str = "NOERROR",
    authority: Sequence[str] = (),
    additional: Sequence[str] = (),
    flags: str = "",
    tc: bool = False,
    edns: bool | None = None,
    ident: int | None = None,
) -> bytes:
    """A response to `query` with `records`, such as "example.com. 60 IN A 192.0.2.1".

    RA and RD are set as a resolver does, `flags` ("AD AA") are added. EDNS as in the query unless
    `edns` says otherwise. The question is given back as it came, in its letter case.
    """
    asked = dns.message.from_wire(query.packet if isinstance(query, Received) else query)
    response = dns.message.make_response(asked, recursion_available=True)
    for section, texts in (
        (response.answer, records),
        (response.authority, authority),
        (response.additional, additional),
    ):
        section.extend(rrset(text) for text in texts)
    if edns is not None:
        response.use_edns(0 if edns else False, payload=1232)
    response.flags |= dns.flags.from_text(flags) | (dns.flags.TC if tc else 0)
    response.set_rcode(dns.rcode.from_text(rcode))
    if ident is not None:
        response.id = ident
    return response.to_wire(max_size=_LARGEST)


def rrset(text: str) -> dns.rrset.RRset:
    """A record as an RRset; `text` is owner, TTL, class, type and RDATA."""
    owner, ttl, rdclass, rdtype, rdata = text.split(maxsplit=4)
    return dns.rrset.from_text(dns.name.from_text(owner), int(ttl), rdclass, rdtype, rdata)


def with_question(message: bytes, question: bytes) -> bytes:
    """`message`, whose question is replaced by octets of the same length."""
    return message[:_HEADER] + question + message[_HEADER + len(question) :]


def with_id(message: bytes, ident: int) -> bytes:
    """`message` under another id."""
    return ident.to_bytes(2, "big") + message[2:]


# Ready scripts.


def silent(_: Received) -> Iterable[Step]:
    """Never answer."""
    return ()


def always(*records: str, rcode: str = "NOERROR", delay: float = 0.0) -> Script:
    """Answer every query with `records`, whatever was asked, after `delay` seconds."""

    def script(query: Received) -> Iterable[Step]:
        message = answer(query, *records, rcode=rcode)
        return [(delay, message)] if delay else [message]

    return script


def addressed(address: str = "192.0.2.1", *, ttl: int = 60, delay: float = 0.0) -> Script:
    """Answer every A question with `address`, every other with NODATA, after `delay` seconds."""

    def script(query: Received) -> Iterable[Step]:
        records = [f"{query.name} {ttl} IN A {address}"] if query.qtype == "A" else []
        soa = f"{query.name} {ttl} IN SOA ns.invalid. root.invalid. 1 3600 600 86400 {ttl}"
        message = answer(query, *records, authority=[] if records else [soa])
        return [(delay, message)] if delay else [message]

    return script


def truncating(full: Script) -> Script:
    """Over UDP only TC=1 and the question; over TCP what `full` says."""

    def script(query: Received) -> Iterable[Step]:
        return [answer(query, tc=True)] if query.transport == "udp" else full(query)

    return script


def by_name(scripts: Mapping[str, Script], otherwise: Script = silent) -> Script:
    """The behaviour chosen by the queried name (absolute, lower case: "slow.example.")."""

    def script(query: Received) -> Iterable[Step]:
        return scripts.get(query.name.lower(), otherwise)(query)

    return script


def in_turn(*scripts: Script) -> Script:
    """The first script for the first query, and so on; the last one for all that follow."""
    turns = itertools.chain(scripts[:-1], itertools.repeat(scripts[-1]))
    return lambda query: next(turns)(query)
