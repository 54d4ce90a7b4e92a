"""What is on record of an attempt: one row a device, hour, category and mode, and no more."""

import contextlib
import json
import resource
import sqlite3
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes import always
from tests.story.test_blocked import blocked
from tests.world import Hit, Server, World, run, wait_until

COLUMNS = ["day", "hour", "office", "category", "mode", "token"]
TYPES = ("A", "AAAA", "HTTPS", "TXT")


@pytest.fixture(scope="module", autouse=True)
def unstored(world: World) -> Iterator[Server]:
    """A server that cannot open its store; it runs beside the others of this file."""
    server = world.prepare()
    for day in (0, 1):  # or midnight may come between
        name = f"hits-{(datetime.now(UTC) + timedelta(day)).date().isoformat()}.db"
        (server.runtime / name).mkdir()
    server.start()
    try:
        yield server
    finally:
        assert server.stop() == 0


def store(server: Server) -> Path:
    """The store of today, when it is there."""
    wait_until(lambda: bool(list(server.runtime.glob("hits-*.db"))), "a store")
    (path,) = server.runtime.glob("hits-*.db")
    return path


def kinds(rows: list[Hit]) -> list[tuple[str, str]]:
    return sorted((row.category, row.mode) for row in rows)


def test_a_row_is_day_hour_office_category_mode_and_token_and_no_more(server: Server) -> None:
    before = datetime.now(UTC)
    server.ask("backpage.com", source="127.20.0.1")
    after = datetime.now(UTC)
    (row,) = server.hits_of("127.20.0.1")
    assert (row.category, row.mode) == ("classified-ads", "enforced")
    assert (row.day, row.hour) in {(one.date().isoformat(), one.hour) for one in (before, after)}
    assert isinstance(row.token, bytes)
    assert len(row.token) == 16
    with contextlib.closing(sqlite3.connect(f"file:{store(server)}?mode=ro", uri=True)) as db:
        names = [one[0] for one in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        assert "hits" in names
        columns = list(db.execute("PRAGMA table_info(hits)"))
        assert [one[1] for one in columns] == COLUMNS
        assert all(one[5] for one in columns), "the primary key is over all"
        with pytest.raises(sqlite3.OperationalError):
            db.execute("SELECT rowid FROM hits")  # no order of arrival
        assert db.execute("PRAGMA journal_mode").fetchone()[0] != "wal"


def test_files_are_private_and_the_key_is_32_octets(server: Server) -> None:
    server.ask("backpage.com", source="127.20.0.2")
    server.hits("127.20.0.2")
    assert len((server.runtime / "day.key").read_bytes()) == 32
    for path in server.runtime.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert store(server).name == f"hits-{midnight.date().isoformat()}.db"


def test_a_aaaa_and_https_of_one_client_are_one_row(server: Server) -> None:
    for _ in range(3):
        for rdtype in TYPES:
            for name in ("backpage.com", "www.backpage.com", "bedpage.com"):
                server.ask(name, rdtype, source="127.20.0.3", tcp=rdtype == "TXT")
    server.ask("eroticmp.com", source="127.20.0.3")
    server.ask("eccie.net", source="127.20.0.3")
    wait_until(lambda: len(server.hits_of("127.20.0.3")) >= 3, "three categories")
    rows = server.hits_of("127.20.0.3")
    assert len({(row.hour, row.category, row.mode) for row in rows}) == len(rows)
    assert set(kinds(rows)) == {
        ("classified-ads", "enforced"),
        ("massage-ads", "enforced"),
        ("review-board", "enforced"),
    }
    assert len(rows) == 3 or datetime.now(UTC).minute == 0


def test_a_monitored_name_is_answered_normally_and_recorded_beside(server: Server) -> None:
    assert server.ask("craigslist.org", source="127.20.0.4").answer
    assert server.ask("backpage.com", source="127.20.0.4").rcode() == 3
    wait_until(lambda: len(server.hits_of("127.20.0.4")) == 2, "both")
    assert kinds(server.hits_of("127.20.0.4")) == [
        ("classified-ads", "enforced"),
        ("classified-ads", "monitored"),
    ]


def test_a_list_file_counts_under_other(server: Server) -> None:
    server.ask("www.listed.example", source="127.20.0.5")
    server.ask("exact.example", source="127.20.0.6")
    assert kinds(server.hits_of("127.20.0.5")) == [("other", "enforced")]
    assert kinds(server.hits_of("127.20.0.6")) == [("other", "enforced")]


def test_what_is_not_blocked_and_the_test_name_are_never_counted(
    server: Server, world: World
) -> None:
    for name in (
        "check.blockfilter.test",
        world.fresh(),
        "localhost",
        "onion",
        "use-application-dns.net",
        "humantraffickinghotline.org",
        "open.listed.example",
        "below.exact.example",
        "myrubmaps.com",
    ):
        server.ask(name, source="127.20.0.7")
    for flags in ("AXFR", "MAILB"):
        server.ask("backpage.com", flags, source="127.20.0.7")
    server.ask("backpage.com", source="127.20.0.8")
    assert server.token("127.20.0.7") not in {row.token for row in server.hits("127.20.0.8")}


def test_an_answer_that_was_made_before_still_records(server: Server, world: World) -> None:
    clients = [f"127.20.1.{number}" for number in range(1, 31)]
    alias = world.fresh()
    world.zone[alias] = always(f"{alias} 60 IN CNAME x.backpage.com.")
    for client in clients:
        for name in ("q.eroticmp.com", alias, "www.craigslist.org"):
            server.ask(name, source=client)

    def stored() -> bool:
        rows = server.hits(*clients)
        return all(sum(row.token == server.token(one) for row in rows) == 3 for one in clients)

    wait_until(stored, "three rows of each")


def test_each_client_has_a_token_of_its_own_made_with_the_days_key(server: Server) -> None:
    clients = [f"127.20.2.{number}" for number in range(1, 51)]
    for client in clients:
        server.ask("backpage.com", source=client)
    server.hits(*clients)
    assert len({server.token(client) for client in clients}) == 50


def test_time_is_told_by_the_organisations_zone(world: World) -> None:
    with world.server(config='[server]\ntime_zone = "Asia/Kathmandu"\n') as server:
        moments = [datetime.now(UTC)]
        server.ask("backpage.com", source="127.21.0.1")
        moments.append(datetime.now(UTC))
        (row,) = server.hits_of("127.21.0.1")
        assert row.office == "elsewhere", "as long as no office is known"
        local = [datetime.fromtimestamp(one.timestamp() + 20700, UTC) for one in moments]
        assert (row.day, row.hour) in {(one.date().isoformat(), one.hour) for one in local}


def test_the_status_says_the_same_however_many_ask(world: World) -> None:
    with world.server() as server:
        status = server.state / "status.json"

        def told() -> dict[str, object]:
            written = status.stat().st_mtime_ns
            assert server.reload()
            wait_until(lambda: status.stat().st_mtime_ns != written, "a new status")
            found: dict[str, object] = json.loads(status.read_text())
            return found | {"updated": 0}

        first = told()
        for number in range(50):
            client = f"127.26.0.{number + 1}"
            for name in (world.fresh(), "again.example", "backpage.com"):
                server.ask(name, source=client)
        server.hits("127.26.0.50")
        assert told() == first


def test_the_same_device_has_one_token_before_and_after_a_kill(world: World) -> None:
    server = world.prepare()
    server.start()
    clients = [f"127.24.0.{number}" for number in range(1, 21)]
    for client in clients:
        server.ask("backpage.com", source=client)
    before = [server.token(client) for client in clients]
    server.kill()
    server.start()
    try:
        assert [server.token(client) for client in clients] == before
        for client in clients:
            server.ask("backpage.com", source=client)
        server.ask("backpage.com", source="127.24.1.1")
        rows = server.hits(*clients, "127.24.1.1")
        assert sorted(row.token for row in rows) == sorted([*before, server.token("127.24.1.1")])
    finally:
        assert server.stop() == 0


# When the store fails.


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[Server]:
    with world.server() as server:
        server.ask("backpage.com", source="127.25.0.1")
        server.hits("127.25.0.1")
        yield server


def trouble(server: Server, since: int) -> list[str]:
    """The warnings and errors that were logged since line `since`."""
    lines = server.log.splitlines()[since:]
    return [line for line in lines if line.startswith(("WARNING", "ERROR"))]


@pytest.fixture
def since(own: Server) -> int:
    """The number of lines that were logged before the test."""
    return len(own.log.splitlines())


@contextlib.contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """No file of the server can grow, as on a full disk; whoever it runs as."""
    pid, kind = server.process.pid, resource.RLIMIT_FSIZE
    _, hard = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, kind, (hard, hard))


