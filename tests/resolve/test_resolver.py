"""The request path, told as transcripts: who asked, who was asked, what was recorded, what left."""

from typing import ClassVar

import dns.edns
import dns.message
import dns.rdatatype
import pytest

from blockfilter.hits.hit import Cell
from blockfilter.message import response
from blockfilter.message.answer import Limits
from blockfilter.policy.rule import Action, Mode, Role
from blockfilter.resolve.inflight import MAX_WAITERS
from blockfilter.resolve.resolver import Blocking
from blockfilter.resolve.routes import Local
from tests.message.answers import respond
from tests.policy.rules import blocking, name, rule
from tests.resolve.transcript import (
    CLIENT,
    FAILURE_TTL,
    LOOPBACK,
    Hit,
    ScriptedGroup,
    Story,
    Told,
    query,
)

LISTED = blocking(rule("subtree", "listed.example", "escort"))
WATCHED = blocking(rule("subtree", "watched.example", "review", mode=Mode.MONITOR), id_="watched")
ALLOWED = blocking(rule("subtree", "open.listed.example"), role=Role.ALLOW, id_="allowed")
PROTECTED = blocking(rule("subtree", "help.example"), role=Role.PROTECTED, id_="protected")
ENFORCED, MONITORED = Cell("escort", "enforced"), Cell("review", "monitored")
_SOA = "example. 300 IN SOA ns.example. host.example. 1 2 3 4 60"
_TYPES = ["A", "AAAA", "HTTPS", "SVCB", "MX", "TXT", "DS", "NS", "SOA", "PTR", "ANY", "TYPE65280"]


class TestBlocked:
    @pytest.mark.parametrize("qtype", _TYPES)
    def test_nobody_is_asked_and_the_hit_is_recorded_before_the_answer_leaves(self, qtype):
        story = Story(LISTED)
        story.ask("Www.LISTED.example", qtype)
        assert story.upstream.asked == []
        assert story.events == [Hit(CLIENT, ENFORCED), Told(CLIENT, story.last.octets)]
        assert story.last.rcode == "NXDOMAIN"
        assert story.last.ede == [(15, response.BLOCKED_TEXT)]
        assert story.last.message.question[0].to_text().startswith("Www.LISTED.example. IN ")

    def test_it_is_the_same_whether_or_not_anyone_asked_before(self):
        story = Story(LISTED)
        for ident in range(8):
            packet = story.ask("www.listed.example", ident=ident)
            story.again(packet)
        bodies = {told.octets[2:] for told in story.told}
        assert len(story.told) == 16
        assert len(bodies) == 1
        assert len(story.hits) == 16  # each asking is handed to the recorder, which keeps a set

    def test_the_answer_is_denied_for_the_configured_time_and_names_no_one(self):
        story = Story(LISTED, blocked=Blocking(response.blocked_nxdomain, response.Block(17)))
        story.ask("www.listed.example")
        (soa,) = story.last.message.authority
        assert (soa.ttl, soa[0].minimum) == (17, 17)
        assert soa.name.to_text() == "www.listed.example."
        assert b"escort" not in story.last.octets

    def test_cd_and_do_are_no_way_round(self):
        story = Story(LISTED)
        for flags in ("RD", "RD CD", "CD", "RD AD", ""):
            for do in (False, True):
                story.ask("www.listed.example", flags=flags, do=do)
                assert story.last.rcode == "NXDOMAIN"
                assert story.last.has("CD") == ("CD" in flags)
                assert not story.last.has("AD")
        assert story.upstream.asked == []

    def test_an_exact_name_is_answered_with_nodata_since_names_below_are_open(self):
        story = Story(blocking(rule("exact", "listed.example")))
        story.ask("listed.example")
        assert (story.last.rcode, story.last.records) == ("NOERROR", [])
        assert story.last.ede == [(15, response.BLOCKED_TEXT)]
        assert [one.rdtype for one in story.last.message.authority] == [dns.rdatatype.SOA]
        story.ask("www.listed.example")
        assert len(story.upstream.asked) == 1

    def test_nodata_is_said_above_an_allowed_name_and_nxdomain_beside_it(self):
        story = Story(LISTED, ALLOWED)
        story.ask("listed.example")
        assert story.last.rcode == "NOERROR"
        story.ask("www.listed.example")
        assert story.last.rcode == "NXDOMAIN"

    def test_configured_as_nodata_it_never_denies_the_name(self):
        story = Story(LISTED, blocked=Blocking(response.blocked_nodata, response.Block(60)))
        story.ask("www.listed.example")
        assert (story.last.rcode, story.last.records) == ("NOERROR", [])

    def test_configured_as_an_address_it_answers_a_and_aaaa_and_nothing_else(self):
        block = response.Block(60, (bytes((192, 0, 2, 80)),), (bytes(15) + b"\x50",))
        story = Story(LISTED, blocked=Blocking(response.blocked_addresses, block))
        for qtype, records in [
            ("A", ["www.listed.example. 60 IN A 192.0.2.80"]),
            ("AAAA", ["www.listed.example. 60 IN AAAA ::50"]),
            ("HTTPS", []),
            ("ANY", []),
        ]:
            story.ask("www.listed.example", qtype)
            assert (story.last.rcode, story.last.records) == ("NOERROR", records)
            assert story.last.ede == [(15, response.BLOCKED_TEXT)]
            assert bool(story.last.message.authority) == (not records)

    def test_more_addresses_than_fit_are_to_be_had_over_tcp(self):
        many = tuple(bytes((192, 0, 2, last)) for last in range(100))
        story = Story(
            LISTED, blocked=Blocking(response.blocked_addresses, response.Block(60, many))
        )
        story.ask("www.listed.example", edns=False)
        assert story.last.has("TC")
        assert len(story.last.octets) <= 512
        story.ask("www.listed.example", tcp=True)
        assert len(story.last.records) == 100

    def test_a_query_without_edns_gets_no_opt_and_no_extended_error(self):
        story = Story(LISTED)
        story.ask("www.listed.example", edns=False)
        assert story.last.message.edns == -1
        assert story.last.octets[10:12] == b"\0\0"

    def test_an_uncounted_rule_blocks_and_records_nothing(self):
        story = Story(blocking(rule("exact", "check.blockfilter.test", counted=False)))
        story.ask("check.blockfilter.test")
        assert story.hits == []
        assert story.last.ede == [(15, response.BLOCKED_TEXT)]


