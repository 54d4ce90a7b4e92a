"""Attack 15: look for yesterday's key, in the memory of the server, in its core, in its files.

With the key of a day and a stolen copy of its hits, each code is a device again: an address is tried
at a microsecond. So a minute after a day is closed no copy of its key may be anywhere: not where it
was read from a file after a restart, not where a hash worked with it, not in what was freed. A build
that keeps it with its settings is found at once.
"""

import contextlib
import mmap
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.attacks.canaries import written
from tests.attacks.living import CLOSED, MONDAY, go_to, running, wait_for_close
from tests.world import Server, World, wait_until

AT_ONCE = 1 << 24  # octets of memory in one look
PIECES = 4  # a part of a key is as bad: eight octets of it leave as many to be tried

pytestmark = pytest.mark.timeout(180)


def memory(pid: int) -> Iterator[bytes]:
    """All that a process has in memory, in pieces that overlap by a key."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for line in lines:
            place, rights = line.split()[:2]
            if "r" not in rights or line.endswith(("[vvar]", "[vvar_vclock]", "[vsyscall]")):
                continue
            at, end = (int(one, 16) for one in place.split("-"))
            while at < end:
                with contextlib.suppress(OSError):  # a page behind a file's end
                    file.seek(at)
                    yield file.read(min(AT_ONCE, end - at))
                at += AT_ONCE - mmap.PAGESIZE


def copies(server: Server, key: bytes) -> int:
    """In how many pieces of memory any part of a key is."""
    size = len(key) // PIECES
    parts = [key[at : at + size] for at in range(0, len(key), size)]
    return sum(any(part in piece for part in parts) for piece in memory(server.process.pid))


def in_files(server: Server, key: bytes) -> list[str]:
    """The files that hold it, in octets or hexadecimal."""
    forms = (key, key.hex().encode())
    return [name for name, octets in written(server).items() if any(one in octets for one in forms)]


def work(server: Server) -> None:
    """Make codes with the key, over UDP and over TCP."""
    for number in range(60):
        client = f"127.31.0.{number + 1}"
        server.ask("backpage.com", source=client)
        server.ask("www.rubmaps.com", source=client, tcp=True)
    server.hits("127.31.0.1", "127.31.0.60")


class Found(NamedTuple):
    """Where the key was: while it was in use, after the close, after more work, after the end."""

    in_use: int
    in_use_files: list[str]
    closed: int
    closed_files: list[str]
    later: int
    ended_files: list[str]


def search(world: World, planted: str) -> Found:
    """Look for the key of a day on which the server was killed once, a minute after it is closed."""
    with running(world, planted) as server:
        work(server)
        server.kill()
        server.start()
        work(server)
        key = (server.runtime / "day.key").read_bytes()
        in_use = copies(server, key), in_files(server, key)
        go_to(server, MONDAY + CLOSED)
        wait_for_close(server, MONDAY)
        closed = copies(server, key), in_files(server, key)
        work(server)  # what lay in memory by chance would be copied by now
        later = copies(server, key)
        assert server.stop() == 0
        return Found(*in_use, *closed, later, in_files(server, key))


@pytest.fixture(scope="module")
def builds(world: World) -> list[Found]:
    """The product, and a weaker build beside it."""
    with ThreadPoolExecutor() as threads:
        return list(threads.map(lambda one: search(world, one), ("searchable", "planted_keeper")))


def test_no_copy_of_yesterdays_key_is_in_memory_or_in_a_file(builds: list[Found]) -> None:
    found = builds[0]
    assert found.in_use, "the search finds the key that is in use"
    assert found.in_use_files == ["day.key"]
    assert (found.closed, found.later) == (0, 0)
    assert found.closed_files == found.ended_files == []


def test_a_build_that_keeps_it_with_its_settings_is_found(builds: list[Found]) -> None:
    assert builds[1].closed
    assert builds[1].later


def test_a_crash_leaves_no_core_and_others_of_the_same_user_may_not_look(world: World) -> None:
    with running(world, "searchable") as server:
        assert (server.place / "dumpable").read_text() == "0"
        limits = Path(f"/proc/{server.process.pid}/limits").read_text().splitlines()
        (core,) = [one.split() for one in limits if one.startswith("Max core file size")]
        assert core[4:6] == ["0", "0"]
        before = set(written(server))
        os.kill(server.process.pid, signal.SIGSEGV)
        assert server.ended() == -signal.SIGSEGV
        wait_until(lambda: server.process.returncode is not None, "its end")
        assert {Path(one).name for one in set(written(server)) - before} <= {"status.json"}
