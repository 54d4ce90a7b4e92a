"""Who may ask, where from the answer comes, and which address a client has."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest

from blockfilter.hits.journal import read
from tests.client import Address, Client, query
from tests.story.test_blocked import blocked
from tests.world import Server, World, has_ipv6, outside_address, run

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def link_local() -> tuple[str, int] | None:
    """A link-local address of this machine and the index of its interface."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            digits, index, _, scope, flags, _ = line.split()
            if scope == "20" and not int(flags, 16) & 0x48:  # neither tentative nor a duplicate
                packed = bytes.fromhex(digits)
                return socket.inet_ntop(socket.AF_INET6, packed), int(index, 16)
    return None


@pytest.fixture(scope="module")
def everywhere(world: World) -> Iterator[Server]:
    """A server that listens on every address of the machine."""
    listen = ["0.0.0.0:{port}", *(["[::]:{port}"] if has_ipv6() else [])]
    with world.server(listen=listen) as server:
        yield server


@pytest.fixture(scope="module")
def inside_only(world: World) -> Iterator[Server]:
    """A server for a network that is not ours."""
    with world.server(config='[server]\nclients = ["10.0.0.0/8", "127.77.0.0/16"]\n') as server:
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "127.200.3.4"])
def test_a_wildcard_listener_answers_from_the_address_that_was_asked(
    everywhere: Server, host: str
) -> None:
    asked = Client(Address(host, everywhere.address.port))
    assert blocked(asked.ask("backpage.com"))  # dnspython minds the source
    assert asked.octets(query("backpage.com").to_wire())  # so does a connected socket
    assert blocked(asked.ask("backpage.com", tcp=True))


@needs_ipv6
def test_ipv6_is_served_like_ipv4(everywhere: Server, world: World) -> None:
    asked = Client(Address("::1", everywhere.address.port))
    for tcp in (False, True):
        assert blocked(asked.ask("backpage.com", tcp=tcp))
        assert asked.ask(world.fresh(), tcp=tcp).answer


@needs_ipv6
def test_ipv6_on_an_address_of_its_own(world: World) -> None:
    with world.server(at="::1", config="[counts]\naddresses_per_device = 2\n") as server:
        for tcp in (False, True):
            assert blocked(server.ask("backpage.com", tcp=tcp))
        (row,) = server.hits_of("::1")
        assert row.mode == "enforced"


@needs_ipv6
def test_ipv6_is_not_counted_unless_a_device_may_have_two_addresses(
    everywhere: Server, world: World
) -> None:
    six = Client(Address("::1", everywhere.address.port))
    assert blocked(six.ask("backpage.com"))
    assert blocked(everywhere.ask("backpage.com", source="127.30.0.1"))
    tokens = {row.token for row in everywhere.hits("127.30.0.1")}
    assert everywhere.token("127.30.0.1") in tokens
    assert everywhere.token("::1") not in tokens


def test_with_counting_switched_off_nothing_is_recorded(world: World) -> None:
    with world.server(config="[counts]\nenabled = false\n") as server:
        assert blocked(server.ask("backpage.com"))
        assert blocked(server.ask("backpage.com", tcp=True))
        server.reload()
    assert server.stored() == []
    assert not any(list(read(path)) for path in server.runtime.glob("hits-*.journal"))
    assert not (server.runtime / "day.key").exists()


@pytest.mark.skipif(link_local() is None, reason="this machine has no link-local address")
def test_replies_keep_the_scope_id(everywhere: Server) -> None:
    host, index = link_local() or ("", 0)
    packet = query("backpage.com").to_wire()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.settimeout(3.0)
        sock.bind((host, 0, 0, index))
        sock.connect((host, everywhere.address.port, 0, index))
        sock.send(packet)
        assert sock.recv(4096)[:2] == packet[:2]


def test_an_address_of_this_machine_that_is_not_loopback_is_answered(everywhere: Server) -> None:
    host = outside_address()
    if host is None or not host.startswith(("10.", "192.168.", "172.16.", "169.254.")):
        pytest.skip("this machine has no private address")
    asked = Client(Address(host, everywhere.address.port))
    assert blocked(asked.ask("backpage.com", source=host))


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_others_are_refused_by_default(everywhere: Server, tcp: bool) -> None:
    host = outside_address()
    if host is None or host.startswith(("10.", "192.168.", "172.", "169.254.")):
        pytest.skip("this machine has no address that is neither loopback nor private")
    asked = Client(Address(host, everywhere.address.port))
    assert asked.ask("example.com", source=host, tcp=tcp).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_outside_clients_are_refused_whatever_they_ask(inside_only: Server, tcp: bool) -> None:
    for name in ("example.com", "backpage.com", "localhost", "check.blockfilter.test"):
        for edns in (True, False):
            response = inside_only.ask(name, tcp=tcp, edns=edns)
            assert response.rcode() == dns.rcode.REFUSED
            assert not response.answer + response.authority
            assert response.edns == (0 if edns else -1)
        assert inside_only.ask(name, tcp=tcp, source="127.77.0.1").rcode() != dns.rcode.REFUSED


def test_nothing_of_outside_clients_goes_upstream_or_on_record(
    inside_only: Server, world: World
) -> None:
    name = world.fresh()
    assert inside_only.ask(name, source="127.0.0.77").rcode() == dns.rcode.REFUSED
    assert inside_only.ask("backpage.com", source="127.0.0.77").rcode() == dns.rcode.REFUSED
    inside_only.ask("backpage.com", source="127.77.0.9")
    tokens = {row.token for row in inside_only.hits("127.77.0.9")}
    assert inside_only.token("127.0.0.77") not in tokens
    assert not world.asked(name)


def test_loopback_has_no_rate_limit(server: Server) -> None:
    packet = query("www.backpage.com").to_wire()
    with server.datagrams("127.11.0.1") as sock:
        sock.settimeout(5.0)
        for _ in range(150):
            for _ in range(100):
                sock.send(packet)
            for _ in range(100):
                assert sock.recv(4096)[3] & 15 == dns.rcode.NXDOMAIN


def test_other_clients_have_a_limit(world: World) -> None:
    host = outside_address()
    if host is None:
        pytest.skip("this machine has only loopback")
    config = '[server]\nclients = ["0.0.0.0/0"]\n[limits]\nqueries_per_second = 20\n'
    with world.server(listen=["0.0.0.0:{port}"], config=config) as server:

        def answered(host: str) -> int:
            asked, count = Client(Address(host, server.address.port)), 0
            packet = query("backpage.com").to_wire()
            with asked.datagrams(host) as sock, contextlib.suppress(TimeoutError):
                sock.settimeout(0.4)
                for _ in range(100):
                    sock.send(packet)
                for _ in range(100):
                    count += sock.recv(4096)[3] & 15 == dns.rcode.NXDOMAIN
            return count

        assert 15 <= answered(host) <= 45
        assert answered("127.0.0.1") == 100


def test_health_is_content_with_a_server_that_does_its_work(server: Server) -> None:
    done = run("health", "--server", str(server.address), place=server.place)
    assert done.returncode == 0, done.stdout + done.stderr
