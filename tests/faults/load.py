"""Mixed load from many loopback addresses, and an account of what was asked and what was answered.

One UDP socket sends from any address of 127.0.0.0/8 (IP_PKTINFO), so that every query may come from
a device of its own; a few TCP connections pipeline beside it; an upstream answers what is forwarded.
Nothing here runs by itself: the caller's selector says when there is something to read.
"""

import random
import selectors
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from blockfilter.hits.hit import Cell
from blockfilter.message import name as names

IN_FLIGHT = 64
_STREAMS, _PIPELINED = 2, 4  # TCP connections and queries on each, part of IN_FLIGHT
_RETURNING = 40  # devices of a lane that ask in every life of the server
_IP_PKTINFO = 8
_NXDOMAIN = 3
_TAIL = b"\0\1\0\1"  # A, IN


class Kind(NamedTuple):
    """A sort of query. Its answer proves a hit of `cell`, if `rcode` is None or the answer's."""

    cell: Cell | None
    name: str
    fresh: bool = False  # under a label never used before: no cache knows it
    rcode: int | None = None


class Asked(NamedTuple):
    """A query under way."""

    client: str
    kind: Kind


@dataclass
class Account:
    """Which device met which cell: what was asked, and what was answered, over all lives."""

    asked: set[tuple[str, Cell]] = field(default_factory=set)
    answered: set[tuple[str, Cell]] = field(default_factory=set)
    responses: int = 0
    in_flight: list[int] = field(default_factory=list)  # at each kill


def kinds(blocked: dict[str, Cell], monitored: dict[str, Cell]) -> list[Kind]:
    """Mixed load: names on the list, aliases of such names, monitored and other names."""
    every = []
    for name, cell in blocked.items():
        every += [Kind(cell, name), Kind(cell, name, fresh=True)]
        every.append(Kind(cell, f"alias-of.{name}.alias.example", True, _NXDOMAIN))
    for name, cell in monitored.items():
        every += [Kind(cell, name), Kind(cell, name, fresh=True)] * 2
    return every + [Kind(None, "open.example"), Kind(None, "open.example", fresh=True)] * 4


