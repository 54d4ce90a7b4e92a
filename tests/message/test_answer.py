"""An upstream's message taken apart and told again; dnspython reads both and must see the same."""

import itertools
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from blockfilter.errors import FormatError
from blockfilter.message import name as names
from blockfilter.message.answer import Limits, name_at, read
from blockfilter.message.question import HEADER
from blockfilter.message.question import read as read_query
from blockfilter.message.response import relayed
from tests.message.answers import LIMITS, query, respond, responses, told
from tests.strategies import damage, examples

_SOA = "example.com. 900 IN SOA ns.example.com. host.example.com. 1 2 3 4 300"


def _records(section):
    return [(one.name, one.rdtype, one.ttl, one[0]) for one in section]


def _parse(octets):
    return dns.message.from_wire(octets, one_rr_per_rrset=True)


def _told(response):
    try:
        return told(response.packet, response.wire)
    except FormatError:  # a DNAME into itself grows for ever
        section = _parse(response.wire).answer
        moves = [(one.name, one[0].target) for one in section if one.rdtype == dns.rdatatype.DNAME]
        assert any(target.is_subdomain(owner) for _, target in moves for owner, _ in moves)
        reject()


def _capped(records, *, ttl, age=0):
    return [
        (name, rtype, max(min(own, ttl) - age, 0), rdata) for name, rtype, own, rdata in records
    ]


def _on_chain(message):
    """The records of the answer section that the question leads to, found link by link."""
    section, qname = message.answer, message.question[0].name
    owners, name = {qname}, qname
    while True:
        ahead = [one[0].target for one in section if (one.name, one.rdtype) == (name, 5)]
        moves = [
            moved
            for one in section
            if one.rdtype == dns.rdatatype.DNAME
            if (moved := _moved(name, one.name, one[0].target))
        ]
        name = (moves or ahead or [name])[-1]
        if name in owners:
            break
        owners.add(name)
    return [
        one
        for one in section
        if one.name in owners
        or (one.rdtype == dns.rdatatype.DNAME and any(o.is_subdomain(one.name) for o in owners))
    ]


@examples(100)
@given(responses(), st.integers(0, 5000))
def test_what_is_told_is_what_dnspython_saw_in_the_original(response, age):
    asked, answer = _told(response)
    original = _parse(response.wire)
    relay = _parse(relayed(asked, answer, age, trusted=False))
    assert relay.rcode() == original.rcode()
    assert relay.question == original.question
    kept = _on_chain(original)
    expected = _capped(_records(kept), ttl=LIMITS.max_ttl, age=age)
    assert _records(relay.answer) == expected
    positive = original.rcode() == 0 and any(
        one.rdtype == original.question[0].rdtype for one in kept
    )
    if positive and not asked.do:
        assert relay.authority == []
    else:
        expected = _capped(_records(original.authority), ttl=LIMITS.max_ttl, age=age)
        assert _records(relay.authority) == expected
    assert relay.additional == []
    assert (relay.edns >= 0) == asked.edns


@examples(100)
@given(responses())
def test_targets_are_those_dnspython_finds_and_those_a_dname_makes(response):
    _, answer = _told(response)
    section = _on_chain(_parse(response.wire))
    direct = {
        one[0].target.canonicalize()
        for one in section
        if one.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME, 64, 65)
    }
    moves = [(one.name, one[0].target) for one in section if one.rdtype == dns.rdatatype.DNAME]
    # A DNAME into itself grows without end; the chain takes its first step only.
    assume(not any(target.is_subdomain(owner) for _, target in moves for owner, _ in moves))
    targets = direct
    while True:
        met = {response.message.question[0].name.canonicalize()} | targets
        more = {moved for name in met for move in moves if (moved := _moved(name, *move))}
        if more <= targets:
            break
        targets = targets | more
    assert set(answer.targets) == {name.to_wire() for name in targets} - {names.ROOT}


def _moved(name, owner, target):
    if not name.is_subdomain(owner) or name == owner:
        return None
    try:
        return name.relativize(owner).concatenate(target).canonicalize()
    except dns.name.NameTooLong:
        return None


