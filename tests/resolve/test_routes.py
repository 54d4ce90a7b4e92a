"""Which upstreams a name goes to, and which names are answered here."""

from ipaddress import ip_address, ip_network

import dns.reversename
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.message import name as names
from blockfilter.resolve.routes import (
    SPECIAL_NAMES,
    Local,
    Routes,
    is_private,
    private_reverse_zones,
)
from tests.policy.rules import name
from tests.resolve.transcript import ScriptedGroup
from tests.strategies import examples

# RFC 6303 section 4, of IPv4, then of IPv6.
_RFC_6303 = """\
10.in-addr.arpa 16.172.in-addr.arpa 17.172.in-addr.arpa 18.172.in-addr.arpa 19.172.in-addr.arpa
20.172.in-addr.arpa 21.172.in-addr.arpa 22.172.in-addr.arpa 23.172.in-addr.arpa
24.172.in-addr.arpa 25.172.in-addr.arpa 26.172.in-addr.arpa 27.172.in-addr.arpa
28.172.in-addr.arpa 29.172.in-addr.arpa 30.172.in-addr.arpa 31.172.in-addr.arpa
168.192.in-addr.arpa 0.in-addr.arpa 127.in-addr.arpa 254.169.in-addr.arpa
2.0.192.in-addr.arpa 100.51.198.in-addr.arpa 113.0.203.in-addr.arpa
255.255.255.255.in-addr.arpa
0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa
d.f.ip6.arpa 8.e.f.ip6.arpa 9.e.f.ip6.arpa a.e.f.ip6.arpa b.e.f.ip6.arpa 8.b.d.0.1.0.0.2.ip6.arpa
"""
_PRIVATE = {special.name for special in private_reverse_zones()}


def test_the_longest_zone_that_holds_a_name_decides():
    default, corp, lab = (ScriptedGroup(number) for number in range(3))
    routes = Routes(
        default,
        {
            name("corp.example"): corp,
            name("lab.corp.example"): lab,
            name("no.corp.example"): Local.NODATA,
        },
    )
    for asked, found in [
        ("corp.example", corp),
        ("www.corp.example", corp),
        ("xlab.corp.example", corp),
        ("lab.corp.example", lab),
        ("a.b.lab.corp.example", lab),
        ("no.corp.example", Local.NODATA),
        ("x.no.corp.example", Local.NODATA),
        ("example", default),
        ("xcorp.example", default),
        ("corp.example.com", default),
        ("corp", default),
        ("", default),
    ]:
        assert routes.find(name(asked)) is found
    assert routes.find(b"\x0ccorp.example\0") is default  # one label with a dot in it
    assert routes.find(b"\3www\x0ccorp.example\0") is default


_zone_names = st.lists(st.sampled_from(["a", "b", "a.b"]), min_size=1, max_size=3)


@examples(150)
@given(
    st.lists(_zone_names, max_size=5), st.lists(st.sampled_from(["a", "b", "a.b", "c"]), max_size=4)
)
def test_a_linear_search_finds_the_same_zone(zones, asked):
    def wire(labels: list[str]) -> bytes:
        return names.from_labels([label.encode() for label in labels])

    groups = {wire(zone): ScriptedGroup(number) for number, zone in enumerate(zones, 1)}
    default = ScriptedGroup(0)
    holding = [zone for zone in zones if asked[len(asked) - len(zone) :] == zone]
    expected = groups[wire(max(holding, key=len))] if holding else default
    assert Routes(default, groups).find(wire(asked)) is expected


@pytest.mark.parametrize(
    ("switch", "asked", "answer"),
    [
        ("localhost", "localhost", Local.LOOPBACK),
        ("localhost", "db.localhost", Local.LOOPBACK),
        ("invalid", "invalid", Local.NXDOMAIN),
        ("invalid", "www.invalid", Local.NXDOMAIN),
        ("onion", "x.onion", Local.NXDOMAIN),
        ("firefox_canary", "use-application-dns.net", Local.NXDOMAIN),
        ("private_relay", "mask.icloud.com", Local.NXDOMAIN),
        ("private_relay", "mask-h2.icloud.com", Local.NXDOMAIN),
        ("ddr", "_dns.resolver.arpa", Local.NODATA),
        ("ddr", "resolver.arpa", Local.NODATA),
    ],
)
def test_each_special_name_has_its_answer_and_a_switch_of_its_own(switch, asked, answer):
    default = ScriptedGroup(0)

    def table(switches: set[str]) -> Routes:
        specials = [special for one in switches for special in SPECIAL_NAMES[one]]
        return Routes(default, {names.from_text(one.name): one.answer for one in specials})

    assert table(set(SPECIAL_NAMES)).find(name(asked)) is answer
    assert table({switch}).find(name(asked)) is answer
    assert table(set(SPECIAL_NAMES) - {switch}).find(name(asked)) is default


@pytest.mark.parametrize(
    "asked",
    ["icloud.com", "net", "arpa", "local", "printer.local", "nas", "test", "home.arpa", "example"],
)
def test_local_and_single_labels_and_neighbours_of_special_names_are_forwarded(asked):
    default = ScriptedGroup(0)
    specials = [special for several in SPECIAL_NAMES.values() for special in several]
    specials += private_reverse_zones()
    routes = Routes(default, {names.from_text(one.name): one.answer for one in specials})
    assert routes.find(name(asked)) is default


def test_every_zone_of_rfc_6303_is_there():
    assert set(_RFC_6303.split()) - _PRIVATE == set()


def test_what_is_there_beyond_rfc_6303_is_the_rest_of_ula_and_rfc_7793():
    shared = {f"{number}.100.in-addr.arpa" for number in range(64, 128)}
    assert _PRIVATE - set(_RFC_6303.split()) == shared | {"c.f.ip6.arpa"}
    assert all(special.answer is Local.NXDOMAIN for special in private_reverse_zones())


@pytest.mark.parametrize(
    ("address", "private"),
    [
        *((one, True) for one in ("10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1")),
        *((one, True) for one in ("127.0.0.1", "169.254.9.9", "100.64.0.1", "100.127.255.255")),
        *((one, True) for one in ("fd12::1", "fe80::1", "febf::1", "::1", "::", "2001:db8::9")),
        *(
            (one, False)
            for one in ("172.15.0.1", "172.32.0.1", "192.169.0.1", "9.9.9.9", "11.0.0.1")
        ),
        *((one, False) for one in ("100.63.0.1", "100.128.0.1", "2001:db9::1", "fec0::1", "::2")),
    ],
)
def test_a_reverse_name_is_private_as_its_address_is(address, private):
    routes = Routes(ScriptedGroup(0), {names.from_text(zone): Local.NXDOMAIN for zone in _PRIVATE})
    reverse = names.from_text(dns.reversename.from_address(address).to_text())
    assert (routes.find(reverse) is Local.NXDOMAIN) == private


@pytest.mark.parametrize(
    ("host", "private"),
    [
        *((one, True) for one in ("10.0.0.53", "127.0.0.53", "192.168.1.1", "fd00::53", "::1")),
        ("fe80::1%eth0", True),
        *((one, False) for one in ("9.9.9.9", "2620:fe::fe", "8.8.8.8")),
    ],
)
def test_an_upstream_is_inside_or_public(host, private):
    assert is_private(host) == private
    assert ip_network(ip_address(host.partition("%")[0])).prefixlen in (32, 128)
