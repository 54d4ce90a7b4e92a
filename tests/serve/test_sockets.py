"""Listening sockets, and replies from the address that was asked."""

import errno
import os
import socket
import struct
import subprocess
import sys
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blockfilter.errors import ListenError
from blockfilter.serve import sockets

Bind = Callable[[str, int], socket.socket]

needs_ipv6 = pytest.mark.skipif(
    not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6 at all"
)


@pytest.fixture
def kept() -> Iterator[Callable[[socket.socket], socket.socket]]:
    """Closes what a test has opened."""
    made: list[socket.socket] = []

    def keep(sock: socket.socket) -> socket.socket:
        made.append(sock)
        return sock

    yield keep
    for sock in made:
        sock.close()


Keep = Callable[[socket.socket], socket.socket]


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_udp_and_tcp_share_one_free_port(kept: Keep, host: str) -> None:
    udp, tcp = map(kept, sockets.bind_pair(host, 0))
    assert udp.getsockname() == tcp.getsockname()
    assert (udp.type, tcp.type) == (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    assert not udp.getblocking()
    assert not tcp.getblocking()


def test_a_number_that_is_taken_for_tcp_is_passed_over(
    kept: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = kept(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
    first = iter([taken])

    def bind_udp(host: str, port: int) -> socket.socket:
        return really(host, next(first, port))

    really = sockets.bind_udp
    monkeypatch.setattr(sockets, "bind_udp", bind_udp)
    udp, tcp = map(kept, sockets.bind_pair("127.0.0.1", 0))
    assert udp.getsockname() == tcp.getsockname()
    assert udp.getsockname()[1] != taken


@pytest.mark.parametrize("bind", [sockets.bind_udp, sockets.bind_tcp])
def test_a_port_in_use_is_an_error_with_a_remedy(kept: Keep, bind: Bind) -> None:
    port = kept(bind("127.0.0.1", 0)).getsockname()[1]
    with pytest.raises(ListenError, match="another program does; stop it or name another --listen"):
        bind("127.0.0.1", port)


def test_a_port_is_free_again_right_after_a_server_with_connections_has_ended(kept: Keep) -> None:
    first = kept(sockets.bind_tcp("127.0.0.1", 0))
    address = first.getsockname()
    with socket.create_connection(address):
        first.setblocking(True)
        first.accept()[0].close()  # the server closes first and keeps the pair in TIME_WAIT
    first.close()
    assert kept(sockets.bind_tcp(*address)).getsockname() == address


def test_port_53_in_use_names_the_stub_listener_setting() -> None:
    taken = OSError(errno.EADDRINUSE, "Address already in use")
    told = sockets._remedy("127.0.0.53", 53, taken)
    assert "DNSStubListener=no" in told
    assert "systemctl restart systemd-resolved" in told


def test_a_privileged_port_names_the_capability_and_a_higher_port() -> None:
    denied = OSError(errno.EACCES, "Permission denied")
    told = sockets._remedy("127.0.0.1", 53, denied)
    assert "CAP_NET_BIND_SERVICE" in told
    assert "5335" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
def test_an_ordinary_user_is_told_so_for_port_53() -> None:
    code = (
        "import os, sys; from pathlib import Path; os.setgid(65534); os.setuid(65534)\n"
        "if int(Path('/proc/sys/net/ipv4/ip_unprivileged_port_start').read_text()) <= 53:"
        " sys.exit('CAP_NET_BIND_SERVICE is not needed here')\n"
        "sockets.bind_udp('127.77.0.1', 53)"
    )
    done = subprocess.run(
        [sys.executable, "-c", "from blockfilter.serve import sockets; " + code],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "CAP_NET_BIND_SERVICE" in done.stderr


@pytest.mark.parametrize(
    ("host", "remedy"),
    [
        ("192.0.2.77", "no interface of this machine has that address"),
        ("127.0.0.1x", "cannot listen on 127.0.0.1x:0: "),
        pytest.param("fe80::1", r"write \[fe80::1%eth0\]:0", marks=needs_ipv6),
        pytest.param("fe80::1%nosuch", "no interface with this name", marks=needs_ipv6),
        pytest.param("fe80::1%999999", "no interface of that name", marks=needs_ipv6),
    ],
)
@pytest.mark.parametrize("bind", [sockets.bind_udp, sockets.bind_tcp])
def test_an_address_that_is_not_here_is_said_to_be_so(bind: Bind, host: str, remedy: str) -> None:
    with pytest.raises(ListenError, match=remedy):
        bind(host, 0)


@needs_ipv6
def test_our_own_ipv6_sockets_leave_ipv4_to_others(kept: Keep) -> None:
    udp, tcp = map(kept, sockets.bind_pair("::", 0))
    for sock in (udp, tcp):
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    kept(sockets.bind_udp("0.0.0.0", udp.getsockname()[1]))


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_udp_ignores_forged_path_mtus_and_holds_a_burst(kept: Keep, host: str) -> None:
    udp, plain = kept(sockets.bind_udp(host, 0)), kept(socket.socket(type=socket.SOCK_DGRAM))
    assert udp.getsockopt(socket.IPPROTO_IP, 10) == 5  # IP_MTU_DISCOVER, IP_PMTUDISC_OMIT
    size = udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert size > plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) or size >= 4 << 20


def test_only_a_wildcard_socket_asks_for_the_destination(kept: Keep) -> None:
    for host, expected in (("0.0.0.0", True), ("127.0.0.1", False)):
        udp = kept(sockets.bind_udp(host, 0))
        assert sockets.tells_destination(udp) is expected
        assert bool(udp.getsockopt(socket.IPPROTO_IP, 8)) is expected


def answered_from(server: socket.socket, asked: str) -> str:
    """Ask with a connected client, which hears only the address it asked; where the reply is from."""
    family = socket.AF_INET6 if ":" in asked else socket.AF_INET
    port = server.getsockname()[1]
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(socket.getaddrinfo(asked, port, type=socket.SOCK_DGRAM)[0][4])
        client.send(b"query")
        server.settimeout(2)
        packet, ancillary, _, address = server.recvmsg(512, 128)
        server.sendmsg((packet,), sockets.reply_source(ancillary), 0, address)
        assert client.recv(512) == b"query"
        return str(client.getpeername()[0])


ELSEWHERE = ["127.0.0.5", "127.0.0.1", "127.9.8.7"]


@pytest.mark.parametrize("asked", ELSEWHERE)
def test_a_wildcard_socket_answers_from_the_ipv4_address_that_was_asked(
    kept: Keep, asked: str
) -> None:
    assert answered_from(kept(sockets.bind_udp("0.0.0.0", 0)), asked) == asked


def own_ipv6() -> list[str]:
    """This machine's IPv6 addresses, link-local ones with their interface."""
    found = []
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        digits, _, _, _, flags, name = line.split()
        if int(flags, 16) & 0x48 == 0:  # neither tentative nor found to be another's
            address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
            found.append(f"{address}%{name}" if address.startswith("fe80") else address)
    return found


@needs_ipv6
def test_a_wildcard_socket_answers_from_the_ipv6_address_that_was_asked(kept: Keep) -> None:
    udp = kept(sockets.bind_udp("::", 0))
    for asked in own_ipv6():
        assert answered_from(udp, asked).partition("%")[0] == asked.partition("%")[0]


@needs_ipv6
def test_a_link_local_address_is_listened_on_with_its_interface(kept: Keep) -> None:
    local = [address for address in own_ipv6() if "%" in address]
    if not local:
        pytest.skip("this machine has no link-local address")
    udp, tcp = map(kept, sockets.bind_pair(local[0], 0))
    assert udp.getsockname()[3] == tcp.getsockname()[3] != 0


@needs_ipv6
@pytest.mark.parametrize("asked", [*ELSEWHERE, "::1"])
def test_an_inherited_socket_for_both_families_answers_from_the_address_that_was_asked(
    kept: Keep, asked: str
) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as both:
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        both.bind(("::", 0))
        udp = kept(socket.socket(fileno=os.dup(both.fileno())))
        sockets.prepare_udp(udp)
    assert answered_from(udp, asked) == asked


def test_link_local_replies_keep_their_interface_and_others_are_routed() -> None:
    level, kind = socket.IPPROTO_IPV6, socket.IPV6_PKTINFO
    local = struct.pack("@16sI", socket.inet_pton(socket.AF_INET6, "fe80::1"), 7)
    assert sockets.reply_source([(level, kind, local)]) == [(level, kind, local)]
    packed = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    [(_, _, sent)] = sockets.reply_source([(level, kind, struct.pack("@16sI", packed, 7))])
    assert sent == struct.pack("@16sI", packed, 0)


def test_a_group_is_no_source() -> None:
    group = struct.pack("@16sI", socket.inet_pton(socket.AF_INET6, "ff02::1"), 7)
    assert sockets.reply_source([(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, group)]) == []


@pytest.mark.parametrize("data", [b"", b"short", bytes(11), bytes(64)])
@pytest.mark.parametrize(
    ("level", "kind"),
    [(socket.IPPROTO_IP, 8), (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO), (socket.SOL_SOCKET, 1)],
)
def test_other_ancillary_data_is_passed_over(level: int, kind: int, data: bytes) -> None:
    source = struct.pack("@i4s4s", 3, b"\x7f\0\0\5", b"\x7f\0\0\5")
    assert sockets.reply_source([(level, kind, data)]) == []
    found = sockets.reply_source([(level, kind, data), (socket.IPPROTO_IP, 8, source)])
    assert found == [(socket.IPPROTO_IP, 8, struct.pack("@i4s4s", 0, b"\x7f\0\0\5", bytes(4)))]


def test_sources_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_MOST_SOURCES", 10)
    monkeypatch.setattr(sockets, "_sources", {})
    for number in range(100):
        ours = struct.pack("@i4s4s", 1, number.to_bytes(4, "big"), bytes(4))
        [(_, _, sent)] = sockets.reply_source([(socket.IPPROTO_IP, 8, ours)])
        assert sent[4:8] == number.to_bytes(4, "big")
        assert len(sockets._sources) <= 10


def test_a_known_source_costs_next_to_nothing() -> None:
    ancillary = [(socket.IPPROTO_IP, 8, struct.pack("@i4s4s", 3, b"\x7f\0\0\5", b"\x7f\0\0\5"))]
    runs = timeit.repeat(lambda: sockets.reply_source(ancillary), number=2000, repeat=20)
    assert (
        min(runs) / 2000 < 2e-6
    )  # 0.1 us on a quiet machine; building it anew costs 1 us and more