@examples(100)
@given(responses())
def test_an_answer_is_kept_no_longer_than_any_of_its_records(response):
    _, answer = _told(response)
    message = _parse(response.wire)
    section = _on_chain(message)
    assert answer.lifetime <= min([LIMITS.max_ttl, *(one.ttl for one in section)])
    if answer.lifetime:
        soas = [one for one in message.authority if one.rdtype == dns.rdatatype.SOA]
        positive = any(one.rdtype == message.question[0].rdtype for one in section)
        assert message.rcode() in ((0,) if positive else (0, 3))
        if not positive or message.rcode():
            assert answer.lifetime <= min(soas[0].ttl, soas[0][0].minimum, LIMITS.max_negative_ttl)


@examples(180)
@given(
    st.one_of(
        responses().flatmap(lambda response: damage(response.wire)),
        st.binary(max_size=60),
        st.binary(max_size=60).map(
            lambda tail: query()[:4] + b"\0\1\0\2\0\1\0\1\3www\0\0\1\0\1" + tail
        ),
    ),
    st.booleans(),
)
def test_damaged_and_arbitrary_messages_raise_nothing_but_format_error(octets, keep_authority):
    try:
        answer = read(octets, keep_authority=keep_authority, limits=LIMITS)
    except FormatError:
        return
    assert all(0 <= ttl <= LIMITS.max_ttl for _, ttl in answer.ttls)
    assert all(0 < at <= len(answer.body) - 4 for at, _ in answer.ttls)
    assert all(names.from_labels(names.split(target)) == target for target in answer.targets)
    assert 0 <= answer.lifetime <= LIMITS.max_ttl
    asked = read_query(query())
    assert len(relayed(asked, answer, 7, trusted=False)) == (
        HEADER + len(asked.question) + len(answer.body) + 11
    )


_bits = st.lists(
    st.one_of(
        st.sampled_from([b"\0", b"\1a", b"\2bC", b"\x3f" + b"x" * 63, b"\x40", b"\x80", b"\x3f"]),
        st.integers(0, 120).map(lambda at: bytes((0xC0, at))),
    ),
    min_size=1,
    max_size=25,
).map(b"".join)


@examples(300)
@given(_bits, st.integers(0, 80))
def test_a_name_behind_any_pointers_is_the_one_dnspython_finds_or_a_format_error(octets, offset):
    message = bytes(HEADER) + octets
    at = HEADER + offset % len(octets)
    try:
        other = dns.name.from_wire(message, at)[0].canonicalize().to_wire()
    except (dns.exception.DNSException, dns.name.BadPointer):
        other = None
    try:
        found = name_at(message, at, len(message))
    except FormatError:
        found = None
    if found is None and other is not None:  # a pointer into the header, where no name can be
        assert any(octets[i] == 0xC0 and octets[i + 1] < HEADER for i in range(len(octets) - 1))
    else:
        assert found == other


def test_a_name_must_end_within_its_record():
    message = bytes(HEADER) + b"\1a\1b\0"
    for limit in range(HEADER, HEADER + 5):
        with pytest.raises(FormatError):
            name_at(message, HEADER, limit)
    assert name_at(message, HEADER, HEADER + 5) == b"\1a\1b\0"
    pointing = message + b"\xc0\x0c"
    with pytest.raises(FormatError):
        name_at(pointing, HEADER + 5, HEADER + 6)
    assert name_at(pointing, HEADER + 5, HEADER + 7) == b"\1a\1b\0"


def test_a_chain_of_pointers_as_long_as_any_name_is_followed_and_ends():
    octets, at = b"\0", HEADER
    for _ in range(126):
        octets, at = octets + bytes((0xC0 | at >> 8, at & 0xFF)), HEADER + len(octets)
    message = bytes(HEADER) + octets
    assert name_at(message, at, len(message)) == b"\0"
    beyond = message + bytes((0xC0 | at >> 8, at & 0xFF))
    with pytest.raises(FormatError):
        name_at(beyond, len(message), len(beyond))


def test_an_alias_is_kept_as_long_as_its_shortest_record():
    packet = query()
    records = [
        "www.example.com. 300 IN CNAME cdn.example.net.",
        "cdn.example.net. 20 IN A 192.0.2.1",
    ]
    _, answer = told(packet, respond(packet, records))
    assert (answer.lifetime, answer.targets) == (20, (b"\3cdn\7example\3net\0",))


