"""The way of a hit through a day: recorded once, before record() returns, and gone in the end."""

import logging
import subprocess
import sys
import threading
from collections import Counter
from hashlib import blake2b

import pytest

from blockfilter.errors import StateError
from blockfilter.hits import recorder as module
from blockfilter.hits.hit import Cell, Hit
from blockfilter.hits.pseudonym import packed
from blockfilter.hits.recorder import Recorder
from tests.hits.world import BERLIN, Runtime

CELL = Cell("escort-ads", "enforced")
OTHER = Cell("other", "monitored")


def token(runtime: Runtime, client: str) -> bytes:
    path = runtime.path / "day.key"
    key = path.read_bytes() if path.exists() else b"none"
    return blake2b(packed(client), key=key, digest_size=16).digest()


def test_a_hit_is_in_a_file_when_record_returns(start, runtime):
    start().record("192.0.2.1", CELL)
    assert runtime.journaled() == [
        Hit("2026-11-23", 14, "elsewhere", "escort-ads", "enforced", token(runtime, "192.0.2.1"))
    ]


def test_a_device_counts_once_an_hour_category_and_mode(start, runtime, clock):
    recorder = start()
    for _ in range(3):
        for client in ("192.0.2.1", "192.0.2.2"):
            recorder.record(client, CELL)
            recorder.record(client, OTHER)
    assert len(runtime.journaled()) == 4
    clock.set("2026-11-23 14:59:59.9")
    recorder.record("192.0.2.1", CELL)
    assert len(runtime.journaled()) == 4
    clock.set("2026-11-23 15:00")
    recorder.record("192.0.2.1", CELL)
    assert runtime.journaled()[-1].hour == 15


@pytest.mark.parametrize(
    ("client", "as_one", "as_two"),
    [
        ("192.0.2.1", True, True),
        ("::ffff:192.0.2.1", True, True),  # an IPv4 client of a dual-stack socket
        ("::FFFF:c000:201", True, True),
        ("2001:db8::1", False, True),
        ("fe80::1%eth0", False, True),
        ("::1", False, True),
        ("::192.0.2.1", False, True),
    ],
)
def test_ipv6_is_recorded_only_where_a_device_may_have_two_addresses(
    start, runtime, client, as_one, as_two
):
    recorder = start(addresses_per_device=1)
    recorder.record(client, CELL)
    assert [hit.token for hit in runtime.journaled()] == [token(runtime, client)] * as_one
    recorder = start(addresses_per_device=2)
    recorder.record(client, CELL)
    recorder.fold(recorder._clock())
    assert [hit.token for hit in runtime.stored()] == [token(runtime, client)] * as_two
    assert recorder.state == ("ok", "", False)


def test_a_plain_pair_is_a_cell(start, runtime):
    start().record("192.0.2.1", ("escort-ads", "enforced"))
    assert len(runtime.journaled()) == 1


def test_journals_become_rows_and_are_gone(start, runtime, clock):
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    expected = runtime.journaled()
    recorder.fold(clock())
    assert runtime.stored() == expected
    assert runtime.journaled() == []
    assert len(runtime.journals()) == 1  # the next one, still empty
    recorder.fold(clock())
    assert runtime.stored() == expected


def test_after_a_kill_the_journals_are_moved_before_open_returns(start, runtime):
    start().record("192.0.2.1", CELL)
    expected = runtime.journaled()
    start()
    assert runtime.stored() == expected
    assert runtime.journaled() == []


def test_a_device_is_the_same_before_and_after_a_restart(start, runtime):
    start().record("192.0.2.1", CELL)
    start().record("192.0.2.1", CELL)
    start()
    assert [hit.token for hit in runtime.stored()] == [token(runtime, "192.0.2.1")]


def test_a_clean_end_loses_nothing_either(runtime, clock):
    recorder = Recorder(runtime.path, BERLIN, clock=clock)
    recorder.open()
    recorder.record("192.0.2.1", CELL)
    recorder.close()
    recorder.close()
    assert len(runtime.journaled()) == 1


