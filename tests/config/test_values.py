"""Text becomes a value once, or a sentence that says how to write it."""

from datetime import date
from ipaddress import IPv4Address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.config import values
from blockfilter.config.values import Endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("192.0.2.1", Endpoint("192.0.2.1", 53)),
        ("192.0.2.1:5353", Endpoint("192.0.2.1", 5353)),
        (" 192.0.2.1:53 ", Endpoint("192.0.2.1", 53)),
        ("::1", Endpoint("::1", 53)),
        ("[::1]", Endpoint("::1", 53)),
        ("[::1]:5353", Endpoint("::1", 5353)),
        ("2001:DB8:0::1", Endpoint("2001:db8::1", 53)),
        ("[fe80::1%eth0]:53", Endpoint("fe80::1%eth0", 53)),
        ("fe80::1%eth0", Endpoint("fe80::1%eth0", 53)),
        ("[::ffff:192.0.2.1]:53", Endpoint("192.0.2.1", 53)),
    ],
)
def test_an_endpoint_is_read_from_each_usual_spelling(text, endpoint):
    assert values.server(text) == endpoint
    assert values.listener(text) == endpoint


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "192.0.2.1"),
        ("dns.example", "a name is not looked up"),
        ("192.0.2.1:", "from 1 to 65535"),
        ("192.0.2.1:65536", "from 1 to 65535"),
        ("192.0.2.1:-1", "from 1 to 65535"),
        ("192.0.2.1:٥٣", "from 1 to 65535"),
        ("192.0.2.1:" + "0" * 6000, "from 1 to 65535"),
        ("192.0.2.1:0", "from 1 to 65535"),
        ("[::1", "[::1]:53"),
        ("[::1]53", "[::1]:53"),
        ("fe80::1", "%eth0"),
        ("192.0.2.256", "192.0.2.1"),
        ("0.0.0.0", "like 192.0.2.1"),
        ("[::]:53", "like 192.0.2.1"),
        ("224.0.0.251", "like 192.0.2.1"),
    ],
)
def test_what_is_no_server_is_refused_with_the_remedy(text, remedy):
    with pytest.raises(ValueError) as refused:
        values.server(text)
    assert remedy in str(refused.value)


def test_a_listener_may_be_a_wildcard_and_leave_the_port_to_the_system():
    assert values.listener("0.0.0.0:0") == Endpoint("0.0.0.0", 0)
    assert values.listener("[::]:53") == Endpoint("::", 53)


@given(st.ip_addresses(), st.integers(1, 65_535))
def test_an_endpoint_reads_back_what_it_writes(address, port):
    endpoint = Endpoint(str(address), port)
    try:
        read = values.listener(str(endpoint))
    except ValueError:
        assert address.is_link_local  # IPv6 without its interface
    else:
        assert values.listener(str(read)) == read
        assert read.port == port


@given(st.text(max_size=60) | st.text(alphabet="0123456789abcdef:.[]%/", max_size=40))
def test_no_text_does_anything_but_be_read_or_raise_value_error(text):
    for read in (
        values.listener,
        values.server,
        values.network,
        values.answer_address,
        values.name,
        values.zone,
        values.directory,
        values.phone,
        values.day,
        values.said,
    ):
        try:
            read(text)
        except ValueError as refused:
            assert str(refused)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),  # what its clients become, too
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
    ],
)
def test_a_network_is_read_and_a_mapped_one_becomes_ipv4(text, network):
    assert values.network(text) == ip_network(network)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("10.0.0.5/8", '"10.0.0.0/8"'), ("10.0.0.0/33", "10.0.0.0/8"), ("fe80::1%eth0/64", "%")],
)
def test_what_is_no_network_is_refused_with_the_remedy(text, remedy):
    with pytest.raises(ValueError) as refused:
        values.network(text)
    assert remedy in str(refused.value)


def test_an_answer_holds_an_address_without_port_or_interface():
    assert values.answer_address("192.0.2.1") == IPv4Address("192.0.2.1")
    for text in ("192.0.2.1:53", "fe80::1%eth0"):
        with pytest.raises(ValueError):
            values.answer_address(text)


def test_names_are_kept_in_one_spelling():
    assert values.name("WWW.Example.COM.") == "www.example.com"
    assert values.name("bücher.example") == "xn--bcher-kva.example"
    assert values.zone("10.IN-ADDR.arpa") == "10.in-addr.arpa"
    for text in ("a..example", "", "x" * 64, "*.example.com"):
        with pytest.raises(ValueError):
            values.name(text)
    with pytest.raises(ValueError, match=r"upstream\.servers"):
        values.zone(".")


def test_a_time_zone_is_one_this_machine_knows_or_the_systems():
    assert values.time_zone("Europe/Berlin") == "Europe/Berlin"
    assert values.time_zone("") == ""
    for text in ("Mars/Olympus", "../etc/passwd", "Europe", "a\0b"):
        with pytest.raises(ValueError, match="Europe/Berlin"):
            values.time_zone(text)


def test_an_empty_directory_is_one_to_be_found(monkeypatch):
    monkeypatch.setenv("HOME", "/home/u")
    assert values.directory("") is None
    assert values.directory("/var/lib/x") == Path("/var/lib/x")
    assert values.directory("~/x") == Path("/home/u/x")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1-888-373-7888", "1-888-373-7888"),
        (" +49 (0) 8000 116 016 ", "+49 (0) 8000 116 016"),
        ("116006", "116006"),
        ("110", "110"),
    ],
)
def test_a_telephone_number_is_kept_as_it_is_to_be_shown(text, number):
    assert values.phone(text) == number
    assert values.phone_or_none(text) == number


@pytest.mark.parametrize("text", ["", "12", "0" * 16, "1-800-CALL", "1\n2345", "--- ---", "٣٧٣٧"])
def test_what_is_no_telephone_number_is_refused_with_one(text):
    with pytest.raises(ValueError, match="1-888-373-7888"):
        values.phone(text)


def test_an_empty_number_may_stand_for_none():
    assert values.phone_or_none(" ") == ""


def test_a_date_is_one_of_the_calendar_in_one_spelling():
    assert values.day("2026-11-20") == date(2026, 11, 20)
    for text in ("", "20.11.2026", "2026-02-30", "20261120", "2026-W47-5", "٢٠٢٦-11-20"):
        with pytest.raises(ValueError, match='"2026-11-20"'):
            values.day(text)


def test_what_stands_in_a_notice_is_one_line():
    assert values.said("  Help  Line ") == "Help Line"
    for text in ("", "\n", "a\x1bb", "x" * 101):
        with pytest.raises(ValueError, match="1 to 100 characters"):
            values.said(text)