class TestMonitored:
    def test_it_is_recorded_and_answered_as_if_there_were_no_rule(self):
        story = Story(WATCHED)
        packet = story.ask("www.watched.example")
        assert story.events == [Hit(CLIENT, MONITORED)]
        story.upstream.answer("www.watched.example. 60 IN A 192.0.2.1")
        assert story.events[1:] == [Told(CLIENT, story.last.octets)]
        assert story.last.records == ["www.watched.example. 60 IN A 192.0.2.1"]
        assert story.last.ede == []
        story.send(packet)
        assert story.again(packet)
        assert [type(event) for event in story.events] == [Hit, Told] * 3

    def test_a_monitored_match_is_recorded_beside_an_enforced_one(self):
        both = blocking(rule("subtree", "listed.example", "review", mode=Mode.MONITOR), id_="both")
        story = Story(LISTED, both)
        story.ask("www.listed.example")
        assert story.hits == [Hit(CLIENT, ENFORCED), Hit(CLIENT, MONITORED)]
        assert isinstance(story.events[2], Told)


class TestForwarded:
    def test_the_answer_is_told_with_the_clients_own_id_and_letters(self):
        story = Story()
        story.ask("WwW.example.com", ident=0xBEEF)
        assert story.upstream.asked[0].name == "WwW.example.com."
        story.upstream.answer("www.example.com. 60 IN A 192.0.2.1")
        message = story.last.message
        assert message.id == 0xBEEF
        assert message.question[0].name.to_text() == "WwW.example.com."
        assert story.last.octets[12:32] == query("WwW.example.com")[12:32]
        assert [story.last.has(flag) for flag in ("QR", "RA", "RD", "AA")] == [
            True,
            True,
            True,
            False,
        ]
        assert story.hits == []

    @pytest.mark.parametrize("flags", ["RD", "", "RD CD", "CD", "RD AD"])
    @pytest.mark.parametrize("do", [False, True])
    def test_cd_and_do_go_upstream_and_are_part_of_what_is_kept(self, flags, do):
        story = Story()
        story.ask("example.com", flags=flags, do=do)
        (asked,) = story.upstream.asked
        assert asked.flags & 0x0100
        assert bool(asked.flags & 0x0010) == ("CD" in flags)
        assert asked.do == do
        story.upstream.answer("example.com. 60 IN A 192.0.2.1")
        assert story.last.has("RD") == ("RD" in flags)
        assert story.last.has("CD") == ("CD" in flags)
        for other_flags, other_do in [("RD", do), ("RD CD", do), (flags, not do)]:
            before = len(story.upstream.asked)
            story.ask("example.com", flags=other_flags, do=other_do)
            same = (("CD" in other_flags), other_do) == (("CD" in flags), do)
            assert (len(story.upstream.asked) == before) == same

    @pytest.mark.parametrize(
        ("host", "trust_ad", "asked_with", "do", "told"),
        [
            (LOOPBACK, False, "RD AD", False, True),
            ("127.0.0.53", False, "RD AD", False, True),
            ("::1", False, "RD AD", False, True),
            (LOOPBACK, False, "RD", True, True),
            (LOOPBACK, False, "RD", False, False),
            ("192.0.2.53", False, "RD AD", True, False),
            ("12.7.0.1", False, "RD AD", True, False),
            ("::127", False, "RD AD", True, False),
            ("192.0.2.53", True, "RD AD", False, True),
            ("192.0.2.53", True, "RD", False, False),
        ],
    )
    def test_ad_is_told_to_who_asks_and_from_who_is_trusted(
        self, host, trust_ad, asked_with, do, told
    ):
        story = Story(trust_ad=trust_ad)
        for _ in range(2):  # the second is told from the cache
            story.ask("example.com", flags=asked_with, do=do)
            if story.upstream.waiting:
                story.upstream.answer(
                    "example.com. 60 IN A 192.0.2.1", flags="QR RD RA AD", host=host
                )
            assert story.last.has("AD") == told

    def test_identical_questions_share_one_exchange(self):
        story = Story(WATCHED)
        for number in range(5):
            story.ask("www.watched.example", client=f"192.0.2.{number}", ident=number)
        story.ask("WWW.watched.example", client="192.0.2.99", ident=99, edns=False)
        assert len(story.upstream.asked) == 1
        assert len(story.hits) == 6
        assert story.told == []
        assert not story.resolver.idle
        story.upstream.answer("www.watched.example. 60 IN A 192.0.2.1")
        assert [told.message.id for told in story.told] == [0, 1, 2, 3, 4, 99]
        assert [told.client for told in story.told] == [hit.client for hit in story.hits]
        assert story.last.message.question[0].name.to_text() == "WWW.watched.example."
        assert story.last.message.edns == -1
        assert story.resolver.idle

    def test_another_type_do_or_cd_is_another_exchange(self):
        story = Story()
        story.ask("example.com")
        story.ask("example.com", "AAAA")
        story.ask("example.com", do=True)
        story.ask("example.com", flags="RD CD")
        story.ask("www.example.com")
        assert len(story.upstream.asked) == 5

    def test_more_clients_than_may_wait_are_told_at_once_that_it_failed(self):
        story = Story()
        for number in range(MAX_WAITERS + 1):
            story.ask("example.com", ident=number)
        assert [told.message.id for told in story.told] == [MAX_WAITERS]
        assert story.last.rcode == "SERVFAIL"
        story.upstream.answer("example.com. 60 IN A 192.0.2.1")
        assert len(story.told) == MAX_WAITERS + 1
        assert len(story.upstream.asked) == 1

    def test_a_slow_name_holds_up_no_other(self):
        story = Story(LISTED)
        story.ask("slow.example.com")
        story.ask("fast.example.com")
        story.upstream.waiting.reverse()
        story.upstream.answer("fast.example.com. 60 IN A 192.0.2.1")
        assert story.last.message.question[0].name.to_text() == "fast.example.com."
        story.ask("www.listed.example")
        assert story.last.rcode == "NXDOMAIN"
        assert not story.resolver.idle

    @pytest.mark.parametrize(
        ("edns", "size", "limit"),
        [(False, 0, 512), (True, 0, 512), (True, 512, 512), (True, 900, 900), (True, 4096, 1232)],
    )
    def test_no_datagram_is_larger_than_the_client_and_the_path_can_take(self, edns, size, limit):
        for count in range(10, 90, 4):
            story = Story()
            story.ask("example.com", edns=edns, size=size)
            story.upstream.answer(*(f"example.com. 60 IN A 192.0.2.{n}" for n in range(count)))
            whole = 12 + 17 + 16 * count + 11 * edns
            assert len(story.last.octets) <= limit
            assert story.last.has("TC") == (whole > limit)
            assert len(story.last.records) == (0 if whole > limit else count)
            assert story.last.message.edns == (0 if edns else -1)
            assert story.last.message.question
            story.ask("example.com", edns=edns, size=size, tcp=True)
            assert len(story.last.records) == count
            assert not story.last.has("TC")

    def test_the_root_and_a_label_with_a_dot_are_forwarded_as_they_are(self):
        story = Story(blocking(rule("exact", "a.b.example")))
        story.ask(".", "NS")
        story.ask("a\\.b.example")
        assert [asked.question for asked in story.upstream.asked] == [
            b"\0\0\2\0\1",
            b"\3a.b\7example\0\0\1\0\1",
        ]

    def test_a_zone_with_servers_of_its_own_asks_them_and_never_the_others(self):
        corp = ScriptedGroup(1)
        story = Story(zones={name("corp.example"): corp})
        story.ask("www.corp.example")
        story.ask("www.example")
        assert [asked.name for asked in corp.asked] == ["www.corp.example."]
        assert [asked.name for asked in story.upstream.asked] == ["www.example."]
        corp.fail(22)
        assert (story.last.rcode, story.last.ede) == ("SERVFAIL", [(22, None)])
        assert len(story.upstream.asked) == 1


