"""Settings become parts."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from blockfilter.config.settings import (
    BlockedSettings,
    Route,
    Settings,
    SpecialSettings,
)
from blockfilter.config.values import Endpoint
from blockfilter.daemon import assembly
from blockfilter.message import name as names
from blockfilter.message import response
from blockfilter.resolve.routes import Local
from blockfilter.resolve.upstream import Transport

INSIDE, PUBLIC = (Endpoint("192.168.1.1", 53),), (Endpoint("198.41.0.4", 53),)


def routes(settings, servers=PUBLIC, probes=None):
    groups = assembly.forwarding(settings, servers, Transport(), 0)
    return groups, assembly.routes(settings, groups, servers, probes or {})


def find(table, name):
    return table.find(names.from_text(name))


@pytest.mark.parametrize(
    ("servers", "switch", "answered_here"),
    [
        (PUBLIC, "auto", True),
        (INSIDE, "auto", False),
        (PUBLIC + INSIDE, "auto", False),
        (INSIDE, "on", True),
        (PUBLIC, "off", False),
    ],
)
def test_private_reverse_zones_are_answered_here_only_if_every_upstream_is_public(
    servers, switch, answered_here
):
    settings = Settings(special=SpecialSettings(private_reverse=switch))
    groups, table = routes(settings, servers)
    found = find(table, "4.3.2.10.in-addr.arpa")
    assert found is (Local.NXDOMAIN if answered_here else groups.default)


def test_each_special_name_has_its_switch():
    switches = ("localhost", "invalid", "onion", "firefox_canary", "private_relay", "ddr")
    asked = {
        "localhost": "a.localhost",
        "invalid": "x.invalid",
        "onion": "x.onion",
        "firefox_canary": "use-application-dns.net",
        "private_relay": "mask-h2.icloud.com",
        "ddr": "_dns.resolver.arpa",
    }
    for switch in switches:
        special = SpecialSettings()
        changes: dict[str, Any] = {switch: False}
        groups, table = routes(Settings(special=replace(special, **changes)))
        for other in switches:
            assert (find(table, asked[other]) is groups.default) == (other == switch)


def test_a_configured_route_goes_over_a_special_name_and_never_to_the_default():
    settings = Settings(
        route=(Route("10.in-addr.arpa", INSIDE), Route("corp.example", INSIDE)),
    )
    groups, table = routes(settings)
    reverse = find(table, "4.3.2.10.in-addr.arpa")
    assert reverse is groups.routes[names.from_text("10.in-addr.arpa")]
    assert find(table, "a.b.corp.example") is groups.routes[names.from_text("corp.example")]
    assert find(table, "notcorp.example") is groups.default
    assert len({group.number for group in groups.groups}) == 3


def test_blocked_addresses_are_sorted_by_family():
    blocked = BlockedSettings(
        answer="address", addresses=tuple(map(ip_address, ("192.0.2.1", "2001:db8::1"))), ttl=30
    )
    settings = assembly.answer_settings(Settings(blocked=blocked))
    assert settings.blocking.answer is response.blocked_addresses
    assert settings.blocking.block == response.Block(
        30, (bytes((192, 0, 2, 1)),), (bytes.fromhex("20010db8000000000000000000000001"),)
    )
