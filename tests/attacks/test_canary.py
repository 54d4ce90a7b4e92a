"""Attack 1, over a server's whole life: read every octet, from its first query to its backups.

Two hundred clients ask for fifty canary names, over UDP and over TCP (DoT and DoH are not served yet),
at DEBUG: names that are open, blocked, aliases of blocked ones, special, broken, refused, and names
whose upstream fails. Then every file that was written under the server's home, state and runtime
directories, and all that came out of it, is searched for the clients' addresses and for the names in
many spellings: at noon, after SIGKILL, after the day is closed, after the week is published, after
SIGTERM, in what every command says and builds, in the backup, and where everything fails with
exceptions that hold names, addresses and tokens. The search is proved on planted leaks; a build that
logs an exception's words is found.
"""

import base64
import contextlib
import itertools
import os
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import IPv4Address
from typing import NamedTuple

import dns.name
import pytest

from tests.attacks.canaries import (
    Canaries,
    ask_over_tcp,
    ask_over_udp,
    everybody_asks,
    leaks,
    packets,
    written,
)
from tests.attacks.living import (
    CONFIG,
    MONDAY,
    SECONDS,
    SUNDAY,
    begin,
    found,
    go_to,
    keep_all,
    kept,
    stopped_at_the_end,
    wait_for_close,
)
from tests.fakes import ScriptedUpstream
from tests.world import Server, World, wait_until

UPSTREAM = "[upstream]\nbudget_ms = 500\n[cache]\nfailure_ttl = 1\n"
NIGHT = timedelta(hours=14)  # from a noon to 02:00
SAY = {
    "noon": ["counts status --json", "report show --table T0", "privacy --format txt"],
    "published": [
        "counts status", "counts verify", "report show --table T0 --json", "privacy --format html",
        "report show --table T1 --csv", "programme show",
        *(f"report build --period 2026-Q4 -o reports --format {one}" for one in ("html", "json")),
        *(f"report build --period 2026-Q4 -o reports --format {one}" for one in ("csv", "md")),
    ],
}  # fmt: skip
SOME = 40  # clients that are asking while it is killed, and where everything fails

pytestmark = pytest.mark.timeout(240)


class Life(NamedTuple):
    """What was found at which moment, and the files that held a token of Monday then."""

    leaks: dict[str, dict[str, list[str]]]
    tokens: dict[str, set[str]]


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture(scope="module")
def life(world: World, canaries: Canaries) -> Iterator[Life]:
    """Of a server at DEBUG."""
    seen = Life({}, {})
    with ScriptedUpstream(canaries.upstream) as upstream:
        server = world.prepare(config=CONFIG + UPSTREAM, upstreams=[upstream.address])
        found(server)
        server.set_clock(SUNDAY)
        with stopped_at_the_end(server):
            server.start()
            begin(server)
            live(server, canaries, seen)
        seen.leaks["stopped"] = leaks(canaries, server)
    yield seen


def live(server: Server, canaries: Canaries, seen: Life) -> None:
    everybody_asks(server, canaries)
    server.reload()
    server.hits(*canaries.clients)  # or the search would prove nothing
    tokens = {server.token(client) for client in canaries.clients}

    def look(moment: str) -> None:
        seen.leaks[moment] = leaks(canaries, server)
        seen.tokens[moment] = holding(server, tokens)

    say(server, "noon")
    look("noon")
    for client in canaries.clients[:SOME]:  # something is on its way
        ask_over_udp(server, client, packets(canaries)[:10])
    server.kill()
    look("killed")
    server.start()
    go_to(server, MONDAY + NIGHT)
    wait_for_close(server, MONDAY)
    look("closed")
    go_to(server, MONDAY + timedelta(days=6) + NIGHT)
    counts = server.state / "counts.db"
    wait_until(lambda: bool(kept(counts, "releases")), "the week is published", SECONDS)
    say(server, "published")
    back_up(server)
    look("published")