class TestKept:
    def test_an_answer_is_told_again_with_its_ttl_counted_down(self):
        story = Story()
        story.ask("example.com")
        story.upstream.answer("example.com. 60 IN A 192.0.2.1", "example.com. 90 IN A 192.0.2.2")
        for seconds, ttls in [(0.0, [60, 90]), (0.9, [60, 90]), (1.0, [59, 89]), (59.9, [1, 31])]:
            story.clock.now = 1000.0 + seconds
            story.ask("example.com")
            assert [one.ttl for one in story.last.message.answer] == ttls
        assert len(story.upstream.asked) == 1
        story.clock.now = 1060.0
        story.ask("example.com")
        assert len(story.upstream.asked) == 2

    def test_an_answer_of_ttl_0_is_told_to_those_who_wait_and_to_nobody_else(self):
        story = Story()
        packet = story.ask("example.com")
        story.ask("example.com", client="192.0.2.8")
        story.upstream.answer("example.com. 0 IN A 192.0.2.1")
        assert [told.message.answer[0].ttl for told in story.told] == [0, 0]
        assert not story.again(packet)
        assert len(story.upstream.asked) == 2

    def test_a_ttl_is_capped(self):
        story = Story(limits=Limits(100, 10))
        story.ask("example.com")
        story.upstream.answer("example.com. 9999 IN A 192.0.2.1")
        assert story.last.message.answer[0].ttl == 100
        story.clock.now += 99
        story.ask("example.com")
        assert story.last.message.answer[0].ttl == 1
        story.clock.now += 1
        story.ask("example.com")
        assert len(story.upstream.asked) == 2

    def test_a_ttl_with_its_top_bit_set_is_told_as_zero_and_not_kept(self):
        story = Story()
        story.ask("example.com")
        message = respond(story.upstream.asked[0].packet, ["example.com. 287454020 IN A 192.0.2.1"])
        story.upstream.send(message.replace(b"\x11\x22\x33\x44", b"\x80\0\0\x01"))
        assert story.last.message.answer[0].ttl == 0
        story.ask("example.com")
        assert len(story.upstream.asked) == 2

    @pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
    def test_a_denial_is_kept_as_its_soa_says(self, rcode):
        story = Story()
        story.ask("gone.example")
        story.upstream.answer(authority=[_SOA], rcode=rcode)
        story.clock.now += 59
        story.ask("gone.example")
        assert (story.last.rcode, len(story.upstream.asked)) == (rcode, 1)
        assert story.last.message.authority[0].ttl == 241
        story.clock.now += 1
        story.ask("gone.example")
        assert len(story.upstream.asked) == 2

    def test_a_denial_is_capped(self):
        story = Story(limits=Limits(86400, 10))
        story.ask("gone.example")
        story.upstream.answer(authority=[_SOA], rcode="NXDOMAIN")
        story.clock.now += 10
        story.ask("gone.example")
        assert len(story.upstream.asked) == 2

    def test_a_denial_without_a_soa_is_told_and_not_kept(self):
        story = Story()
        story.ask("gone.example")
        story.upstream.answer(rcode="NXDOMAIN")
        assert story.last.rcode == "NXDOMAIN"
        story.ask("gone.example")
        assert len(story.upstream.asked) == 2

    @pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
    def test_a_failure_that_was_answered_is_kept_for_moments(self, rcode):
        story = Story()
        packet = story.ask("example.com")
        story.upstream.answer(rcode=rcode)
        story.clock.now += FAILURE_TTL - 0.1
        assert not story.again(packet)
        assert (story.last.rcode, len(story.upstream.asked)) == (rcode, 1)
        story.clock.now += 0.1
        assert not story.again(packet)
        assert len(story.upstream.asked) == 2

    @pytest.mark.parametrize("code", [22, 23])
    def test_no_answer_is_servfail_with_its_reason_and_kept_for_moments(self, code):
        story = Story()
        packet = story.ask("example.com")
        story.upstream.fail(code)
        assert (story.last.rcode, story.last.ede) == ("SERVFAIL", [(code, None)])
        story.clock.now += FAILURE_TTL - 0.1
        assert not story.again(packet)
        assert (story.last.ede, len(story.upstream.asked)) == ([(code, None)], 1)
        story.clock.now += 0.1
        story.ask("example.com")
        assert len(story.upstream.asked) == 2

    def test_stray_records_are_neither_told_nor_kept(self):
        story = Story()
        story.ask("example.com")
        story.upstream.answer(
            "example.com. 60 IN A 192.0.2.1", "bank.example. 60 IN A 203.0.113.66"
        )
        assert story.last.records == ["example.com. 60 IN A 192.0.2.1"]
        story.ask("bank.example")
        story.ask("example.com")
        assert [asked.name for asked in story.upstream.asked[1:]] == ["bank.example."]

    def test_what_comes_in_the_additional_section_is_neither_told_nor_kept(self):
        story = Story()
        story.ask("example.com", "MX")
        asked = story.upstream.asked[0].packet
        glue = ["mail.example.com. 60 IN A 203.0.113.66"]
        story.upstream.send(respond(asked, ["example.com. 60 IN MX 1 mail.example.com."], (), glue))
        assert story.last.message.additional == []
        story.ask("mail.example.com")
        assert len(story.upstream.asked) == 2

    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda message: message[:-3], id="cut short"),
            pytest.param(lambda message: message + b"junk", id="with junk"),
            pytest.param(lambda message: message[:29], id="without its records"),
            pytest.param(lambda message: message[:12], id="a header"),
            pytest.param(lambda message: message[:29] + bytes(40), id="zeros"),
            pytest.param(lambda message: message[:29] + b"\xc0\xff" * 20, id="pointers ahead"),
            pytest.param(lambda message: message[:2] + b"\x83" + message[3:], id="truncated"),
        ],
    )
    def test_garbage_is_servfail(self, spoil):
        story = Story()
        story.ask("example.com")
        message = respond(story.upstream.asked[0].packet, ["example.com. 60 IN CNAME example.net."])
        story.upstream.send(spoil(message))
        assert (story.last.rcode, story.last.ede) == ("SERVFAIL", [(23, None)])
        assert story.resolver.idle
        story.clock.now += FAILURE_TTL
        story.ask("example.com")
        assert len(story.upstream.asked) == 2


