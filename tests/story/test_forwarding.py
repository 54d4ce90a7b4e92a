"""Exchanges with upstreams: honest, lying, slow, dead, truncating, babbling."""

import contextlib
import itertools
import os
import socket
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.client import option, query
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
    closed_port,
    in_turn,
    silent,
    truncating,
    with_id,
    with_question,
)
from tests.story.test_blocked import blocked, errors
from tests.world import Server, World, Zone, free_port, wait_until

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


# Several upstreams.


class Pair:
    """Two upstreams whose behaviour may change, and a server that has both."""

    def __init__(self, server: Server, first: ScriptedUpstream, second: ScriptedUpstream) -> None:
        self.server, self.first, self.second = server, first, second


@contextlib.contextmanager
def pair(world: World, first: Script, second: Script, config: str = "") -> Iterator[Pair]:
    with (
        ScriptedUpstream(first, port=free_port()) as one,
        ScriptedUpstream(second, port=free_port()) as two,
    ):
        addresses = [one.address, two.address]
        with world.server(upstreams=addresses, config=f"[upstream]\n{config}\n") as server:
            yield Pair(server, one, two)


def names_of(upstream: ScriptedUpstream) -> list[str]:
    return [one.name.lower() for one in upstream.received]


def test_listed_order_asks_the_second_only_when_the_first_fails(world: World) -> None:
    with pair(world, addressed("192.0.2.1", delay=0.05), addressed("192.0.2.2")) as both:
        for number in range(10):
            assert address(both.server.ask(f"a{number}.example.")) == "192.0.2.1"
        assert not [one for one in names_of(both.second) if one.endswith(".example.")]
        both.first.stop()
        start = time.monotonic()
        assert address(both.server.ask("b.example.")) == "192.0.2.2"
        assert time.monotonic() - start < 2.0
        both.first.start()
        wait_until(
            lambda: address(both.server.ask(world.fresh())) == "192.0.2.1",
            "the first is used again",
            5.0,
        )


def test_a_silent_upstream_is_left_for_the_next_within_2_s(world: World) -> None:
    with pair(world, addressed("192.0.2.1"), addressed("192.0.2.2")) as both:
        assert address(both.server.ask("a.example.")) == "192.0.2.1"
        both.first.script = silent
        times = []
        for number in range(6):
            start = time.monotonic()
            assert address(both.server.ask(f"b{number}.example.")) == "192.0.2.2"
            times.append(time.monotonic() - start)
        assert max(times) < 2.0
        assert times[-1] < 0.2, "probing goes on in the background, not with clients' queries"
        both.first.script = addressed("192.0.2.1")
        wait_until(
            lambda: address(both.server.ask(world.fresh())) == "192.0.2.1",
            "the first is used again",
            5.0,
        )


