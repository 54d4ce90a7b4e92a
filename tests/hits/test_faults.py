"""Recording under faults: every call to the system fails in turn, and no hit is lost or doubled."""

import errno
import logging
import os
import resource
import shutil
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from blockfilter.hits.hit import Cell
from blockfilter.hits.pseudonym import packed
from blockfilter.hits.recorder import Recorder
from tests.hits.world import BERLIN, Clock, Failing, Killed, Runtime, abandon

CELL = Cell("escort-ads", "enforced")
CLIENTS = [f"10.0.0.{number}" for number in range(1, 7)]


def work(recorder: Recorder, clock: Clock) -> Iterator[str]:
    """A day in short: hits with folds in between; gives each client whose record() returned."""
    for number, client in enumerate(CLIENTS):
        clock.now += 0.6
        recorder.record(client, CELL)
        yield client
        if number % 2:
            recorder.fold(clock())


@pytest.mark.parametrize(
    ("error", "length"),
    [(errno.ENOSPC, 1), (errno.EIO, 2), (errno.EDQUOT, 5), (errno.EROFS, 1000)],
)
def test_whichever_call_fails_every_hit_is_stored_once_when_it_is_over(
    quick, clock, monkeypatch, caplog, error, length
):
    nth, reached = 0, True
    while reached:
        place = quick / f"{nth}"
        place.mkdir()
        began = clock.now
        with monkeypatch.context() as patch:
            fault = Failing(patch, nth, length, OSError(error, os.strerror(error)))
            recorder = Recorder(place, BERLIN, clock=clock)
            recorder.open()
            assert len(list(work(recorder, clock))) == len(CLIENTS)
            reached = fault.calls > nth
        recorder.fold(clock())
        assert recorder.state == ("ok", "", False), nth
        tokens = [hit.token for hit in Runtime(place).stored()]
        assert len(tokens) == len(set(tokens)) == len(CLIENTS), nth
        abandon(recorder)
        clock.now, nth = began, nth + 1
    assert nth > 15
    assert not any(client in caplog.text for client in CLIENTS)


def test_before_whichever_call_a_process_is_killed_nothing_recorded_is_lost_or_doubled(
    quick, clock, monkeypatch
):
    nth, killed = 0, True
    while killed:
        place, recorded = quick / f"{nth}", []
        place.mkdir()
        recorder, killed = Recorder(place, BERLIN, clock=clock), False
        with monkeypatch.context() as patch:
            Failing(patch, nth, 1_000_000, Killed())
            try:
                recorder.open()
                for client in work(recorder, clock):
                    recorded.append(client)
            except Killed:
                killed = True
        abandon(recorder)
        second = Recorder(place, BERLIN, clock=clock)
        second.open()
        assert second.state == ("ok", "", False)
        abandon(second)
        if recorded:
            tokens = [hit.token for hit in Runtime(place).stored()]
            assert len(tokens) == len(set(tokens)), nth
            assert {token(place, client) for client in recorded} <= set(tokens), nth
            assert set(tokens) <= {token(place, client) for client in CLIENTS}, nth
        nth += 1
    assert nth > 30


def token(place: Path, client: str) -> bytes:
    key = (place / "day.key").read_bytes()
    return blake2b(packed(client), key=key, digest_size=16).digest()


def test_a_full_file_system_is_said_once_and_its_end_as_well(tmp_path, clock, caplog):
    caplog.set_level(logging.DEBUG)
    recorder = Recorder(tmp_path, BERLIN, clock=clock)
    recorder.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
    try:
        for client in CLIENTS:
            clock.now += 2
            recorder.record(client, CELL)
        assert recorder.state.status == "failing"
        assert len(caplog.records) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    clock.now += 2
    recorder.record(CLIENTS[0], CELL)  # nothing new: that alone does not try again
    recorder.fold(clock())
    assert recorder.state == ("ok", "", False)
    assert len(caplog.records) == 2
    assert len(Runtime(tmp_path).stored()) == len(CLIENTS)
    abandon(recorder)


def test_a_directory_that_is_not_there_stops_no_answer_and_is_seen_at_start(tmp_path, clock):
    place = tmp_path / "later"
    recorder = Recorder(place, BERLIN, clock=clock)
    recorder.open()
    assert recorder.state.status == "failing"
    recorder.record(CLIENTS[0], CELL)
    recorder.fold(clock())
    recorder.close_days(clock())
    recorder.forget_key(clock())
    place.mkdir(mode=0o700)
    recorder.fold(clock())
    recorder.close_days(clock())
    assert recorder.state == ("ok", "", False)
    assert len(Runtime(place).stored()) == 1
    abandon(recorder)


def test_a_directory_emptied_under_the_server_is_taken_into_use_again(runtime, start, clock):
    recorder = start()
    recorder.record(CLIENTS[0], CELL)
    recorder.fold(clock())
    for path in runtime.path.iterdir():
        path.unlink()
    recorder.fold(clock())
    recorder.record(CLIENTS[1], CELL)
    recorder.fold(clock())
    assert len(runtime.stored()) == 1
    assert (runtime.path / "day.key").stat().st_size == 32


def test_journals_wait_and_do_not_pile_up_while_the_store_cannot_be_written(start, runtime, clock):
    (runtime.path / "hits-2026-11-23.db").mkdir()
    recorder = start()
    for client in CLIENTS:
        recorder.record(client, CELL)
        recorder.fold(clock())
    assert recorder.state.status == "failing"
    assert len(runtime.journals()) == 2
    (runtime.path / "hits-2026-11-23.db").rmdir()
    recorder.fold(clock())
    assert recorder.state == ("ok", "", False)
    assert len(runtime.stored()) == len(CLIENTS)
    assert runtime.journaled() == []


def test_a_damaged_store_is_renewed_and_the_loss_is_said_once(start, runtime, clock, caplog):
    recorder = start()
    recorder.record(CLIENTS[0], CELL)
    recorder.fold(clock())
    (runtime.path / "hits-2026-11-23.db").write_bytes(os.urandom(8192))
    for client in CLIENTS[1:]:
        recorder.record(client, CELL)
        recorder.fold(clock())
    assert len(runtime.stored()) == len(CLIENTS) - 1
    assert recorder.state == ("ok", "", True)
    assert len(caplog.records) == 1
    clock.set("2026-11-24 08:00")
    recorder.record(CLIENTS[0], CELL)
    assert recorder.state == ("ok", "", False)


def test_hits_over_the_bound_of_memory_are_told_as_a_loss_and_may_come_again(
    start, runtime, clock, monkeypatch
):
    monkeypatch.setattr("blockfilter.hits.outbox.WAITING", 2)
    recorder = start()
    recorder._journal.close()
    away = runtime.path.with_name(f"{runtime.path.name}-away")
    runtime.path.rename(away)
    for client in CLIENTS:
        recorder.record(client, CELL)
    assert recorder.state.lossy
    shutil.move(away, runtime.path)
    clock.now += 2
    for client in CLIENTS:
        recorder.record(client, CELL)
    recorder.fold(clock())
    assert len(runtime.stored()) == len(CLIENTS)
    assert recorder.state == ("ok", "", True)
