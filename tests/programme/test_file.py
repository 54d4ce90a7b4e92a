"""The file: made once, brought up to date, one writer, readers of the group, no foreign error."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlite_utils import Database

from blockfilter.errors import ProgrammeError, StateError
from blockfilter.programme import file as files
from blockfilter.programme.known import Line
from blockfilter.programme.layout import MIGRATIONS, NAMES
from blockfilter.programme.store import NAME, Store
from tests.programme.records import entry, keeper, programme


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.mark.parametrize("umask", [0, 0o077])
def test_its_group_may_read_and_nobody_else_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    with programme(tmp_path) as store, store.writing():
        keeper_modes = {mode(path) for path in tmp_path.iterdir()}
    os.umask(before)
    assert keeper_modes == {0o640}
    assert mode(tmp_path / NAME) == 0o640


def test_the_tables_are_strict_and_named_by_migrations(tmp_path):
    with Store.create(tmp_path / NAME):
        pass
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        tables = dict(connection.execute("SELECT name, strict FROM pragma_table_list"))
        applied = [row[0] for row in connection.execute("SELECT name FROM _sqlite_migrations")]
    ours = {"organisation", "offices", "prefixes", "headcounts", "activities", "answers"}
    assert ours <= tables.keys()
    assert all(tables[name] for name in ours)
    assert applied == list(NAMES)


def test_every_migration_is_known_by_its_name():
    assert [one.name for one in MIGRATIONS.pending(Database(memory=True))] == list(NAMES)


def test_making_it_again_changes_nothing(tmp_path):
    with programme(tmp_path) as store:
        keeper(store).record(entry())
    octets = (tmp_path / NAME).read_bytes()
    with Store.create(tmp_path / NAME) as again:
        assert len(again.activities()) == 1
    assert (tmp_path / NAME).read_bytes() == octets


def test_one_that_is_not_there_is_told_with_how_to_begin(tmp_path):
    for opened in (Store, Store.readonly):
        with pytest.raises(StateError, match="begin with  blockfilter programme init"):
            opened(tmp_path / NAME)
    assert list(tmp_path.iterdir()) == []


def test_one_without_an_organisation_is_told_with_how_to_begin(tmp_path):
    with Store.create(tmp_path / NAME) as store:
        assert not store.founded()
        with pytest.raises(ProgrammeError, match="blockfilter programme init"):
            store.organisation()


def test_a_reader_writes_nothing_and_leaves_nothing(tmp_path):
    with programme(tmp_path):
        pass
    octets = (tmp_path / NAME).read_bytes()
    with Store.readonly(tmp_path / NAME) as store:
        assert store.organisation().name == "Example Corp"
        with pytest.raises(StateError, match="may only be read"):
            keeper(store).record(entry())
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).read_bytes() == octets


READING = """
import os, sys
from pathlib import Path
import sqlite_utils, blockfilter.programme.layout  # what root alone may read is read before
from blockfilter.programme.store import Store

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with Store.readonly(Path(sys.argv[1])) as store:
    print(store.organisation().name, os.access(sys.argv[1], os.W_OK))