def test_a_record_off_the_chain_is_neither_told_nor_kept_and_the_rest_is():
    packet = query("www.example.com.", "MX")
    rest = ["www.example.com. 300 IN MX 1 mail.example.com.", "www.example.com. 90 IN MX 2 m."]
    for stray in (
        "other.example.com. 20 IN MX 1 mail.example.com.",
        "example.com. 20 IN NS ns.example.com.",
        "evil.example. 20 IN CNAME www.example.com.",
        "evil.example. 20 IN DNAME example.com.",
    ):
        for records in ([stray, *rest], [*rest, stray], [rest[0], stray, rest[1]]):
            asked, answer = told(packet, respond(packet, records))
            assert (answer.answers, answer.lifetime, answer.targets) == (2, 90, ())
            relay = _parse(relayed(asked, answer, 0, trusted=False))
            assert [one.to_text() for one in relay.answer] == rest


@pytest.mark.parametrize(
    "rdata",
    [
        "NS ns.example.com.",
        "PTR www.example.com.",
        "MX 10 mail.example.com.",
        "SOA ns.example.com. host.example.com. 1 2 3 4 5",
        "SRV 1 2 3 srv.example.com.",
        "RP host.example.com. txt.example.com.",
        "AFSDB 1 afs.example.com.",
        "RT 1 rt.example.com.",
        "KX 1 kx.example.com.",
        "PX 1 map822.example.com. mapx400.example.com.",
        'NAPTR 1 1 "u" "" "" naptr.example.com.',
        'SVCB 1 svc.example.com. alpn="h2"',
        'TXT "www.example.com"',
        "TYPE65280 \\# 4 c00cc00c",
    ],
)
def test_names_stay_whole_when_a_stray_before_them_is_dropped(rdata):
    packet = query("www.example.com.", rdata.split()[0])
    stray, record = (
        "stray.srv.example.com. 60 IN NS mail.example.com.",
        f"www.example.com. 60 IN {rdata}",
    )
    asked, answer = told(packet, respond(packet, [stray, record], [_SOA]))
    relay = _parse(relayed(asked, answer, 0, trusted=False))
    assert [one.to_text() for one in relay.answer] == [record]
    assert answer.lifetime == 60


def test_a_message_full_of_strays_costs_little():
    packet = query()
    head = packet[:2] + b"\x81\x80\0\1\x14\0\0\0\0\0" + packet[HEADER:-11]
    record = b"\0\0\1\0\1\0\0\0\x3c\0\0"  # of the root
    before = time.process_time()
    _, answer = told(packet, head + record * 0x1400)
    assert time.process_time() - before < 0.2
    assert (answer.answers, answer.lifetime) == (0, 0)


def test_of_two_aliases_of_one_name_both_are_inspected_and_one_is_followed():
    packet = query()
    records = [
        "www.example.com. 300 IN CNAME a.example.net.",
        "www.example.com. 300 IN CNAME b.example.net.",
        "a.example.net. 300 IN A 192.0.2.1",
        "b.example.net. 300 IN A 192.0.2.2",
    ]
    _, answer = told(packet, respond(packet, records))
    assert answer.answers == 3
    assert set(answer.targets) == {b"\1a\7example\3net\0", b"\1b\7example\3net\0"}


def test_an_alias_loop_ends():
    packet = query()
    records = [
        "www.example.com. 300 IN CNAME a.example.net.",
        "a.example.net. 300 IN CNAME www.example.com.",
        "www.example.com. 300 IN A 192.0.2.1",
    ]
    _, answer = told(packet, respond(packet, records))
    assert b"\1a\7example\3net\0" in answer.targets


def test_a_dname_is_followed_with_its_substitution_wherever_it_stands():
    packet = query("www.old.example.", "A")
    dnames = ["old.example. 60 IN DNAME mid.example.", "mid.example. 60 IN DNAME new.example."]
    wanted = {b"\3www\3mid\7example\0", b"\3www\3new\7example\0"}
    last = ["www.new.example. 60 IN A 192.0.2.1"]
    for records in (dnames + last, dnames[::-1] + last, last + dnames[::-1]):
        _, answer = told(packet, respond(packet, records))
        assert wanted <= set(answer.targets)
        assert answer.lifetime == 60


def test_a_dname_says_nothing_of_its_own_owner():
    packet = query("old.example.", "DNAME")
    _, answer = told(packet, respond(packet, ["old.example. 60 IN DNAME new.example."]))
    assert answer.targets == (b"\3new\7example\0",)
    assert answer.lifetime == 60


def test_a_dname_that_grows_for_ever_is_no_answer():
    packet = query("www.a.example.", "A")
    records = ["a.example. 60 IN DNAME b.a.example.", "www.a.example. 60 IN A 192.0.2.1"]
    with pytest.raises(FormatError):
        told(packet, respond(packet, records))


