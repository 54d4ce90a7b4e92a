"""A listed name: what its answer looks like, for every type, before and after anybody asked."""

import dataclasses

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from tests.client import query
from tests.world import Server, World

TYPES = ["A", "AAAA", "HTTPS", "SVCB", "MX", "TXT", "DS", "NS", "SOA", "CNAME", "DNSKEY", "PTR", "SRV",
         "CAA", "NAPTR", "RRSIG", "TYPE0", "TYPE65280", "TYPE65535", "ANY"]  # fmt: skip
CATEGORIES = ("classified", "escort", "hookup", "massage", "review", "sugar", "other")


def blocked(response: dns.message.Message) -> bool:
    """Whether this is the answer to a blocked name that has nothing open below it."""
    return response.rcode() == dns.rcode.NXDOMAIN and [
        one.rdtype for one in response.authority
    ] == [dns.rdatatype.SOA]


def errors(response: dns.message.Message) -> list[dns.edns.EDEOption]:
    return [one for one in response.options if isinstance(one, dns.edns.EDEOption)]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("rdtype", TYPES)
def test_every_type_is_blocked_without_a_question_to_an_upstream(
    server: Server, world: World, rdtype: str, tcp: bool
) -> None:
    before = len(world.upstream.received)
    for name in ("backpage.com", "www.listed.example", "a.b.c.rubmaps.co.uk"):
        response = server.ask(name, rdtype, tcp=tcp)
        assert blocked(response), response
        assert not response.answer
        assert not response.flags & (dns.flags.AA | dns.flags.TC | dns.flags.AD)
    assert len(world.upstream.received) == before


@pytest.mark.parametrize(
    "name", ["BACKPAGE.COM", "bAcKpAgE.cOm", "WWW.LISTED.EXAMPLE", "RUBMAPS.ch"]
)
def test_names_are_blocked_case_insensitively(server: Server, name: str) -> None:
    assert blocked(server.ask(name))


def test_a_block_has_a_soa_that_covers_the_name_and_a_ttl_of_60_s(server: Server) -> None:
    for name in ("www.backpage.com", "listed.example", "x.rubmaps.net"):
        response = server.ask(name)
        (soa,) = response.authority
        assert response.question[0].name.is_subdomain(soa.name)
        assert soa.ttl == 60
        assert soa[0].minimum == 60


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_ede_15_has_a_neutral_text_without_name_or_category(server: Server, tcp: bool) -> None:
    texts = set()
    for name in ("www.backpage.com", "listed.example", "x.rubmaps.net", "eroticmp.com"):
        (error,) = errors(server.ask(name, tcp=tcp))
        assert error.code == dns.edns.EDECode.BLOCKED
        texts.add(error.text)
    (text,) = texts  # one for all
    said = (text or "").lower()
    assert not [one for one in (*CATEGORIES, "backpage", "rubmaps", "sex") if one in said]


def test_no_ede_without_edns(server: Server) -> None:
    response = server.ask("backpage.com", edns=False)
    assert blocked(response)
    assert response.edns == -1
    assert not response.additional


def test_identical_bytes_whether_or_not_asked_before(server: Server) -> None:
    for name, rdtype, edns in (
        ("q1.backpage.com", "A", True),
        ("q2.listed.example", "HTTPS", True),
        ("q3.rubmaps.net", "TXT", False),
    ):
        packet = query(name, rdtype, edns=edns).to_wire()
        first = server.octets(packet)
        assert [server.octets(packet, source=f"127.3.0.{n}") for n in range(1, 6)] == [first] * 5
        with server.stream() as stream:
            stream.send(packet)
            assert stream.receive() == first


def test_a_255_octet_name_below_a_listed_one_is_blocked(server: Server) -> None:
    name = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 46, "listed", "example."])
    assert len(dns.name.from_text(name).to_wire() or b"") == 255
    for edns in (False, True):
        response = server.ask(name, edns=edns, payload=512)
        assert blocked(response)
        assert not response.flags & dns.flags.TC


def test_an_exact_rule_answers_nodata_and_names_below_it_are_open(
    server: Server, world: World
) -> None:
    for rdtype in TYPES:
        response = server.ask("exact.example", rdtype)
        assert response.rcode() == dns.rcode.NOERROR
        assert not response.answer
        assert [one.rdtype for one in response.authority] == [dns.rdatatype.SOA]
        assert [one.code for one in errors(response)] == [dns.edns.EDECode.BLOCKED]
    assert server.ask("www.exact.example").answer
    assert not world.asked("exact.example.")