def test_the_office_is_asked_once_a_device_category_and_hour(runtime, clock):
    asked: Counter[str] = Counter()

    def office(client):
        asked[client] += 1
        return "Büro 1" if client.startswith("10.1.") else "hq"

    recorder = Recorder(runtime.path, BERLIN, clock=clock, offices=office)
    recorder.open()
    for _ in range(5):
        recorder.record("10.1.0.1", CELL)
        recorder.record("10.2.0.1", CELL)
    recorder.fold(clock())
    assert {hit.office for hit in runtime.stored()} == {"Büro 1", "hq"}
    assert set(asked.values()) == {1}
    recorder.close()


def test_two_servers_do_not_share_a_directory(start, runtime, clock):
    start()
    second = Recorder(runtime.path, BERLIN, clock=clock)
    with pytest.raises(StateError, match="--runtime"):
        second.open()


def test_a_new_day_has_new_tokens_and_a_file_of_its_own(start, runtime, clock):
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    clock.set("2026-11-24 00:00")
    recorder.record("192.0.2.1", CELL)
    recorder.fold(clock())
    (monday,), (tuesday,) = runtime.stored("2026-11-23"), runtime.stored("2026-11-24")
    assert (monday.hour, tuesday.hour) == (14, 0)
    assert monday.token != tuesday.token


@pytest.mark.parametrize("by", ["forget_key", "fold", "record"])
def test_after_midnight_the_key_is_destroyed_by_whatever_comes_first(start, runtime, clock, by):
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    key = (runtime.path / "day.key").read_bytes()
    recorder.forget_key(clock())
    assert key in runtime.octets()
    clock.set("2026-11-24 00:00")
    if by == "record":
        recorder.record("192.0.2.1", CELL)
    else:
        getattr(recorder, by)(clock())
    assert key not in runtime.octets()


def test_at_day_close_everything_of_the_day_is_unlinked(start, runtime, clock):
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    recorder.fold(clock())
    recorder.record("192.0.2.2", CELL)
    monday = [hit.token for hit in runtime.stored() + runtime.journaled()]
    clock.set("2026-11-24 02:59:59")
    recorder.record("192.0.2.1", CELL)
    recorder.close_days(clock())
    assert runtime.databases() == ["hits-2026-11-23.db"]
    clock.set("2026-11-24 03:00")
    recorder.close_days(clock())
    assert runtime.databases() == []
    assert len(runtime.journaled()) == 1
    everything = runtime.octets()
    assert not any(t in everything or t.hex().encode() in everything for t in monday)


def test_hits_of_a_day_that_ended_during_a_stop_are_there_to_be_counted_and_then_go(
    start, runtime, clock
):
    start().record("192.0.2.1", CELL)
    clock.set("2026-11-24 03:00")
    recorder = start()
    assert len(runtime.stored()) == 1
    assert runtime.journaled() == []
    recorder.close_days(clock())
    assert "hits-2026-11-23.db" not in runtime.databases()
    assert runtime.journaled() == []
    assert not (runtime.path / "day.key").exists()


def test_a_server_idle_for_a_day_records_again(start, runtime, clock):
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    clock.set("2026-11-24 14:10")
    recorder.close_days(clock())
    recorder.record("192.0.2.1", CELL)
    recorder.fold(clock())
    assert len(runtime.stored("2026-11-24")) == 1


def test_a_clock_set_back_within_the_day_gives_the_earlier_hour(start, runtime, clock):
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    clock.set("2026-11-23 11:30")
    recorder.record("192.0.2.1", CELL)
    recorder.record("192.0.2.1", CELL)
    assert [hit.hour for hit in runtime.journaled()] == [14, 11]
    assert len({hit.token for hit in runtime.journaled()}) == 1
    assert recorder.state.status == "ok"


def test_a_clock_set_back_to_yesterday_records_nothing_and_says_so(start, runtime, clock):
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    clock.set("2026-11-22 23:59")
    recorder.record("192.0.2.2", CELL)
    recorder.fold(clock())
    assert [hit.token for hit in runtime.stored()] == [token(runtime, "192.0.2.1")]
    assert "clock" in recorder.state.detail
    clock.set("2026-11-23 14:20")
    recorder.record("192.0.2.2", CELL)
    recorder.fold(clock())
    assert len(runtime.stored()) == 2
    assert recorder.state.status == "ok"


