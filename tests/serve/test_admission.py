"""Who may ask, and how fast."""

from ipaddress import ip_network

import pytest

from blockfilter.serve.admission import ADMIT, DROP, REFUSE, Admission, canonical

INSIDE = [ip_network("10.0.0.0/8"), ip_network("fe80::/10"), ip_network("127.0.0.0/8")]


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def admission(rate=0, exempt=(), clock=None):
    return Admission(INSIDE, rate=rate, exempt=exempt, clock=clock or Clock())


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.9", "fe80::1%eth0", "fe80::1"])
def test_a_client_of_the_networks_is_served(address):
    assert admission().judge(address) == ADMIT
    assert admission().serves(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "11.0.0.1", "2001:db8::1", "::1"])
def test_others_are_refused(address):
    assert admission().judge(address) == REFUSE
    assert not admission().serves(address)


def test_refusals_are_rationed_so_that_this_is_no_reflector():
    clock = Clock()
    judge = admission(clock=clock).judge
    judgements = [judge(f"192.0.2.{i % 250}") for i in range(1000)]
    assert judgements.count(REFUSE) == 100
    assert judgements[-1] == DROP
    clock.now += 1
    assert judge("192.0.2.1") == REFUSE


def test_a_client_over_its_rate_is_dropped_until_the_next_second():
    clock = Clock()
    judge = admission(rate=5, clock=clock).judge
    assert [judge("10.0.0.1") for _ in range(7)] == [ADMIT] * 5 + [DROP] * 2
    assert judge("10.0.0.2") == ADMIT
    clock.now += 1
    assert judge("10.0.0.1") == ADMIT


def test_loopback_and_exempt_networks_have_no_rate():
    judge = admission(rate=1, exempt=[ip_network("10.9.0.0/16")]).judge
    assert {judge(address) for address in ("127.0.0.1", "10.9.0.1") for _ in range(50)} == {ADMIT}


def test_the_tables_are_bounded(monkeypatch):
    monkeypatch.setattr("blockfilter.serve.admission._MOST_CLIENTS", 10)
    one = admission()
    for i in range(1000):
        one.judge(f"10.0.{i // 250}.{i % 250}")
    assert len(one._kinds) <= 10
    assert one.judge("10.0.0.1") == ADMIT


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_a_mapped_address_becomes_ipv4(address, expected):
    assert canonical(address) == expected
