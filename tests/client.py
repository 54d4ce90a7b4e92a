"""A client of a server: asks over UDP and TCP from any address of this machine, and reads what comes.

dnspython makes the queries and reads the responses, so that no octet is judged by the code that
made it. What must be broken on purpose is sent as octets.
"""

import contextlib
import socket
from collections.abc import Sequence
from typing import NamedTuple, Self

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query

PATIENCE = 20.0  # seconds anything may take on a busy machine before the test fails


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Stream:
    """A TCP connection to a server."""

    def __init__(self, address: Address, source: str | None) -> None:
        self.socket = socket.create_connection(
            address, PATIENCE, (source, 0) if source is not None else None
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *packets: bytes) -> None:
        """The packets, each behind its length, in one write."""
        self.socket.sendall(b"".join(len(one).to_bytes(2, "big") + one for one in packets))

    def receive(self, seconds: float = PATIENCE) -> bytes | None:
        """The next message; None if the server closed. TimeoutError if neither happens."""
        self.socket.settimeout(seconds)
        while len(self._buffer) < 2 or len(self._buffer) < 2 + int.from_bytes(self._buffer[:2]):
            try:
                octets = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not octets:
                return None
            self._buffer += octets
        end = 2 + int.from_bytes(self._buffer[:2])
        message, self._buffer = self._buffer[2:end], self._buffer[end:]
        return message

    def ends(self, seconds: float) -> bool:
        """Whether the server closes within `seconds` without sending anything."""
        try:
            return self.receive(seconds) is None
        except TimeoutError:
            return False


def query(
    name: str | dns.name.Name,
    rdtype: str = "A",
    *,
    edns: bool = True,
    payload: int = 1232,
    options: Sequence[dns.edns.Option] = (),
    flags: str = "RD",
    do: bool = False,
) -> dns.message.QueryMessage:
    """A query as stubs send it: `flags` of the header in text, `do` for DNSSEC records."""
    message = dns.message.make_query(name, rdtype)
    message.flags = dns.flags.from_text(flags)
    if edns:
        message.use_edns(0, dns.flags.DO if do else 0, payload, options=list(options))
    return message


def option(code: int, data: bytes = b"") -> dns.edns.GenericOption:
    """An EDNS option of any code."""
    return dns.edns.GenericOption(dns.edns.OptionType.make(code), data)


class Client:
    """Asks one server, from whatever address it is told."""

    def __init__(self, address: Address) -> None:
        self.address = address

    def send(
        self,
        message: dns.message.Message,
        *,
        tcp: bool = False,
        source: str | None = None,
        seconds: float = PATIENCE,
    ) -> dns.message.Message:
        """The response to `message`; dnspython checks id, question and form."""
        host, port = self.address
        if tcp:
            return dns.query.tcp(message, host, seconds, port, source=source)
        return dns.query.udp(message, host, seconds, port, source=source)

    def ask(
        self,
        name: str | dns.name.Name,
        rdtype: str = "A",
        *,
        tcp: bool = False,
        source: str | None = None,
        seconds: float = PATIENCE,
        edns: bool = True,
        payload: int = 1232,
        options: Sequence[dns.edns.Option] = (),
        flags: str = "RD",
        do: bool = False,
    ) -> dns.message.Message:
        """The response to a question."""
        message = query(
            name, rdtype, edns=edns, payload=payload, options=options, flags=flags, do=do
        )
        return self.send(message, tcp=tcp, source=source, seconds=seconds)

    def octets(
        self, packet: bytes, *, source: str | None = None, seconds: float = PATIENCE
    ) -> bytes:
        """The datagram that comes back for `packet`."""
        with self.datagrams(source) as sock:
            sock.settimeout(seconds)
            sock.send(packet)
            return sock.recv(65535)

    def keeps_silent(self, packet: bytes) -> bool:
        """Whether `packet` is not answered: what is asked after it is answered, and nothing else."""
        last = query("listed.example").to_wire()
        with self.datagrams() as sock:
            sock.settimeout(PATIENCE)
            sock.send(packet)
            sock.send(last)
            if sock.recv(65535)[:2] != last[:2]:
                return False
            sock.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                return not sock.recv(65535)
        return True

    def datagrams(self, source: str | None = None) -> socket.socket:
        """A UDP socket connected to the server."""
        family = socket.AF_INET6 if ":" in self.address.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        if source is not None:
            sock.bind((source, 0))
        sock.connect(self.address)
        return sock

    def stream(self, source: str | None = None) -> Stream:
        """A TCP connection to the server."""
        return Stream(self.address, source)