"""


def test_a_reader_needs_no_right_to_write_to_file_or_folder():
    with TemporaryDirectory() as name:
        folder = Path(name)
        with programme(folder):
            pass
        (folder / NAME).chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READING, str(folder / NAME)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert done.stdout == "Example Corp False\n", done.stderr


def test_a_reader_of_an_older_layout_says_who_brings_it_up_to_date(tmp_path):
    (tmp_path / NAME).touch()
    with pytest.raises(StateError, match="brings it up to date"):
        Store.readonly(tmp_path / NAME)
    with Store(tmp_path / NAME):
        pass
    with Store.readonly(tmp_path / NAME) as store:
        assert not store.founded()


def test_one_of_a_newer_blockfilter_is_left_alone(tmp_path):
    with programme(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("UPDATE _sqlite_migrations SET name = '9-later'")
        connection.commit()
    for opened in (Store, Store.readonly, Store.create):
        with pytest.raises(StateError, match="written by a newer blockfilter"):
            opened(tmp_path / NAME)


@pytest.mark.parametrize("opened", [Store, Store.readonly])
def test_what_is_no_database_is_told(tmp_path, opened):
    (tmp_path / NAME).write_bytes(b"not a database, but long enough" * 100)
    with pytest.raises(StateError, match="is no database; take it back from a backup"):
        opened(tmp_path / NAME)


def test_a_damaged_one_is_told(store, tmp_path):
    keeper(store).bring([Line(n, entry(note=f"number {n}")) for n in range(400)])
    store.close()
    octets = bytearray((tmp_path / NAME).read_bytes())
    octets[8192:] = b"\xa5" * (len(octets) - 8192)
    (tmp_path / NAME).write_bytes(octets)
    with pytest.raises(StateError, match="is damaged; take it back"):  # noqa: SIM117  # two steps
        with Store.readonly(tmp_path / NAME) as found:
            found.activities()


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(StateError, match="cannot be made"):
        Store.create(tmp_path / "missing" / NAME)
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StateError, match="cannot be made"):
        Store.create(tmp_path / "folder.db")


def test_while_somebody_writes_another_waits_and_then_says_so(store, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BUSY_SECONDS", 0)
    with store.writing(), Store(tmp_path / NAME) as other:
        with pytest.raises(StateError, match="another command writes to it; try again"):
            keeper(other).record(entry())
        assert other.organisation().name == "Example Corp"  # reading goes on


def test_a_change_that_fails_half_way_is_none(store):
    with pytest.raises(ZeroDivisionError), store.writing():
        store.add_activity(entry(), store.organisation().founded)
        raise ZeroDivisionError
    assert store.activities() == ()


def test_references_hold(store):
    with pytest.raises(StateError, match="SQLITE_CONSTRAINT"), store.writing():
        store.add_activity(entry(office="nowhere"), store.organisation().founded)
    assert store.activities() == ()


KILLED = """
import sys
from pathlib import Path
from blockfilter.programme.known import Line
from blockfilter.programme.store import Store
from tests.programme.records import entry, keeper

def lines():
    for number in range(2000):
        if number == 1500:
            print("in the middle", flush=True)
            sys.stdin.readline()
        yield Line(number, entry(note=f"number {number}"))

keeper(Store(Path(sys.argv[1]))).bring(lines())
"""


def test_an_import_killed_in_the_middle_leaves_nothing_of_it(store, tmp_path):
    keeper(store).record(entry())
    command = [sys.executable, "-c", KILLED, str(tmp_path / NAME)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"in the middle\n"
        child.kill()
    assert [one.id for one in store.activities()] == ["a1"]
    keeper(store).record(entry(people=7))
    assert [one.id for one in store.activities()] == ["a1", "a2"]


RECORDING = """
import sys
from pathlib import Path
from blockfilter.programme.store import Store
from tests.programme.records import entry, keeper

with Store.create(Path(sys.argv[1])) as store:
    for number in range(10):
        keeper(store, sys.argv[2]).record(entry(note=f"number {number}"))
"""


def test_of_several_who_record_at_once_nobody_loses_anything(store, tmp_path):
    commands = [
        [sys.executable, "-c", RECORDING, str(tmp_path / NAME), who] for who in ("ada", "ben", "cy")
    ]
    running = [subprocess.Popen(command) for command in commands]
    assert [one.wait() for one in running] == [0, 0, 0]
    found = store.activities()
    assert [one.id for one in found] == [f"a{number}" for number in range(1, 31)]
    assert {(one.recorded.by, one.note) for one in found} == {
        (who, f"number {number}") for who in ("ada", "ben", "cy") for number in range(10)
    }


def test_of_several_who_begin_at_once_each_finds_the_tables(tmp_path):
    program = (
        "import sys; from pathlib import Path; from blockfilter.programme.store import Store;"
        "print(Store.create(Path(sys.argv[1])).founded())"
    )
    command = [sys.executable, "-c", program, str(tmp_path / NAME)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    assert [one.communicate()[0] for one in running] == [b"False\n"] * 4
