"""Responses of an upstream: made by hypothesis and packed by dnspython, or written by hand."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from hypothesis import strategies as st

from blockfilter.message.answer import Answer, Limits, read
from blockfilter.message.question import Query
from blockfilter.message.question import read as read_query

LIMITS = Limits(max_ttl=86400, max_negative_ttl=3600)


def query(name: str = "www.example.com.", qtype: str = "A", *, do: bool = False) -> bytes:
    """A client's query with EDNS."""
    message = dns.message.make_query(name, qtype, use_edns=0, want_dnssec=do, payload=1232, id=77)
    return message.to_wire()


def respond(
    packet: bytes,
    answer: Sequence[str] = (),
    authority: Sequence[str] = (),
    additional: Sequence[str] = (),
    rcode: str = "NOERROR",
    flags: str = "QR RD RA",
) -> bytes:
    """A response to `packet` of records in zone file form ("name ttl IN type rdata")."""
    asked = dns.message.from_wire(packet)
    message = dns.message.make_response(asked, recursion_available=True)
    message.flags = dns.flags.from_text(flags)
    message.set_rcode(dns.rcode.from_text(rcode))
    sections = ((message.answer, answer), (message.authority, authority))
    for section, lines in (*sections, (message.additional, additional)):
        section += [rrset(line) for line in lines]
    return message.to_wire(max_size=65535)


def rrset(line: str) -> dns.rrset.RRset:
    """One record from its zone file form; its owner is absolute."""
    owner, ttl, rclass, rtype, rdata = line.split(None, 4)
    return dns.rrset.from_text(owner, int(ttl), rclass, rtype, rdata)


def told(packet: bytes, message: bytes, *, limits: Limits = LIMITS) -> tuple[Query, Answer]:
    """The client's query, and what is read of the upstream's message for it."""
    asked = read_query(packet)
    return asked, read(message, keep_authority=asked.do, limits=limits)


# Names that share suffixes, so that dnspython's packing has something to compress.
_LABELS = st.sampled_from(
    [b"www", b"WwW", b"cdn", b"example", b"com", b"net", b"a.b", b"\xff\x00", b"x" * 63]
)
names = st.lists(_LABELS, min_size=1, max_size=3).map(lambda labels: dns.name.Name([*labels, b""]))

_POINTING = ["CNAME", "DNAME", "NS", "MX", "PTR", "SRV", "SOA", "SVCB", "HTTPS"]
_texts = st.sampled_from(
    [
        "A 192.0.2.1",
        "AAAA 2001:db8::1",
        'TXT "one" "two\\000"',
        'CAA 0 issue "ca.example"',
        "DS 1 8 2 " + "00" * 32,
        "LOC 51 30 12.748 N 0 7 39.612 W 0.00m 0.00m 0.00m 0.00m",
        'HINFO "a" "b"',
        "RRSIG A 8 2 300 20300101000000 20200101000000 1 example.com. AAAA",
        "TYPE65280 \\# 4 c00cc00c",  # octets that look like pointers, and are none
        "TYPE65281 \\# 0",
    ]
)


def _with_name(rtype: str, name: dns.name.Name) -> str:
    return {
        "SVCB": f"1 {name} alpn=h2",
        "HTTPS": f"1 {name} alpn=h2 ipv4hint=192.0.2.9",
        "MX": f"10 {name}",
        "SRV": f"0 0 443 {name}",
        "SOA": f"{name} {name} 1 2 3 4 300",
    }.get(rtype, str(name))


@functools.cache
def _rdata(rtype: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text("IN", rtype, text)


@st.composite
def _rrsets(draw: st.DrawFn) -> dns.rrset.RRset:
    if draw(st.booleans()):
        rtype, text = draw(_texts).split(" ", 1)
    else:
        rtype = draw(st.sampled_from(_POINTING))
        text = _with_name(rtype, draw(names))
    ttl = draw(st.one_of(st.integers(0, 4000), st.integers(80000, 2**31 - 1)))
    return dns.rrset.from_rdata(draw(names), ttl, _rdata(rtype, text))


class Response(NamedTuple):
    """A client's query, an upstream's message and the same as dnspython holds it."""

    packet: bytes
    wire: bytes
    message: dns.message.Message


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """A response of many records, some of the queried name and some of others, compressed."""
    name, rtype = draw(names), draw(st.sampled_from(["A", "AAAA", "HTTPS", "MX", "TYPE65280"]))
    edns = draw(st.booleans())
    asked = dns.message.make_query(
        name, rtype, use_edns=0 if edns else -1, want_dnssec=edns and draw(st.booleans()), id=5
    )
    message = dns.message.make_response(asked, recursion_available=True)
    for section in (message.answer, message.authority, message.additional):
        found = draw(st.lists(_rrsets(), max_size=4))
        if draw(st.booleans()):
            for one in found:
                one.name = name
        section += found
    message.set_rcode(dns.rcode.Rcode(draw(st.sampled_from([0, 0, 0, 2, 3, 5]))))
    return Response(asked.to_wire(), message.to_wire(max_size=65535), message)
