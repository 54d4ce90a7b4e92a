"""What a client may rely on whatever it asks: echoes, flags, EDNS, sizes, names of any octets."""

import random

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from tests.client import option, query
from tests.fakes import Received, Script, ScriptedUpstream, addressed, always, answer
from tests.world import Server, World, Zone, outside_address

LONGEST = dns.name.Name([b"a" * 63, b"b" * 63, b"c" * 63, b"d" * 61, b""])


def question_of(packet: bytes) -> bytes:
    """The octets of the question section."""
    at = 12
    while packet[at]:
        at += 1 + packet[at]
    return packet[12 : at + 5]


def shuffled(text: str) -> str:
    return "".join(random.choice((c.lower(), c.upper())) for c in text)


# Echoes.


@pytest.mark.parametrize("kind", ["forwarded", "cached", "blocked", "refused"])
def test_id_and_question_come_back_byte_for_byte(server: Server, world: World, kind: str) -> None:
    name = "www.listed.example." if kind == "blocked" else world.fresh()
    if kind == "cached":
        server.ask(name)
    rdtype = "AXFR" if kind == "refused" else "A"
    for _ in range(20):
        packet = query(shuffled(name), rdtype).to_wire()
        response = server.octets(packet)
        assert response[:2] == packet[:2]
        assert question_of(response) == question_of(packet)


@pytest.mark.parametrize("kind", ["forwarded", "blocked", "special"])
@pytest.mark.parametrize("flags", ["", "RD"])
def test_rd_is_echoed_with_ra_1_and_aa_0(
    server: Server, world: World, kind: str, flags: str
) -> None:
    name = {"forwarded": world.fresh(), "blocked": "listed.example", "special": "localhost"}[kind]
    server.ask(name)  # a question without recursion may be answered from the cache alone
    response = server.ask(name, flags=flags)
    assert bool(response.flags & dns.flags.RD) == bool(flags)
    assert response.flags & dns.flags.RA
    assert not response.flags & dns.flags.AA