def holding(server: Server, tokens: set[bytes]) -> set[str]:
    """The files that a token is in, as octets or in hexadecimal."""
    forms = tokens | {one.hex().encode() for one in tokens}
    return {name for name, octets in written(server).items() if any(one in octets for one in forms)}


def say(server: Server, moment: str) -> None:
    """Leave what every command says, and what it builds, beside the server's own files."""
    said = keep_all(server, SAY[moment])
    (server.place / f"said at {moment}").write_text("\n".join(said))


def back_up(server: Server) -> None:
    """As the deployment's README says."""
    (server.place / "backup").mkdir()
    for name in ("counts.db", "programme.db"):
        with (
            contextlib.closing(sqlite3.connect(server.state / name)) as source,
            contextlib.closing(sqlite3.connect(server.place / "backup" / name)) as copy,
        ):
            source.backup(copy)


@pytest.mark.parametrize("moment", ["noon", "killed", "closed", "published", "stopped"])
def test_nobody_and_no_name_is_in_any_octet(life: Life, moment: str) -> None:
    assert life.leaks[moment] == {}


def test_tokens_are_where_the_hits_are_and_nowhere_after_the_close(life: Life) -> None:
    assert all(name.startswith("hits-2026-11-30") for name in life.tokens["noon"])
    assert life.tokens["noon"], "the search finds them"
    assert life.tokens["closed"] == life.tokens["published"] == set()


# What the search finds.


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


@pytest.fixture(scope="module")
def idle(world: World) -> Server:
    """Directories of a server that was never started."""
    server = world.prepare()
    server.state.mkdir(exist_ok=True)
    return server


@pytest.mark.parametrize(
    ("leak", "where"),
    list(zip(PLANTED, itertools.cycle(("state", "runtime", "home")), strict=False)),
)
def test_the_search_finds_a_planted_leak(
    idle: Server, canaries: Canaries, leak: str, where: str
) -> None:
    place = {"state": idle.state, "runtime": idle.runtime, "home": idle.place}[where]
    path = place / "planted"
    path.write_bytes(os.urandom(5000) + b" " + PLANTED[leak](canaries) + b" " + os.urandom(5000))
    try:
        assert list(leaks(canaries, idle)) == [
            str(path.relative_to(idle.runtime if where == "runtime" else idle.place))
        ]
    finally:
        path.unlink()


# Where everything fails.


def failed(world: World, canaries: Canaries, planted: str) -> tuple[dict[str, list[str]], str]:
    """What leaks from a server whose every part fails, and what it said."""
    with ScriptedUpstream(canaries.upstream) as upstream:
        server = world.prepare(
            config=CONFIG + UPSTREAM,
            upstreams=[upstream.address],
            environment={"PLANTED": f"tests.attacks.{planted}"},
        )
        server.set_clock(MONDAY)
        server.start()
        for client in canaries.clients[:SOME]:
            ask_over_udp(server, client, packets(canaries))
        for client in canaries.clients[: SOME // 8]:
            ask_over_tcp(server, client, packets(canaries))
        wait_until(lambda: bool(server.stored()), "some hits are moved in spite of it")
        server.process.terminate()  # and the end fails, too
        assert server.ended() == 1
        return leaks(canaries, server), server.log


@pytest.fixture(scope="module")
def failures(world: World, canaries: Canaries) -> list[tuple[dict[str, list[str]], str]]:
    """Of the product, and of a weaker build beside it."""
    with ThreadPoolExecutor() as threads:
        builds = ("failing", "planted_telling")
        return list(threads.map(lambda one: failed(world, canaries, one), builds))


def test_exceptions_that_hold_everything_are_told_by_type_and_place(failures):
    leaked, log = failures[0]
    assert log.count("a packet could not be handled: CanaryError at ") > 100
    assert "a hit was not recorded because of a fault in the program" in log
    assert "unforeseen error in what is done by the clock: CanaryError at " in log
    assert "unforeseen error: CanaryError at " in log
    assert leaked == {}


def test_a_build_that_logs_their_words_is_found(failures):
    leaked, _ = failures[1]
    assert {one.split()[0] for one in leaked["stderr and stdout"]} == {"name", "client"}