class TestTargets:
    @pytest.mark.parametrize(
        ("qtype", "records"),
        [
            (
                "A",
                [
                    "good.example. 60 IN CNAME www.listed.example.",
                    "www.listed.example. 60 IN A 192.0.2.1",
                ],
            ),
            ("A", ["good.example. 60 IN CNAME x.com.", "x.com. 60 IN CNAME listed.example."]),
            ("CNAME", ["good.example. 60 IN CNAME LISTED.example."]),
            ("HTTPS", ["good.example. 60 IN HTTPS 1 www.listed.example. alpn=h2"]),
            ("SVCB", ["good.example. 60 IN SVCB 0 www.listed.example."]),
            ("DNAME", ["good.example. 60 IN DNAME listed.example."]),
        ],
    )
    def test_an_answer_that_leads_into_a_listed_name_is_blocked_the_same_way(self, qtype, records):
        story = Story(LISTED)
        story.ask("good.example", qtype)
        assert story.events == []
        story.upstream.answer(*records)
        assert story.events == [Hit(CLIENT, ENFORCED), Told(CLIENT, story.last.octets)]
        direct = Story(blocking(rule("subtree", "good.example", "escort")))
        direct.ask("good.example", qtype)
        assert story.last.octets == direct.last.octets

    def test_a_dname_leads_there_by_its_substitution(self):
        story = Story(blocking(rule("exact", "www.new.example")))
        story.ask("www.old.example")
        story.upstream.answer(
            "old.example. 60 IN DNAME new.example.", "www.new.example. 60 IN A 192.0.2.1"
        )
        assert story.last.ede == [(15, response.BLOCKED_TEXT)]

    def test_it_is_blocked_from_the_cache_too_and_never_repeated(self):
        story = Story(LISTED)
        packet = story.ask("good.example")
        story.upstream.answer(
            "good.example. 60 IN CNAME listed.example.", "listed.example. 60 IN A 192.0.2.1"
        )
        first = story.last.octets
        story.clock.now += 30
        for _ in range(2):
            assert not story.again(packet)
        assert [told.octets for told in story.told] == [first] * 3
        assert story.hits == [Hit(CLIENT, ENFORCED)] * 3
        assert len(story.upstream.asked) == 1

    def test_everyone_who_waited_is_recorded_before_their_answer(self):
        story = Story(LISTED)
        clients = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
        for client in clients:
            story.ask("good.example", client=client)
        story.upstream.answer("good.example. 60 IN CNAME listed.example.")
        assert [type(event) for event in story.events] == [Hit, Told] * 3
        assert [event.client for event in story.events] == [
            one for one in clients for _ in range(2)
        ]

    def test_a_cached_answer_is_inspected_anew_after_the_list_changed(self):
        story = Story()
        packet = story.ask("good.example")
        records = [
            "good.example. 600 IN CNAME x.listed.example.",
            "x.listed.example. 600 IN A 192.0.2.1",
        ]
        story.upstream.answer(*records)
        story.again(packet)
        assert story.again(packet)
        assert len(story.last.records) == 2
        story.swap(LISTED)
        assert not story.again(packet)
        assert (story.last.rcode, story.hits) == ("NXDOMAIN", [Hit(CLIENT, ENFORCED)])
        story.swap()
        assert not story.again(packet)
        assert len(story.last.records) == 2
        assert len(story.upstream.asked) == 1

    def test_a_monitored_target_is_recorded_and_told(self):
        story = Story(WATCHED)
        packet = story.ask("good.example")
        alias, address = (
            "good.example. 60 IN CNAME watched.example.",
            "watched.example. 60 IN A 192.0.2.1",
        )
        story.upstream.answer(alias, address)
        assert [type(event) for event in story.events] == [Hit, Told]
        assert story.hits[0].cell == MONITORED
        assert story.last.records == [alias, address]
        story.again(packet)
        assert story.again(packet)
        assert [type(event) for event in story.events] == [Hit, Told] * 3

    @pytest.mark.parametrize("source", [ALLOWED, PROTECTED])
    def test_what_a_protected_or_allowed_name_leads_to_is_not_inspected(self, source):
        story = Story(LISTED, source)
        asked = "www.open.listed.example" if source is ALLOWED else "www.help.example"
        packet = story.ask(asked)
        story.upstream.answer(
            f"{asked}. 60 IN CNAME listed.example.", "listed.example. 60 IN A 192.0.2.1"
        )
        story.again(packet)
        story.again(packet)
        assert [len(told.records) for told in story.told] == [2, 2, 2]
        assert story.hits == []

    def test_a_target_that_is_allowed_is_no_block(self):
        story = Story(LISTED, ALLOWED)
        story.ask("good.example")
        story.upstream.answer("good.example. 60 IN CNAME open.listed.example.")
        assert (len(story.last.records), story.hits) == (1, [])

    def test_an_excepted_target_is_no_block(self):
        excepted = blocking(
            rule("subtree", "listed.example"),
            rule("exact", "cdn.listed.example", action=Action.PASSTHRU),
        )
        story = Story(excepted)
        story.ask("good.example")
        story.upstream.answer("good.example. 60 IN CNAME cdn.listed.example.")
        assert (len(story.last.records), story.hits) == (1, [])

    def test_a_denial_behind_an_alias_into_a_listed_name_is_a_block(self):
        story = Story(LISTED)
        story.ask("good.example")
        story.upstream.answer(
            "good.example. 60 IN CNAME listed.example.", authority=[_SOA], rcode="NXDOMAIN"
        )
        assert story.last.ede == [(15, response.BLOCKED_TEXT)]
        assert story.hits == [Hit(CLIENT, ENFORCED)]


