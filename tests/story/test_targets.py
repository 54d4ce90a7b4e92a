"""An answer whose alias or service target leads into a listed name is blocked like the name."""

import dns.rcode
import pytest

from tests.client import query
from tests.fakes import Received, addressed, always, answer
from tests.story.test_blocked import blocked, errors
from tests.world import Server, World, Zone

CHAINS = {
    "CNAME": ["{q} 60 IN CNAME www.backpage.com.", "www.backpage.com. 60 IN A 192.0.2.1"],
    "CNAME without data": ["{q} 60 IN CNAME www.backpage.com."],
    "CNAME into a subtree": ["{q} 60 IN CNAME x.listed.example."],
    "CNAME into a site-name": ["{q} 60 IN CNAME cdn.rubmaps.co.uk."],
    "CNAME in capitals": ["{q} 60 IN CNAME WWW.BackPage.COM."],
    "third of three CNAMEs": [
        "{q} 60 IN CNAME a.example.",
        "a.example. 60 IN CNAME b.example.",
        "b.example. 60 IN CNAME backpage.com.",
        "backpage.com. 60 IN A 192.0.2.1",
    ],
    "first of three CNAMEs": [
        "{q} 60 IN CNAME backpage.com.",
        "backpage.com. 60 IN CNAME a.example.",
        "a.example. 60 IN CNAME b.example.",
        "b.example. 60 IN A 192.0.2.1",
    ],
    "records in any order": [
        "b.example. 60 IN A 192.0.2.1",
        "a.example. 60 IN CNAME backpage.com.",
        "backpage.com. 60 IN CNAME b.example.",
        "{q} 60 IN CNAME a.example.",
    ],
    "DNAME": ["aliases.test. 60 IN DNAME rubmaps.net.", "{q} 60 IN CNAME {l}.rubmaps.net."],
    "DNAME alone": ["aliases.test. 60 IN DNAME rubmaps.net."],
}
SERVICES = {
    "HTTPS alias": "{q} 60 IN HTTPS 0 www.backpage.com.",
    "HTTPS service": "{q} 60 IN HTTPS 1 www.backpage.com. alpn=h2",
    "HTTPS second of two": "{q} 60 IN HTTPS 1 . alpn=h2\n{q} 60 IN HTTPS 2 x.listed.example.",
    "SVCB alias": "{q} 60 IN SVCB 0 rubmaps.net.",
    "SVCB service": "{q} 60 IN SVCB 3 rubmaps.net. port=8443",
    "CNAME to HTTPS": "{q} 60 IN CNAME a.example.\na.example. 60 IN HTTPS 1 backpage.com.",
}


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_cname_or_dname_chain_into_a_listed_name_is_blocked(
    server: Server, world: World, zone: Zone, chain: str, rcode: str
) -> None:
    name = world.fresh("aliases.test.")
    label = name.partition(".")[0]
    zone[name] = always(*(one.format(q=name, l=label) for one in CHAINS[chain]), rcode=rcode)
    for _ in range(2):  # from the upstream, then from the cache
        response = server.ask(name)
        assert blocked(response), response
        assert not response.answer
        assert [one.code for one in errors(response)] == [15]
        assert "backpage" not in response.to_text()
    assert blocked(server.ask(name, tcp=True))


