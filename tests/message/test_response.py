"""Every answer this server makes, as dnspython and dnslib read it."""

import dns.edns
import dns.flags
import dns.message
import dns.rdatatype
import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.message import response
from blockfilter.message.question import UDP_PLAIN, read
from tests.strategies import examples, host_names, queries

_BLOCK = response.Block(
    60, (bytes((192, 0, 2, 80)), bytes((192, 0, 2, 81))), (bytes(15) + b"\x50",)
)
_MADE = {
    "blocked nxdomain": lambda query: response.blocked_nxdomain(query, _BLOCK),
    "blocked nodata": lambda query: response.blocked_nodata(query, _BLOCK),
    "blocked addresses": lambda query: response.blocked_addresses(query, _BLOCK),
    "nxdomain": lambda query: response.nxdomain(query, 3600),
    "nodata": lambda query: response.nodata(query, 3600),
    "addresses": lambda query: response.addresses(query, _BLOCK),
    "any": response.minimal_any,
    "truncated": response.truncated,
    "servfail": lambda query: response.servfail(query, 22),
    "refused": response.refused,
    "badvers": response.badvers,
}
_RCODES = {
    "blocked nxdomain": 3,
    "nxdomain": 3,
    "servfail": 2,
    "refused": 5,
}


@examples(120)
@given(queries(), st.sampled_from(sorted(_MADE)))
def test_whatever_is_asked_dnspython_reads_the_answer(asked, kind):
    octets = _MADE[kind](read(asked.packet))
    message = dns.message.from_wire(octets)
    assert message.id == asked.ident
    assert (
        octets[12 : 12 + len(asked.name.to_wire()) + 4]
        == asked.packet[12:][: len(asked.name.to_wire()) + 4]
    )
    echoed = dns.flags.RD | dns.flags.CD
    tc = dns.flags.TC if kind == "truncated" else 0
    assert message.flags & 0xFFF0 == dns.flags.QR | dns.flags.RA | tc | asked.flags & echoed
    assert message.edns == (0 if asked.edns else -1)
    if asked.edns:
        assert message.payload == 1232
        assert bool(message.ednsflags & dns.flags.DO) == asked.do
        assert message.rcode() == (16 if kind == "badvers" else _RCODES.get(kind, 0))
        length = 11 + sum(4 + len(option.to_wire()) for option in message.options)
        assert octets[-length:][:3] == b"\0\0\x29"  # the OPT is the last record
    assert message.additional == []
    assert len(octets) <= UDP_PLAIN


@examples(60)
@given(queries(), st.integers(1, 86400), st.booleans())
def test_a_denial_has_a_soa_that_stubs_may_keep_for_the_configured_time(asked, ttl, denied):
    make = response.blocked_nxdomain if denied else response.blocked_nodata
    message = dns.message.from_wire(make(read(asked.packet), response.Block(ttl)))
    (soa,) = message.authority
    assert soa.rdtype == dns.rdatatype.SOA
    assert (soa.name, soa.ttl, soa[0].minimum) == (asked.name, ttl, ttl)
    assert soa[0].mname.to_text() == "blockfilter.invalid."
    assert soa[0].rname.to_text() == "hostmaster.blockfilter.invalid."
    assert message.answer == []
    assert message.rcode() == (3 if denied else 0)


@examples(60)
@given(queries(names=host_names), st.sampled_from(["blocked nxdomain", "blocked addresses", "any"]))
def test_dnslib_reads_it_too(asked, kind):
    record = dnslib.DNSRecord.parse(_MADE[kind](read(asked.packet)))
    assert record.q.qname.label == asked.name.labels[:-1]
    assert (record.header.ra, record.header.aa) == (1, 0)
    assert len(record.ar) == asked.edns
    assert {str(one.rname).lower() for one in record.rr + record.auth} == {
        str(record.q.qname).lower()
    }


def test_a_block_says_blocked_and_neither_name_nor_reason():
    query = read(dns.message.make_query("Www.secret.example", "A", use_edns=0).to_wire())
    for kind in ("blocked nxdomain", "blocked nodata", "blocked addresses"):
        (option,) = dns.message.from_wire(_MADE[kind](query)).options
        assert isinstance(option, dns.edns.EDEOption)
        assert (option.code, option.text) == (15, "blocked by policy")
    for kind in ("nxdomain", "nodata", "addresses", "any", "truncated", "badvers"):
        assert dns.message.from_wire(_MADE[kind](query)).options == ()


@pytest.mark.parametrize(
    ("qtype", "records"),
    [
        ("A", ["192.0.2.80", "192.0.2.81"]),
        ("AAAA", ["::50"]),
        ("HTTPS", []),
        ("TXT", []),
        ("ANY", []),
    ],
)
def test_addresses_answer_a_and_aaaa_and_deny_every_other_type(qtype, records):
    query = read(dns.message.make_query("x.example", qtype).to_wire())
    message = dns.message.from_wire(response.addresses(query, _BLOCK))
    assert [rdata.to_text() for one in message.answer for rdata in one] == records
    assert bool(message.authority) == (not records)
    assert message.rcode() == 0


def test_without_addresses_of_a_family_that_family_is_denied():
    query = read(dns.message.make_query("x.example", "AAAA").to_wire())
    message = dns.message.from_wire(response.addresses(query, response.Block(60, _BLOCK.v4)))
    assert (message.answer, len(message.authority)) == ([], 1)


def test_a_failure_says_why_only_where_there_is_a_why():
    query = read(dns.message.make_query("x.example", "A", use_edns=0).to_wire())
    assert dns.message.from_wire(response.servfail(query)).options == ()
    (option,) = dns.message.from_wire(response.servfail(query, 23)).options
    assert isinstance(option, dns.edns.EDEOption)
    assert (option.code, option.text) == (23, None)
