"""Over TCP against a scripted upstream: after truncation, in pieces, on reused connections."""

import asyncio
import itertools
import struct
from typing import Any

import pytest

from blockfilter.resolve.upstream import Endpoint, Outcome, tcp
from tests.fakes import (
    Close,
    Raw,
    Received,
    ScriptedUpstream,
    addressed,
    answer,
    silent,
    truncating,
)
from tests.resolve.upstream.asking import addresses, asking, rcode


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def ask_each(
    upstream: ScriptedUpstream, count: int = 1, pause: float = 0.0, **options: Any
) -> list[Outcome]:
    """Ask `count` questions one after the other; their outcomes."""

    async def scenario() -> list[Outcome]:
        async with asking(upstream.address, **options) as it:
            outcomes = []
            for number in range(count):
                outcomes.append(await it.ask(f"n{number}.example.com"))
                await asyncio.sleep(pause)
            return outcomes

    return asyncio.run(scenario())


def test_a_truncated_answer_is_fetched_whole_over_tcp_from_the_same_upstream():
    with ScriptedUpstream(truncating(addressed("192.0.2.9"))) as upstream:
        outcome = ask_each(upstream)[0]
    assert addresses(outcome) == ["192.0.2.9"]
    assert outcome.endpoint == upstream.address
    assert [query.transport for query in upstream.received] == ["udp", "tcp"]
    assert upstream.received[0].question == upstream.received[1].question
    assert upstream.received[1].edns


def test_answers_of_sixty_thousand_octets_arrive_whole():
    def large(query: Received):
        texts = [f'{query.name} 60 IN TXT "{number:0250d}"' for number in range(225)]
        return [answer(query, *texts)]

    with ScriptedUpstream(truncating(large)) as upstream:
        outcome = ask_each(upstream)[0]
    assert outcome.message is not None
    assert len(outcome.message) > 58_000


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_frames_split_anywhere_are_put_together(size):
    def in_pieces(query: Received):
        octets = framed(answer(query, f"{query.name} 60 IN A 192.0.2.1"))
        pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
        return [(0.002 * turn, Raw(piece)) for turn, piece in enumerate(pieces, 1)]

    with ScriptedUpstream(truncating(in_pieces)) as upstream:
        assert addresses(ask_each(upstream)[0]) == ["192.0.2.1"]


def test_one_connection_is_used_again():
    with ScriptedUpstream(truncating(addressed())) as upstream:
        outcomes = ask_each(upstream, 5)
    assert all(addresses(outcome) == ["192.0.2.1"] for outcome in outcomes)
    assert upstream.connections == 1


def test_queries_share_a_connection_and_are_answered_in_any_order():
    held: list[Received] = []

    def backwards(query: Received):
        held.append(query)
        if len(held) < 20:
            return []
        answers = [
            answer(one, f"{one.name} 60 IN A 192.0.2.{place}") for place, one in enumerate(held)
        ]
        return [Raw(b"".join(framed(message) for message in reversed(answers)))]

    async def scenario(address: Endpoint):
        async with asking(address, first_try=2.0, budget=4.0) as it:
            return await asyncio.gather(*(it.ask(f"n{number}.example") for number in range(20)))

    with ScriptedUpstream(truncating(backwards)) as upstream:
        outcomes = asyncio.run(scenario(upstream.address))
        assert upstream.connections == 1
    by_name = {query.name: f"192.0.2.{place}" for place, query in enumerate(held)}
    for number, outcome in enumerate(outcomes):
        assert addresses(outcome) == [by_name[f"n{number}.example."]]
    assert len({query.id for query in held}) == 20


def test_a_reused_connection_that_the_peer_closed_is_opened_once_more():
    def one_a_connection(query: Received):
        seen = sum(one.connection == query.connection for one in upstream.by("tcp"))
        return [Close()] if seen > 1 else addressed()(query)

    with ScriptedUpstream(truncating(one_a_connection)) as upstream:
        outcomes = ask_each(upstream, 3)
    assert all(addresses(outcome) == ["192.0.2.1"] for outcome in outcomes)
    assert upstream.connections == 3
    assert len(upstream.by("udp")) == 3  # the reconnection is no reason to ask over UDP again