def test_a_cname_to_an_exact_name_is_blocked(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 60 IN CNAME exact.example.", "exact.example. 60 IN A 192.0.2.1")
    for _ in range(2):
        response = server.ask(name)
        assert not response.answer
        assert [one.code for one in errors(response)] == [15]


@pytest.mark.parametrize("service", SERVICES)
def test_an_https_or_svcb_target_that_is_listed_is_blocked(
    server: Server, world: World, zone: Zone, service: str
) -> None:
    name = world.fresh()
    zone[name] = always(*SERVICES[service].format(q=name).splitlines())
    for _ in range(2):
        assert blocked(server.ask(name, "SVCB" if "SVCB" in service else "HTTPS"))


def test_a_blocked_target_looks_like_a_blocked_name_from_the_first_time_on(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 7 IN CNAME backpage.com.")
    packet = query(name).to_wire()
    first = server.octets(packet)
    assert {server.octets(packet) for _ in range(3)} == {first}
    (soa,) = server.ask(name).authority
    assert soa.ttl == 60
    assert server.ask(name).question[0].name.is_subdomain(soa.name)


@pytest.mark.parametrize(
    ("rdtype", "record"),
    [
        ("CNAME", "{q} 60 IN CNAME www.craigslist.org."),  # monitored
        ("CNAME", "{q} 60 IN CNAME open.listed.example."),  # allowed
        ("CNAME", "{q} 60 IN CNAME humantraffickinghotline.org."),  # protected, though on a list
        ("CNAME", "{q} 60 IN CNAME below.exact.example."),
        ("HTTPS", "{q} 60 IN HTTPS 1 . alpn=h2"),
        ("MX", "{q} 60 IN MX 10 mail.backpage.com."),  # no alias of the name
        ("TXT", '{q} 60 IN TXT "backpage.com"'),
    ],
)
def test_an_answer_that_leads_to_no_enforced_name_is_answered_normally(
    server: Server, world: World, zone: Zone, rdtype: str, record: str
) -> None:
    name = world.fresh()
    zone[name] = always(record.format(q=name))
    response = server.ask(name, rdtype)
    assert response.rcode() == dns.rcode.NOERROR
    assert response.answer


def test_a_cname_beside_the_chain_blocks_nothing(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 60 IN A 192.0.2.1", "other.example. 60 IN CNAME backpage.com.")
    assert server.ask(name).answer


def test_a_queried_name_that_is_protected_or_allowed_is_not_inspected(
    server: Server, zone: Zone
) -> None:
    for name in ("x.humantraffickinghotline.org.", "x.open.listed.example."):
        zone[name] = always(f"{name} 60 IN CNAME backpage.com.", "backpage.com. 60 IN A 192.0.2.1")
        for _ in range(2):
            assert len(server.ask(name).answer) == 2


def test_a_chain_cut_by_truncation_is_followed_over_tcp(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()

    def script(asked: Received) -> list[bytes]:
        if asked.transport == "udp":
            return [answer(asked, f"{name} 60 IN CNAME a.example.", tc=True)]
        return [
            answer(asked, f"{name} 60 IN CNAME a.example.", "a.example. 60 IN CNAME rubmaps.net.")
        ]

    zone[name] = script
    assert blocked(server.ask(name))


def test_a_cached_answer_is_blocked_when_the_list_gets_its_target(world: World) -> None:
    mine = world.listed.with_name("targets.txt")
    mine.write_text("nothing.example\n")
    with world.server(lists=[mine]) as server:
        names = [world.fresh() for _ in range(3)]
        world.zone[names[0]] = always(
            f"{names[0]} 600 IN CNAME mid.target.example.", "mid.target.example. 600 IN A 192.0.2.1"
        )
        world.zone[names[1]] = always(f"{names[1]} 600 IN HTTPS 1 late.target.example.")
        world.zone[names[2]] = addressed(ttl=600)
        kinds = ("A", "HTTPS", "A")
        for name, kind in zip(names, kinds, strict=True):
            assert server.ask(name, kind).answer
        mine.write_text("target.example\n")
        assert server.reload()
        assert blocked(server.ask(names[0]))
        assert blocked(server.ask(names[1], "HTTPS"))
        assert server.ask(names[2]).answer
        assert [len(world.asked(name)) for name in names] == [1, 1, 1], "all from the cache"
        mine.write_text("nothing.example\n")
        assert server.reload()
        assert server.ask(names[0]).answer


def test_a_hit_by_its_target_is_recorded_from_the_cache_too(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 60 IN CNAME backpage.com.")
    for client in ("127.4.0.1", "127.4.0.2"):
        server.ask(name, source=client)
    for client in ("127.4.0.1", "127.4.0.2"):
        assert [(one.category, one.mode) for one in server.hits_of(client)] == [
            ("classified-ads", "enforced")
        ]


def test_a_monitored_target_is_recorded_beside(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = always(f"{name} 60 IN CNAME www.craigslist.org.")
    server.ask(name, source="127.4.0.3")
    (row,) = server.hits_of("127.4.0.3")
    assert (row.category, row.mode) == ("classified-ads", "monitored")
