"""The messages this server itself asks and reads."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.errors import FormatError
from blockfilter.message import codec
from blockfilter.message.question import UDP_MAX, read
from tests.strategies import damage, examples


@pytest.mark.parametrize("edns", [True, False])
def test_a_query_of_our_own_is_one_for_dnspython_and_for_ourselves(edns):
    packet = codec.query("check.blockfilter.test", "AAAA", ident=4711, edns=edns)
    message = dns.message.from_wire(packet)
    assert message.id == 4711
    assert message.flags == dns.flags.RD
    assert message.question[0].to_text() == "check.blockfilter.test. IN AAAA"
    assert message.edns == (0 if edns else -1)
    assert message.payload == (UDP_MAX if edns else 0)
    assert read(packet).name == b"\5check\x0bblockfilter\4test\0"


def _response(rcode: str, *codes: int) -> bytes:
    query = dns.message.make_query("example.com", "A", use_edns=0, id=9)
    message = dns.message.make_response(query)
    message.set_rcode(dns.rcode.from_text(rcode))
    options: list[dns.edns.Option] = [
        dns.edns.EDEOption(dns.edns.EDECode.make(code), "words") for code in codes
    ]
    message.use_edns(0, 0, 1232, options=options)
    return message.to_wire()


def test_a_response_says_id_rcode_and_extended_errors():
    assert codec.read_reply(_response("NXDOMAIN", 15, 22)) == codec.Reply(9, 3, False, (15, 22))
    assert codec.read_reply(_response("SERVFAIL")) == codec.Reply(9, 2, False, ())


def test_a_truncated_response_says_so():
    message = dns.message.from_wire(_response("NOERROR"))
    message.flags |= dns.flags.TC
    assert codec.read_reply(message.to_wire()).truncated


@examples(250)
@given(st.one_of(st.binary(max_size=60), damage(_response("NXDOMAIN", 15))))
def test_reading_a_reply_raises_nothing_but_format_error(octets):
    try:
        codec.read_reply(octets)
    except FormatError as error:
        assert "example" not in str(error)


def _found(*records: str, name: str = "www.Ads.example", rcode: str = "NOERROR") -> codec.Found:
    message = dns.message.make_response(dns.message.make_query(name, "A", use_edns=0))
    message.set_rcode(dns.rcode.from_text(rcode))
    for text in records:
        owner, rtype, data = text.split(maxsplit=2)
        message.answer.append(dns.rrset.from_text(owner, 60, "IN", rtype, data))
    return codec.read_found(message.to_wire())


def test_a_look_reads_where_a_name_leads_what_is_there_and_who_serves_it():
    found = _found(
        "www.ads.example. CNAME B.example.",
        "b.example. CNAME c.test.",
        "c.test. A 192.0.2.1",
        "c.test. AAAA 2001:db8::1",
        "www.ads.example. NS ns1.example.",
        "b.example. NS ns2.example.",
    )
    assert found == codec.Found(
        rcode=0,
        ede=(),
        aliases=(b"\1b\7example\0", b"\1c\4test\0"),
        addresses=(bytes((192, 0, 2, 1)), bytes.fromhex("20010db8000000000000000000000001")),
        servers=(b"\3ns1\7example\0",),
    )


def test_records_that_belong_to_another_name_are_passed_over():
    found = _found(
        "other.example. CNAME b.example.", "b.example. A 192.0.2.1", "example. NS a.test."
    )
    assert found == codec.Found(0, (), (), (), ())
    assert _found(rcode="NXDOMAIN").rcode == 3


def test_aliases_in_a_circle_end():
    found = _found("www.ads.example. CNAME b.example.", "b.example. CNAME www.ads.example.")
    assert found.aliases == (b"\1b\7example\0",)


def test_labels_are_read_as_their_octets_and_no_others_than_dnslib_knows():
    found = _found(r"www.ads.example. CNAME a\.b\032c.example.")
    assert found.aliases == (b"\5a.b c\7example\0",)
    with pytest.raises(FormatError):
        _found(r"www.ads.example. CNAME a\000\255.example.")


@pytest.mark.parametrize("rtype", [1, 2, 5, 28])
def test_a_record_without_data_is_no_message(rtype):
    message = bytearray(
        dns.message.make_response(dns.message.make_query("a.example", "A")).to_wire()
    )
    message[7] = 1
    message += b"\xc0\x0c" + bytes((0, rtype, 0, 1, 0, 0, 0, 60, 0, 0))
    with pytest.raises(FormatError):
        codec.read_found(bytes(message))


def test_extended_errors_are_read_by_a_look_too():
    assert codec.read_found(_response("NXDOMAIN", 15)).ede == (15,)


_LOOKED = dns.message.make_response(dns.message.make_query("a.example", "A", use_edns=0))
for _text in ("a.example. CNAME b.example.", "b.example. A 192.0.2.1", "a.example. NS c.example."):
    _owner, _rtype, _data = _text.split()
    _LOOKED.answer.append(dns.rrset.from_text(_owner, 60, "IN", _rtype, _data))


@examples(400)
@given(st.one_of(st.binary(max_size=80), damage(_LOOKED.to_wire())))
def test_reading_a_look_raises_nothing_but_format_error(octets):
    try:
        codec.read_found(octets)
    except FormatError as error:
        assert "example" not in str(error)