def test_more_aliases_than_any_answer_has_are_no_answer():
    packet = query()
    chain = ["www.example.com.", *(f"n{i}.example.com." for i in range(40))]
    records = [f"{a} 60 IN CNAME {b}" for a, b in itertools.pairwise(chain)]
    assert len(told(packet, respond(packet, records[:32]))[1].targets) == 32
    with pytest.raises(FormatError):
        told(packet, respond(packet, records[:33]))


@pytest.mark.parametrize("rtype", ["HTTPS", "SVCB"])
def test_service_targets_are_targets_and_the_dot_is_none(rtype):
    packet = query("www.example.com.", rtype)
    records = [
        f"www.example.com. 60 IN {rtype} 1 . alpn=h2",
        f"www.example.com. 60 IN {rtype} 2 Pool.Example.NET. alpn=h2",
    ]
    _, answer = told(packet, respond(packet, records))
    assert answer.targets == (b"\4pool\7example\3net\0",)
    _, answer = told(
        packet, respond(packet, [f"www.example.com. 60 IN {rtype} 0 pool.example.org."])
    )
    assert answer.targets == (b"\4pool\7example\3org\0",)


@pytest.mark.parametrize("rtype", [b"\0\x40", b"\0\x41", b"\0\5", b"\0\x27"])
def test_a_target_may_be_compressed_though_it_should_not(rtype):
    head = b"\0\x4d\x81\x80\0\1\0\1\0\0\0\0"
    question = b"\3www\7example\3com\0" + rtype + b"\0\1"
    rdata = (b"\0\1" if rtype[1] >= 0x40 else b"") + b"\3cdn\xc0\x10"
    record = b"\xc0\x0c" + rtype + b"\0\1\0\0\0\x3c" + len(rdata).to_bytes(2, "big") + rdata
    answer = read(head + question + record, keep_authority=False, limits=LIMITS)
    assert answer.targets == (b"\3cdn\7example\3com\0",)


@pytest.mark.parametrize(
    "rdata",
    [
        pytest.param(b"", id="no target"),
        pytest.param(b"\3cdn", id="a target without its end"),
        pytest.param(b"\xc0", id="half a pointer"),
        pytest.param(b"\xc0\x60", id="a pointer forward"),
        pytest.param(b"\xc0\x00", id="a pointer into the header"),
        pytest.param(b"\xc0\x2d", id="a pointer to itself"),
        pytest.param(b"\x41a\0", id="an extended label"),
    ],
)
def test_an_alias_without_a_readable_target_is_no_answer(rdata):
    head = b"\0\x4d\x81\x80\0\1\0\1\0\0\0\0"
    question = b"\3www\7example\3com\0\0\1\0\1"
    record = b"\xc0\x0c\0\5\0\1\0\0\0\x3c" + len(rdata).to_bytes(2, "big") + rdata
    with pytest.raises(FormatError):
        read(head + question + record, keep_authority=False, limits=LIMITS)


@pytest.mark.parametrize(
    ("rcode", "authority", "lifetime"),
    [
        pytest.param("NXDOMAIN", [_SOA], 300, id="the SOA's minimum"),
        pytest.param("NOERROR", [_SOA], 300, id="NODATA likewise"),
        pytest.param("NXDOMAIN", [_SOA.replace(" 900 ", " 100 ")], 100, id="the SOA's own TTL"),
        pytest.param("NXDOMAIN", [_SOA.replace("300", "99999")], 900, id="the smaller of the two"),
        pytest.param(
            "NXDOMAIN",
            [_SOA.replace("300", "99999").replace(" 900 ", " 99999 ")],
            3600,
            id="the cap",
        ),
        pytest.param("NXDOMAIN", [_SOA.replace("300", "0")], 0, id="a minimum of 0"),
        pytest.param("NXDOMAIN", [], 0, id="no SOA"),
        pytest.param("NXDOMAIN", ["example.com. 60 IN NS ns.example.com."], 0, id="NS and no SOA"),
        pytest.param(
            "NXDOMAIN", [_SOA.replace("example.com. 900", "example.net. 900")], 0, id="else"
        ),
        pytest.param("NXDOMAIN", [_SOA.replace("example.com. 900", ". 900")], 300, id="the root's"),
        pytest.param("SERVFAIL", [_SOA], 0, id="a failure is the cache's business"),
        pytest.param("REFUSED", [_SOA], 0, id="a refusal likewise"),
    ],
)
def test_a_denial_is_kept_as_its_soa_says(rcode, authority, lifetime):
    packet = query()
    _, answer = told(packet, respond(packet, authority=authority, rcode=rcode))
    assert answer.lifetime == lifetime
    assert answer.authorities == len(authority)