class TestSwap:
    def test_a_block_that_was_lifted_is_told_no_more(self):
        story = Story(LISTED)
        packet = story.ask("www.listed.example")
        assert story.again(packet)
        story.swap()
        assert not story.again(packet)
        assert len(story.upstream.asked) == 1

    def test_a_name_that_was_listed_meanwhile_is_blocked_though_it_is_cached(self):
        story = Story()
        packet = story.ask("www.listed.example")
        story.upstream.answer("www.listed.example. 60 IN A 192.0.2.1")
        story.again(packet)
        assert story.again(packet)
        story.swap(LISTED)
        assert not story.again(packet)
        assert story.last.rcode == "NXDOMAIN"

    def test_another_way_to_block_is_in_force_at_once(self):
        story = Story(LISTED)
        packet = story.ask("www.listed.example")
        story.swap(LISTED, blocked=Blocking(response.blocked_nodata, response.Block(5)))
        assert not story.again(packet)
        assert story.last.rcode == "NOERROR"

    def test_what_an_old_policy_let_pass_does_not_come_back_after_the_swap(self):
        story = Story()
        packet = story.ask("www.listed.example")
        story.swap(LISTED)
        story.upstream.answer("www.listed.example. 60 IN A 192.0.2.1")
        assert len(story.told) == 1  # who asked under the old list is answered under it
        assert not story.again(packet)
        assert story.last.rcode == "NXDOMAIN"

    def test_whoever_waits_over_a_swap_is_answered(self):
        story = Story()
        story.ask("good.example")
        story.swap(LISTED)
        story.upstream.answer("good.example. 60 IN CNAME listed.example.")
        assert (story.last.rcode, story.hits) == ("NXDOMAIN", [Hit(CLIENT, ENFORCED)])


