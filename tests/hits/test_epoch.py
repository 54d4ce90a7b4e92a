"""How many keys a day had: told by a file that says nothing else, and never more than two."""

import json
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from blockfilter.hits.epoch import FILE, KEPT, Epochs
from blockfilter.hits.hit import Cell
from blockfilter.hits.recorder import Recorder
from tests.hits.world import BERLIN, Clock, Failing, Killed, Runtime, abandon

DAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
CELL = Cell("escort-ads", "enforced")
Start = Callable[[], Recorder]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    place = tmp_path / "state"
    place.mkdir()
    return place


@pytest.fixture
def hits(tmp_path: Path) -> Runtime:
    place = tmp_path / "runtime"
    place.mkdir()
    return Runtime(place)


@pytest.fixture
def boot(hits: Runtime, state: Path, clock: Clock) -> Iterator[Start]:
    """Starts a server's recorder with numbers kept; one started before was killed."""
    running: list[Recorder] = []

    def begin() -> Recorder:
        while running:
            abandon(running.pop())
        running.append(Recorder(hits.path, BERLIN, clock=clock, state=state))
        running[-1].open()
        return running[-1]

    yield begin
    while running:
        abandon(running.pop())


def numbers(state: Path) -> dict[str, int]:
    return dict(json.loads((state / FILE).read_bytes()))


def lose_key(hits: Runtime) -> None:
    (hits.path / "day.key").unlink()


def tokens(hits: Runtime) -> set[bytes]:
    stored = hits.stored() if hits.databases() else []
    return {hit.token for hit in [*stored, *hits.journaled()]}


def test_a_key_that_is_lost_twice_is_not_made_a_third_time(boot, hits, state, caplog):
    for times in (1, 2):
        recorder = boot()
        recorder.record("192.0.2.1", CELL)
        assert (recorder.epochs(DAY), numbers(state)) == (times, {"2026-11-23": times})
        assert recorder.state.status == "ok"
        lose_key(hits)
    assert len(tokens(hits)) == 2
    caplog.set_level(logging.INFO)
    recorder = boot()
    for client in ("192.0.2.1", "192.0.2.2"):
        recorder.record(client, CELL)
        recorder.fold(recorder._clock())
    assert len(tokens(hits)) == 2
    assert not (hits.path / "day.key").exists()
    assert (recorder.epochs(DAY), numbers(state)) == (2, {"2026-11-23": 2})
    assert len(caplog.records) == 1
    assert "lost twice" in recorder.state.detail
    assert recorder.state.lossy


def test_the_next_day_is_recorded_again(boot, hits, state, clock):
    for _ in range(3):
        recorder = boot()
        recorder.record("192.0.2.1", CELL)
        (hits.path / "day.key").unlink(missing_ok=True)
    clock.set("2026-11-24 00:00")
    recorder.forget_key(clock())
    recorder.record("192.0.2.1", CELL)
    recorder.fold(clock())
    assert recorder.state == ("ok", "", False)
    assert len(hits.stored("2026-11-24")) == 1
    assert numbers(state) == {"2026-11-23": 2, "2026-11-24": 1}


def test_a_key_that_outlives_its_process_is_not_counted_again(boot, hits, clock):
    for _ in range(5):
        recorder = boot()
        recorder.record("192.0.2.1", CELL)
        recorder.fold(clock())
    assert recorder.epochs(DAY) == 1
    assert len(tokens(hits)) == 1


@pytest.mark.parametrize("by", ["forget_key", "fold", "record"])
def test_whatever_makes_the_key_of_a_new_day_it_is_its_first(boot, state, clock, by):
    recorder = boot()
    recorder.record("192.0.2.1", CELL)
    clock.set("2026-11-24 00:00")
    if by == "record":
        recorder.record("192.0.2.1", CELL)
    else:
        getattr(recorder, by)(clock())
    recorder.fold(clock())
    assert numbers(state) == {"2026-11-23": 1, "2026-11-24": 1}
    assert (recorder.epochs(DAY), recorder.epochs(TUESDAY)) == (1, 1)


def test_the_file_tells_nothing_of_hits(boot, state, clock):
    recorder = boot()
    before = ((state / FILE).read_bytes(), (state / FILE).stat().st_mtime_ns)
    assert recorder.epochs(DAY) == 1
    for number in range(10):
        recorder.record(f"192.0.2.{number}", CELL)
        recorder.fold(clock())
    assert ((state / FILE).read_bytes(), (state / FILE).stat().st_mtime_ns) == before
    assert stat.S_IMODE((state / FILE).stat().st_mode) == 0o600
    assert [path.name for path in state.iterdir()] == [FILE]


def test_no_query_waits_for_the_number(boot, hits, monkeypatch):
    recorder = boot()

    def fsync(_file: int) -> None:
        raise AssertionError("on the path of a query")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        recorder.record("192.0.2.1", CELL)
    assert len(hits.journaled()) == 1
    assert recorder.state.status == "ok"


def test_without_a_state_directory_no_key_is_refused(hits, clock):
    for _ in range(3):
        recorder = Recorder(hits.path, BERLIN, clock=clock)
        recorder.open()
        recorder.record("192.0.2.1", CELL)
        recorder.fold(clock())
        assert recorder.epochs(DAY) >= 1
        abandon(recorder)
        lose_key(hits)
    assert len(tokens(hits)) == 3


