"""Listening sockets, and replies from the address that was asked."""

import errno
import os
import socket

import pytest

from blockfilter.errors import ListenError
from blockfilter.serve import sockets


@pytest.fixture
def pair():
    made: list[socket.socket] = []

    def make(host, port=0):
        udp, tcp = sockets.bind_pair(host, port)
        sockets.prepare_udp(udp)
        made.extend((udp, tcp))
        return udp, tcp

    yield make
    for sock in made:
        sock.close()


def test_udp_and_tcp_share_one_free_port(pair):
    udp, tcp = pair("127.0.0.1")
    assert udp.getsockname() == tcp.getsockname()


def test_a_port_in_use_is_an_error_with_a_remedy(pair):
    udp, _ = pair("127.0.0.1")
    with pytest.raises(ListenError, match="another program does; stop it or name another --listen"):
        sockets.bind_pair("127.0.0.1", udp.getsockname()[1])


def test_port_53_in_use_names_the_stub_listener_setting():
    taken = OSError(errno.EADDRINUSE, "Address already in use")
    assert "DNSStubListener=no" in sockets._remedy("127.0.0.53", 53, taken)


def test_a_privileged_port_names_the_capability():
    denied = OSError(errno.EACCES, "Permission denied")
    assert "CAP_NET_BIND_SERVICE" in sockets._remedy("127.0.0.1", 53, denied)


def test_an_address_of_no_interface_is_said_to_be_one():
    with pytest.raises(ListenError, match="no interface of this machine has that address"):
        sockets.bind_pair("192.0.2.77", 0)


def answered_from(server, client_family, asked):
    """The client's view: where a reply to a query for `asked` comes from."""
    port = server.getsockname()[1]
    with socket.socket(client_family, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.sendto(b"query", (asked, port))
        server.setblocking(True)
        packet, ancillary, _, address = server.recvmsg(512, 128)
        server.sendmsg((packet,), sockets.reply_source(ancillary), 0, address)
        _, source = client.recvfrom(512)
    return source[0]


@pytest.mark.parametrize("asked", ["127.0.0.5", "127.0.0.1", "127.9.8.7"])
def test_a_wildcard_socket_answers_from_the_ipv4_address_that_was_asked(pair, asked):
    udp, _ = pair("0.0.0.0")
    assert sockets.tells_destination(udp)
    assert answered_from(udp, socket.AF_INET, asked) == asked


@pytest.mark.skipif(
    not os.path.exists("/proc/net/if_inet6"), reason="this machine has no IPv6 at all"
)
def test_a_wildcard_socket_answers_from_the_ipv6_address_that_was_asked(pair):
    udp, _ = pair("::")
    assert answered_from(udp, socket.AF_INET6, "::1") == "::1"


def test_link_local_replies_keep_their_interface():
    address = bytes.fromhex("fe800000000000000000000000000001")
    data = address + (7).to_bytes(4, "little")
    level, kind = socket.IPPROTO_IPV6, socket.IPV6_PKTINFO
    assert sockets.reply_source([(level, kind, data)]) == [(level, kind, data)]
    other = bytes.fromhex("20010db8000000000000000000000001")
    [(_, _, sent)] = sockets.reply_source([(level, kind, other + (7).to_bytes(4, "little"))])
    assert sent == other + bytes(4)


def test_a_socket_of_one_address_needs_no_source(pair):
    udp, _ = pair("127.0.0.1")
    assert not sockets.tells_destination(udp)
    assert sockets.reply_source([]) == []