def test_a_lost_packet_is_sent_again_from_another_port(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = in_turn(silent, addressed())
    start = time.monotonic()
    assert address(server.ask(name)) == TRUTH
    assert time.monotonic() - start < 2.0
    first, second = world.asked(name)
    assert (first.source[1], first.id) != (second.source[1], second.id)


def test_descriptors_are_raised_to_the_hard_limit(server: Server) -> None:
    limits = Path(f"/proc/{server.process.pid}/limits").read_text().splitlines()
    (files,) = [one.split() for one in limits if one.startswith("Max open files")]
    assert files[3] == files[4]


def test_fastest_order_asks_the_faster_one(world: World) -> None:
    slow, fast = addressed("192.0.2.1", delay=0.15), addressed("192.0.2.2")
    with pair(world, slow, fast, 'order = "fastest"') as both:
        used = [address(both.server.ask(f"a{number}.example.")) for number in range(40)]
        assert used[10:].count("192.0.2.2") > 24


def test_a_failure_of_one_upstream_is_asked_of_the_other_once_then_relayed(world: World) -> None:
    def failing(*kinds: str) -> Script:
        names = [(f"{kind}-{rcode}.example.", rcode) for kind in kinds
                 for rcode in ("servfail", "refused")]  # fmt: skip
        scripts = {name: always(rcode=rcode.upper()) for name, rcode in names}
        return by_name(scripts, addressed("192.0.2.2"))

    with pair(world, failing("one", "both"), failing("both")) as both:
        for rcode in ("servfail", "refused"):
            assert address(both.server.ask(f"one-{rcode}.example.")) == "192.0.2.2"
            name = f"both-{rcode}.example."
            assert both.server.ask(name).rcode() in {dns.rcode.SERVFAIL, dns.rcode.REFUSED}
            assert names_of(both.first).count(name) <= 2
            assert 1 <= names_of(both.second).count(name) <= 2


def test_formerr_to_a_query_with_opt_is_retried_without(world: World) -> None:
    def old(asked: Received) -> list[bytes]:
        if asked.edns:
            return [answer(asked, rcode="FORMERR", edns=False)]
        return [answer(asked, f"{asked.name} 60 IN A {TRUTH}")]

    with ScriptedUpstream(old) as upstream, world.server(upstreams=[upstream.address]) as server:
        assert address(server.ask("old.example.")) == TRUTH


def test_all_dead_is_servfail_with_ede_22_or_23_under_5_s(world: World) -> None:
    with world.server(upstreams=[closed_port(), closed_port()]) as server:
        for edns in (True, False):
            start = time.monotonic()
            response = server.ask(world.fresh(), edns=edns)
            assert time.monotonic() - start < 5.0
            assert response.rcode() == dns.rcode.SERVFAIL
            assert failed(response) == edns


def test_all_silent_is_servfail_under_5_s_and_service_returns_within_2_s_of_them(
    world: World,
) -> None:
    with pair(world, silent, silent) as both, ThreadPoolExecutor(1) as meanwhile:
        start = time.monotonic()
        waiting = meanwhile.submit(at_once, both.server, [world.fresh() for _ in range(8)])
        assert blocked(both.server.ask("backpage.com", seconds=0.5))
        assert all(failed(one) for one in waiting.result())
        assert time.monotonic() - start < 5.0
        both.first.script = both.second.script = addressed()
        wait_until(lambda: address(both.server.ask(world.fresh())) == TRUTH, "service", 2.0)


HARD: dict[str, Script] = {
    "silence.example.": silent,
    "servfail.example.": always(rcode="SERVFAIL"),
    "truncating.example.": truncating(silent),
    "closing.example.": truncating(lambda asked: [Close()]),
    "lies.example.": lambda asked: [with_id(answer(asked), asked.id ^ 1)] * 10,
}


def test_at_most_6_packets_go_upstream_for_one_query(world: World) -> None:
    with contextlib.ExitStack() as stack:
        script = by_name(HARD, addressed())
        three = [stack.enter_context(ScriptedUpstream(script)) for _ in range(3)]
        server = stack.enter_context(world.server(upstreams=[one.address for one in three]))
        start = time.monotonic()
        assert {one.rcode() for one in at_once(server, HARD)} == {dns.rcode.SERVFAIL}
        assert time.monotonic() - start < 5.0
        time.sleep(0.5)  # nothing may follow either
        sent = Counter(name for one in three for name in names_of(one))
        assert {name: sent[name] for name in HARD if not 1 <= sent[name] <= 6} == {}


# Many at a time.


def test_identical_questions_in_flight_share_one_exchange(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = addressed(delay=0.3)
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(server.datagrams(f"127.6.0.{n}")) for n in range(1, 51)]
        packets = [
            query(name.upper() if n % 2 else name, edns=n % 3 > 0).to_wire() for n in range(50)
        ]
        for sock, packet in zip(socks, packets, strict=True):
            sock.send(packet)
        for sock, packet in zip(socks, packets, strict=True):
            sock.settimeout(5.0)
            octets = sock.recv(65535)
            assert octets[:2] == packet[:2]
            assert octets[12 : 12 + len(name) + 5] == packet[12 : 12 + len(name) + 5]
            assert address(dns.message.from_wire(octets)) == TRUTH
    assert len(world.asked(name)) == 1


def latencies(server: Server, name: str, count: int = 100) -> list[float]:
    """Seconds each of so many queries takes, in ascending order."""
    packet, times = query(name).to_wire(), []
    with server.datagrams() as sock:
        sock.settimeout(5.0)
        for _ in range(count):
            start = time.monotonic()
            sock.send(packet)
            assert sock.recv(65535)[:2] == packet[:2]
            times.append(time.monotonic() - start)
    return sorted(times)


def test_with_2000_slow_exchanges_cached_and_blocked_names_answer_as_before(world: World) -> None:
    slow = b"\x04slow\x07example\0"

    def script(asked: Received) -> list[Step]:  # no parsing: there are thousands
        if slow in asked.packet.lower():
            return []
        return list(addressed()(asked))

    with ScriptedUpstream(script) as upstream, world.server(upstreams=[upstream.address]) as server:
        server.ask("cached.example.")
        with server.datagrams() as sock:
            for number in range(2600):
                sock.send(query(f"n{number}.slow.example.").to_wire())
                if number % 100 == 99:  # every one must arrive: none is to be lost in the buffer
                    latencies(server, "cached.example.", 1)
            start = time.monotonic()
            for name in ("cached.example.", "www.listed.example"):
                times = latencies(server, name)
                assert statistics.median(times) < 0.02
                assert times[-2] < 0.5
            assert time.monotonic() - start < 2.0, "the slow ones are outstanding all the time"
            assert server.descriptors() < 2600
            assert address(server.ask("new.example.")) == TRUTH, "the oldest slow ones went"