def test_a_connection_that_the_peer_closed_while_it_was_idle_costs_nothing():
    def and_close(query: Received):
        return [*addressed()(query), (0.02, Close())]

    with ScriptedUpstream(truncating(and_close)) as upstream:
        outcomes = ask_each(upstream, 3, pause=0.08)
    assert all(addresses(outcome) == ["192.0.2.1"] for outcome in outcomes)
    assert len(upstream.by("tcp")) == 3


def test_a_new_connection_that_is_closed_without_an_answer_is_a_failure_and_the_next_is_asked():
    async def scenario(*endpoints: Endpoint):
        async with asking(*endpoints) as it:
            return await it.ask()

    with (
        ScriptedUpstream(truncating(lambda _: [Close()])) as closing,
        ScriptedUpstream(addressed("192.0.2.2")) as other,
    ):
        outcome = asyncio.run(scenario(closing.address, other.address))
    assert addresses(outcome) == ["192.0.2.2"]
    assert len(closing.by("tcp")) == 1


def test_tcp_refused_fails_over_and_without_another_ends_as_a_network_error():
    async def scenario(*endpoints: Endpoint):
        async with asking(*endpoints, first_try=0.1, budget=1.0) as it:
            return await it.ask()

    with (
        ScriptedUpstream(truncating(silent), tcp=False) as without,
        ScriptedUpstream(addressed("192.0.2.2")) as other,
    ):
        assert addresses(asyncio.run(scenario(without.address, other.address))) == ["192.0.2.2"]
        alone = asyncio.run(scenario(without.address))
    assert (alone.message, alone.failure) == (None, 23)


def test_a_silent_connection_is_given_up_and_not_used_again():
    def silent_first(query: Received):
        return [] if query.connection == 1 else addressed()(query)

    with ScriptedUpstream(truncating(silent_first)) as upstream:
        outcomes = ask_each(upstream, 2, first_try=0.1, budget=2.0)
    assert all(addresses(outcome) == ["192.0.2.1"] for outcome in outcomes)
    assert upstream.connections == 2
    assert [query.connection for query in upstream.by("tcp")] == [1, 2, 2]


def test_lies_and_garbage_on_a_connection_are_ignored_and_the_truth_wins():
    def lying(query: Received):
        true = answer(query, f"{query.name} 60 IN A 192.0.2.1")
        swapped = true[:12] + query.question.swapcase() + true[12 + len(query.question) :]
        other_id = bytes([true[0] ^ 0xFF]) + true[1:]
        lies = [swapped, other_id, true[:20], b"", query.packet, query.packet[:2] + b"\xff" * 900]
        return [*lies, (0.05, true)]

    with ScriptedUpstream(truncating(lying)) as upstream:
        assert addresses(ask_each(upstream)[0]) == ["192.0.2.1"]
    assert len(upstream.received) == 2


def test_a_response_that_is_truncated_over_tcp_too_is_no_answer():
    with ScriptedUpstream(lambda query: [answer(query, tc=True)]) as upstream:
        outcome = ask_each(upstream, first_try=0.05, budget=1.0)[0]
    assert outcome.message is None
    assert len(upstream.received) <= 6


def test_queries_beyond_the_bounds_of_connections_fail_over():
    bound = tcp.MAX_PIPELINED * tcp.MAX_CONNECTIONS
    wait = itertools.repeat(0.3)

    def slow(query: Received):
        return [(next(wait), answer(query, f"{query.name} 60 IN A 192.0.2.1"))]

    async def scenario(*endpoints: Endpoint):
        async with asking(*endpoints, first_try=1.0) as it:
            names = (f"n{number}.example" for number in range(bound + 10))
            return await asyncio.gather(*(it.ask(name) for name in names))

    with (
        ScriptedUpstream(truncating(slow)) as upstream,
        ScriptedUpstream(addressed("192.0.2.2")) as other,
    ):
        outcomes = asyncio.run(scenario(upstream.address, other.address))
    assert upstream.connections == tcp.MAX_CONNECTIONS
    assert len(upstream.by("tcp")) == bound
    assert sum(addresses(outcome) == ["192.0.2.2"] for outcome in outcomes) == 10


def test_an_idle_connection_is_closed(monkeypatch):
    monkeypatch.setattr(tcp, "IDLE_SECONDS", 0.3)
    with ScriptedUpstream(truncating(addressed())) as upstream:
        outcomes = ask_each(upstream, 2, pause=1.2)
    assert all(rcode(outcome) == 0 for outcome in outcomes)
    assert upstream.connections == 2
