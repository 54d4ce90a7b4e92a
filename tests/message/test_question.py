"""The query parser against two other parsers, and against everything that is no query."""

import dns.message
import dns.name
import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.errors import FormatError
from blockfilter.message import name as names
from blockfilter.message.question import (
    AD,
    BADVERS,
    CD,
    NOERROR,
    RD,
    REFUSED,
    UDP_MAX,
    UDP_PLAIN,
    each_option,
    end_of_question,
    read,
    verdict,
)
from tests.strategies import damage, examples, host_names, queries

_HEAD = b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0"
_HEAD_OPT = _HEAD[:-1] + b"\1"
_NAME = b"\7Example\3cOm\0"
_A = b"\0\1\0\1"
_QUESTION = _NAME + _A
_OPT = b"\0\0\x29\x04\xd0\0\0\0\0"  # without RDLENGTH


def _opt(options: bytes = b"", size: int = 1232, ttl: int = 0) -> bytes:
    fixed = b"\0\0\x29" + size.to_bytes(2, "big") + ttl.to_bytes(4, "big")
    return fixed + len(options).to_bytes(2, "big") + options


@examples(150)
@given(queries())
def test_what_dnspython_asks_is_read_field_by_field(asked):
    query = read(asked.packet)
    assert query.id == asked.ident
    assert query.flags == asked.flags
    assert query.name == asked.name.canonicalize().to_wire()
    assert query.question[:-4] == asked.name.to_wire()
    assert (query.qtype, query.qclass) == (asked.qtype, asked.qclass)
    assert query.edns == asked.edns
    assert query.size == (min(max(asked.size, UDP_PLAIN), UDP_MAX) if asked.edns else UDP_PLAIN)
    assert (query.version, query.do) == (asked.version, asked.do)
    assert tuple(each_option(query.options)) == asked.options
    assert query.authentic == (asked.do or asked.flags & AD != 0)
    assert query.key == (query.name, asked.qtype, asked.do, asked.flags & CD != 0)


@examples(60)
@given(queries(names=host_names))
def test_what_dnspython_asks_is_read_as_dnslib_reads_it(asked):
    query, other = read(asked.packet), dnslib.DNSRecord.parse(asked.packet)
    assert (query.id, query.qtype, query.qclass) == (other.header.id, other.q.qtype, other.q.qclass)
    assert names.split(query.name) == tuple(label.lower() for label in other.q.qname.label)
    assert bool(query.flags & RD) == bool(other.header.rd)
    assert bool(query.flags & AD) == bool(other.header.ad)
    assert bool(query.flags & CD) == bool(other.header.cd)
    assert query.edns == bool(other.ar)
    for record in other.ar:
        assert query.size == min(max(record.edns_len, UDP_PLAIN), UDP_MAX)
        assert (query.version, query.do) == (record.edns_ver, bool(record.edns_do))
        read_there = [(option.code, bytes(option.data)) for option in record.rdata]
        options = each_option(query.options)
        if options and not options[-1][1]:
            del options[-1]  # dnslib overlooks a last option without a value
        assert options == read_there


@examples(60)
@given(
    host_names,
    st.sampled_from(["A", "AAAA", "MX", "TXT", "HTTPS", "DS"]),
    st.one_of(st.none(), st.integers(0, 65535)),
    st.lists(st.tuples(st.integers(20, 60000), st.binary(max_size=12)), max_size=3),
)
def test_what_dnslib_asks_is_read_field_by_field(name, qtype, size, options):
    number = getattr(dnslib.QTYPE, qtype)
    record = dnslib.DNSRecord(
        dnslib.DNSHeader(id=77, rd=1),
        q=dnslib.DNSQuestion(dnslib.DNSLabel(list(name.labels[:-1])), number),
    )
    if size is not None:
        opts = [dnslib.EDNSOption(code, data) for code, data in options]
        record.add_ar(dnslib.EDNS0(udp_len=size, flags="do", opts=opts))
    query = read(bytes(record.pack()))
    assert (query.id, query.flags, query.qtype, query.qclass) == (77, RD, number, 1)
    assert query.name == name.canonicalize().to_wire()
    assert query.edns == query.do == (size is not None)
    assert each_option(query.options) == (options if size is not None else [])


@examples(200)
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(lambda tail: _HEAD_OPT + tail)))
def test_arbitrary_octets_raise_nothing_but_format_error(octets):
    _read_or_refuse(octets)


