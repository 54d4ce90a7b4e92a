"""How many queries were served: of what policy did, nothing can be told from it."""

import threading

import dns.message
import pytest

from blockfilter.message import response
from blockfilter.policy.rule import Mode
from blockfilter.resolve.inflight import MAX_WAITERS
from blockfilter.resolve.routes import Local
from blockfilter.resolve.tally import SAMPLED, Taken, Tally
from tests.policy.rules import blocking, name, rule
from tests.resolve.transcript import FAILURE_TTL, Offices, Story, query

LISTED = blocking(rule("subtree", "listed.example"))
WATCHED = blocking(rule("subtree", "watched.example", mode=Mode.MONITOR), id_="watched")
ALIAS = "good.example. 60 IN CNAME www.listed.example."


def test_what_is_forwarded_cached_or_repeated_is_served_once_each():
    story = Story(LISTED)
    packet = story.ask("a.example")
    assert story.tally.served == 0  # nothing was told yet
    story.upstream.answer("a.example. 60 IN A 192.0.2.1")
    assert story.tally.served == 1
    story.ask("a.example", "A", ident=9)
    assert story.tally.served == 2
    assert story.again(packet)
    assert story.tally.served == 3
    story.ask("a.example", tcp=True)
    assert story.tally.take() == Taken(4, frozenset())


def test_all_who_wait_for_one_exchange_are_served():
    story = Story()
    for number in range(MAX_WAITERS + 5):
        story.ask("a.example", client=f"192.0.2.{number}")
    story.upstream.answer("a.example. 60 IN A 192.0.2.1")
    assert story.tally.served == MAX_WAITERS


def test_an_answer_cut_short_is_served_and_so_is_the_whole_one():
    story = Story()
    records = [f'a.example. 60 IN TXT "{"x" * 250}{number}"' for number in range(9)]
    story.ask("a.example", "TXT")
    story.upstream.answer(*records)
    story.ask("a.example", "TXT", tcp=True)
    assert len(story.told) == story.tally.served == 2


def test_a_name_that_would_be_blocked_is_served_like_any_other():
    story = Story(WATCHED)
    packet = story.ask("watched.example")
    story.upstream.answer("watched.example. 60 IN A 192.0.2.1")
    story.ask("watched.example")
    assert story.again(packet)
    assert story.tally.served == 3


@pytest.mark.parametrize("tcp", [False, True])
def test_what_policy_answers_is_not_served_nor_are_its_repeats(tcp):
    story = Story(LISTED)
    for _ in range(3):
        packet = story.ask("www.listed.example", tcp=tcp)
        story.again(packet)
    assert len(story.told) == 6
    assert story.tally.served == 0


def test_an_alias_of_a_listed_name_is_not_served_at_any_stage():
    story = Story(LISTED)
    packet = story.ask("good.example")
    story.upstream.answer(ALIAS, "www.listed.example. 60 IN A 192.0.2.1")
    story.ask("good.example")
    story.again(packet)
    story.ask("good.example", tcp=True)
    assert [told.rcode for told in story.told] == ["NXDOMAIN"] * 4
    assert story.tally.served == 0


def test_an_answer_that_becomes_blocked_is_served_until_then():
    story = Story()
    packet = story.ask("good.example")
    story.upstream.answer(ALIAS, "www.listed.example. 60 IN A 192.0.2.1")
    story.ask("good.example")
    assert story.tally.served == 2
    story.swap(LISTED)
    for _ in range(2):
        assert not story.again(packet)
        assert story.last.rcode == "NXDOMAIN"
    assert story.tally.served == 2


def test_names_answered_here_refusals_and_failures_are_not_served():
    zones = {name(zone): local for zone, local in
             (("onion", Local.NXDOMAIN), ("arpa", Local.NODATA), ("localhost", Local.LOOPBACK),
              ("probe", Local.PROBE))}  # fmt: skip
    story = Story(LISTED, zones=zones)
    packets = [story.ask(one) for one in ("x.onion", "x.arpa", "localhost", "x.probe")]
    packets += [story.ask("a.example", "ANY"), story.ask("a.example", "AXFR")]
    packets.append(query("a.example")[:-3])
    story.resolver.refuse(query("a.example"), lambda _: None)
    for packet in packets:
        story.again(packet)
    story.ask("b.example")
    story.upstream.fail(response.EDE_NETWORK_ERROR)
    story.ask("b.example")
    story.clock.now += FAILURE_TTL + 1
    story.ask("b.example")
    story.upstream.send(b"no message")
    assert [dns.message.from_wire(told.octets).rcode() for told in story.told[-3:]] == [2, 2, 2]
    assert story.tally.served == 0


def test_whether_anybody_was_blocked_changes_nothing():
    quiet, busy = Story(LISTED), Story(LISTED)
    for number in range(40):
        for story in (quiet, busy):
            packet = story.ask(f"n{number % 7}.example", ident=number * 4)
            if story.upstream.waiting:
                story.upstream.answer(f"n{number % 7}.example. 600 IN A 192.0.2.1")
            story.again(packet)
        for _ in range(number % 5):
            busy.again(busy.ask("www.listed.example", client=f"198.51.100.{number}"))
    assert len(busy.told) > len(quiet.told)
    assert quiet.tally.take() == busy.tally.take()


def test_an_office_is_looked_up_for_one_query_in_sixteen():
    offices = Offices(hq="10.1.", lab="10.2.")
    tally = Tally(offices)
    for _ in range(SAMPLED - 1):
        tally.count(1, "10.1.0.1")
    assert offices.asked == []
    tally.count(1, "10.1.0.1")
    assert tally.take() == Taken(SAMPLED, frozenset({"hq"}))
    for _ in range(10 * SAMPLED):
        tally.count(1, "10.3.0.1")
    assert len(offices.asked) == 11
    assert tally.take() == Taken(10 * SAMPLED, frozenset())
    tally.count(64, "10.2.0.1")  # a burst is one look-up at the most
    assert len(offices.asked) == 12
    assert tally.take() == Taken(64, frozenset({"lab"}))


def test_no_office_is_looked_up_when_all_were_seen_or_there_are_none():
    offices = Offices(hq="10.1.", lab="10.2.")
    tally = Tally(offices)
    for client in ("10.1.0.1", "10.2.0.1", "10.1.0.1", "10.3.0.1"):
        tally.count(SAMPLED, client)
    assert offices.asked == ["10.1.0.1", "10.2.0.1"]
    assert tally.take().offices == {"hq", "lab"}
    tally.count(SAMPLED, "10.2.0.1")
    assert tally.take().offices == {"lab"}
    nobody = Offices()
    Tally(nobody).count(10 * SAMPLED, "10.1.0.1")
    assert nobody.asked == []


def test_nothing_is_lost_or_doubled_between_two_threads():
    tally, taken = Tally(Offices(hq="10.")), []
    done = threading.Event()

    def take() -> None:
        while not done.is_set():
            taken.append(tally.take())

    worker = threading.Thread(target=take)
    worker.start()
    for _ in range(50_000):
        tally.count(3, "10.0.0.1")
    done.set()
    worker.join()
    taken.append(tally.take())
    assert sum(one.served for one in taken) == 150_000
    assert tally.served == 0
    assert {office for one in taken for office in one.offices} == {"hq"}