class TestRepeats:
    def test_no_ttl_is_ever_told_that_is_not_true_at_the_moment(self):
        story = Story()
        packet = story.ask("example.com")
        story.upstream.answer("example.com. 10 IN A 192.0.2.1")
        came = story.clock.now
        repeated = 0
        for tenth in range(120):
            story.clock.now = came + tenth / 10
            if tenth >= 100:
                break
            repeated += story.again(packet)
            assert story.last.message.answer[0].ttl == 10 - tenth // 10
        assert repeated >= 80
        assert not story.again(packet)
        assert len(story.upstream.asked) == 2

    def test_letter_case_flags_and_edns_make_another_question(self):
        story = Story(LISTED)
        packet = story.ask("www.listed.example")
        assert story.again(packet)
        for other in (
            query("wWw.listed.example"),
            query("www.listed.example", "AAAA"),
            query("www.listed.example", flags="RD CD"),
            query("www.listed.example", edns=False),
            query("www.listed.example", do=True),
            query("www.listed.example", size=600),
        ):
            assert not story.again(other)
            assert story.last.octets[12 : 12 + 24] == other[12 : 12 + 24]

    def test_what_one_client_was_refused_is_not_repeated_to_another(self):
        story = Story(LISTED)
        packet = story.ask("www.listed.example")
        assert story.again(packet)
        assert not story.again(packet, client="192.0.2.8")
        assert story.again(packet, client="192.0.2.8")
        assert story.hits == [Hit(CLIENT, ENFORCED)] * 2 + [Hit("192.0.2.8", ENFORCED)] * 2
        assert len({told.octets for told in story.told}) == 1

    def test_another_id_makes_no_other_question(self):
        story = Story(LISTED)
        story.ask("www.listed.example")
        assert story.again(query("www.listed.example", ident=0xABCD))
        assert story.last.message.id == 0xABCD

    def test_what_was_told_over_tcp_or_to_a_cookie_is_not_repeated(self):
        story = Story(LISTED)
        packet = story.ask("www.listed.example", tcp=True)
        assert not story.again(packet)
        story = Story(LISTED)
        cookie = dns.edns.CookieOption(b"12345678", b"")
        packet = story.ask("www.listed.example", options=[cookie])
        assert not story.again(packet)

    def test_a_cached_answer_to_a_query_with_options_or_over_tcp_is_not_repeated(self):
        cookie = dns.edns.CookieOption(b"12345678", b"")
        for tcp, options in ((False, [cookie]), (True, [])):
            story = Story()
            packet = story.ask("example.com", tcp=tcp, options=options)
            story.upstream.answer("example.com. 60 IN A 192.0.2.1")
            story.send(packet, tcp=tcp)
            assert story.repeats.get(packet[2:]) is None
            assert len(story.told) == 2

    def test_a_name_asked_once_takes_no_room(self):
        story = Story()
        packet = story.ask("example.com")
        story.upstream.answer("example.com. 60 IN A 192.0.2.1")
        assert story.repeats.get(packet[2:]) is None
        story.send(packet)
        assert story.repeats.get(packet[2:])

    def test_a_truncated_response_is_no_longer_true_than_the_answer(self):
        story = Story()
        packet = story.ask("example.com", edns=False)
        story.upstream.answer(*(f"example.com. 2 IN A 192.0.2.{n}" for n in range(80)))
        story.again(packet)
        assert story.again(packet)
        assert story.last.has("TC")
        story.clock.now += 2
        assert not story.again(packet)