@examples(200)
@given(queries().flatmap(lambda asked: damage(asked.packet)))
def test_damaged_queries_raise_nothing_but_format_error(octets):
    _read_or_refuse(octets)


def _read_or_refuse(octets):
    try:
        query = read(octets)
    except FormatError:
        return
    # What is accepted is a query to the last octet: put together again, it is the packet.
    assert len(query.question) == end_of_question(octets) - 12
    assert 1 <= len(query.name) <= names.MAX_NAME
    assert names.from_labels(names.split(query.name)) == query.name
    assert dns.name.from_wire(octets, 12)[0].canonicalize().to_wire() == query.name
    size_of_opt = 11 + len(query.options) if query.edns else 0
    if query.qtype != 251:  # an IXFR query may bring a SOA
        assert 12 + len(query.question) + size_of_opt == len(octets)
    assert UDP_PLAIN <= query.size <= UDP_MAX
    verdict(query)


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(_HEAD, id="no question though one is announced"),
        pytest.param(_HEAD[:4] + b"\0\0" + _HEAD[6:] + _QUESTION, id="question count 0"),
        pytest.param(_HEAD[:4] + b"\0\2" + _HEAD[6:] + _QUESTION * 2, id="question count 2"),
        pytest.param(_HEAD[:4] + b"\1\1" + _HEAD[6:] + _QUESTION, id="question count 257"),
        pytest.param(_HEAD[:6] + b"\0\1\0\0\0\0" + _QUESTION, id="an answer record is announced"),
        pytest.param(_HEAD[:8] + b"\0\1\0\0" + _QUESTION, id="an authority record is announced"),
        pytest.param(_HEAD + _NAME, id="no type"),
        pytest.param(_HEAD + _NAME + b"\0\1", id="no class"),
        pytest.param(_HEAD + _NAME + b"\0\1\0", id="half a class"),
        pytest.param(_HEAD + _NAME[:-1], id="a name without its end"),
        pytest.param(_HEAD + b"\x0aexample\0" + _A, id="a label longer than the packet"),
        pytest.param(_HEAD + b"\xc0\x0c" + _A, id="a pointer to itself"),
        pytest.param(_HEAD + b"\1a\xc0\x0c" + _A, id="a pointer behind a label"),
        pytest.param(_HEAD + b"\xc0\x00" + _A, id="a pointer into the header"),
        pytest.param(_HEAD + b"\x40a\0" + _A, id="an extended label (RFC 6891 section 5)"),
        pytest.param(_HEAD + b"\x80a\0" + _A, id="a reserved label type"),
        pytest.param(_HEAD + (b"\x3f" + b"x" * 63) * 4 + b"\0" + _A, id="a name of 257 octets"),
        pytest.param(
            _HEAD + (b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"y" * 62 + b"\0" + _A,
            id="a name of 256 octets",
        ),
        pytest.param(_HEAD + _QUESTION + b"\0", id="one octet too many"),
        pytest.param(_HEAD + _QUESTION + _opt(), id="an OPT that is not announced"),
        pytest.param(_HEAD_OPT + _QUESTION, id="an OPT that is not there"),
        pytest.param(_HEAD_OPT + _QUESTION + _opt() + b"x", id="an octet behind the OPT"),
        pytest.param(_HEAD[:-1] + b"\2" + _QUESTION + _opt() * 2, id="two OPTs"),
        pytest.param(_HEAD[:-1] + b"\2" + _QUESTION + _opt(), id="two announced, one there"),
        pytest.param(_HEAD_OPT + _QUESTION + b"\1x" + _opt(), id="an OPT with an owner name"),
        pytest.param(_HEAD_OPT + _QUESTION + b"\xc0\x0c" + _opt()[1:], id="an OPT of the question"),
        pytest.param(_HEAD_OPT + _QUESTION + b"\0\0\1" + _opt()[3:], id="a record that is no OPT"),
        pytest.param(_HEAD_OPT + _QUESTION + _OPT, id="an OPT without a length"),
        pytest.param(_HEAD_OPT + _QUESTION + _OPT + b"\0", id="an OPT with half a length"),
        pytest.param(_HEAD_OPT + _QUESTION + _OPT + b"\0\4", id="an OPT longer than the packet"),
        pytest.param(_HEAD_OPT + _QUESTION + _OPT + b"\0\0\0\1\0\0", id="an OPT shorter than it"),
        pytest.param(_HEAD_OPT + _QUESTION + _opt(b"\0\3\0"), id="an option cut in its head"),
        pytest.param(_HEAD_OPT + _QUESTION + _opt(b"\0\3\0\2x"), id="an option cut in its value"),
        pytest.param(_HEAD_OPT + _QUESTION + _opt(b"\0\x0a\0\7seventh"), id="a cookie of 7 octets"),
        pytest.param(
            _HEAD_OPT + _QUESTION + _opt(b"\0\x0a\0\x0f" + bytes(15)), id="a cookie of 15 octets"
        ),
        pytest.param(
            _HEAD_OPT + _QUESTION + _opt(b"\0\x0a\0\x29" + bytes(41)), id="a cookie of 41 octets"
        ),
    ],
)
def test_what_is_not_exactly_one_query_is_refused(packet):
    with pytest.raises(FormatError):
        read(packet)


