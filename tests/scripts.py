"""What a scripted upstream is asked and what it may do: queries, steps, answers, ready scripts."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

_HEADER = 12
_LARGEST = 65535


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
