"""Several upstreams as one: failover, second opinions, EDNS, health and recovery, on real sockets."""

import asyncio
import itertools
import logging
import time
from typing import Any

import pytest

from blockfilter.errors import ConfigError
from blockfilter.resolve.upstream import Endpoint, Outcome, Transport, Upstreams
from tests.fakes import (
    Received,
    ScriptedUpstream,
    addressed,
    always,
    answer,
    closed_port,
    in_turn,
    silent,
)
from tests.resolve.upstream.asking import RD, addresses, asking, question, rcode

ONE, TWO = addressed("192.0.2.1"), addressed("192.0.2.2")


def ask(*endpoints: Endpoint, **options: Any) -> Outcome:
    async def scenario() -> Outcome:
        async with asking(*endpoints, **options) as it:
            return await it.ask()

    return asyncio.run(scenario())


# Failover.


def test_listed_asks_the_first_alone_while_it_answers():
    async def scenario(*endpoints: Endpoint):
        async with asking(*endpoints) as it:
            for _ in range(20):
                assert addresses(await it.ask()) == ["192.0.2.1"]

    with ScriptedUpstream(ONE) as first, ScriptedUpstream(TWO) as second:
        asyncio.run(scenario(first.address, second.address))
    assert (len(first.received), len(second.received)) == (20, 0)


def test_a_silent_upstream_is_followed_by_the_next_within_the_first_try():
    started = time.monotonic()
    with ScriptedUpstream(silent) as first, ScriptedUpstream(TWO) as second:
        outcome = ask(first.address, second.address)
        took = time.monotonic() - started
    assert addresses(outcome) == ["192.0.2.2"]
    assert outcome.endpoint == second.address
    assert 0.4 <= took < 1.0


def test_a_slow_upstream_that_answers_before_the_next_one_still_wins():
    slow = addressed("192.0.2.1", delay=0.3)
    with (
        ScriptedUpstream(slow) as first,
        ScriptedUpstream(addressed("192.0.2.2", delay=1.0)) as second,
    ):
        outcome = ask(first.address, second.address, first_try=0.1, budget=2.0)
        second.wait_for(1)
    assert (addresses(outcome), outcome.endpoint) == (["192.0.2.1"], first.address)


def test_tries_alternate_with_doubled_patience_until_the_budget_is_spent():
    with ScriptedUpstream(silent) as first, ScriptedUpstream(silent) as second:
        started = time.monotonic()
        outcome = ask(first.address, second.address, first_try=0.1, budget=1.0)
        took = time.monotonic() - started
    assert (outcome.message, outcome.endpoint, outcome.failure) == (None, None, 22)
    assert 1.0 <= took < 1.2
    received = sorted(first.received + second.received, key=lambda query: query.at)
    pauses = [after.at - before.at for before, after in itertools.pairwise(received)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4], abs=0.06)
    assert received[0] in first.received
    assert received[1] in second.received


def test_with_every_port_closed_it_ends_soon_as_a_network_error():
    started = time.monotonic()
    outcome = ask(closed_port(), closed_port(), closed_port())
    assert (outcome.message, outcome.endpoint, outcome.failure) == (None, None, 23)
    assert time.monotonic() - started < 1.0


def test_an_upstream_that_restarts_is_asked_once_more():
    async def scenario(upstream: ScriptedUpstream):
        async with asking(upstream.address) as it:
            waiting = it.begin()
            await asyncio.sleep(0.1)
            upstream.start()
            return await waiting

    upstream = ScriptedUpstream(ONE, port=closed_port()[1])
    try:
        assert addresses(asyncio.run(scenario(upstream))) == ["192.0.2.1"]
    finally:
        upstream.stop()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_no_more_than_six_packets_leave_for_one_question(count):
    """Every kind of reason to ask again, at once: forgery, truncation, EDNS, failure, closing."""

    def awkward(query: Received):
        if query.transport == "tcp":
            return [answer(query, tc=True)]
        if query.edns:
            return [answer(query, rcode="FORMERR")]
        return [answer(query, tc=True)]

    upstreams = [ScriptedUpstream(awkward) for _ in range(count)]
    for upstream in upstreams:
        upstream.start()
    try:
        outcome = ask(*(one.address for one in upstreams), first_try=0.05, budget=1.5)
    finally:
        for upstream in upstreams:
            upstream.stop()
    packets = sum(len(one.received) for one in upstreams)
    assert outcome.message is None
    assert 3 <= packets <= 6


def test_a_silent_group_of_seven_gets_six_packets():
    upstreams = [ScriptedUpstream(silent) for _ in range(7)]
    for upstream in upstreams:
        upstream.start()
    try:
        ask(*(one.address for one in upstreams), first_try=0.02, budget=0.9)
    finally:
        for upstream in upstreams:
            upstream.stop()
    assert [len(one.received) for one in upstreams] == [1, 1, 1, 1, 1, 1, 0]


# Second opinions.


@pytest.mark.parametrize("failure", ["SERVFAIL", "REFUSED"])
def test_a_failure_of_one_is_answered_by_the_other(failure):
    with ScriptedUpstream(always(rcode=failure)) as first, ScriptedUpstream(TWO) as second:
        outcome = ask(first.address, second.address)
    assert addresses(outcome) == ["192.0.2.2"]
    assert (len(first.received), len(second.received)) == (1, 1)


def test_a_failure_of_both_is_relayed_after_each_was_asked_once():
    with (
        ScriptedUpstream(always(rcode="SERVFAIL")) as first,
        ScriptedUpstream(always(rcode="SERVFAIL")) as second,
        ScriptedUpstream(ONE) as third,
    ):
        outcome = ask(first.address, second.address, third.address)
    assert (rcode(outcome), outcome.endpoint) == (2, first.address)
    assert [len(one.received) for one in (first, second, third)] == [1, 1, 0]


def test_of_two_failures_the_one_of_who_tried_is_relayed():
    with (
        ScriptedUpstream(always(rcode="REFUSED")) as first,
        ScriptedUpstream(always(rcode="SERVFAIL")) as second,
    ):
        outcome = ask(first.address, second.address)
    assert (rcode(outcome), outcome.endpoint) == (2, second.address)


def test_a_failure_is_relayed_when_the_second_opinion_stays_out():
    with (
        ScriptedUpstream(always(rcode="SERVFAIL")) as first,
        ScriptedUpstream(silent) as second,
    ):
        started = time.monotonic()
        outcome = ask(first.address, second.address)
        took = time.monotonic() - started
    assert (rcode(outcome), outcome.endpoint) == (2, first.address)
    assert took < 1.0


def test_a_lone_upstreams_failure_is_relayed_at_once():
    started = time.monotonic()
    with ScriptedUpstream(always(rcode="SERVFAIL")) as upstream:
        outcome = ask(upstream.address)
    assert rcode(outcome) == 2
    assert time.monotonic() - started < 0.3
    assert len(upstream.received) == 1


@pytest.mark.parametrize("rcode_text", ["NXDOMAIN", "YXDOMAIN"])
def test_what_says_something_about_the_name_is_no_failure(rcode_text):
    with ScriptedUpstream(always(rcode=rcode_text)) as first, ScriptedUpstream(TWO) as second:
        outcome = ask(first.address, second.address)
    assert outcome.endpoint == first.address
    assert not second.received


# EDNS.


def no_edns(kind: str):
    """A resolver that answers plain queries only."""

    def script(query: Received):
        if not query.edns:
            return addressed()(query)
        if kind == "header alone":
            return [query.packet[:2] + b"\x81\x81" + bytes(8)]
        return [answer(query, rcode=kind, edns=kind == "BADVERS")]

    return script


@pytest.mark.parametrize("kind", ["FORMERR", "NOTIMP", "BADVERS", "header alone"])
def test_an_upstream_without_edns_is_asked_without_it_and_remembered(kind):
    async def scenario(address: Endpoint):
        async with asking(address) as it:
            return [await it.ask(do=True) for _ in range(3)]

    with ScriptedUpstream(no_edns(kind)) as upstream:
        outcomes = asyncio.run(scenario(upstream.address))
    assert all(addresses(outcome) == ["192.0.2.1"] for outcome in outcomes)
    assert [query.edns for query in upstream.received] == [True, False, False, False]


def test_a_question_that_is_refused_without_edns_too_does_not_turn_it_off():
    def picky(query: Received):
        bad = query.name.startswith("bad.")
        return [answer(query, rcode="FORMERR")] if bad else ONE(query)

    async def scenario(address: Endpoint):
        async with asking(address) as it:
            return [await it.ask(name) for name in ("bad.example", "good.example")]

    with ScriptedUpstream(picky) as upstream:
        bad, good = asyncio.run(scenario(upstream.address))
    assert (rcode(bad), addresses(good)) == (1, ["192.0.2.1"])
    assert [query.edns for query in upstream.received] == [True, False, True]


# Health and recovery.


def test_a_dead_upstream_is_asked_by_probes_only_and_takes_over_again_when_it_is_back(caplog):
    caplog.set_level(logging.DEBUG)

    async def scenario(first: ScriptedUpstream, second: ScriptedUpstream):
        async with asking(first.address, second.address, first_try=0.1, budget=2.0) as it:
            for _ in range(2):  # two consecutive failures make it down
                assert addresses(await it.ask()) == ["192.0.2.2"]
            asked = len(first.received)
            assert it.upstreams.status() == [(_text(first), False), (_text(second), True)]
            started = time.monotonic()
            for _ in range(30):
                assert addresses(await it.ask()) == ["192.0.2.2"]
            assert time.monotonic() - started < 0.5
            assert len(first.received) == asked
            first.script = ONE
            await asyncio.sleep(1.5)
            probes = first.received[asked:]
            assert [(query.name, query.qtype, query.flags) for query in probes] == [(".", "NS", RD)]
            assert it.upstreams.status()[0] == (_text(first), True)
            assert addresses(await it.ask()) == ["192.0.2.1"]

    with ScriptedUpstream(silent) as first, ScriptedUpstream(TWO) as second:
        asyncio.run(scenario(first, second))
    assert [(record.levelname, record.getMessage()) for record in _own(caplog)] == [
        ("WARNING", f"upstream {_text(first)} is down: it does not answer"),
        ("INFO", f"upstream {_text(first)} is up again"),
    ]


def test_service_is_back_at_once_for_new_and_waiting_questions_when_upstreams_return():
    async def scenario(one: ScriptedUpstream, two: ScriptedUpstream):
        async with asking(one.address, two.address) as it:
            outage = time.monotonic() + 2.2
            failed = []
            while time.monotonic() < outage:  # clients go on asking all through the outage
                failed.append(it.begin())
                await asyncio.sleep(0.1)
            assert not any(up for _, up in it.upstreams.status())
            one.script, two.script = ONE, TWO
            back = time.monotonic()
            outcome = await it.ask()
            assert outcome.message is not None
            assert time.monotonic() - back < 1.0
            outcomes = await asyncio.gather(*failed)
            assert time.monotonic() - back < 2.0
            assert all(outcome.message is not None for outcome in outcomes)

    with ScriptedUpstream(silent) as one, ScriptedUpstream(silent) as two:
        asyncio.run(scenario(one, two))


def test_one_lost_burst_does_not_make_an_upstream_down():
    async def scenario(address: Endpoint):
        async with asking(address, first_try=0.1, budget=2.0) as it:
            await asyncio.gather(*(it.ask() for _ in range(50)))
            return it.upstreams.status()

    with ScriptedUpstream(in_turn(*[silent] * 50, ONE)) as upstream:
        status = asyncio.run(scenario(upstream.address))
    assert status == [(_text(upstream), True)]


def test_fastest_asks_the_fastest_and_follows_when_that_is_another():
    async def scenario(slow: ScriptedUpstream, quick: ScriptedUpstream):
        async with asking(slow.address, quick.address, order="fastest") as it:
            for _ in range(60):
                await it.ask()
            before = len(slow.received), len(quick.received)
            slow.script, quick.script = ONE, addressed("192.0.2.2", delay=0.06)
            for _ in range(100):
                await it.ask()
            return before, (len(slow.received), len(quick.received))

    with (
        ScriptedUpstream(addressed("192.0.2.1", delay=0.015)) as slow,
        ScriptedUpstream(TWO) as quick,
    ):
        before, after = asyncio.run(scenario(slow, quick))
    assert before[1] >= 50
    assert 1 <= before[0] <= 10
    assert after[0] - before[0] >= 50


def test_groups_share_what_is_known_of_an_upstream_and_a_dropped_group_is_forgotten():
    async def scenario(dead: Endpoint, living: Endpoint):
        async with asking(dead, first_try=0.05, budget=0.5) as it:
            transport = it.transport
            other = Upstreams([living, dead], transport=transport, order="listed", number=7)
            assert other.number == 7
            await it.ask()
            await it.ask()
            assert other.status() == [
                (f"127.0.0.1:{living[1]}", True),
                (f"127.0.0.1:{dead[1]}", False),
            ]
            before = transport.upstream(dead)
            assert transport.upstream(dead) is before

    with ScriptedUpstream(ONE) as living:
        asyncio.run(scenario(closed_port(), living.address))


def test_a_group_never_asks_another_groups_upstreams():
    async def scenario(dead: Endpoint, living: ScriptedUpstream):
        async with asking(dead, first_try=0.05, budget=0.5) as it:
            other = Upstreams([living.address], transport=it.transport, order="listed")
            assert other.status()[0][1]
            for _ in range(3):
                assert (await it.ask()).failure == 23

    with ScriptedUpstream(ONE) as living:
        asyncio.run(scenario(closed_port(), living))
    assert not living.received


def test_an_upstream_named_twice_counts_once():
    transport = Transport()
    upstreams = Upstreams([("::1", 53), ("::1", 53)], transport=transport, order="listed")
    assert upstreams.status() == [("[::1]:53", True)]
    transport.close()


def test_a_group_of_none_is_a_mistake():
    transport = Transport()
    with pytest.raises(ConfigError, match="empty"):
        Upstreams([], transport=transport, order="listed")
    transport.close()


def test_nothing_written_names_a_question_or_an_answer(caplog):
    caplog.set_level(logging.DEBUG)

    async def scenario(*endpoints: Endpoint):
        async with asking(*endpoints, first_try=0.05, budget=0.2) as it:

            def fails(outcome):
                raise ValueError("canary-in-an-exception.example")

            it.upstreams.exchange(question("canary.example"), RD, False, fails)
            for _ in range(4):
                await it.ask("canary.example")

    with ScriptedUpstream(silent) as silent_one:
        asyncio.run(scenario(silent_one.address, closed_port()))
    text = "\n".join(record.getMessage() + str(record.exc_info) for record in _own(caplog))
    assert "ValueError" in text
    assert "canary" not in text
    assert "192.0.2" not in text


def _text(upstream: ScriptedUpstream) -> str:
    return f"127.0.0.1:{upstream.address[1]}"


def _own(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name.startswith("blockfilter")]
