"""Which office a client belongs to."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.daemon.partition import Partition
from blockfilter.hits.hit import ELSEWHERE, Cell
from blockfilter.hits.recorder import Recorder
from tests.hits.world import BERLIN, Clock, Runtime

OFFICES = [
    ("hq", ("10.1.0.0/16", "fe80::/10", "2001:db8::/32")),
    ("lab", ("10.1.7.0/24", "2001:db8:7::/48")),
    ("north", ("::ffff:10.3.0.0/112", "192.0.2.9/32")),
]


@pytest.mark.parametrize(
    ("client", "office"),
    [
        ("10.1.2.3", "hq"),
        ("10.1.7.3", "lab"),  # the longest prefix wins, in whatever order they come
        ("::ffff:10.1.7.3", "lab"),
        ("fe80::1%eth0", "hq"),
        ("2001:db8:1::1", "hq"),
        ("2001:db8:7::1", "lab"),
        ("10.3.0.1", "north"),
        ("192.0.2.9", "north"),
        ("192.0.2.8", ELSEWHERE),
        ("10.2.2.3", ELSEWHERE),
        ("2001:db9::1", ELSEWHERE),
        ("::", ELSEWHERE),
    ],
)
def test_the_longest_prefix_decides_and_all_others_are_elsewhere(client, office):
    assert Partition(OFFICES)(client) == office
    assert Partition(reversed(OFFICES))(client) == office


def test_without_offices_everybody_is_elsewhere():
    partition = Partition()
    assert partition("10.1.2.3") == partition("::1") == ELSEWHERE == "elsewhere"
    assert partition.ids == frozenset()


def test_a_prefix_of_length_0_is_every_address_of_its_family():
    partition = Partition([("all", ("0.0.0.0/0",)), ("six", ("::/0",))])
    assert partition("203.0.113.1") == "all"
    assert partition("2001:db8::1") == "six"


def test_of_two_offices_with_one_prefix_the_first_has_it():
    partition = Partition([("a", ("10.0.0.0/8",)), ("b", ("10.0.0.0/8",))])
    assert partition("10.0.0.1") == "a"
    assert partition.ids == {"a"}


def test_a_partition_is_replaced_whole_or_not_at_all():
    partition = Partition(OFFICES)
    partition.swap([("south", ("10.1.7.0/24",))])
    assert partition("10.1.7.3") == "south"
    assert partition("10.1.2.3") == ELSEWHERE
    assert partition.ids == {"south"}
    with pytest.raises(ValueError, match="no network"):
        partition.swap([("hq", ("10.1.0.0/16", "no net"))])
    assert partition.ids == {"south"}


_ADDRESSES = st.ip_addresses(v=4, network="10.0.0.0/13") | st.ip_addresses(
    v=6, network="2001:db8::/45"
)
_LENGTHS = {4: st.integers(13, 32), 6: st.integers(45, 128)}


@st.composite
def _networks(draw):
    address = draw(_ADDRESSES)
    return ip_network((address, draw(_LENGTHS[address.version])), strict=False)


@given(
    st.lists(_networks(), min_size=1, max_size=20, unique=True),
    st.lists(_ADDRESSES, min_size=1, max_size=20),
)
def test_every_address_has_the_office_of_the_longest_network_that_holds_it(networks, addresses):
    partition = Partition((str(net), (str(net),)) for net in networks)
    for address in [*addresses, *(net.broadcast_address for net in networks)]:
        holding = [net for net in networks if ip_address(address) in net]
        longest = max(holding, key=lambda net: net.prefixlen, default=ELSEWHERE)
        assert partition(str(address)) == str(longest)


def test_hits_are_recorded_for_the_office_that_is_in_force(tmp_path):
    clock, partition = Clock(), Partition(OFFICES)
    recorder = Recorder(tmp_path, BERLIN, clock=clock, offices=partition)
    recorder.open()
    recorder.record("10.1.7.3", Cell("escort-ads", "enforced"))
    partition.swap([("south", ("10.1.7.0/24",))])
    recorder.record("10.1.7.4", Cell("escort-ads", "enforced"))
    recorder.record("10.1.2.3", Cell("escort-ads", "enforced"))
    recorder.fold(clock())
    stored = sorted(hit.office for hit in Runtime(tmp_path).stored())
    assert stored == [ELSEWHERE, "lab", "south"]
    recorder.close()
