"""The day's file: a set, whole or not at all, and saved from damage as far as it can be read."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from blockfilter.errors import StateError
from blockfilter.hits.hit import Hit
from blockfilter.hits.store import DamageError, Store
from tests.hits.world import Failing, Killed, Runtime

DAY = date(2026, 11, 23)


def hits(*numbers: int) -> list[Hit]:
    return [
        Hit("2026-11-23", n % 24, "hq", "escort-ads", "enforced", n.to_bytes(16, "big"))
        for n in numbers
    ]


def test_adding_the_same_again_changes_nothing(runtime):
    store = Store(runtime.path)
    for _ in range(3):
        store.add(DAY, hits(1, 2, 3, 2))
    assert sorted(runtime.stored()) == sorted(hits(1, 2, 3))


def test_rows_lie_in_the_order_of_their_values_and_not_of_their_arrival(runtime):
    store = Store(runtime.path)
    for number in (500, 3, 77, 4, 9000):
        store.add(DAY, hits(number))
    assert runtime.stored() == sorted(runtime.stored())


def test_the_table_is_as_documented(runtime):
    Store(runtime.path).add(DAY, hits(1))
    with closing(sqlite3.connect(runtime.path / "hits-2026-11-23.db")) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table'").fetchone()
        columns = [row[1:3] for row in connection.execute("PRAGMA table_info(hits)")]
    assert sql.rstrip().endswith("WITHOUT ROWID, STRICT")
    assert columns == [
        ("day", "TEXT"),
        ("hour", "INTEGER"),
        ("office", "TEXT"),
        ("category", "TEXT"),
        ("mode", "TEXT"),
        ("token", "BLOB"),
    ]


def test_all_files_of_it_are_private(runtime):
    before = os.umask(0)
    Store(runtime.path).add(DAY, hits(1))
    os.umask(before)
    assert {path.stat().st_mode & 0o7777 for path in runtime.path.iterdir()} == {0o600}


def test_an_addition_that_fails_half_way_adds_nothing(runtime):
    store = Store(runtime.path)
    store.add(DAY, hits(1))
    with pytest.raises(StateError):
        store.add(DAY, [*hits(2, 3), hits(4)[0]._replace(token=cast("bytes", "no octets"))])
    assert runtime.stored() == hits(1)


@pytest.mark.parametrize("delay", [0.001, 0.005, 0.02, 0.05])
def test_a_process_killed_in_mid_transaction_leaves_what_was_there(runtime, delay):
    store = Store(runtime.path)
    store.add(DAY, hits(*range(2000)))
    program = (
        "import sys, time; from datetime import date; from pathlib import Path;"
        "from blockfilter.hits.store import Store; from blockfilter.hits.hit import Hit\n"
        "def rows():\n"
        "    for n in range(2000, 10**9):\n"
        "        if n == 40000: print('in the middle', flush=True)\n"
        "        yield Hit('2026-11-23', 1, 'hq', 'x', 'enforced', (n * 7919 % 2**61).to_bytes(16))\n"
        "Store(Path(sys.argv[1])).add(date(2026, 11, 23), rows())"
    )
    command = [sys.executable, "-c", program, str(runtime.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout and child.stdout.readline()
        time.sleep(delay)
        child.kill()
    store.add(DAY, hits(1))
    assert len(runtime.stored()) == 2000


def test_a_file_that_is_none_is_damage_and_is_renewed(runtime):
    store = Store(runtime.path)
    (runtime.path / "hits-2026-11-23.db").write_bytes(b"not a database, but long enough" * 100)
    with pytest.raises(DamageError):
        store.add(DAY, hits(1))
    store.renew(DAY)
    store.add(DAY, hits(1))
    assert runtime.stored() == hits(1)
    assert runtime.databases() == ["hits-2026-11-23.db"]


def test_another_table_in_its_place_is_damage(runtime):
    store = Store(runtime.path)
    with closing(sqlite3.connect(runtime.path / "hits-2026-11-23.db")) as connection:
        connection.execute("CREATE TABLE hits (one)")
    with pytest.raises(DamageError):
        store.add(DAY, hits(1))
    store.renew(DAY)
    store.add(DAY, hits(1))
    assert runtime.stored() == hits(1)


def damage(path: Path, token: bytes) -> None:
    """Overwrite the page that holds a token."""
    octets = bytearray(path.read_bytes())
    page = octets.index(token) // 4096 * 4096
    octets[page : page + 4096] = os.urandom(4096)
    path.write_bytes(octets)


def test_what_can_be_read_of_a_damaged_file_is_kept(runtime):
    store = Store(runtime.path)
    rows = hits(*range(5000))
    store.add(DAY, rows)
    damage(runtime.path / "hits-2026-11-23.db", rows[2500].token)
    with pytest.raises(DamageError):
        store.add(DAY, rows)
    store.renew(DAY)
    store.add(DAY, hits(1))
    kept = set(runtime.stored())
    assert len(kept) > 4500
    assert kept <= set(rows)


def test_before_whichever_call_a_renewal_is_killed_the_next_one_keeps_as_much(quick, monkeypatch):
    store, rows = Store(quick), hits(*range(1000))
    store.add(DAY, rows)
    path = quick / "hits-2026-11-23.db"
    damage(path, rows[500].token)
    damaged = path.read_bytes()
    nth, killed = 0, True
    while killed:
        path.write_bytes(damaged)
        killed = False
        with monkeypatch.context() as patch:
            Failing(patch, nth, 1_000_000, Killed())
            try:
                store.renew(DAY)
            except Killed:
                killed = True
        store.renew(DAY)
        store.add(DAY, [])
        assert 800 < len(Runtime(quick).stored()) < 1000
        nth += 1
    assert nth > 5


def test_a_journal_of_the_damaged_file_is_not_played_into_the_new_one(runtime):
    store = Store(runtime.path)
    (runtime.path / "hits-2026-11-23.db").write_bytes(b"not a database" * 400)
    (runtime.path / "hits-2026-11-23.db-journal").write_bytes(b"\xd9\xd5\x05\xf9 \xa1c\xd7" * 512)
    store.renew(DAY)
    store.add(DAY, hits(1, 2))
    assert sorted(runtime.stored()) == sorted(hits(1, 2))


def row(number: int, hour: int, office: str, category: str, mode: str = "enforced") -> Hit:
    return Hit("2026-11-23", hour, office, category, mode, number.to_bytes(16, "big"))


def test_a_day_is_told_device_by_device_and_no_device_by_its_token(runtime):
    store = Store(runtime.path)
    store.add(
        DAY,
        [
            row(1, 9, "hq", "escort-ads"),
            row(2, 9, "hq", "escort-ads"),
            row(1, 14, "lab", "escort-ads"),
            row(1, 14, "lab", "other", "monitored"),
            row(3, 23, "hq", "other", "monitored"),
            row(1, 9, "hq", "escort-ads"),
        ],
    )
    store.add(date(2026, 11, 24), [row(4, 1, "hq", "other")._replace(day="2026-11-24")])
    told = [(sorted(one.enforced), sorted(one.monitored)) for one in store.devices(DAY)]
    assert told == [
        ([(9, "hq", "escort-ads"), (14, "lab", "escort-ads")], [(14, "lab", "other")]),
        ([(9, "hq", "escort-ads")], []),
        ([], [(23, "hq", "other")]),
    ]


def test_a_day_without_a_file_has_no_devices_and_gets_none(runtime):
    assert list(Store(runtime.path).devices(DAY)) == []
    assert list(runtime.path.iterdir()) == []


def test_the_devices_of_a_damaged_file_are_those_that_can_be_read(runtime):
    store = Store(runtime.path)
    rows = hits(*range(5000))
    store.add(DAY, rows)
    damage(runtime.path / "hits-2026-11-23.db", rows[2500].token)
    devices = list(store.devices(DAY))
    assert 4500 < len(devices) < 5000
    assert all(len(device.enforced) == 1 for device in devices)
    assert len(runtime.stored()) == len(devices)
    (runtime.path / "hits-2026-11-23.db").write_bytes(b"not a database" * 400)
    assert list(store.devices(DAY)) == []


def test_a_day_that_cannot_be_read_is_a_state_error_before_the_first_device(runtime):
    (runtime.path / "hits-2026-11-23.db").mkdir()
    with pytest.raises(StateError):
        next(Store(runtime.path).devices(DAY))


def test_no_token_gets_into_a_temporary_file_while_a_day_is_read(quick):
    """The child cannot write to any file, and sorts more than SQLite sorts in memory by itself."""
    Store(quick).add(DAY, hits(*range(60_000)))
    program = (
        "import resource, sqlite3, sys; from datetime import date; from pathlib import Path\n"
        "from blockfilter.hits.store import Store\n"
        "place = Path(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "sys.stdout.write(str(sum(1 for _ in Store(place).devices(date(2026, 11, 23)))))\n"
        "weak = sqlite3.connect(place / 'hits-2026-11-23.db')\n"
        "weak.execute('SELECT token, hour, office, category FROM hits ORDER BY token')\n"
    )
    command = [sys.executable, "-c", program, str(quick)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "60000", done.stderr
    assert "sqlite3.OperationalError" in done.stderr, "the search would find one that is written"


def test_nothing_of_a_destroyed_day_is_left_and_open_readers_see_zeros(runtime):
    store = Store(runtime.path)
    store.add(DAY, hits(1, 2, 3))
    (runtime.path / "hits-2026-11-23.db.new").write_bytes(b"left by a killed process")
    assert store.days() == {DAY}
    with (runtime.path / "hits-2026-11-23.db").open("rb") as reader:
        store.destroy(DAY)
        assert set(reader.read()) == {0}
    assert list(runtime.path.iterdir()) == []
    assert store.days() == set()


def test_a_place_that_cannot_be_written_is_a_state_error(runtime):
    with pytest.raises(StateError) as caught:
        Store(runtime.path / "missing").add(DAY, hits(1))
    assert str(runtime.path) not in str(caught.value)
    (runtime.path / "hits-2026-11-23.db").mkdir()
    with pytest.raises(StateError):
        Store(runtime.path).add(DAY, hits(1))
