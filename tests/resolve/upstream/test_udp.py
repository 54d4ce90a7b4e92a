"""Over UDP against a scripted upstream: what goes out, and what may come back."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import dns.flags
import pytest

from blockfilter.resolve.upstream import Endpoint, Outcome, Transport
from tests.fakes import (
    Elsewhere,
    Received,
    Script,
    ScriptedUpstream,
    Step,
    addressed,
    answer,
    closed_port,
    in_turn,
    silent,
    with_id,
    with_question,
)
from tests.resolve.upstream.asking import AD, CD, RD, addresses, asking, question

LIE = "www.example.com. 60 IN A 203.0.113.66"
TRUTH = "www.example.com. 60 IN A 192.0.2.1"


def lying(*lies: Callable[[Received], Step], pause: float = 0.05) -> Script:
    """Each lie at once (a function of the query gives the octets), and the truth after a pause."""

    def script(query: Received) -> list[Step]:
        return [*(lie(query) for lie in lies), (pause, answer(query, TRUTH))]

    return script


def wrong_id(query: Received) -> bytes:
    return with_id(answer(query, LIE), query.id ^ 1)


def wrong_port(query: Received) -> Step:
    return Elsewhere(answer(query, LIE))


def wrong_name(query: Received) -> bytes:
    return answer(query, LIE).replace(b"\3www\7example", b"\3ftp\7example", 1)


def wrong_case(query: Received) -> bytes:
    message = answer(query, LIE)
    return with_question(message, query.question.swapcase())


def wrong_type(query: Received) -> bytes:
    return with_question(answer(query, LIE), query.question[:-4] + b"\0\x1c\0\1")


def a_query(query: Received) -> bytes:
    return query.packet


def no_question(query: Received) -> bytes:
    return query.packet[:2] + b"\x81\x80" + bytes(8)


def two_questions(query: Received) -> bytes:
    message = answer(query, LIE)
    return message[:4] + b"\0\2" + message[6:]


def another_opcode(query: Received) -> bytes:
    message = answer(query, LIE)
    return message[:2] + bytes([message[2] | 0x28]) + message[3:]


def cut_short(query: Received) -> bytes:
    return answer(query, LIE)[:-7]


def with_junk(query: Received) -> bytes:
    return answer(query, LIE) + b"junk"


def noise(query: Received) -> bytes:
    return query.packet[:2] + b"\xff" * 40


def nothing(_: Received) -> bytes:
    return b""


LIES = [
    wrong_id,
    wrong_port,
    wrong_name,
    wrong_case,
    wrong_type,
    a_query,
    no_question,
    two_questions,
    another_opcode,
    cut_short,
    with_junk,
    noise,
    nothing,
]


def ask_once(
    *scripts: Script, name: str = "www.example.com", **options: Any
) -> tuple[Outcome, ScriptedUpstream, Transport]:
    """Ask one scripted upstream one question; the outcome, the upstream and the transport."""

    async def scenario(address: Endpoint):
        async with asking(address, **options) as it:
            return await it.ask(name), it.transport

    with ScriptedUpstream(in_turn(*scripts)) as upstream:
        outcome, transport = asyncio.run(scenario(upstream.address))
    return outcome, upstream, transport


def test_an_answer_is_handed_back_as_it_was_received_with_who_sent_it():
    outcome, upstream, _ = ask_once(addressed("192.0.2.1"))
    query = upstream.received[0]
    assert outcome.message == answer(query, TRUTH)
    assert (outcome.endpoint, outcome.failure) == (upstream.address, 0)


def test_the_question_goes_out_in_the_clients_letter_case():
    outcome, upstream, _ = ask_once(addressed(), name="wWw.ExAmPlE.cOm")
    assert upstream.received[0].question == question("wWw.ExAmPlE.cOm")
    assert addresses(outcome) == ["192.0.2.1"]


@pytest.mark.parametrize("do", [False, True])
@pytest.mark.parametrize("flags", [0, RD, RD | CD, RD | AD, RD | AD | CD])
def test_the_query_has_the_flags_asked_for_and_an_opt_of_our_own_without_options(flags, do):
    async def scenario(address: Endpoint):
        async with asking(address) as it:
            await it.ask(flags=flags, do=do)

    with ScriptedUpstream(addressed()) as upstream:
        asyncio.run(scenario(upstream.address))
    message = upstream.received[0].message
    assert message.flags == flags
    assert (message.edns, message.payload, message.options) == (0, 1232, ())
    assert message.ednsflags == (dns.flags.DO if do else 0)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lying_upstream_is_ignored_and_counted_and_the_late_truth_wins(lie):
    outcome, upstream, transport = ask_once(lying(lie))
    assert addresses(outcome) == ["192.0.2.1"]
    assert len(upstream.received) == 1
    # The kernel drops what comes from elsewhere before anybody could count it.
    assert transport.ignored == (0 if lie is wrong_port else 1)


def test_a_flood_of_wrong_ids_does_not_end_the_wait():
    outcome, upstream, transport = ask_once(lying(*[wrong_id] * 100))
    assert addresses(outcome) == ["192.0.2.1"]
    assert [query.transport for query in upstream.received] == ["udp"]
    assert transport.ignored == 100


def test_after_three_wrong_messages_with_the_right_id_the_query_moves_to_tcp():
    forger = lying(wrong_name, wrong_name, wrong_name, pause=1.0)
    outcome, upstream, transport = ask_once(forger, addressed("192.0.2.7"))
    assert addresses(outcome) == ["192.0.2.7"]
    assert [query.transport for query in upstream.received] == ["udp", "tcp"]
    assert transport.ignored == 3


def test_two_wrong_messages_with_the_right_id_do_not_move_it():
    outcome, upstream, _ = ask_once(lying(wrong_name, wrong_case))
    assert addresses(outcome) == ["192.0.2.1"]
    assert [query.transport for query in upstream.received] == ["udp"]


def test_a_datagram_larger_than_ours_is_taken_as_truncated_and_asked_for_over_tcp():
    def oversized(query):
        texts = [f'{query.name} 60 IN TXT "{"x" * 250}{number}"' for number in range(20)]
        return [answer(query, *texts)]

    outcome, upstream, _ = ask_once(oversized)
    assert [query.transport for query in upstream.received] == ["udp", "tcp"]
    assert outcome.message is not None
    assert len(outcome.message) > 4096


def test_a_late_answer_of_the_first_try_still_wins():
    late = addressed("192.0.2.1", delay=0.25)
    started = time.monotonic()
    outcome, upstream, _ = ask_once(late, silent, first_try=0.1, budget=2.0)
    assert addresses(outcome) == ["192.0.2.1"]
    assert len(upstream.received) == 2
    assert 0.2 < time.monotonic() - started < 0.6


def test_every_try_has_a_port_and_an_id_of_its_own():
    outcome, upstream, _ = ask_once(silent, silent, silent, addressed(), first_try=0.05)
    assert addresses(outcome) == ["192.0.2.1"]
    assert len({query.source for query in upstream.received}) == 4
    assert len({query.id for query in upstream.received}) == 4


def test_ports_and_ids_are_spread_and_neither_follows_from_the_one_before():
    async def scenario(address: Endpoint):
        async with asking(address) as it:
            await asyncio.gather(*(it.ask() for _ in range(600)))

    with ScriptedUpstream(addressed()) as upstream:
        asyncio.run(scenario(upstream.address))
    first = {query.id: query for query in upstream.received}
    ports = [query.source[1] for query in upstream.received]
    ids = [query.id for query in upstream.received]
    for values, space, name in ((ports, 28_000, "ports"), (ids, 65_536, "ids")):
        steps = [abs(after - before) for before, after in itertools.pairwise(values)]
        assert len(set(values)) > 560, name  # 600 of 28,232: about 6 fall together by chance
        assert max(values) - min(values) > 0.9 * space, name
        assert sum(step < 200 for step in steps) < 30, name  # by chance: 9 of ports, 4 of ids
    assert len(first) > 560


def test_a_closed_port_fails_at_once_and_the_next_upstream_is_asked():
    async def scenario(address: Endpoint):
        async with asking(closed_port(), address) as it:
            started = time.monotonic()
            outcome = await it.ask()
            return outcome, time.monotonic() - started

    with ScriptedUpstream(addressed()) as upstream:
        outcome, took = asyncio.run(scenario(upstream.address))
    assert addresses(outcome) == ["192.0.2.1"]
    assert took < 0.2


def test_ipv6_upstreams_are_asked_with_a_scope_id_too():
    async def scenario(port: int):
        async with asking(("::1%lo", port)) as it:
            return await it.ask()

    with ScriptedUpstream(addressed(), host="::1") as upstream:
        outcome = asyncio.run(scenario(upstream.address[1]))
    assert addresses(outcome) == ["192.0.2.1"]
    assert outcome.endpoint == ("::1%lo", upstream.address[1])


def test_an_interface_that_does_not_exist_is_a_network_error_and_raises_nothing():
    async def scenario() -> Outcome:
        async with asking(("fe80::1%no-such-if", 53), first_try=0.05, budget=1.0) as it:
            return await it.ask()

    outcome = asyncio.run(scenario())
    assert (outcome.message, outcome.endpoint, outcome.failure) == (None, None, 23)