def test_the_longest_name_is_read():
    name = (b"\x3f" + b"X" * 63) * 3 + b"\x3d" + b"Y" * 61 + b"\0"
    assert len(name) == 255
    assert read(_HEAD + name + _A).name == name.lower()


def test_the_root_and_binary_labels_are_names():
    assert read(_HEAD + b"\0" + _A).name == b"\0"
    assert read(_HEAD + b"\3a.b\2\xff\0\0" + _A).name == b"\3a.b\2\xff\0\0"


def test_a_dot_in_a_label_is_no_border_between_labels():
    one, two = read(_HEAD + b"\3a.b\0" + _A), read(_HEAD + b"\1a\1b\0" + _A)
    assert one.name != two.name
    assert one.key != two.key


@pytest.mark.parametrize(
    ("announced", "limit"),
    [
        (0, 512),
        (511, 512),
        (512, 512),
        (513, 513),
        (1231, 1231),
        (1232, 1232),
        (1233, 1232),
        (65535, 1232),
    ],
)
def test_an_announced_size_is_taken_between_512_and_1232(announced, limit):
    assert read(_HEAD_OPT + _QUESTION + _opt(size=announced)).size == limit


def test_unknown_options_and_flags_are_no_obstacle():
    options = b"\xfe\xdc\0\3abc" + b"\0\x0c\0\0" + b"\0\x08\0\7\0\1\x18\0\xc0\0\2"
    query = read(_HEAD_OPT + _QUESTION + _opt(options, ttl=0x7FFF))
    assert (query.do, query.version) == (False, 0)
    assert [code for code, _ in each_option(query.options)] == [0xFEDC, 12, 8]
    assert verdict(query) == NOERROR
    assert read(b"\0\0\x07\x70" + _HEAD[4:] + _QUESTION).flags == 0x0770


@pytest.mark.parametrize("length", [8, 16, 24, 40])
def test_a_cookie_of_a_lawful_length_is_no_obstacle(length):
    option = b"\0\x0a" + length.to_bytes(2, "big") + bytes(length)
    assert read(_HEAD_OPT + _QUESTION + _opt(option)).options == option


@pytest.mark.parametrize(
    ("qtype", "qclass", "version", "expected"),
    [
        *((qtype, 1, 0, NOERROR) for qtype in (1, 28, 5, 43, 64, 65, 255, 257, 999, 65280, 65535)),
        *((qtype, 1, 0, REFUSED) for qtype in (41, 249, 250, 251, 252, 253, 254)),
        *((1, qclass, 0, REFUSED) for qclass in (0, 2, 3, 4, 254, 255, 65535)),
        *((qtype, qclass, 1, BADVERS) for qtype in (1, 252) for qclass in (1, 3)),
        (1, 1, 255, BADVERS),
    ],
)
def test_which_queries_are_served_is_a_table(qtype, qclass, version, expected):
    question = _NAME + qtype.to_bytes(2, "big") + qclass.to_bytes(2, "big")
    assert verdict(read(_HEAD_OPT + question + _opt(ttl=version << 16))) == expected


def test_a_transfer_may_tell_its_serial_in_a_soa_and_nothing_else_may():
    question, other = _NAME + b"\0\xfb\0\1", _NAME + b"\0\1\0\1"
    soa = b"\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0" + bytes(20)
    head = _HEAD[:8] + b"\0\1\0\0"
    assert verdict(read(head + question + soa)) == REFUSED
    assert verdict(read(head[:-1] + b"\1" + question + soa + _opt())) == REFUSED
    for packet in (head + other + soa, head + question + soa[:-1], head + question + soa[:9]):
        with pytest.raises(FormatError):
            read(packet)