def test_a_file_that_is_missing_is_told_by_what_is_there(boot, hits, state, clock):
    recorder = boot()
    assert recorder.epochs(DAY) == 1
    recorder.record("192.0.2.1", CELL)
    (state / FILE).unlink()
    assert boot().epochs(DAY) == 1  # the key is there
    (state / FILE).unlink(missing_ok=True)
    lose_key(hits)
    assert boot().epochs(DAY) == 2  # its hits are there, and a second one was made
    for path in hits.path.glob("hits-*"):
        path.unlink()
    (state / FILE).unlink()
    lose_key(hits)
    clock.set("2026-11-23 20:00")
    assert boot().epochs(DAY) == 1


DAMAGED = [b"", b"{", b"[]", b'{"2026-11-23": 3}', b'{"2026-11-23": "1"}', b'{"x": 1}', b"\xff\xfe"]


@pytest.mark.parametrize("octets", DAMAGED)
@pytest.mark.parametrize("lost", [False, True])
def test_a_damaged_file_counts_as_the_days_second_key(boot, hits, state, caplog, octets, lost):
    boot().record("192.0.2.1", CELL)
    (state / FILE).write_bytes(octets)
    if lost:
        lose_key(hits)
    recorder = boot()
    recorder.record("192.0.2.1", CELL)
    assert recorder.epochs(DAY) == 2
    assert recorder.epochs(DAY - timedelta(days=1)) == 2, "as far as anybody can know"
    assert recorder.state.status == "ok"
    assert len(tokens(hits)) == (2 if lost else 1)
    assert len(caplog.records) == 1
    assert numbers(state)["2026-11-23"] == 2
    lose_key(hits)
    assert boot().state.status == "failing"


def test_while_the_number_cannot_be_kept_hits_wait_and_are_written_later(boot, hits, state, clock):
    away = state.with_name("away")
    state.rename(away)
    recorder = boot()
    recorder.record("192.0.2.1", CELL)
    clock.now += 2
    recorder.record("192.0.2.2", CELL)
    assert tokens(hits) == set()
    assert "state directory" in recorder.state.detail
    away.rename(state)
    recorder.fold(clock())
    assert len(tokens(hits)) == 2
    assert numbers(state) == {"2026-11-23": 1}
    assert recorder.state == ("ok", "", False)


def test_only_the_latest_days_are_kept(state):
    epochs = Epochs(state)
    for number in range(20):
        assert epochs.begin(DAY + timedelta(days=number))
        epochs.keep()
    assert len(numbers(state)) == KEPT
    again = Epochs(state)
    again.load(DAY + timedelta(days=19), None, ())
    assert [again.count(DAY + timedelta(days=n)) for n in (11, 12, 19)] == [0, 1, 1]


def test_a_number_that_was_not_kept_is_not_there_after_a_kill(state):
    Epochs(state).begin(DAY)
    again = Epochs(state)
    again.load(DAY, None, ())
    assert again.count(DAY) == 0


def test_before_whichever_call_a_process_is_killed_no_token_is_in_a_file_without_its_number(
    quick, clock, monkeypatch
):
    nth, killed = 0, True
    while killed:
        place, state = quick / f"{nth}", quick / f"state{nth}"
        place.mkdir()
        state.mkdir()
        recorder, killed = Recorder(place, BERLIN, clock=clock, state=state), False
        with monkeypatch.context() as patch:
            Failing(patch, nth, 1_000_000, Killed())
            try:
                recorder.open()
                recorder.record("192.0.2.1", CELL)
            except Killed:
                killed = True
        abandon(recorder)
        if tokens(Runtime(place)):
            assert numbers(state) == {"2026-11-23": 1}
        second = Recorder(place, BERLIN, clock=clock, state=state)
        second.open()
        second.record("192.0.2.1", CELL)
        assert second.state == ("ok", "", False)
        assert len(tokens(Runtime(place))) <= second.epochs(DAY) <= 2
        assert numbers(state) == {"2026-11-23": second.epochs(DAY)}
        abandon(second)
        nth += 1
    assert nth > 10


def test_a_midnight_at_which_everybody_makes_the_key_makes_one(boot, hits, clock):
    recorder = boot()
    for number in range(50):
        day = TUESDAY + timedelta(days=number)
        clock.set(f"{day} 00:00")
        workers = [threading.Thread(target=recorder.forget_key, args=(clock(),)) for _ in range(3)]
        for worker in workers:
            worker.start()
        recorder.record("192.0.2.1", CELL)
        for worker in workers:
            worker.join()
        assert recorder.epochs(day) == 1
        assert recorder.state.status == "ok"
        recorder.fold(clock())
        assert len(hits.stored(day.isoformat())) == 1
        recorder.close_days(clock())


def test_a_clock_set_back_makes_no_key(boot, state, clock):
    recorder = boot()
    clock.set("2026-11-22 12:00")
    recorder.record("192.0.2.1", CELL)
    recorder.fold(clock())
    assert numbers(state) == {"2026-11-23": 1}
    assert recorder.epochs(date(2026, 11, 22)) == 0
    assert "clock" in recorder.state.detail
    assert "lost" not in recorder.state.detail
