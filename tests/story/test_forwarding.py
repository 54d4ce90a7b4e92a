"""Exchanges with one upstream: honest, lying, babbling, truncating."""

import itertools
import os
import socket
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.client import option
from tests.fakes import (
    Close,
    Elsewhere,
    Raw,
    Received,
    Script,
    ScriptedUpstream,
    Step,
    addressed,
    always,
    answer,
    by_name,
    truncating,
    with_id,
    with_question,
)
from tests.story.test_blocked import errors
from tests.world import Server, World, Zone

TRUTH, LIE = "192.0.2.1", "192.0.2.66"
NO_ANSWER = {22, 23}  # EDE: no reachable authority, network error


def address(response: dns.message.Message) -> str:
    return response.answer[0][0].to_text() if response.answer else ""


def failed(response: dns.message.Message) -> bool:
    """SERVFAIL that says why."""
    return response.rcode() == dns.rcode.SERVFAIL and bool(
        NO_ANSWER & {one.code for one in errors(response)}
    )


def at_once(server: Server, names: Iterable[str]) -> list[dns.message.Message]:
    """The responses to questions that are asked together."""
    with ThreadPoolExecutor(16) as clients:
        return list(clients.map(server.ask, names))


# What goes upstream.


def test_a_fresh_random_source_port_and_id_per_exchange(server: Server, world: World) -> None:
    before = len(world.upstream.received)
    for _ in range(300):
        server.ask(world.fresh())
    sent = world.upstream.received[before:]
    ports, ids = Counter(one.source[1] for one in sent), Counter(one.id for one in sent)
    assert len(ports) > 280  # 300 draws from 28,000 ports: two or three pairs
    assert len(ids) > 290
    for drawn in (list(ports), list(ids)):
        steps = [abs(b - a) for a, b in itertools.pairwise(drawn)]
        assert statistics.median(steps) > 1000, "no counting, no small pool"


def test_the_query_upstream_is_our_own(server: Server, world: World) -> None:
    subnet, cookie = dns.edns.ECSOption("198.51.100.0", 24), dns.edns.CookieOption(b"12345678", b"")
    name = world.fresh()
    server.ask(name, options=[subnet, cookie, option(65400, b"x")], payload=4096)
    (sent,) = world.asked(name)
    message = sent.message
    assert message.options == () or not message.options, "client subnet is not sent on, nor others"
    assert message.payload in {-1, 0, 1232}
    assert message.flags & dns.flags.RD
    assert not message.flags & (dns.flags.TC | dns.flags.AA | dns.flags.RA)
    assert sent.flags & 0x7840 == 0


