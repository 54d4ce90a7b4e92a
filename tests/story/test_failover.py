"""Several upstreams, some of them slow or dead; and many queries at a time."""

import contextlib
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.message
import dns.rcode

from tests.client import query
from tests.fakes import (
    Close,
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
)
from tests.story.test_blocked import blocked
from tests.story.test_forwarding import TRUTH, address, at_once, failed
from tests.world import Server, World, Zone, free_port, wait_until


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


# Many queries at a time.


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
