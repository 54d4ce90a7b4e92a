"""What is remembered of answers, for how long, and what never is."""

import itertools
import time
from collections.abc import Iterator

import dns.rcode
import pytest

from tests.client import query
from tests.fakes import Received, Script, addressed, always, answer
from tests.world import Server, World, Zone


def numbered(name: str, *, ttl: int = 60, rdtype: str = "A") -> Script:
    """Another address each time, so that an answer tells whether it was remembered."""
    count = iter(range(1, 250))
    return lambda asked: [answer(asked, f"{name} {ttl} IN {rdtype} 192.0.2.{next(count)}")]


def negative(name: str, rcode: str, *, ttl: int, minimum: int) -> Script:
    soa = f"example. {ttl} IN SOA ns.invalid. root.invalid. 1 3600 600 86400 {minimum}"
    return lambda asked: [answer(asked, rcode=rcode, authority=[soa])]


@pytest.fixture(scope="module")
def small(world: World) -> Iterator[Server]:
    """A server whose cache is as small as one may set it, and short of memory for times."""
    config = "[cache]\nmax_bytes = 65536\nmax_ttl = 2\nmax_negative_ttl = 1\nfailure_ttl = 1\n"
    with world.server(config=config) as server:
        yield server


def test_ttls_are_counted_down(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 60 IN CNAME a.example.", "a.example. 30 IN A 192.0.2.1")
    assert [one.ttl for one in server.ask(name).answer] == [60, 30]
    time.sleep(2.1)
    for edns in (True, False):
        alias, address = (one.ttl for one in server.ask(name, edns=edns).answer)
        assert 56 <= alias <= 58
        assert 26 <= address <= 28
    assert len(world.asked(name)) == 1


def test_an_answer_is_forgotten_when_its_shortest_ttl_is_over(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 60 IN CNAME a.example.", "a.example. 1 IN A 192.0.2.1")
    server.ask(name)
    server.ask(name)
    assert len(world.asked(name)) == 1
    time.sleep(1.2)
    server.ask(name)
    assert len(world.asked(name)) == 2


@pytest.mark.parametrize("ttl", [0, 0x80000001])
def test_a_ttl_of_0_or_with_the_top_bit_is_not_remembered(
    server: Server, world: World, zone: Zone, ttl: int
) -> None:
    name = world.fresh()

    def script(asked: Received) -> list[bytes]:
        octets = answer(asked, f"{name} 1193046 IN A 192.0.2.1")
        return [octets.replace((1193046).to_bytes(4), ttl.to_bytes(4))]

    zone[name] = script
    assert [server.ask(name).answer[0].ttl for _ in range(2)] == [0, 0]
    assert len(world.asked(name)) == 2


def test_negative_answers_live_as_the_soa_says(server: Server, world: World, zone: Zone) -> None:
    kinds = itertools.product(("NXDOMAIN", "NOERROR"), ((300, 1), (1, 300)))
    names = {world.fresh(): kind for kind in kinds}
    for name, (rcode, (ttl, minimum)) in names.items():
        zone[name] = negative(name, rcode, ttl=ttl, minimum=minimum)
        for _ in range(3):
            response = server.ask(name)
            assert dns.rcode.to_text(response.rcode()) == rcode
            (soa,) = response.authority
            assert min(soa.ttl, soa[0].minimum) <= 1
    assert [len(world.asked(name)) for name in names] == [1, 1, 1, 1]
    time.sleep(1.2)
    for name in names:
        server.ask(name)
    assert [len(world.asked(name)) for name in names] == [2, 2, 2, 2]


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
def test_negative_answers_without_a_soa_are_not_remembered(
    server: Server, world: World, zone: Zone, rcode: str
) -> None:
    name = world.fresh()
    zone[name] = always(rcode=rcode)
    for _ in range(3):
        assert dns.rcode.to_text(server.ask(name).rcode()) == rcode
    assert len(world.asked(name)) == 3


def test_failures_are_remembered_for_a_few_seconds(small: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = always(rcode="SERVFAIL")
    assert small.ask(name).rcode() == dns.rcode.SERVFAIL
    asked = len(world.asked(name))
    zone[name] = addressed()
    assert small.ask(name).rcode() == dns.rcode.SERVFAIL
    assert len(world.asked(name)) == asked
    time.sleep(1.2)
    assert small.ask(name).rcode() == dns.rcode.NOERROR


def test_a_cached_answer_serves_any_case_and_any_client(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh("Cased.Example.")
    zone[name] = numbered(name)
    asked = [
        server.ask(name),
        server.ask(name.upper()),
        server.ask(name.lower(), source="127.5.0.1"),
        server.ask(name, tcp=True),
        server.ask(name, edns=False),
        server.ask(name, payload=4096),
        server.ask(name, flags="RD AD"),
    ]
    assert {one.answer[0][0].to_text() for one in asked} == {"192.0.2.1"}
    assert len(world.asked(name)) == 1


def test_types_are_remembered_apart(server: Server, world: World) -> None:
    name = world.fresh()
    for _ in range(2):
        assert server.ask(name, "A").answer
        assert not server.ask(name, "AAAA").answer
        assert not server.ask(name, "TYPE65281").answer
    assert [one.qtype for one in world.asked(name)] == ["A", "AAAA", "TYPE65281"]


def test_what_is_not_the_answer_to_the_question_is_not_kept(
    server: Server, world: World, zone: Zone
) -> None:
    name, victim = world.fresh(), world.fresh()
    evil = f"{victim} 600 IN A 192.0.2.66"
    zone[name] = lambda asked: [
        answer(asked, f"{name} 60 IN A 192.0.2.1", evil, authority=[evil], additional=[evil])
    ]
    assert server.ask(name).rcode() == dns.rcode.NOERROR
    assert server.ask(victim).answer[0][0].to_text() == "192.0.2.1"
    assert len(world.asked(victim)) == 1


def test_what_is_not_the_answer_to_the_question_is_not_relayed(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 60 IN A 192.0.2.1", "other.example. 60 IN A 192.0.2.66")
    for _ in range(2):
        assert "192.0.2.66" not in server.ask(name).to_text()


def test_an_answer_without_anything_of_the_question_is_not_kept(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = always("other.example. 600 IN A 192.0.2.66")
    assert "192.0.2.66" not in server.ask(name).to_text()
    zone[name] = addressed()
    time.sleep(2.3)  # a failure may be remembered so long
    assert server.ask(name).answer[0][0].to_text() == "192.0.2.1"


def test_max_ttl_and_max_negative_ttl_are_bounds(small: Server, world: World, zone: Zone) -> None:
    positive, missing = world.fresh(), world.fresh()
    zone[positive] = addressed(ttl=86400)
    zone[missing] = negative(missing, "NXDOMAIN", ttl=3600, minimum=3600)
    small.ask(positive)
    small.ask(missing)
    time.sleep(1.1)
    small.ask(positive)
    small.ask(missing)
    assert [len(world.asked(one)) for one in (positive, missing)] == [1, 2]
    time.sleep(1.1)
    small.ask(positive)
    assert len(world.asked(positive)) == 2


def test_the_cache_is_bounded_in_bytes(small: Server, world: World, zone: Zone) -> None:
    names = [world.fresh() for _ in range(160)]
    for name in names:
        zone[name] = always(*(f'{name} 600 IN TXT "{n:03}{"x" * 240}"' for n in range(4)))
    with small.datagrams() as sock:
        sock.settimeout(10)
        for name in names:  # 160 KB in all
            sock.send(query(name, "TXT").to_wire())
            sock.recv(65535)
        kept = 0
        for name in reversed(names[-48:]):
            before = len(world.asked(name))
            sock.send(query(name, "TXT").to_wire())
            sock.recv(65535)
            kept += len(world.asked(name)) == before
    assert kept > 0
    assert len(world.asked(names[0])) == 1
    small.ask(names[0], "TXT")
    assert len(world.asked(names[0])) == 2, "the first had to go"