class Load:
    """The clients of one server, and its upstream. A lane is a /16 of loopback addresses."""

    def __init__(
        self, lane: int, port: int, every: list[Kind], selector: selectors.BaseSelector
    ) -> None:
        self.account = Account()
        self._lane, self._server, self._kinds, self._selector = (
            lane,
            ("127.0.0.1", port),
            every,
            selector,
        )
        self._random = random.Random()
        self._serial = count(1)
        self._pending: dict[tuple[str, int], Asked] = {}
        self._flying, self._alive = 0, False
        self._streams: list[_Stream] = []
        self._udp = _udp_socket("0.0.0.0")
        self._udp.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._upstream = _udp_socket("127.0.0.1")
        self.upstream_port: int = self._upstream.getsockname()[1]
        selector.register(self._udp, selectors.EVENT_READ, self._on_response)
        selector.register(self._upstream, selectors.EVENT_READ, self._on_forwarded)

    def begin(self) -> None:
        """The server is ready: from now on IN_FLIGHT queries are under way at any moment."""
        self._flying, self._alive = 0, True
        for _ in range(_STREAMS):
            client = self._client()
            self._streams.append(_Stream(client, self._server))
            self._selector.register(self._streams[-1].sock, selectors.EVENT_READ, self._streams[-1])
            self._ask(self._streams[-1], _PIPELINED)
        self._fill()

    def _fill(self) -> None:
        while self._flying < IN_FLIGHT - _STREAMS * _PIPELINED:
            client = self._client()
            packet = self._query(client)
            source = struct.pack("=i4s4s", 0, socket.inet_aton(client), bytes(4))
            ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, source)]
            self._udp.sendmsg([packet], ancillary, 0, self._server)
            self._flying += 1

    def end(self) -> None:
        """The server was killed: note what was in flight, and hear the last it said."""
        streams = sum(stream.unanswered for stream in self._streams)
        self.account.in_flight.append(self._flying + streams)
        self._alive = False
        self._on_response()
        for stream in self._streams:
            self.on_stream(stream)
            self._selector.unregister(stream.sock)
            stream.sock.close()
        self._streams.clear()

    def close(self) -> None:
        """Let go of the sockets."""
        self._udp.close()
        self._upstream.close()

    def on_stream(self, stream: "_Stream") -> None:
        """Read responses from a TCP connection, and ask again for each."""
        responses = stream.read()
        for packet in responses:
            self._hear(stream.client, packet)
        if self._alive and responses:
            self._ask(stream, len(responses))

    def _on_response(self) -> None:
        with suppress(BlockingIOError):
            while True:
                packet, ancillary, _, _ = self._udp.recvmsg(4096, 128)
                for _, _, data in ancillary:
                    self._flying -= self._hear(socket.inet_ntoa(data[8:12]), packet)
                if self._alive:
                    self._fill()

    def _hear(self, client: str, packet: bytes) -> bool:
        asked = self._pending.pop((client, int.from_bytes(packet[:2], "big")), None)
        if asked is None:
            return False
        kind = asked.kind
        self.account.responses += 1
        if kind.cell and kind.rcode in (None, packet[3] & 0x0F):
            self.account.answered.add((client, kind.cell))
        return True

    def _on_forwarded(self) -> None:
        with suppress(OSError):  # BlockingIOError: all read; others: the asking port is gone
            while True:
                packet, source = self._upstream.recvfrom(4096)
                self._upstream.sendto(_upstream_answer(packet), source)

    def _ask(self, stream: "_Stream", times: int) -> None:
        stream.send([self._query(stream.client) for _ in range(times)])

    def _client(self) -> str:
        if self._random.random() < 0.3:
            return f"127.{self._lane}.0.{self._random.randrange(1, _RETURNING + 1)}"
        number = next(self._serial) % 65000 + 256
        return f"127.{self._lane}.{number >> 8}.{number & 255}"

    def _query(self, client: str) -> bytes:
        kind = self._random.choice(self._kinds)
        name = f"n{next(self._serial)}.{kind.name}" if kind.fresh else kind.name
        number = self._random.randrange(65536)
        while (client, number) in self._pending:
            number = self._random.randrange(65536)
        self._pending[client, number] = Asked(client, kind)
        if kind.cell:
            self.account.asked.add((client, kind.cell))
        return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + names.from_text(name) + _TAIL


class _Stream:
    """One TCP connection with queries in a pipeline."""

    def __init__(self, client: str, server: tuple[str, int]) -> None:
        self.client, self.unanswered = client, 0
        self._buffer = b""
        self.sock = socket.create_connection(server, timeout=5, source_address=(client, 0))
        self.sock.setblocking(False)

    def send(self, packets: list[bytes]) -> None:
        self.unanswered += len(packets)
        with suppress(OSError):  # the server is gone; its end is noticed elsewhere
            self.sock.sendall(b"".join(struct.pack("!H", len(one)) + one for one in packets))

    def read(self) -> list[bytes]:
        with suppress(OSError):
            while octets := self.sock.recv(65536):
                self._buffer += octets
        packets = []
        while len(self._buffer) >= 2:
            end = 2 + int.from_bytes(self._buffer[:2], "big")
            if len(self._buffer) < end:
                break
            packets.append(self._buffer[2:end])
            self._buffer = self._buffer[end:]
        self.unanswered -= len(packets)
        return packets


def _upstream_answer(packet: bytes) -> bytes:
    """An address for every name; what stands under alias.example is an alias of what it says."""
    end = packet.index(0, 12) + 5
    name = packet[12 : end - 4]
    labels = names.split(name.lower())
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    records = 1
    if labels[-2:] == (b"alias", b"example"):
        target = b"".join(bytes((len(one),)) + one for one in labels[2:-2]) + b"\0"
        alias = b"\xc0\x0c\0\5\0\1\0\0\0\x3c" + struct.pack("!H", len(target)) + target
        answer, records = alias + target + answer[2:], 2
    header = packet[:2] + bytes((packet[2] | 0x80, 0x80)) + struct.pack("!4H", 1, records, 0, 0)
    return header + packet[12:end] + answer


def _udp_socket(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock
