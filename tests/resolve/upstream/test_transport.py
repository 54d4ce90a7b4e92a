"""The bounds of the transport, its start and its end, on real sockets."""

import asyncio
import random
import resource
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from blockfilter.resolve.upstream import Endpoint, Outcome, Transport, Upstreams
from blockfilter.resolve.upstream.transport import SLOW
from tests.fakes import (
    Close,
    Raw,
    Received,
    ScriptedUpstream,
    Step,
    addressed,
    answer,
    by_name,
    closed_port,
    silent,
    truncating,
    with_id,
)
from tests.resolve.upstream.asking import RD, addresses, asking, question

SLOW_AND_QUICK = by_name({"quick.example.": addressed("192.0.2.1")}, silent)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def few_descriptors():
    """So few that the bound of exchanges is not the one that is met."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def leave(count: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors() + count, hard))

    yield leave
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_two_thousand_slow_exchanges_do_not_delay_the_others():
    async def scenario(address: Endpoint):
        async with asking(address, outstanding=2001) as it:
            waiting = [it.begin("slow.example") for _ in range(2000)]
            await asyncio.sleep(0.5)
            assert it.transport.outstanding == 2000
            delays = []
            for _ in range(50):
                began = time.monotonic()
                assert addresses(await it.ask("quick.example")) == ["192.0.2.1"]
                delays.append(time.monotonic() - began)
            assert sorted(delays)[25] < 0.05  # the test's own upstream answers 4,000 more beside it
            assert it.transport.dropped == 0
            assert not any(one.done() for one in waiting)
        assert [one.result().failure for one in waiting] == [22] * 2000

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        asyncio.run(scenario(upstream.address))


def test_at_the_bound_the_oldest_slow_exchange_makes_room():
    async def scenario(address: Endpoint):
        async with asking(address, outstanding=100) as it:
            waiting = [it.begin("slow.example") for _ in range(100)]
            await asyncio.sleep(SLOW + 0.05)
            assert addresses(await it.ask("quick.example")) == ["192.0.2.1"]
            assert [one.done() for one in waiting] == [True] + [False] * 99
            assert waiting[0].result() == (None, None, 22)
            for _ in range(5):
                it.begin("slow.example")
            assert it.transport.outstanding == 100
            await asyncio.sleep(0)
            assert sum(one.done() for one in waiting) == it.transport.dropped == 5

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        asyncio.run(scenario(upstream.address))


def test_a_probe_takes_nobodys_room_even_after_its_upstream_came_back():
    async def scenario(address: Endpoint):
        async with asking(address, outstanding=21, first_try=0.05) as it:
            waiting = [it.begin("slow.example") for _ in range(20)]
            await asyncio.to_thread(probed.wait, 5)
            for _ in range(3):  # the first of them finds it up, while the probe is under way
                assert addresses(await it.ask("quick.example")) == ["192.0.2.1"]
            assert it.upstreams.status()[0][1]
            assert len(it.transport._exchanges) == 21
            assert it.transport.outstanding == 20
            assert it.transport.dropped == 0
            it.begin("slow.example")
            it.begin("slow.example")  # and it is no room to be made, either
            await asyncio.sleep(0)
            assert it.transport.outstanding == 21
            assert sum(one.done() for one in waiting) == it.transport.dropped == 1

    probed = threading.Event()

    def script(query: Received) -> Iterable[Step]:
        if query.name == ".":
            probed.set()
        return SLOW_AND_QUICK(query)

    with ScriptedUpstream(script) as upstream:
        asyncio.run(scenario(upstream.address))


def test_at_the_bound_with_none_slow_a_new_exchange_is_refused_at_once():
    async def scenario(address: Endpoint):
        async with asking(address, outstanding=100) as it:
            waiting = [it.begin("slow.example") for _ in range(100)]
            refused = it.begin("quick.example")
            assert refused.done()
            assert refused.result() == (None, None, 22)
            assert not any(one.done() for one in waiting)
            assert it.transport.dropped == 1

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        asyncio.run(scenario(upstream.address))


def test_an_outcome_is_told_once_and_never_before_exchange_returns():
    async def scenario(*endpoints: Endpoint):
        async with asking(*endpoints, first_try=0.05, budget=0.5) as it:
            waiting = [it.begin("quick.example") for _ in range(50)]
            assert it.told == 0
            await asyncio.gather(*waiting)
            await asyncio.sleep(0.7)
            assert it.told == 50

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        asyncio.run(scenario(upstream.address))
        asyncio.run(scenario(upstream.address, closed_port()))
        asyncio.run(scenario(closed_port(), closed_port()))
    asyncio.run(scenario(("fe80::1%no-such-if", 53)))


def test_retransmissions_keep_to_twice_the_bound_of_sockets():
    async def scenario(address: Endpoint):
        async with asking(address, outstanding=50, first_try=0.05, budget=1.0) as it:
            before = descriptors()
            waiting = [it.begin("slow.example") for _ in range(50)]
            most = 0
            while not all(one.done() for one in waiting):
                most = max(most, descriptors() - before)
                await asyncio.sleep(0.01)
            assert 50 <= most <= 100
            assert descriptors() == before

    with ScriptedUpstream(silent) as upstream:
        asyncio.run(scenario(upstream.address))


def test_without_descriptors_slow_exchanges_make_room_and_nothing_raises(few_descriptors):
    async def scenario(address: Endpoint):
        async with asking(address) as it:
            few_descriptors(20)
            waiting = [it.begin("slow.example") for _ in range(40)]
            refused = [one.result().failure for one in waiting if one.done()]
            assert set(refused) == {22}
            assert 15 <= len(refused) <= 25
            await asyncio.sleep(SLOW + 0.02)
            assert addresses(await it.ask("quick.example")) == ["192.0.2.1"]
            assert sum(one.done() for one in waiting) == len(refused) + 1
            await asyncio.sleep(0.5)  # who retransmits gives a descriptor up for it
            assert it.transport.outstanding == 39 - len(refused)

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        asyncio.run(scenario(upstream.address))


def test_whoever_is_told_may_ask_again_at_once():
    answered = []

    async def scenario(address: Endpoint):
        async with asking(address) as it:
            over = asyncio.Event()

            def done(outcome):
                answered.append(outcome)
                if len(answered) == 500:
                    over.set()
                else:
                    it.upstreams.exchange(question("quick.example"), RD, False, done)

            it.upstreams.exchange(question("quick.example"), RD, False, done)
            await asyncio.wait_for(over.wait(), 5)

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        asyncio.run(scenario(upstream.address))
    assert all(outcome.message for outcome in answered)


def test_a_receiver_that_fails_disturbs_nobody():
    async def scenario(address: Endpoint):
        async with asking(address, first_try=0.05, budget=0.2) as it:

            def fails(_):
                raise ValueError

            it.upstreams.exchange(question("quick.example"), RD, False, fails)
            it.upstreams.exchange(question("slow.example"), RD, False, fails)
            assert addresses(await it.ask("quick.example")) == ["192.0.2.1"]
            assert (await it.ask("slow.example")).failure == 22

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        asyncio.run(scenario(upstream.address))


def test_after_a_storm_every_caller_was_told_once_and_nothing_is_left():
    """Upstreams that do everything wrong at random, and more exchanges than there is room for."""
    chance = random.Random(2)

    def stormy(query: Received) -> list[Step]:
        good = answer(query, f"{query.name} 60 IN A 192.0.2.1")
        return chance.choice(
            [
                [],
                [good],
                [good[:30], (0.02, good)],
                [good, good, good],
                [with_id(good, query.id ^ 1)],
                [(0.08, good)],
                [answer(query, tc=True)],
                [answer(query, rcode="SERVFAIL")],
                [answer(query, rcode="FORMERR")],
                [query.packet[:2] + b"\x81\x81" + bytes(8)],
                [good[:20]] * 4,
                [Raw(b"\0\x20" + good[:10]), Close()],
                [Raw(b"\0"), (0.01, Close())],
                [Close()],
            ]
        )

    async def scenario(*endpoints: Endpoint):
        async with asking(*endpoints, outstanding=40, first_try=0.05, budget=0.5) as it:
            waiting = []
            for number in range(1500):
                waiting.append(it.begin(f"n{number}.example"))
                await asyncio.sleep(0.002 if number % 10 == 0 else 0)
            outcomes = await asyncio.gather(*waiting)
            assert it.told == 1500
            await asyncio.sleep(0.1)
            assert it.transport.outstanding == 0
            assert it.transport.dropped > 0
            assert it.transport.ignored > 0
            assert any(outcome.message for outcome in outcomes)
            one.script = two.script = addressed("192.0.2.1")  # and afterwards all is as before
            for number in range(20):
                assert addresses(await it.ask(f"n{number}.example")) == ["192.0.2.1"]
        assert it.told == 1520

    before = descriptors()
    with ScriptedUpstream(stormy) as one, ScriptedUpstream(stormy) as two:
        asyncio.run(scenario(one.address, two.address, closed_port()))
    assert descriptors() == before


def test_close_ends_what_is_under_way_and_lets_go_of_every_descriptor():
    before = descriptors()

    async def scenario(address: Endpoint):
        async with asking(address) as it:
            waiting = [it.begin("slow.example") for _ in range(10)]
            await it.ask("quick.example")
        assert [one.result().failure for one in waiting] == [22] * 10
        assert it.begin("quick.example").result() == (None, None, 22)
        assert it.transport.outstanding == 0

    with ScriptedUpstream(truncating(SLOW_AND_QUICK)) as upstream:
        asyncio.run(scenario(upstream.address))
    assert descriptors() == before


def test_before_start_exchanges_are_refused():
    transport = Transport()
    outcomes: list[Outcome] = []
    upstreams = Upstreams([("127.0.0.1", 53)], transport=transport, order="listed")
    upstreams.exchange(question(), RD, False, outcomes.append)
    transport.close()
    assert outcomes == [(None, None, 22)]


def test_drain_returns_as_soon_as_all_is_answered_and_not_later_than_allowed():
    async def scenario(address: Endpoint):
        async with asking(address) as it:
            await it.transport.drain(5)
            waiting = it.begin("later.example")
            began = time.monotonic()
            await it.transport.drain(5)
            assert waiting.done()
            assert time.monotonic() - began < 1.0
            it.begin("slow.example")
            began = time.monotonic()
            await it.transport.drain(0.2)
            assert 0.2 <= time.monotonic() - began < 0.4

    script = by_name({"later.example.": addressed(delay=0.1)}, silent)
    with ScriptedUpstream(script) as upstream:
        asyncio.run(scenario(upstream.address))


def test_the_defaults_keep_to_the_stubs_patience_and_to_six_packets():
    transport = Transport()
    assert transport.budget == (0.4, 4.5, 6)
    transport.close()


def test_an_idle_transport_asks_the_loop_for_nothing():
    async def scenario(address: Endpoint) -> list[Any]:
        loop: Any = asyncio.get_running_loop()
        async with asking(address) as it:
            await it.ask("quick.example")
            await asyncio.sleep(0.1)
            return [handle for handle in loop._scheduled if not handle.cancelled()]

    with ScriptedUpstream(SLOW_AND_QUICK) as upstream:
        left = asyncio.run(scenario(upstream.address))
    assert left == []