class TestLocal:
    ZONES: ClassVar = {
        name("localhost"): Local.LOOPBACK,
        name("onion"): Local.NXDOMAIN,
        name("resolver.arpa"): Local.NODATA,
        name("probe.test"): Local.PROBE,
    }

    @pytest.mark.parametrize(
        ("asked", "qtype", "rcode", "records"),
        [
            ("localhost", "A", "NOERROR", ["localhost. 3600 IN A 127.0.0.1"]),
            ("db.localhost", "AAAA", "NOERROR", ["db.localhost. 3600 IN AAAA ::1"]),
            ("localhost", "MX", "NOERROR", []),
            ("x.onion", "A", "NXDOMAIN", []),
            ("x.onion", "ANY", "NXDOMAIN", []),
            ("_dns.resolver.arpa", "SVCB", "NOERROR", []),
        ],
    )
    def test_special_names_are_answered_here(self, asked, qtype, rcode, records):
        story = Story(zones=self.ZONES)
        packet = story.ask(asked, qtype)
        assert (story.last.rcode, story.last.records) == (rcode, records)
        assert bool(story.last.message.authority) == (not records)
        assert story.last.ede == []
        assert story.again(packet)
        assert story.upstream.asked == []

    def test_a_list_is_heard_before_the_table_of_special_names(self):
        story = Story(blocking(rule("exact", "x.onion", "escort")), zones=self.ZONES)
        story.ask("x.onion")
        assert story.hits == [Hit(CLIENT, ENFORCED)]

    def test_a_probe_that_comes_back_is_told_to_whoever_sent_it(self):
        story = Story(zones=self.ZONES)
        packet = story.ask("nonce.probe.test")
        assert story.loops == [name("nonce.probe.test")]
        assert story.last.rcode == "SERVFAIL"
        assert not story.again(packet)
        assert len(story.loops) == 2
        assert story.upstream.asked == []

    def test_any_is_answered_with_a_pointer_to_the_rfc(self):
        story = Story()
        packet = story.ask("example.com", "ANY")
        assert story.last.records == ['example.com. 3600 IN HINFO "RFC8482" ""']
        assert story.again(packet)
        assert story.upstream.asked == []
