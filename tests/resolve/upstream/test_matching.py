import dns.flags
import dns.message
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockfilter.resolve.upstream.matching import (
    ANSWER,
    BARE,
    FAILED,
    FOREIGN,
    FORGED,
    NO_EDNS,
    TRUNCATED,
    Verdict,
    idents,
    judge,
    query,
    rank,
)
from tests.fakes import answer
from tests.resolve.upstream.asking import AD, CD, RD, question

IDENT = b"\x12\x34"
QUESTION = question("wWw.example.com")
QUERY = query(IDENT, QUESTION, RD, False, False)
RECORDS = ("www.example.com. 60 IN CNAME a.example.net.", "a.example.net. 60 IN A 192.0.2.1")
GOOD = answer(QUERY, *RECORDS)
SOA = "example.com. 60 IN SOA ns.invalid. root.invalid. 1 2 3 4 5"


def judged(message: bytes) -> Verdict:
    return judge(message, IDENT, QUESTION)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("do", [False, True])
@pytest.mark.parametrize("flags", [0, RD, RD | CD, AD, RD | AD | CD])
def test_a_query_is_read_by_another_library_as_it_was_meant(flags, do, plain):
    message = dns.message.from_wire(query(IDENT, QUESTION, flags, do, plain))
    assert (message.id, message.flags) == (0x1234, flags)
    assert message.question[0].name.to_text() == "wWw.example.com."
    assert (message.edns, message.options) == (-1 if plain else 0, ())
    if not plain:
        assert message.payload == 1232
        assert bool(message.ednsflags & dns.flags.DO) is do


def test_flags_that_are_no_business_of_an_upstream_do_not_go_out():
    assert query(IDENT, QUESTION, 0xFFFF, True, False)[2:4] == b"\x01\x30"


def test_ids_are_two_octets_and_follow_no_pattern():
    source = idents()
    drawn = [next(source) for _ in range(10_000)]
    assert all(len(ident) == 2 for ident in drawn)
    assert len(set(drawn)) > 9_000  # 65,536 values: about 9,280 by chance


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN", "YXDOMAIN"])
def test_what_speaks_of_the_name_is_an_answer(rcode):
    assert judged(answer(QUERY, *RECORDS, rcode=rcode)) is ANSWER
    assert judged(answer(QUERY, authority=[SOA], rcode=rcode)) is ANSWER
    assert judged(answer(QUERY, rcode=rcode)) is ANSWER
    assert judged(answer(QUERY, rcode=rcode, edns=False)) is ANSWER


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "NOTAUTH", "BADCOOKIE"])
def test_other_rcodes_are_failures_the_extended_ones_too(rcode):
    assert judged(answer(QUERY, rcode=rcode)) is FAILED


@pytest.mark.parametrize("rcode", ["FORMERR", "NOTIMP", "BADVERS"])
def test_rcodes_of_who_does_not_understand_edns_are_known(rcode):
    assert judged(answer(QUERY, rcode=rcode)) is NO_EDNS


def test_a_header_alone_is_a_hint_only_if_it_says_so_and_nothing_else():
    assert judged(IDENT + b"\x81\x81" + bytes(8)) is BARE
    assert judged(IDENT + b"\x81\x84" + bytes(8)) is BARE
    assert judged(IDENT + b"\x81\x82" + bytes(8)) is FORGED
    assert judged(IDENT + b"\x01\x81" + bytes(8)) is FORGED
    assert judged(IDENT + b"\x81\x81" + bytes(7) + b"\1") is FORGED
    assert judged(IDENT + b"\x81\x81" + bytes(9)) is FORGED


def test_a_truncated_response_need_not_be_whole():
    assert judged(answer(QUERY, tc=True)) is TRUNCATED
    assert judged(GOOD[:2] + bytes([GOOD[2] | 2]) + GOOD[3:-9]) is TRUNCATED


def test_a_message_with_another_id_is_foreign_whatever_it_says():
    assert judged(b"\x12\x35" + GOOD[2:]) is FOREIGN
    assert judged(b"") is FOREIGN
    assert judged(b"\x12") is FOREIGN


@pytest.mark.parametrize("at", range(2, len(QUERY) - 11))
def test_no_octet_of_header_counts_or_question_may_differ(at):
    """Each bit of the header that matters and of the question makes it another message."""
    for bit in range(8):
        changed = GOOD[:at] + bytes([GOOD[at] ^ 1 << bit]) + GOOD[at + 1 :]
        verdict = judged(changed)
        if at == 2 and bit in (0, 2):  # RD, AA
            assert verdict is ANSWER
        elif at == 2 and bit == 1:
            assert verdict is TRUNCATED
        elif at == 3:  # RA, Z, AD, CD and the rcode
            assert verdict is not FORGED
        elif 6 <= at < 12 and verdict is ANSWER:  # a count that another count makes good
            pytest.fail(f"a wrong count at {at} went unnoticed")
        elif not 6 <= at < 12:
            assert verdict is FORGED, at


@given(st.integers(0, len(GOOD) - 1))
def test_no_part_of_a_response_is_a_response(length):
    assert judged(GOOD[:length]) in (FORGED, FOREIGN)


@given(st.binary(min_size=1, max_size=20))
def test_nothing_may_follow_the_last_record(junk):
    assert judged(GOOD + junk) is FORGED


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_get_a_verdict(octets):
    judged(octets)
    judged(IDENT + octets)
    start = GOOD[: 12 + len(QUESTION)]
    assert judged(start + octets) in (ANSWER, FORGED, NO_EDNS, FAILED)


@settings(deadline=None)
@given(st.binary(min_size=6, max_size=6), st.binary(max_size=100))
def test_whatever_the_counts_say_the_walk_ends(counts, rest):
    judged(GOOD[:6] + counts + QUESTION + rest)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*RECORDS, SOA, 'b.example. 0 IN TXT "x"', "c.example. 1 IN MX 1 d."])
    ),
    st.lists(st.sampled_from([SOA, "e.example. 5 IN NS ns.e.example."])),
    st.booleans(),
)
def test_whatever_another_library_writes_is_walked_to_its_end(records, authority, edns):
    assert judged(answer(QUERY, *records, authority=authority, edns=edns)) is ANSWER


def test_a_resolver_that_tried_is_heard_before_one_that_would_not():
    servfail, refused, formerr = (
        answer(QUERY, rcode=rcode) for rcode in ("SERVFAIL", "REFUSED", "FORMERR")
    )
    assert rank(servfail) < rank(refused) < rank(formerr)
