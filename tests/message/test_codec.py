"""The messages this server itself asks and reads."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
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