def test_a_denial_behind_an_alias_is_kept_no_longer_than_the_alias():
    packet = query()
    alias = "www.example.com. {} IN CNAME gone.example.net."
    soa = _SOA.replace("example.com. 900", "example.net. 900")
    for ttl, lifetime in ((20, 20), (0, 0), (5000, 300)):
        message = respond(packet, [alias.format(ttl)], [soa], rcode="NXDOMAIN")
        assert told(packet, message)[1].lifetime == lifetime


@pytest.mark.parametrize(
    ("ttl", "cap", "told_ttl"),
    [(300, 86400, 300), (86401, 86400, 86400), (2**31 - 1, 600, 600), (0, 600, 0)],
)
def test_a_ttl_is_capped(ttl, cap, told_ttl):
    packet = query()
    message = respond(packet, [f"www.example.com. {ttl} IN A 192.0.2.1"])
    _, answer = told(packet, message, limits=Limits(cap, 60))
    assert (answer.lifetime, answer.ttls[0][1]) == (told_ttl, told_ttl)


@pytest.mark.parametrize("ttl", [2**31, 2**32 - 1])
def test_a_ttl_with_its_top_bit_set_counts_as_zero(ttl):
    packet = query()
    message = respond(packet, ["www.example.com. 287454020 IN A 192.0.2.1"])
    assert message.count(b"\x11\x22\x33\x44") == 1
    message = message.replace(b"\x11\x22\x33\x44", ttl.to_bytes(4, "big"))
    asked, answer = told(packet, message)
    assert answer.lifetime == 0
    assert _parse(relayed(asked, answer, 0, trusted=False)).answer[0].ttl == 0


def test_the_authority_section_is_told_beside_an_answer_only_to_who_set_do():
    for do in (False, True):
        packet = query(do=do)
        message = respond(
            packet,
            ["www.example.com. 60 IN A 192.0.2.1"],
            ["example.com. 60 IN NS ns.example.com."],
            ["ns.example.com. 60 IN A 192.0.2.53"],
        )
        asked, answer = told(packet, message)
        relay = _parse(relayed(asked, answer, 0, trusted=False))
        assert bool(relay.authority) == do
        assert not relay.additional


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda m: m[:2] + bytes((m[2] | 2,)) + m[3:], id="TC is set"),
        pytest.param(lambda m: m + b"\0", id="an octet too many"),
        pytest.param(lambda m: m[:-1], id="an octet too few"),
        pytest.param(lambda m: m[:7] + b"\2" + m[8:], id="a record too few"),
        pytest.param(lambda m: m[:11] + b"\0" + m[12:], id="a record too many"),
        pytest.param(lambda m: m[:-6] + b"\1" + m[-5:], id="an extended rcode"),
        pytest.param(lambda m: m[:12], id="a header"),
        pytest.param(lambda m: m[:11], id="less than a header"),
        pytest.param(lambda m: b"", id="nothing"),
    ],
)
def test_a_message_that_does_not_add_up_is_no_answer(change):
    message = respond(query(), ["www.example.com. 60 IN A 192.0.2.1"])
    read(message, keep_authority=False, limits=LIMITS)
    with pytest.raises(FormatError):
        read(change(message), keep_authority=False, limits=LIMITS)


def test_ad_is_told_only_if_both_sides_may_speak_of_it():
    packet = query()
    for flags, trusted, asks, told_ad in [
        ("QR RD RA AD", True, True, True),
        ("QR RD RA AD", False, True, False),
        ("QR RD RA", True, True, False),
        ("QR RD RA AD", True, False, False),
    ]:
        message = respond(packet, ["www.example.com. 60 IN A 192.0.2.1"], flags=flags)
        asked, answer = told(packet, message)
        asked = asked._replace(flags=asked.flags | 0x20 if asks else asked.flags & ~0x20)
        relay = dns.message.from_wire(relayed(asked, answer, 0, trusted=trusted))
        assert bool(relay.flags & dns.flags.AD) == told_ad
        assert relay.flags & (dns.flags.QR | dns.flags.RA | dns.flags.AA) == (
            dns.flags.QR | dns.flags.RA
        )