def test_with_a_full_disk_queries_are_answered_and_what_waits_is_written_when_there_is_room(
    own: Server, world: World, since: int
) -> None:
    clients = [f"127.25.1.{number}" for number in range(1, 101)]
    with full_disk(own):
        for client in clients:
            assert blocked(own.ask("backpage.com", source=client))
        time.sleep(2.5)  # the scheduled job finds it, too
        for client in clients[:50]:
            assert blocked(own.ask("eroticmp.com", source=client, seconds=1.0))
        assert own.ask(world.fresh()).answer
        said = trouble(own, since)
        assert said, "the log says so"
        assert len(said) <= 4, "once, and not at every query"
    own.hits(*clients)
    wait_until(
        lambda: sum(row.category == "massage-ads" for row in own.stored()) == 50, "all that waited"
    )


def test_a_corrupt_store_does_not_stop_answers_and_is_said(own: Server, since: int) -> None:
    path = store(own)
    path.write_bytes(b"\xde\xad\xbe\xef" * 4096)
    for number in range(1, 51):
        assert blocked(own.ask("backpage.com", source=f"127.25.2.{number}", seconds=1.0))
    wait_until(lambda: bool(trouble(own, since)), "the log says so")
    assert blocked(own.ask("eroticmp.com"))
    assert len(trouble(own, since)) <= 4


def test_a_locked_store_delays_no_answer(own: Server, since: int) -> None:
    clients = [f"127.25.3.{number}" for number in range(1, 102)]
    with contextlib.closing(sqlite3.connect(store(own), isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        for client in clients[:-1]:
            assert blocked(own.ask("backpage.com", source=client, seconds=1.0))
        assert time.monotonic() - start < 2.0
        time.sleep(1.5)  # the scheduled job waits for the lock now
        assert blocked(own.ask("backpage.com", source=clients[-1], seconds=0.5))
        db.execute("ROLLBACK")
    own.hits(*clients)


def test_health_says_that_the_store_fails(unstored: Server) -> None:
    """The last of this file: status.json is written every few seconds."""
    for number in range(1, 21):
        assert blocked(unstored.ask("backpage.com", source=f"127.25.4.{number}", seconds=1.0))
    status = unstored.state / "status.json"
    wait_until(lambda: status.exists() and '"failing"' in status.read_text(), "the status")
    where = {"STATE_DIRECTORY": str(unstored.state)}
    done = run("health", "--server", str(unstored.address), place=unstored.place, environment=where)
    assert done.returncode == 1
    assert "hits" in done.stdout + done.stderr
    assert len(trouble(unstored, 0)) == 1, "and the log says so once"
