"""Attack 4: find a closed day's tokens in whatever is left, after kills and with a reader at the file.

Somebody keeps the day's file open while it is closed, as a row cursor or as a bare descriptor, and the
server is killed at any step, or at any instant, up to three times. After the last start no file and
no descriptor may hold a token, under whatever name; and the day is counted, once. Builds that delete
rows and leave it to SQLite to overwrite them, and that keep a write-ahead log, leave tokens behind.
"""

import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlite_utils import Database

from blockfilter.hits import journal, store
from blockfilter.hits.hit import Cell
from blockfilter.hits.store import Store
from tests.attacks import memory
from tests.attacks.nights import Night
from tests.counts.world import DAY, YEAR
from tests.faults.test_close_kill import child, killing_after, killing_at

DEVICES = 100
IN_JOURNAL = 30  # of them; the others are in the day's file already
MET = Cell("escort-ads", "enforced")
NIGHT = (1.0, 3.5)  # hours past midnight: after 3 the recorder removes what is left by itself
QUICK, LONG = 30, 200  # closes
READERS = ("rows", "connection", "octets")
KILLS = 3  # of one close, at the most
STEPS = 45  # of a close: calls of the system and statements that change something; some more come
INSTANTS = 0.05  # seconds: a close takes about that

pytestmark = pytest.mark.timeout(240)


class Evening(NamedTuple):
    """The end of a day that devices met something on: what is there, and their tokens."""

    night: Night
    tokens: set[bytes]
    total: int  # of the week, with its noise


def lived(place: Path) -> Evening:
    """A day with hits, most of them in its file, some in the journal."""
    night = Night(place)
    night.begin(YEAR)
    noon = night.at(f"{YEAR} 12:00")
    night.advance(noon)  # the week is opened
    recorder = night.recorder(noon)
    recorder.open()
    for number in range(DEVICES):
        recorder.record(f"10.1.0.{number}", MET)
        if number == DEVICES - IN_JOURNAL - 1:
            recorder.fold(noon)
    recorder.close()
    with closing(sqlite3.connect(night.runtime / f"hits-{YEAR}.db")) as database:
        tokens = {token for (token,) in database.execute("SELECT token FROM hits")}
    for path in night.runtime.glob("*.journal"):
        tokens |= {hit.token for hit in journal.read(path)}
    assert len(tokens) == DEVICES
    return Evening(night, tokens, night.total())


@pytest.fixture(scope="module")
def evening() -> Iterator[Evening]:
    with memory.directory() as place:
        yield lived(place / "evening")


@contextmanager
def reading(night: Night, how: str) -> Iterator[Callable[[], bytes]]:
    """Somebody who has the day's file open; gives what his descriptor shows.

    He reads octets, or has a connection, or is in the middle of the rows: the file is locked then.
    """
    path = night.runtime / f"hits-{YEAR}.db"
    with ExitStack() as opened:
        if how == "rows":
            recorder = night.recorder(night.at(f"{YEAR} 23:59"))
            recorder.open()  # moves what is in the journal: to a file that is locked it cannot
            recorder.close()
            for empty in night.runtime.glob("*.journal"):
                empty.unlink()
        if how != "octets":
            connection = opened.enter_context(closing(sqlite3.connect(path)))
            rows = connection.execute("SELECT token FROM hits")
            rows.fetchone() if how == "rows" else rows.fetchall()
        file = opened.enter_context(path.open("rb", buffering=0))
        yield lambda: os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def left(night: Night, tokens: set[bytes], shown: bytes) -> set[str]:
    """Where a token is: in files, by octets and by text, and in what a reader's descriptor shows."""
    files = {str(path.relative_to(night.path)): path for path in night.path.rglob("*")}
    every = {name: path.read_bytes() for name, path in files.items() if path.is_file()}
    every["a reader's descriptor"] = shown
    forms = [form for token in tokens for form in (token, token.hex().encode())]
    return {name for name, octets in every.items() if any(form in octets for form in forms)}


class Closed(NamedTuple):
    """What came of a close: where tokens are left, and how often it was killed."""

    night: Night
    found: set[str]
    kills: int


def close_at(evening: Evening, place: Path, number: int) -> Closed:
    """Close the day with a reader and kills as the number has it."""
    chance = random.Random(number)
    night = evening.night.copy(place / f"{number}")
    now = night.at(f"{YEAR + DAY}") + chance.uniform(*NIGHT) * 3600
    ends = []
    with reading(night, READERS[number % len(READERS)]) as shown:
        for kill in range(number % (KILLS + 1)):
            if kill or chance.random() < 0.5:
                kill_ = partial(killing_after, chance.uniform(0, INSTANTS))
            else:
                kill_ = partial(killing_at, chance.randrange(STEPS))
            ends.append(child(night, now, kill_))
        assert child(night, now + 60) == 0, "the last one is not killed"
        found = left(night, evening.tokens, shown())
    assert set(ends) <= {0, -signal.SIGKILL, -signal.SIGALRM}
    return Closed(night, found, sum(end != 0 for end in ends))


def check(evening: Evening, place: Path, closes: range) -> None:
    kills = 0
    for number in closes:
        night, found, killed = close_at(evening, place, number)
        assert found == set(), number
        assert night.total() - evening.total == DEVICES, number
        assert night.left() == [YEAR + DAY], number  # of the day that began
        assert night.next == YEAR + DAY, number
        shutil.rmtree(night.path)
        kills += killed
    assert kills > len(closes) / 2


def test_no_token_is_left_after_closes_with_kills_and_readers(evening, quick):
    check(evening, quick, range(QUICK))


@pytest.mark.statistical
def test_no_token_is_left_after_200_closes_with_kills_and_readers(evening, quick):
    check(evening, quick, range(QUICK, QUICK + LONG))


def test_the_search_finds_the_tokens_before_the_close(evening):
    found = left(evening.night, evening.tokens, b"")
    assert {name.split("-")[0] for name in found} == {"runtime/hits"}
    assert len(found) == 2


def leaks(evening: Evening, place: Path) -> int:
    """After how many of some closes tokens are left."""
    return sum(bool(close_at(evening, place, number).found) for number in range(QUICK))


def test_a_build_that_deletes_rows_is_found(evening, quick, monkeypatch):
    def destroy(self: Store, day: date) -> None:
        with closing(sqlite3.connect(self._path(day), timeout=0)) as database:
            database.execute("PRAGMA secure_delete = ON")
            with suppress(sqlite3.OperationalError):  # a reader holds it: another time
                database.execute("DELETE FROM hits")
                database.commit()

    monkeypatch.setattr(Store, "destroy", destroy)
    assert leaks(evening, quick) >= QUICK // len(READERS)


def test_a_build_that_unlinks_only_is_found(evening, quick, monkeypatch):
    monkeypatch.setattr(store, "erase", lambda path: path.unlink(missing_ok=True))
    assert leaks(evening, quick) == QUICK


def test_a_build_with_a_write_ahead_log_is_found(quick, monkeypatch):
    @contextmanager
    def opened(path: Path) -> Iterator[Database]:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("PRAGMA secure_delete = ON").fetchall()
            connection.execute(store._SCHEMA)
            yield Database(connection, recursive_triggers=False, execute_plugins=False)

    monkeypatch.setattr(store, "_opened", opened)
    assert leaks(lived(quick / "evening"), quick) >= QUICK // len(READERS)
