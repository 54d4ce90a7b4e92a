"""Names with a meaning of their own (RFC 6761 and successors), private zones, and routes."""

from collections.abc import Iterator
from typing import NamedTuple

import dns.message
import dns.rcode
import pytest

from tests.client import Address
from tests.fakes import ScriptedUpstream, addressed, closed_port
from tests.story.test_blocked import blocked, errors
from tests.world import Server, World


class Row(NamedTuple):
    """A special name, its switch, and the addresses that are its answer."""

    name: str
    switch: str
    a: str = ""
    aaaa: str = ""
    nxdomain: bool = False


TABLE = [
    Row("localhost.", "localhost", "127.0.0.1", "::1"),
    Row("any.thing.localhost.", "localhost", "127.0.0.1", "::1"),
    Row("LOCALHOST.", "localhost", "127.0.0.1", "::1"),
    Row("invalid.", "invalid", nxdomain=True),
    Row("x.y.invalid.", "invalid", nxdomain=True),
    Row("onion.", "onion", nxdomain=True),
    Row("expyuzz4wqqyqhjn.onion.", "onion", nxdomain=True),
    Row("use-application-dns.net.", "firefox_canary", nxdomain=True),
    Row("Use-Application-DNS.net.", "firefox_canary", nxdomain=True),
    Row("mask.icloud.com.", "private_relay", nxdomain=True),
    Row("mask-h2.icloud.com.", "private_relay", nxdomain=True),
    Row("resolver.arpa.", "ddr"),
    Row("_dns.resolver.arpa.", "ddr"),
]
PRIVATE = [
    "1.0.0.10.in-addr.arpa.",
    "10.in-addr.arpa.",
    "1.2.16.172.in-addr.arpa.",
    "1.2.31.172.in-addr.arpa.",
    "1.2.168.192.in-addr.arpa.",
    "1.0.254.169.in-addr.arpa.",
    "1.0.0.0.d.f.ip6.arpa.",
    "1.0.8.e.f.ip6.arpa.",
]
PUBLIC = [
    "9.9.9.9.in-addr.arpa.",
    "1.2.32.172.in-addr.arpa.",
    "1.2.15.172.in-addr.arpa.",
    "1.0.0.2.ip6.arpa.",
    "110.in-addr.arpa.",
    "arpa.",
]
FORWARDED = [
    "printer.local.",
    "local.",
    "intranet.",
    "wpad.",
    "icloud.com.",
    "x.mask.icloud.com.example.",
    "example.net.",
    "localhost.example.",
    "notonion.",
    "in-addr.arpa.",
]


def addresses(response: dns.message.Message) -> str:
    return " ".join(one.to_text() for rrset in response.answer for one in rrset)


@pytest.fixture(scope="module")
def switched_off(world: World) -> Iterator[Server]:
    """A server with every switch off, and private reverse zones answered by itself."""
    switches = sorted({row.switch for row in TABLE})
    config = "[special]\n" + "".join(f"{one} = false\n" for one in switches)
    with world.server(config=config + 'private_reverse = "on"\n') as server:
        yield server


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_special_names_are_answered_here_by_table(server: Server, world: World, row: Row) -> None:
    before = len(world.upstream.received)
    for rdtype, wanted in (
        ("A", row.a),
        ("AAAA", row.aaaa),
        ("HTTPS", ""),
        ("SVCB", ""),
        ("MX", ""),
    ):
        response = server.ask(row.name, rdtype)
        assert addresses(response) == wanted
        assert bool(response.rcode() == dns.rcode.NXDOMAIN) == row.nxdomain
        assert not errors(response), "not a block"
    assert len(world.upstream.received) == before


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_special_name_is_switchable(switched_off: Server, world: World, row: Row) -> None:
    assert addresses(switched_off.ask(row.name)) == "192.0.2.1"
    assert world.asked(row.name)


@pytest.mark.parametrize("name", FORWARDED)
def test_local_and_single_labels_are_forwarded(server: Server, world: World, name: str) -> None:
    assert addresses(server.ask(name)) == "192.0.2.1"
    assert world.asked(name)


@pytest.mark.parametrize("name", PRIVATE)
def test_private_reverse_zones_are_forwarded_where_an_upstream_is_private(
    server: Server, world: World, name: str
) -> None:
    before = len(world.asked(name))
    server.ask(name, "PTR")
    assert len(world.asked(name)) == before + 1


