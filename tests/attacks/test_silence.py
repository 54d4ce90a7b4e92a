"""Attack 1: read every octet a server leaves behind, and look for people and names in it.

Two hundred clients ask for fifty canary names, over UDP and over TCP, at DEBUG: names that are
open, blocked, aliases of blocked ones, special, broken, refused, and names whose upstream fails.
Then every file that was written under the server's home, state and runtime directories, and all
that came out of it, is searched for the clients' addresses and for the names in many spellings:
while it runs, after SIGTERM and after SIGKILL. The search itself is proved on planted leaks.
"""

import base64
import itertools
import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import dns.name
import pytest

from tests.attacks.canaries import (
    Canaries,
    ask_over_udp,
    everybody_asks,
    found,
    leaks,
    packets,
)
from tests.fakes import ScriptedUpstream
from tests.world import Server, World


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture(scope="module")
def asked(world: World, canaries: Canaries) -> Iterator[Server]:
    """A server at DEBUG that everybody has asked, and that still runs."""
    config = "[upstream]\nbudget_ms = 1000\n[cache]\nfailure_ttl = 1\n"
    with ScriptedUpstream(canaries.upstream) as upstream:
        server = world.prepare(config=config, upstreams=[upstream.address])
        server.start()
        try:
            everybody_asks(server, canaries)
            server.reload()
            yield server
        finally:
            if server.process.poll() is None:
                server.stop()


def test_everybody_was_counted(asked: Server, canaries: Canaries) -> None:
    """Or the search would prove nothing."""
    rows = asked.hits(*canaries.clients)
    tokens = {asked.token(client) for client in canaries.clients}
    assert {row.token for row in rows} >= tokens
    assert "DEBUG" in asked.log or asked.log


def test_nobody_and_no_name_is_in_anything_written_while_it_runs(
    asked: Server, canaries: Canaries
) -> None:
    assert leaks(canaries, asked) == {}


def test_no_core_file_can_hold_them_either(asked: Server) -> None:
    limits = Path(f"/proc/{asked.process.pid}/limits").read_text().splitlines()
    (core,) = [one.split() for one in limits if one.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]


@pytest.mark.parametrize("death", ["SIGKILL", "SIGTERM"])
def test_nobody_and_no_name_is_in_anything_left_behind(
    asked: Server, canaries: Canaries, death: str
) -> None:
    said = asked.log
    for client in canaries.clients[:50]:  # something must be on its way
        ask_over_udp(asked, client, packets(canaries)[:10])
    asked.kill() if death == "SIGKILL" else asked.stop()
    assert leaks(canaries, asked) == {}
    asked.start()
    assert found(canaries, said.encode()) == []


PLANTED = {
    "a name in text": lambda c: c.names[7].encode(),
    "a name in capitals": lambda c: c.names[7].upper().encode(),
    "a name as on the wire": lambda c: dns.name.from_text(c.names[7]).to_wire(),
    "a name in hexadecimal": lambda c: c.names[7].encode().hex().encode(),
    "a name in base64": lambda c: base64.b64encode(b"query: " + c.names[7].encode()),
    "a name in base64, shifted": lambda c: base64.b64encode(b"query=: " + c.names[7].encode()),
    "a name backwards": lambda c: c.names[7][::-1].encode(),
    "an address in text": lambda c: b"client=" + c.clients[3].encode() + b"#5353",
    "an address in hexadecimal": lambda c: IPv4Address(c.clients[3]).packed.hex().encode(),
    "an address as v4-mapped": lambda c: (
        b"::ffff:%x:%x" % divmod(int(IPv4Address(c.clients[3])), 1 << 16)
    ),
    "an address as a number": lambda c: str(int(IPv4Address(c.clients[3]))).encode(),
    "an address as PTR": lambda c: (
        ".".join(reversed(c.clients[3].split("."))).encode() + b".in-addr"
    ),
    "addresses packed": lambda c: b"".join(socket.inet_aton(one) for one in c.clients),
    "addresses packed, little-endian": lambda c: b"".join(
        socket.inet_aton(one)[::-1] for one in c.clients
    ),
}


@pytest.mark.parametrize(
    ("leak", "where"),
    list(zip(PLANTED, itertools.cycle(("state", "runtime", "home")), strict=False)),
)
def test_the_search_finds_a_planted_leak(
    asked: Server, canaries: Canaries, leak: str, where: str
) -> None:
    place = {"state": asked.state, "runtime": asked.runtime, "home": asked.place}[where]
    path = place / "planted"
    path.write_bytes(os.urandom(5000) + b" " + PLANTED[leak](canaries) + b" " + os.urandom(5000))
    try:
        assert list(leaks(canaries, asked)) == [
            str(path.relative_to(asked.runtime if where == "runtime" else asked.place))
        ]
    finally:
        path.unlink()
