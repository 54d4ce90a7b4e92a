"""Servers whose days a test lets pass: real processes and sockets, a clock that is moved.

Each may be a weaker build than the product: `planted` is the module that makes it one, see planted_*.py
beside this one.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.client import query
from tests.world import Server, World, run, wait_until

SUNDAY = datetime(2026, 11, 29, 12, tzinfo=UTC)
MONDAY = SUNDAY + timedelta(days=1)  # noon; a week and a server's counting begin with this day
DAY = timedelta(days=1)
# From a noon to a minute after whatever is left of the day has gone, where nobody counted it before.
CLOSED = timedelta(hours=15, minutes=1)
SECONDS = 60.0  # for a step of the server, of which each takes one or two
CONFIG = '[server]\ntime_zone = "UTC"\n'


@contextlib.contextmanager
def running(world: World, planted: str = "", config: str = "") -> Iterator[Server]:
    """A server on Monday at noon, that counts nothing, for it knows of no headcount."""
    server = prepared(world, planted, config)
    server.set_clock(MONDAY)
    with stopped_at_the_end(server):
        server.start()
        yield server


@contextlib.contextmanager
def counting(world: World, planted: str = "", config: str = "") -> Iterator[Server]:
    """A server on Monday at noon, of an organisation that is counted since midnight."""
    server = prepared(world, planted, config)
    found(server)
    server.set_clock(SUNDAY)
    with stopped_at_the_end(server):
        server.start()
        begin(server)
        yield server


def prepared(world: World, planted: str = "", config: str = "") -> Server:
    """A server that is not started, and has no clock yet."""
    environment = {"PLANTED": f"tests.attacks.{planted}"} if planted else {}
    return world.prepare(config=CONFIG + config, environment=environment)


def found(server: Server) -> None:
    """Tell how many work here, before the server's start."""
    server.state.mkdir(exist_ok=True, mode=0o700)
    keep(server, "programme", "init", "--name", "Example", "--headcount", "1200",
         "--date", "2026-11-01")  # fmt: skip


def begin(server: Server) -> None:
    """Let Sunday pass, on which counting begins, until Monday at noon."""
    counts = server.state / "counts.db"
    wait_until(lambda: counts.exists() and bool(kept(counts, "audit")), "counting begins", SECONDS)
    go_to(server, MONDAY)
    wait_until(lambda: bool(kept(server.state / "accumulators.db", "cells")), "Monday", SECONDS)


@contextlib.contextmanager
def stopped_at_the_end(server: Server) -> Iterator[None]:
    try:
        yield
    finally:
        if hasattr(server, "process") and server.process.poll() is None:
            server.stop()


def keep(server: Server, *words: str) -> str:
    """What a command says of the server's state directory."""
    done = run(*words, "--state", str(server.state), place=server.place)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def keep_all(server: Server, commands: Iterable[str]) -> list[str]:
    """The same of several commands, which run beside each other."""
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda one: keep(server, *one.split()), commands))


def ask_from(server: Server, clients: Iterable[str], name: str = "backpage.com") -> None:
    """Let each client ask for a name once, and hear the answer."""
    packet = query(name).to_wire()
    for client in clients:
        server.octets(packet, source=client)


def go_to(server: Server, moment: datetime) -> None:
    """Move the clock; returns when the key of that day is there."""
    server.set_clock(moment)

    def noticed() -> bool:
        made = json.loads((server.state / "epochs.json").read_text())
        return moment.date().isoformat() in made and key_day(server) == moment.date().isoformat()

    wait_until(noticed, f"the key of {moment:%A}", SECONDS)


def key_day(server: Server) -> str | None:
    """The day whose key is there."""
    with contextlib.suppress(FileNotFoundError):
        made = (server.runtime / "day.key").stat().st_mtime
        return datetime.fromtimestamp(made, UTC).date().isoformat()
    return None


def wait_for_close(server: Server, day: datetime) -> None:
    """Returns when the hits of a day are gone."""
    name = f"hits-{day.date().isoformat()}*"
    wait_until(lambda: not list(server.runtime.glob(name)), f"{day:%A} is closed", SECONDS)


def kept(path: Path, table: str) -> list[tuple[object, ...]]:
    """All rows of a table; none while it is being made."""
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database,
    ):
        return list(database.execute(f"SELECT * FROM {table}"))  # the test's own word
    return []