def test_options_of_an_upstream_are_not_relayed(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()

    def script(asked: Received) -> list[bytes]:
        message = dns.message.make_response(asked.message, recursion_available=True)
        message.use_edns(0, 0, 4096, options=[option(65400, b"x")])
        return [message.to_wire()]

    zone[name] = script
    response = server.ask(name)
    assert not response.options
    assert response.payload == 1232


# What comes back: lies, and the truth after them.


def wrong_case(asked: Received) -> bytes:
    flipped = bytes(one ^ 0x20 if chr(one).isalpha() else one for one in asked.question[:-4])
    return with_question(
        answer(asked, f"{asked.name} 60 IN A {LIE}"), flipped + asked.question[-4:]
    )


LIES: dict[str, Callable[[Received, bytes], list[Step]]] = {
    "wrong id": lambda asked, lie: [with_id(lie, asked.id ^ 0x5555)],
    "wrong port": lambda asked, lie: [Elsewhere(lie)],
    "wrong name": lambda asked, lie: [
        with_question(lie, asked.question.replace(asked.question[1:2], b"x", 1))
    ],
    "wrong type": lambda asked, lie: [with_question(lie, asked.question[:-4] + b"\0\x10\0\1")],
    "wrong class": lambda asked, lie: [with_question(lie, asked.question[:-4] + b"\0\1\0\3")],
    "wrong case": lambda asked, lie: [wrong_case(asked)],
    "a query": lambda asked, lie: [asked.packet],
    "no question": lambda asked, lie: [lie[:4] + b"\0\0" + lie[6:12]],
    "another opcode": lambda asked, lie: [lie[:2] + bytes([lie[2] | 0x28]) + lie[3:]],
    "cut short": lambda asked, lie: [lie[:11], lie[:20]],
    "garbage": lambda asked, lie: [os.urandom(n) for n in (0, 1, 11, 12, 100, 1400)],
    "garbage with the right id": lambda asked, lie: [lie[:2] + os.urandom(n) for n in (1, 10, 90)],
    "a flood of wrong ids": lambda asked, lie: [
        with_id(lie, asked.id ^ number) for number in range(1, 200)
    ],
}


@pytest.mark.parametrize("kind", LIES)
def test_a_wrong_reply_is_ignored_and_the_true_one_that_follows_wins(
    server: Server, world: World, zone: Zone, kind: str
) -> None:
    name = world.fresh()

    def script(asked: Received) -> list[Step]:
        truth = answer(asked, f"{name} 60 IN A {TRUTH}")
        lies = LIES[kind](asked, answer(asked, f"{name} 60 IN A {LIE}"))
        return [*lies, (0.1, truth)]

    zone[name] = script
    assert address(server.ask(name)) == TRUTH
    assert address(server.ask(name)) == TRUTH, "from the cache, too"


def test_a_reply_from_another_address_is_ignored(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()

    def script(asked: Received) -> list[Step]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.99", world.upstream.address[1]))
            other.sendto(answer(asked, f"{name} 60 IN A {LIE}"), asked.source)
        return [(0.1, answer(asked, f"{name} 60 IN A {TRUTH}"))]

    zone[name] = script
    assert address(server.ask(name)) == TRUTH


def test_nothing_but_lies_is_no_answer(world: World) -> None:
    def lying(kind: str) -> Script:
        return lambda asked: LIES[kind](asked, answer(asked, f"{asked.name} 60 IN A {LIE}"))

    names = {f"lies{at}.example.": lying(kind) for at, kind in enumerate(LIES)}
    with ScriptedUpstream(by_name(names, addressed())) as liar:
        config = "[upstream]\nbudget_ms = 1200\n"
        with world.server(upstreams=[liar.address], config=config) as server:
            assert {one.rcode() for one in at_once(server, names)} == {dns.rcode.SERVFAIL}
            assert address(server.ask("honest.example.")) == TRUTH


# Truncation and TCP.


def long(name: str) -> Script:
    return always(*(f'{name} 60 IN TXT "{n:03}{"x" * 200}"' for n in range(20)))


def test_tc_leads_to_tcp_with_connection_reuse(server: Server, world: World, zone: Zone) -> None:
    connections = world.upstream.connections
    for _ in range(20):
        name = world.fresh()
        zone[name] = truncating(long(name))
        assert len(server.ask(name, "TXT", tcp=True).answer[0]) == 20
    assert world.upstream.connections - connections <= 2
    assert world.asked(name)[-1].transport == "tcp"


def test_an_oversized_answer_leads_to_tcp(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = long(name)  # 4,300 octets in one datagram
    assert len(server.ask(name, "TXT", tcp=True).answer[0]) == 20
    assert "tcp" in {one.transport for one in world.asked(name)}


def test_a_connection_that_the_upstream_closes_is_opened_again(
    server: Server, world: World, zone: Zone
) -> None:
    for _ in range(5):
        name = world.fresh()

        def script(asked: Received) -> list[Step]:
            if asked.transport == "udp":
                return [answer(asked, tc=True)]
            return [*always(f"{asked.name} 60 IN A {TRUTH}")(asked), Close()]

        zone[name] = script
        assert address(server.ask(name)) == TRUTH


BROKEN_STREAMS: dict[str, list[Step]] = {
    "closed": [Close()],
    "half a length": [Raw(b"\0")],
    "garbage": [Raw(b"\0\x05hello"), Close()],
    "cut short": [Raw(b"\xff\xff"), Close()],
    "silence": [],
}


def test_truncation_without_an_answer_over_tcp_ends_within_the_budget(
    server: Server, world: World, zone: Zone
) -> None:
    def script(steps: list[Step]) -> Script:
        return lambda asked: [answer(asked, tc=True)] if asked.transport == "udp" else steps

    names = {world.fresh(): steps for steps in BROKEN_STREAMS.values()}
    for name, steps in names.items():
        zone[name] = script(steps)
    start = time.monotonic()
    responses = at_once(server, names)
    assert time.monotonic() - start < 5.0
    for name, response in zip(names, responses, strict=True):
        assert response.rcode() == dns.rcode.SERVFAIL or response.flags & dns.flags.TC
        assert len(world.asked(name)) <= 6
