import socket

import pytest

from blockfilter.errors import ConfigError
from blockfilter.resolve.upstream.endpoint import Upstream


@pytest.mark.parametrize(
    ("endpoint", "text", "family", "address"),
    [
        (("192.0.2.1", 53), "192.0.2.1:53", socket.AF_INET, ("192.0.2.1", 53)),
        (("2001:db8::1", 853), "[2001:db8::1]:853", socket.AF_INET6, ("2001:db8::1", 853)),
        (("fe80::1%7", 53), "[fe80::1%7]:53", socket.AF_INET6, ("fe80::1", 53, 0, 7)),
    ],
)
def test_an_address_is_given_to_people_and_to_the_kernel_in_their_ways(
    endpoint, text, family, address
):
    upstream = Upstream(endpoint)
    assert (upstream.text, upstream.family, upstream.address) == (text, family, address)


def test_an_interface_is_looked_up_when_it_is_needed():
    assert Upstream(("fe80::1%lo", 53)).address == ("fe80::1", 53, 0, socket.if_nametoindex("lo"))
    missing = Upstream(("fe80::1%no-such-if", 53))
    with pytest.raises(OSError, match="no interface"):
        assert missing.address


@pytest.mark.parametrize("host", ["resolver.example", "192.0.2", "", "::1::", "1.2.3.4%lo", "a\0b"])
def test_what_is_no_address_is_refused_and_never_looked_up(host):
    with pytest.raises(ConfigError, match="is no IP address"):
        Upstream((host, 53))