def test_a_name_below_a_listed_one_may_be_allowed(server: Server) -> None:
    assert server.ask("open.listed.example").answer
    assert server.ask("www.open.listed.example").answer
    assert blocked(server.ask("shut.listed.example"))


def test_a_blocked_name_above_an_allowed_one_does_not_deny_it(server: Server) -> None:
    """NXDOMAIN for a name says that nothing is below it (RFC 8020)."""
    assert server.ask("listed.example").rcode() == dns.rcode.NOERROR
    assert not server.ask("listed.example").answer


@pytest.mark.parametrize("name", ["humantraffickinghotline.org", "www.polarisproject.org"])
def test_protected_names_are_never_blocked_even_if_a_list_has_them(
    server: Server, name: str
) -> None:
    assert server.ask(name).answer
    assert server.ask(f"www.{name}").answer


# Site-names.


@pytest.mark.parametrize(
    "name",
    [
        "rubmaps.com",
        "www.RubMaps.net",
        "a.b.rubmaps.co.uk",
        "rubmaps.github.io",  # a private suffix is a suffix
        "x.rubmaps.blogspot.com",
        "rubmaps.example-of-no-suffix",  # an unknown last label counts as a suffix
        "rubmaps.foo.ck",  # *.ck
    ],
)
def test_a_site_name_is_blocked_under_any_public_suffix_with_all_below(
    server: Server, name: str
) -> None:
    assert blocked(server.ask(name))


@pytest.mark.parametrize(
    "name",
    [
        "myrubmaps.com",
        "rubmaps2.com",
        "rub-maps.com",
        "rubmaps.evil.com",
        "rubmaps.com.evil.net",
        "www.rubmaps.evil.co.uk",
        "rubmaps.www.ck",  # !www.ck
        "rubmaps",
    ],
)
def test_a_site_name_is_never_a_part_of_another_name(server: Server, name: str) -> None:
    assert server.ask(name).answer


# The curated list.


def test_every_candidate_of_the_guide_is_decided(server: Server) -> None:
    """The sixteen samples of the employers' guide; those without a known domain by site-name."""
    samples = [
        "backpage.com", "myproviderguide.com", "adultfriendfinder.com", "findhotescorts.com",
        "tnaboard.com", "hotlocalescorts.com", "naughtyreviews.com", "eroticmugshots.com",
        "sexyescortsusa.com", "callme2nite.com", "theeroticreview.com", "friend4rent.com",
        "sexfinder.com", "eroticmp.com", "rubmaps.com",
    ]  # fmt: skip
    assert [one for one in samples if not blocked(server.ask(one))] == []
    assert [one for one in samples if not blocked(server.ask(f"www.{one}", "HTTPS"))] == []


def test_craigslist_is_disputed_and_answered_normally(server: Server, world: World) -> None:
    for name in ("craigslist.org", "newyork.craigslist.org"):
        assert server.ask(name).answer
        assert world.asked(f"{name}.")


def test_the_test_name_is_always_blocked(server: Server) -> None:
    for rdtype in ("A", "AAAA", "TXT"):
        assert blocked(server.ask("check.blockfilter.test", rdtype))


# As configured.


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a configured answer holds for A, AAAA and HTTPS, and whether it is NXDOMAIN."""

    config: str
    a: list[str]
    aaaa: list[str]
    ttl: int


@pytest.mark.parametrize(
    "shape",
    [
        Shape('answer = "nodata"\nttl = 30', [], [], 30),
        Shape(
            'answer = "address"\naddresses = ["192.0.2.80", "2001:db8::80"]\nttl = 7',
            ["192.0.2.80"],
            ["2001:db8::80"],
            7,
        ),
        Shape('answer = "address"\naddresses = ["192.0.2.80"]', ["192.0.2.80"], [], 60),
    ],
    ids=["nodata", "addresses", "one address"],
)
def test_blocked_answers_are_as_configured(world: World, shape: Shape) -> None:
    with world.server(config=f"[blocked]\n{shape.config}\n") as server:
        for name in ("backpage.com", "exact.example", "www.listed.example"):
            for rdtype, wanted in (("A", shape.a), ("AAAA", shape.aaaa), ("HTTPS", []), ("MX", [])):
                response = server.ask(name, rdtype)
                assert response.rcode() == dns.rcode.NOERROR
                assert [one.to_text() for rrset in response.answer for one in rrset] == wanted
                assert {one.ttl for one in response.answer + response.authority} == {shape.ttl}
                assert bool(response.authority) != bool(wanted), "a SOA where there is no data"
                assert [one.code for one in errors(response)] == [dns.edns.EDECode.BLOCKED]
                assert not response.flags & dns.flags.AA
        assert server.ask(world.fresh()).answer