def test_whether_the_clock_is_wrong_shows_without_a_hit(start, clock):
    recorder = start()
    clock.set("2026-11-22 23:59")
    recorder.fold(clock())
    assert recorder.state.status == "failing"


def test_a_day_of_the_far_future_does_not_outlive_its_27_hours(start, runtime, clock):
    recorder = start()
    clock.set("2031-01-01 12:00")
    recorder.record("192.0.2.1", CELL)
    recorder.fold(clock())
    assert "hits-2031-01-01.db" in runtime.databases()
    clock.set("2026-11-23 14:30")
    recorder.close_days(clock())
    assert "hits-2031-01-01.db" not in runtime.databases()


def test_the_hour_a_dst_change_repeats_is_one_hour(start, runtime, clock):
    clock.set("2026-10-25 02:30")
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    clock.set("2026-10-25 02:30", fold=1)
    recorder.record("192.0.2.1", CELL)
    clock.set("2026-10-25 03:00")
    recorder.record("192.0.2.1", CELL)
    assert [hit.hour for hit in runtime.journaled()] == [2, 3]


def test_the_hour_a_dst_change_skips_stays_empty(start, runtime, clock):
    clock.set("2026-03-29 01:59:59")
    recorder = start()
    recorder.record("192.0.2.1", CELL)
    clock.now += 1
    recorder.record("192.0.2.1", CELL)
    assert [hit.hour for hit in runtime.journaled()] == [1, 3]


def test_what_is_remembered_is_bounded_and_holds_no_address(start, runtime, clock, monkeypatch):
    monkeypatch.setattr(module, "SEEN", 100)
    recorder = start()
    for number in range(1000):
        recorder.record(f"10.0.{number >> 8}.{number & 255}", CELL)
        assert len(recorder._seen) <= 100
    assert all(type(mark) is int for mark in recorder._seen)
    recorder.record("10.0.0.1", CELL)  # forgotten meanwhile: a second line, and one row
    recorder.fold(clock())
    assert len(runtime.stored()) == 1000
    clock.set("2026-11-23 15:00")
    recorder.record("10.0.0.1", CELL)
    assert len(recorder._seen) == 1


@pytest.mark.parametrize("client", ["", "localhost", "192.0.2.1:53", "192.0.2", "é", "1:2", "\0"])
def test_record_never_raises_and_never_tells_what_it_was_given(start, runtime, caplog, client):
    caplog.set_level(logging.DEBUG)
    recorder = start()
    recorder.record(client, CELL)
    assert recorder.state.status == "failing"
    assert not client or client not in caplog.text
    recorder.record("192.0.2.1", CELL)
    assert len(runtime.journaled()) == 1


def test_an_office_that_cannot_be_found_costs_a_hit_and_no_answer(runtime, clock, caplog):
    def office(client):
        raise LookupError(client)

    recorder = Recorder(runtime.path, BERLIN, clock=clock, offices=office)
    recorder.open()
    recorder.record("192.0.2.1", CELL)
    assert recorder.state.status == "failing"
    assert "192.0.2.1" not in caplog.text + recorder.state.detail
    recorder.close()


def test_hits_are_recorded_while_another_thread_moves_them(start, runtime, clock):
    recorder = start()
    done = threading.Event()

    def maintain():
        while not done.is_set():
            recorder.fold(clock())
            recorder.forget_key(clock())
            recorder.close_days(clock())

    worker = threading.Thread(target=maintain)
    worker.start()
    for number in range(5000):
        recorder.record(f"10.0.{number >> 8}.{number & 255}", CELL)
    done.set()
    worker.join()
    recorder.fold(clock())
    tokens = {token(runtime, f"10.0.{n >> 8}.{n & 255}") for n in range(5000)}
    assert {hit.token for hit in runtime.stored()} == tokens
    assert recorder.state == ("ok", "", False)


def test_importing_the_recorder_does_not_import_sqlite_utils():
    program = "import sys, blockfilter.hits.recorder; sys.exit('sqlite_utils' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