@pytest.mark.parametrize("name", PRIVATE)
def test_private_reverse_zones_are_answered_here_where_that_is_set(
    switched_off: Server, world: World, name: str
) -> None:
    before = len(world.asked(name))
    response = switched_off.ask(name, "PTR")
    assert response.rcode() in {dns.rcode.NXDOMAIN, dns.rcode.NOERROR}
    assert not response.answer
    assert response.authority
    assert len(world.asked(name)) == before


@pytest.mark.parametrize("name", PUBLIC)
def test_other_reverse_zones_are_always_forwarded(
    switched_off: Server, world: World, name: str
) -> None:
    switched_off.ask(name, "PTR")
    assert world.asked(name)


def test_private_reverse_zones_are_answered_here_if_every_upstream_is_public(world: World) -> None:
    nowhere = Address("2000::1", 53)  # global by its form, and nobody's
    with world.server(upstreams=[nowhere]) as server:
        for name in PRIVATE:
            response = server.ask(name, "PTR", seconds=1.0)
            assert response.rcode() in {dns.rcode.NXDOMAIN, dns.rcode.NOERROR}
    with world.server(upstreams=[world.upstream.address, nowhere]) as server:
        before = len(world.asked(PRIVATE[0]))
        server.ask(PRIVATE[0], "PTR")
        assert len(world.asked(PRIVATE[0])) == before + 1, "one of two is no 'every'"


class Routed(NamedTuple):
    server: Server
    inside: ScriptedUpstream
    deeper: ScriptedUpstream


@pytest.fixture(scope="module")
def routed(world: World) -> Iterator[Routed]:
    """A server with routes: two that work, one inside the other, a reverse one, a dead one."""
    with (
        ScriptedUpstream(addressed("10.1.1.1")) as inside,
        ScriptedUpstream(addressed("10.2.2.2")) as deeper,
    ):
        zones = [
            ("corp.test", inside.address),
            ("deeper.corp.test", deeper.address),
            ("10.in-addr.arpa", inside.address),
            ("dead.test", closed_port()),
        ]
        config = '[special]\nprivate_reverse = "on"\n[upstream]\nbudget_ms = 1500\n' + "".join(
            f'[[route]]\nzone = "{zone}"\nservers = ["{Address(*address)}"]\n'
            for zone, address in zones
        )
        with world.server(config=config) as server:
            yield Routed(server, inside, deeper)


def test_a_route_sends_a_zone_to_upstreams_of_its_own(routed: Routed, world: World) -> None:
    for name, wanted in (
        ("corp.test.", "10.1.1.1"),
        ("Mail.CORP.test.", "10.1.1.1"),
        ("deeper.corp.test.", "10.2.2.2"),
        ("a.b.deeper.corp.test.", "10.2.2.2"),
        ("notcorp.test.", "192.0.2.1"),
        ("test.", "192.0.2.1"),
        ("corp.test.example.", "192.0.2.1"),
    ):
        assert addresses(routed.server.ask(name)) == wanted, name
        assert bool(world.asked(name)) == (wanted == "192.0.2.1")


def test_a_reverse_zone_may_have_a_route_even_if_it_is_answered_here(routed: Routed) -> None:
    routed.server.ask("1.0.0.10.in-addr.arpa.", "PTR")
    assert [one.name for one in routed.inside.received if one.qtype == "PTR"] == [
        "1.0.0.10.in-addr.arpa."
    ]


def test_a_route_never_falls_back_to_the_others(routed: Routed, world: World) -> None:
    response = routed.server.ask("www.dead.test.")
    assert response.rcode() == dns.rcode.SERVFAIL
    assert next(one.code for one in errors(response)) in {22, 23}
    assert not world.asked("www.dead.test.")


def test_a_route_does_not_get_round_a_block(world: World) -> None:
    with ScriptedUpstream(addressed("10.1.1.1")) as inside:
        config = (
            f'[[route]]\nzone = "listed.example"\nservers = ["{Address(*inside.address)}"]\n'
            f'[[route]]\nzone = "com"\nservers = ["{Address(*inside.address)}"]\n'
        )
        with world.server(config=config) as server:
            assert blocked(server.ask("www.listed.example"))
            assert blocked(server.ask("backpage.com"))
            assert addresses(server.ask("example.com")) == "10.1.1.1"
            assert [one.name for one in inside.received if "page" in one.name] == []
