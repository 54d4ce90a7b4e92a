"""What is not served, packet by packet, as dnspython sees the reply; and what no packet can do."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.message.question import HEADER
from tests.policy.rules import blocking, rule
from tests.resolve.transcript import Story
from tests.strategies import damage, examples, queries

_HEAD = b"\x12\x34\x01\x10\0\1\0\0\0\0\0\0"
_HEAD_OPT = _HEAD[:-1] + b"\1"
_NAME = b"\7eXample\3cOm\0"
_QUESTION = _NAME + b"\0\1\0\1"
_OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
_VERSION_1 = b"\0\0\x29\x04\xd0\0\1\x80\0\0\0"


def _told(packet: bytes) -> bytes | None:
    story = Story()
    story.send(packet)
    assert story.upstream.asked == []
    assert len(story.told) <= 1
    return story.told[0].octets if story.told else None


def _refused(packet: bytes) -> bytes | None:
    """What a client from outside is told."""
    told: list[bytes] = []
    Story().resolver.refuse(packet, told.append)
    assert len(told) <= 1
    return told[0] if told else None


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x12\x34", id="an id"),
        pytest.param(_HEAD[:11], id="11 octets"),
        pytest.param(b"\x12\x34\x81\x80" + _HEAD[4:] + _QUESTION, id="a response"),
        pytest.param(b"\x12\x34\xff\xff" + _HEAD[4:] + _QUESTION, id="a response of all flags"),
        pytest.param(b"\x12\x34\x80\0" + bytes(8), id="a response of no question"),
    ],
)
def test_silence(packet):
    assert _told(packet) is None
    assert _refused(packet) is None


_FORMERR = [
    pytest.param(_HEAD, b"", False, id="no question"),
    pytest.param(_HEAD[:4] + bytes(8), b"", False, id="question count 0"),
    pytest.param(_HEAD[:4] + b"\0\2" + _HEAD[6:] + _QUESTION * 2, b"", False, id="two questions"),
    pytest.param(_HEAD + b"\xc0\x0c\0\1\0\1", b"", False, id="a compressed question"),
    pytest.param(
        _HEAD + (b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"y" * 62 + b"\0\0\1\0\1",
        b"",
        False,
        id="256 octets",
    ),
    pytest.param(_HEAD + _QUESTION[:-1], b"", False, id="a question cut short"),
    pytest.param(_HEAD + _QUESTION + b"junk", _QUESTION, False, id="junk behind"),
    pytest.param(_HEAD + _QUESTION + _OPT, _QUESTION, False, id="an OPT that is not announced"),
    pytest.param(_HEAD_OPT + _QUESTION, _QUESTION, False, id="an announced OPT that is not there"),
    pytest.param(_HEAD[:-1] + b"\2" + _QUESTION + _OPT * 2, _QUESTION, True, id="two OPTs"),
    pytest.param(_HEAD_OPT + _QUESTION + _OPT + b"x", _QUESTION, True, id="junk behind the OPT"),
    pytest.param(_HEAD_OPT + _QUESTION + _OPT[:-1] + b"\5", _QUESTION, True, id="an OPT cut short"),
    pytest.param(
        _HEAD_OPT + _QUESTION + _OPT[:-1] + b"\4\0\x0a\0\1",
        _QUESTION,
        True,
        id="an option cut short",
    ),
    pytest.param(
        _HEAD_OPT + _QUESTION + _OPT[:-1] + b"\5\0\x0a\0\1x", _QUESTION, True, id="a short cookie"
    ),
    pytest.param(_HEAD_OPT + _QUESTION + b"\1x" + _OPT, _QUESTION, False, id="an OPT with a name"),
    pytest.param(
        _HEAD[:6] + b"\0\1\0\0\0\0" + _QUESTION, _QUESTION, False, id="an answer in the query"
    ),
]


@pytest.mark.parametrize("tell", [_told, _refused])
@pytest.mark.parametrize(("packet", "question", "opt"), _FORMERR)
def test_formerr(packet, question, opt, tell):
    octets = tell(packet)
    assert octets
    message = dns.message.from_wire(octets)
    assert message.rcode() == dns.rcode.FORMERR
    assert message.id == 0x1234
    assert octets[HEADER : HEADER + len(question)] == question
    assert bool(message.question) == bool(question)
    assert (message.edns == 0) == opt
    assert message.flags & ~0x0F == dns.flags.QR | dns.flags.RD | dns.flags.RA | dns.flags.CD
    assert not message.answer + message.authority + message.additional


@pytest.mark.parametrize("tell", [_told, _refused])
@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 7, 15])
@pytest.mark.parametrize("body", [_HEAD[4:] + _QUESTION, bytes(8), b"\0\1\0\5\0\0\0\0junk"])
def test_notimp(opcode, body, tell):
    packet = b"\x12\x34" + bytes((opcode << 3 | 0x07, 0x7F)) + body
    octets = tell(packet)
    assert octets
    assert octets[:4] == b"\x12\x34" + bytes((0x80 | opcode << 3, dns.rcode.NOTIMP))
    question = _QUESTION if body.startswith(b"\0\1\0\0") else b""
    assert octets[4:] == bytes((0, bool(question))) + bytes(6) + question


@pytest.mark.parametrize(
    ("qtype", "qclass"),
    [
        *((qtype, 1) for qtype in (41, 249, 250, 251, 252, 253, 254)),
        (1, 3),
        (1, 4),
        (1, 254),
        (1, 255),
        (16, 3),
    ],
)
@pytest.mark.parametrize("edns", [True, False])
def test_refused(qtype, qclass, edns):
    question = _NAME + qtype.to_bytes(2, "big") + qclass.to_bytes(2, "big")
    octets = _told((_HEAD_OPT if edns else _HEAD) + question + _OPT * edns)
    assert octets
    message = dns.message.from_wire(octets)
    assert message.rcode() == dns.rcode.REFUSED
    assert octets[HEADER : HEADER + len(question)] == question
    assert (message.edns, len(message.options)) == ((0, 1) if edns else (-1, 0))
    assert message.flags & ~0x0F == dns.flags.QR | dns.flags.RD | dns.flags.RA | dns.flags.CD


@pytest.mark.parametrize("version", [1, 2, 255])
@pytest.mark.parametrize("question", [_QUESTION, _NAME + b"\0\xfc\0\1"])
def test_badvers(version, question):
    opt = b"\0\0\x29\x04\xd0\0" + bytes((version,)) + b"\x80\0\0\0"
    octets = _told(_HEAD_OPT + question + opt)
    assert octets
    message = dns.message.from_wire(octets)
    assert message.rcode() == dns.rcode.BADVERS
    assert (message.edns, message.payload) == (0, 1232)
    assert octets[HEADER : HEADER + len(question)] == question
    assert octets[-11:-8] == b"\0\0\x29"
    assert octets[3] & 0x0F == 0


@pytest.mark.parametrize("packet", [_HEAD + _QUESTION, _HEAD_OPT + _QUESTION + _OPT])
def test_a_client_from_outside_is_refused_and_learns_nothing(packet):
    listed = Story(blocking(rule("subtree", "example.com")))
    told: list[bytes] = []
    listed.resolver.refuse(packet, told.append)
    assert told == [_refused(packet)]
    message = dns.message.from_wire(told[0])
    assert message.rcode() == dns.rcode.REFUSED
    assert listed.events == []
    assert len(told[0]) <= len(packet) + 6  # no amplifier: an extended error more than was sent


_SERVED = [(_HEAD + _QUESTION, -1), (_HEAD_OPT + _QUESTION + _OPT, 0)]


@pytest.mark.parametrize(("packet", "edns"), _SERVED)
@pytest.mark.parametrize("listed", [True, False])
def test_an_opt_comes_back_last_exactly_for_an_opt(packet, edns, listed):
    story = Story(*[blocking(rule("subtree", "example.com"))] * listed)
    story.send(packet)
    if not listed:
        story.upstream.answer("example.com. 60 IN A 192.0.2.1", authority=["com. 9 IN NS a.com."])
    octets = story.last.octets
    message = dns.message.from_wire(octets)
    assert message.edns == edns
    assert octets[10:12] == (b"\0\1" if edns == 0 else b"\0\0")
    if edns == 0:
        assert message.payload == 1232
        rdlen = 4 + 2 + len("blocked by policy") if listed else 0
        assert octets[-11 - rdlen :][:3] == b"\0\0\x29"


@pytest.mark.parametrize("qtype", ["A", "TYPE999"])
def test_the_octets_of_the_question_come_back_as_they_were_sent(qtype):
    story = Story(blocking(rule("subtree", "example.com")))
    for name in (
        "eXaMpLe.cOm",
        "a\\.b.EXAMPLE.com",
        "\\000\\255.example.com",
        "x" * 63 + ".example.com",
    ):
        packet = story.ask(name, qtype, edns=False)
        assert story.last.octets[HEADER : len(packet)] == packet[HEADER:]


@examples(200)
@given(
    st.one_of(
        queries(versions=st.integers(0, 2), qclasses=st.sampled_from([1, 1, 3])).flatmap(
            lambda asked: st.one_of(st.just(asked.packet), damage(asked.packet))
        ),
        st.binary(max_size=64),
    ),
    st.booleans(),
)
def test_any_packet_gets_one_well_formed_reply_or_silence_or_goes_upstream(packet, tcp):
    story = Story(blocking(rule("site-name", "www"), rule("pattern", "^a")))
    story.send(packet, tcp=tcp)
    if len(packet) < HEADER or packet[2] & 0x80:
        assert not story.events
        return
    if story.upstream.waiting:
        assert not story.told
        story.upstream.fail(22)
    (told,) = story.told
    message = dns.message.from_wire(told.octets)
    assert message.id == int.from_bytes(packet[:2], "big")
    assert message.flags & dns.flags.QR
    assert not message.flags & dns.flags.AA
    assert len(told.octets) <= (65535 if tcp else 1232)
    if message.question:
        end = HEADER + len(message.question[0].name.to_wire() or b"") + 4
        assert told.octets[HEADER:end] == packet[HEADER:end]
