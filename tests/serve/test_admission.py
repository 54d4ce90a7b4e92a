"""Who may ask, and how fast."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.serve import admission as module
from blockfilter.serve.admission import ADMIT, DROP, REFUSE, Admission, canonical

INSIDE = [ip_network("10.0.0.0/8"), ip_network("fe80::/10"), ip_network("127.0.0.0/8")]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def made(
    rate: int = 0,
    exempt: Sequence[IPv4Network | IPv6Network] = (),
    clock: Clock | None = None,
    clients: Sequence[IPv4Network | IPv6Network] = INSIDE,
) -> Admission:
    return Admission(clients, rate=rate, exempt=exempt, clock=clock or Clock())


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.9", "fe80::1%eth0", "fe80::1"])
def test_a_client_of_the_networks_is_served(address: str) -> None:
    assert made().judge(address) == ADMIT
    assert made().serves(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "11.0.0.1", "2001:db8::1", "::1", "2001::1%e"])
def test_others_are_refused(address: str) -> None:
    assert made().judge(address) == REFUSE
    assert not made().serves(address)


def test_refusals_are_rationed_so_that_this_is_no_reflector() -> None:
    clock = Clock()
    judge = made(clock=clock).judge
    judgements = [judge(f"192.0.2.{i % 250}") for i in range(1000)]
    assert judgements.count(REFUSE) == 100
    assert judgements[-1] == DROP
    assert judge("10.0.0.1") == ADMIT
    clock.now += 1
    assert judge("192.0.2.1") == REFUSE


def test_a_client_over_its_rate_is_dropped_until_the_next_second() -> None:
    clock = Clock()
    judge = made(rate=5, clock=clock).judge
    assert [judge("10.0.0.1") for _ in range(7)] == [ADMIT] * 5 + [DROP] * 2
    assert judge("10.0.0.2") == ADMIT
    clock.now += 0.99
    assert judge("10.0.0.1") == DROP
    clock.now += 0.01
    assert [judge("10.0.0.1") for _ in range(7)] == [ADMIT] * 5 + [DROP] * 2


def test_asking_whether_a_client_is_served_spends_nothing_of_its_rate() -> None:
    one = made(rate=1)
    assert all(one.serves("10.0.0.1") for _ in range(5))
    assert one.judge("10.0.0.1") == ADMIT


def test_loopback_and_exempt_networks_have_no_rate() -> None:
    judge = made(rate=1, exempt=[ip_network("10.9.0.0/16")]).judge
    assert {judge(address) for address in ("127.0.0.1", "10.9.0.1") for _ in range(50)} == {ADMIT}


def test_an_exempt_network_outside_the_clients_is_outside() -> None:
    assert made(rate=1, exempt=[ip_network("192.0.2.0/24")]).judge("192.0.2.1") == REFUSE


def test_within_one_second_too_the_table_is_bounded_and_forgets_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_CLIENTS", 10)
    one = made(rate=1)
    assert [one.judge("10.9.9.9") for _ in range(2)] == [ADMIT, DROP]
    for i in range(1000):
        assert one.judge(f"10.0.{i // 250}.{i % 250}") == ADMIT
        assert len(one._windows) <= 10
    assert one.judge("10.9.9.9") == ADMIT


def test_a_known_client_costs_no_address_object(monkeypatch: pytest.MonkeyPatch) -> None:
    one = made(rate=5)
    addresses = ("10.0.0.1", "127.0.0.1", "192.0.2.1")
    before = [one.judge(address) for address in addresses]
    monkeypatch.delattr(Admission, "_learn")
    assert [one.judge(address) for address in addresses] == before


networks = st.one_of(
    st.builds(
        lambda number, length: ip_network((number, length), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda number, length: ip_network((number.to_bytes(16, "big"), length), strict=False),
        st.integers(0, 2**128 - 1),
        st.integers(0, 128),
    ),
)


@given(st.lists(networks, max_size=5), st.ip_addresses(), st.integers(0, 15))
def test_a_client_is_inside_exactly_if_a_network_holds_it(
    clients: list[IPv4Network | IPv6Network], address: object, near: int
) -> None:
    tried = [ip_address(str(address))]
    tried += [type(net.broadcast_address)(int(net.broadcast_address) ^ near) for net in clients]
    for one in tried:
        expected = any(one in net for net in clients)
        assert made(clients=clients).serves(str(one)) is expected


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
def test_a_mapped_address_becomes_ipv4(address: str, expected: str) -> None:
    assert canonical(address) == expected
