"""Both files: made once, with their modes; whole after anything; every error says which and what to do."""

import os
import resource
import signal
import sqlite3
from contextlib import closing

import pytest

from blockfilter.counts import database
from blockfilter.errors import StateError

SCHEMAS = {"0001 one": "CREATE TABLE one (value INTEGER PRIMARY KEY) STRICT;"}
LATER = {"0002 two": "CREATE TABLE two (value TEXT); ALTER TABLE one ADD COLUMN name TEXT;"}


@pytest.fixture
def place(quick):
    return quick / database.COUNTS


def opened(place, schemas=SCHEMAS, mode=0o640):
    return database.opened(place, "test", schemas, mode)


def test_it_is_made_with_its_mode_whatever_the_umask(quick):
    for umask in (0, 0o077, 0o777):
        for mode in (0o600, 0o640):
            place = quick / f"{umask}-{mode}.db"
            before = os.umask(umask)
            with opened(place, mode=mode) as found:
                found.run("INSERT INTO one VALUES (1)")
            os.umask(before)
            assert place.stat().st_mode & 0o7777 == mode


def test_a_mode_that_was_set_later_stays(place):
    with opened(place):
        pass
    place.chmod(0o644)
    with opened(place):
        pass
    assert place.stat().st_mode & 0o777 == 0o644


def test_what_a_later_version_adds_is_added_once(place):
    with opened(place) as found:
        found.run("INSERT INTO one VALUES (1)")
    for _ in range(2):
        with opened(place, SCHEMAS | LATER) as found:
            assert found.run("SELECT value, name FROM one") == [(1, None)]
            assert found.run("SELECT * FROM two") == []


def test_a_step_that_fails_leaves_nothing_of_itself(place):
    with pytest.raises(StateError), opened(place, SCHEMAS | {"0002": "CREATE TABLE two (a); no"}):
        pass
    with opened(place, SCHEMAS | LATER) as found:
        assert found.run("SELECT * FROM two") == []


def test_a_transaction_is_whole_or_nothing(place):
    with opened(place) as found:
        with pytest.raises(StateError), found.atomic():
            found.run("INSERT INTO one VALUES (1)")
            found.many("INSERT INTO one VALUES (?)", [(2,), (3,), (2,)])
        assert found.run("SELECT * FROM one") == []
        with found.atomic():
            found.many("INSERT INTO one VALUES (?)", [(2,), (3,)])
    with closing(sqlite3.connect(place)) as connection:
        assert connection.execute("SELECT * FROM one").fetchall() == [(2,), (3,)]


def test_journals_are_files_and_what_is_deleted_is_overwritten(place):
    with opened(place) as found:
        assert found.run("PRAGMA journal_mode") == [("truncate",)]
        assert found.run("PRAGMA secure_delete") == [(1,)]
        assert found.run("PRAGMA synchronous") == [(2,)]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        (database.COUNTS, "take it back from a backup: the periods since are then lost"),
        (database.ACCUMULATORS, "remove it: the periods that are open are then lost"),
    ],
)
@pytest.mark.parametrize(
    "octets", [b"no database at all" * 100, b"SQLite format 3\0" + b"\7" * 9000]
)
def test_a_damaged_file_is_named_with_what_to_do(quick, name, remedy, octets):
    (quick / name).write_bytes(octets)
    expected = pytest.raises(StateError, match=f"{name}: is damaged .*; {remedy}")
    with expected, opened(quick / name) as found:
        found.run("SELECT * FROM one")
    assert (quick / name).read_bytes() == octets


def test_a_database_of_something_else_is_damaged_too(place):
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE one (other)")
    with pytest.raises(StateError, match="is damaged"), opened(place):
        pass


def test_a_place_that_cannot_be_used_is_named(quick):
    for place in (quick / "missing" / "counts.db", quick):
        with pytest.raises(StateError, match="cannot be opened .*; check its owner"), opened(place):
            pass


def test_no_link_is_followed(quick, place):
    target = quick / "elsewhere"
    target.write_bytes(b"")
    place.symlink_to(target)
    with pytest.raises(StateError), opened(place):
        pass
    assert target.read_bytes() == b""


def test_read_only_makes_nothing(place):
    with pytest.raises(StateError, match="cannot be used"), database.read_only(place):
        pass
    assert not place.exists()
    with opened(place) as found:
        found.run("INSERT INTO one VALUES (5)")
    with pytest.raises(StateError, match="SQLITE_READONLY"), database.read_only(place) as looked:
        looked.execute("DELETE FROM one")
    with database.read_only(place) as looked:
        assert looked.execute("SELECT * FROM one").fetchall() == [(5,)]


@pytest.mark.parametrize("name", ["per%cent", "quest?ion", "ha#sh", "per%20cent", "a&b"])
def test_any_folder_can_be_read(quick, name):
    place = quick / name / database.COUNTS
    place.parent.mkdir()
    with opened(place) as found:
        found.run("INSERT INTO one VALUES (5)")
    with database.read_only(place) as looked:
        assert looked.execute("SELECT * FROM one").fetchall() == [(5,)]


def interrupted(place, octets, statement):
    """A writer that is killed by its first octet beyond a size of the file or of its journal."""
    child = os.fork()
    if not child:
        with opened(place) as found:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
            with found.atomic():
                found.run(statement)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


NEGATE = "UPDATE one SET value = -value"  # needs a journal as large as the file
GROW = "INSERT INTO one SELECT value + 3000 FROM one"  # needs a larger file


@pytest.mark.parametrize("statement", [NEGATE, GROW])
def test_a_writer_killed_in_mid_write_leaves_what_was_there(place, statement):
    with opened(place) as found:
        found.many("INSERT INTO one VALUES (?)", [(value,) for value in range(1, 3000)])
    before, ends = place.read_bytes(), []
    for octets in range(0, 120_000, 5_000):
        place.write_bytes(before)
        ends.append(interrupted(place, octets, statement))
        with opened(place) as found:
            (row,) = found.run("SELECT min(value), max(value), count(*) FROM one")
        done = (-2999, -1, 2999) if statement == NEGATE else (1, 5999, 5998)
        assert row == ((1, 2999, 2999) if ends[-1] else done)
    assert set(ends) == {0, -signal.SIGXFSZ}


def test_who_only_looks_is_told_of_an_interrupted_write(place):
    with opened(place) as found:
        found.many("INSERT INTO one VALUES (?)", [(value,) for value in range(1, 3000)])
    assert interrupted(place, place.stat().st_size + 5000, GROW) == -signal.SIGXFSZ
    before = place.read_bytes()
    expected = pytest.raises(StateError, match="a write to it was interrupted; the server")
    with expected, database.read_only(place) as looked:
        looked.execute("SELECT * FROM one").fetchall()
    assert place.read_bytes() == before
    with opened(place) as found:
        assert found.run("SELECT count(*) FROM one") == [(2999,)]


def test_a_statement_alone_is_a_transaction(place):
    with opened(place) as found:
        found.run("INSERT INTO one VALUES (5)")
    with opened(place) as found:
        assert found.run("SELECT * FROM one") == [(5,)]