def test_aa_of_an_upstream_is_not_relayed(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = lambda asked: [answer(asked, f"{name} 60 IN A 192.0.2.7", flags="AA")]
    assert not server.ask(name).flags & dns.flags.AA


def authentic(name: str) -> Script:
    """The upstream says that it has validated."""
    return lambda asked: [answer(asked, f"{name} 60 IN A 192.0.2.7", flags="AD")]


@pytest.mark.parametrize("cached", [False, True])
def test_ad_is_relayed_only_to_a_client_that_set_ad_or_do(
    server: Server, world: World, zone: Zone, cached: bool
) -> None:
    for flags, do, relayed in (("RD", False, False), ("RD AD", False, True), ("RD", True, True)):
        name = world.fresh()
        zone[name] = authentic(name)
        if cached:
            server.ask(name, flags="RD AD" if flags == "RD" else "RD", do=do)
        response = server.ask(name, flags=flags, do=do)
        assert bool(response.flags & dns.flags.AD) == relayed, (flags, do)


def test_ad_is_not_relayed_where_the_upstream_did_not_set_it(server: Server, world: World) -> None:
    assert not server.ask(world.fresh(), flags="RD AD", do=True).flags & dns.flags.AD


@pytest.mark.parametrize("trusted", [False, True])
def test_ad_of_an_upstream_beyond_loopback_is_relayed_only_with_trust_ad(
    world: World, trusted: bool
) -> None:
    host = outside_address()
    if host is None:
        pytest.skip("this machine has only loopback")
    config = f"[upstream]\ntrust_ad = {str(trusted).lower()}\n"
    with (
        ScriptedUpstream(authentic("far.example."), host=host) as far,
        world.server(config=config, upstreams=[far.address]) as server,
    ):
        response = server.ask("far.example.", flags="RD AD")
        assert response.rcode() == dns.rcode.NOERROR
        assert bool(response.flags & dns.flags.AD) == trusted


@pytest.mark.parametrize("flag", ["CD", "DO"])
def test_cd_and_do_go_upstream_and_are_part_of_the_cache_key(
    server: Server, world: World, zone: Zone, flag: str
) -> None:
    name = world.fresh()

    def script(asked: Received) -> list[bytes]:
        message = asked.message
        there = message.flags & dns.flags.CD if flag == "CD" else message.ednsflags & dns.flags.DO
        return [answer(asked, f"{name} 60 IN A 192.0.2.{2 if there else 1}")]

    zone[name] = script
    for _ in range(2):  # from the upstream, then from the cache
        without = server.ask(name)
        having = server.ask(name, flags="RD CD") if flag == "CD" else server.ask(name, do=True)
        assert without.answer[0][0].to_text() == "192.0.2.1"
        assert having.answer[0][0].to_text() == "192.0.2.2"
    assert len(world.asked(name)) == 2


@pytest.mark.parametrize(("flags", "do"), [("RD CD", False), ("RD AD CD", True), ("RD", True)])
def test_cd_and_do_never_get_round_a_block(
    server: Server, world: World, flags: str, do: bool
) -> None:
    assert server.ask("www.listed.example", flags=flags, do=do).rcode() == dns.rcode.NXDOMAIN
    assert not world.asked("www.listed.example.")


# EDNS.


@pytest.mark.parametrize("name", ["listed.example", "localhost", "open.listed.example"])
def test_opt_answers_opt_with_1232_and_no_unknown_flag_or_option(server: Server, name: str) -> None:
    asked = query(name, options=[option(65530, b"abc")])
    asked.ednsflags = 0xFFFF  # DO and 15 flags nobody has given a meaning
    response = server.send(asked)
    assert (response.edns, response.payload, response.ednsflags) == (0, 1232, dns.flags.DO)
    assert not [one for one in response.options if one.otype == 65530]
    assert server.ask(name, edns=False).edns == -1


def test_badvers_comes_with_an_opt_of_version_0(server: Server) -> None:
    asked = query("listed.example")
    asked.use_edns(1, 0, 1232)
    response = server.send(asked)
    assert (response.rcode(), response.edns) == (dns.rcode.BADVERS, 0)


def test_any_is_answered_as_rfc_8482_says(server: Server, world: World) -> None:
    name = world.fresh()
    response = server.ask(name, "ANY")
    assert response.rcode() == dns.rcode.NOERROR
    assert [one.to_text() for one in response.answer[0]] == ['"RFC8482" ""']
    assert response.answer[0].rdtype == dns.rdatatype.HINFO
    assert not [one for one in world.asked(name) if one.qtype == "ANY"]


# Names of any octets.


@pytest.mark.parametrize(
    "name",
    [
        dns.name.Name([b"a.b", b"example", b""]),
        dns.name.Name([bytes(range(63)), b"example", b""]),
        dns.name.Name([bytes(range(193, 256)), b"example", b""]),
        dns.name.Name([b"\\", b'"', b" ", b"@", b"", b""][:4] + [b""]),
        dns.name.root,
        LONGEST,
        dns.name.Name([b"x"] * 127 + [b""]),
    ],
    ids=["dot in a label", "low octets", "high octets", "odd ASCII", "root", "255 octets", "127"],
)
def test_binary_labels_the_root_and_255_octet_names_work(
    server: Server, world: World, name: dns.name.Name
) -> None:
    packet = query(name, "TXT").to_wire()
    before = len(world.upstream.received)
    response = dns.message.from_wire(server.octets(packet))
    assert response.rcode() == dns.rcode.NOERROR
    assert response.question[0].name == name
    sent = world.upstream.received[before:]
    assert [one.question.lower() for one in sent] == [question_of(packet).lower()]


def test_a_label_with_a_dot_inside_is_never_confused_with_two_labels(
    server: Server, world: World
) -> None:
    assert server.ask("dot.pair.example").rcode() == dns.rcode.NXDOMAIN
    joined = dns.name.Name([b"dot.pair", b"example", b""])
    assert server.ask(joined).rcode() == dns.rcode.NOERROR
    assert server.ask(dns.name.Name([b"backpage.com", b""])).rcode() == dns.rcode.NOERROR
    assert server.ask(dns.name.Name([b"rubmaps.net", b""])).rcode() == dns.rcode.NOERROR
    assert server.ask(dns.name.Name([b"a.b", b"listed", b"example", b""])).rcode() == 3


def test_a_label_with_a_dot_inside_has_a_place_of_its_own_in_the_cache(
    server: Server, zone: Zone
) -> None:
    zone["x.y.cached.example."] = addressed("192.0.2.8")
    zone["x\\.y.cached.example."] = addressed("192.0.2.9")
    for name, host in ((("x", "y"), "192.0.2.8"), (("x.y",), "192.0.2.9")) * 2:
        full = dns.name.Name([*(one.encode() for one in name), b"cached", b"example", b""])
        assert server.ask(full).answer[0][0].to_text() == host


def test_only_ascii_letters_have_two_cases(server: Server, zone: Zone) -> None:
    zone["\\196.cased.example."] = addressed("192.0.2.8")
    zone["\\228.cased.example."] = addressed("192.0.2.9")
    for octet, host in ((b"\xc4", "192.0.2.8"), (b"\xe4", "192.0.2.9")) * 2:
        name = dns.name.Name([octet, b"cased", b"example", b""])
        assert server.ask(name).answer[0][0].to_text() == host


# Size.


def texts(name: str, count: int) -> Script:
    """TXT records of 100 octets."""
    return always(*(f'{name} 60 IN TXT "{number:03}{"x" * 86}"' for number in range(count)))


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(
    ("count", "payload", "truncated"),
    [
        (4, 0, False),  # 435 octets: a size under 512 counts as 512
        (4, 511, False),
        (4, None, False),
        (6, None, True),
        (6, 512, True),
        (6, 0, True),
        (6, 1000, False),
        (11, 1232, False),
        (14, 1232, True),
        (14, 4096, True),  # never over 1232
        (14, 65535, True),
    ],
)
def test_no_udp_reply_is_over_min_of_the_clients_size_and_1232(
    server: Server, world: World, zone: Zone, count: int, payload: int | None, truncated: bool,
    cached: bool,
) -> None:  # fmt: skip
    name = world.fresh()
    zone[name] = texts(name, count)
    if cached:
        server.ask(name, "TXT", tcp=True)
    packet = query(name, "TXT", edns=payload is not None, payload=payload or 0).to_wire()
    octets = server.octets(packet)
    response = dns.message.from_wire(octets)
    assert len(octets) <= min(max(payload or 512, 512), 1232)
    assert bool(response.flags & dns.flags.TC) == truncated
    assert len(response.question) == 1, "the question is kept"
    assert (response.edns == 0) == (payload is not None), "and the OPT"
    if not truncated:
        assert len(response.answer[0]) == count


def test_what_is_truncated_over_udp_comes_whole_over_tcp(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = texts(name, 400)
    assert server.ask(name, "TXT").flags & dns.flags.TC
    whole = server.ask(name, "TXT", tcp=True)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 400
