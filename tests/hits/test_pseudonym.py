"""The day's key: one token a device and day, across restarts, and no way back after midnight."""

import os
from datetime import UTC, date, datetime
from hashlib import blake2b
from socket import AF_INET, AF_INET6, inet_pton

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.hits.epoch import Epochs
from blockfilter.hits.pseudonym import DayKey, packed

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


@pytest.mark.parametrize(
    ("client", "octets"),
    [
        ("192.0.2.1", bytes((192, 0, 2, 1))),
        ("::ffff:192.0.2.1", bytes((192, 0, 2, 1))),
        ("::FFFF:c000:201", bytes((192, 0, 2, 1))),
        ("2001:db8::1", bytes.fromhex("20010db8000000000000000000000001")),
        ("fe80::1%eth0", bytes.fromhex("fe800000000000000000000000000001")),
        ("::1", bytes(15) + b"\x01"),
        ("::192.0.2.1", bytes(12) + bytes((192, 0, 2, 1))),  # only ::ffff: is IPv4
    ],
)
def test_an_address_becomes_4_or_16_octets(client, octets):
    assert packed(client) == octets


@given(st.ip_addresses())
def test_every_address_is_packed_as_the_standard_says(address):
    mapped = getattr(address, "ipv4_mapped", None)
    family = AF_INET if address.version == 4 else AF_INET6
    expected = mapped.packed if mapped else inet_pton(family, str(address))
    assert packed(str(address)) == expected


def test_a_token_is_blake2b_with_the_days_key_over_the_packed_address(runtime):
    key = DayKey(runtime.path, Epochs(None))
    token = key.token("192.0.2.1", MONDAY)
    key.persist()
    octets = (runtime.path / "day.key").read_bytes()
    assert len(octets) == 32
    assert token == blake2b(bytes((192, 0, 2, 1)), key=octets, digest_size=16).digest()


def test_the_file_is_private_and_bears_its_day_in_its_time(runtime):
    before = os.umask(0)
    try:
        key = DayKey(runtime.path, Epochs(None))
        key.token("192.0.2.1", MONDAY)
        key.persist()
    finally:
        os.umask(before)
    status = (runtime.path / "day.key").stat()
    assert status.st_mode & 0o7777 == 0o600
    assert datetime.fromtimestamp(status.st_mtime, UTC) == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_restart_goes_on_with_the_same_tokens(runtime):
    first, second = DayKey(runtime.path, Epochs(None)), DayKey(runtime.path, Epochs(None))
    token = first.token("192.0.2.1", MONDAY)
    first.persist()
    second.load()
    assert second.token("192.0.2.1", MONDAY) == token


def test_any_time_within_the_date_is_that_day(runtime):
    first, second = DayKey(runtime.path, Epochs(None)), DayKey(runtime.path, Epochs(None))
    token = first.token("192.0.2.1", MONDAY)
    first.persist()
    evening = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC).timestamp()
    os.utime(runtime.path / "day.key", (evening, evening))
    second.load()
    assert second.token("192.0.2.1", MONDAY) == token


def test_a_new_day_has_a_new_key_and_the_old_one_is_nowhere(runtime):
    key = DayKey(runtime.path, Epochs(None))
    monday = key.token("192.0.2.1", MONDAY)
    key.persist()
    old = (runtime.path / "day.key").read_bytes()
    tuesday = key.token("192.0.2.1", TUESDAY)
    assert tuesday not in (None, monday)
    assert old not in runtime.octets()
    key.persist()
    assert (runtime.path / "day.key").read_bytes() != old


def test_at_midnight_the_key_goes_before_anybody_asks(runtime):
    key = DayKey(runtime.path, Epochs(None))
    key.token("192.0.2.1", MONDAY)
    key.persist()
    held = key._key
    with (runtime.path / "day.key").open("rb") as reader:
        key.retire(TUESDAY)
        key.destroy_spent()
        assert reader.read() == bytes(32)
    assert held == bytes(32)
    assert list(runtime.path.iterdir()) == []


def test_midnight_leaves_the_key_of_the_new_day_alone(runtime):
    key = DayKey(runtime.path, Epochs(None))
    token = key.token("192.0.2.1", TUESDAY)
    key.persist()
    key.retire(TUESDAY)
    key.destroy_spent()
    assert key.token("192.0.2.1", TUESDAY) == token
    assert (runtime.path / "day.key").exists()


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_set_back_to_an_earlier_day_gives_no_token(runtime, restarted):
    key = DayKey(runtime.path, Epochs(None))
    token = key.token("192.0.2.1", TUESDAY)
    key.persist()
    if restarted:
        key = DayKey(runtime.path, Epochs(None))
        key.load()
    assert key.token("192.0.2.1", MONDAY) is None
    assert key.token("192.0.2.1", TUESDAY) == token


def test_a_day_whose_key_went_at_midnight_is_not_opened_again(runtime):
    key = DayKey(runtime.path, Epochs(None))
    key.token("192.0.2.1", MONDAY)
    key.retire(TUESDAY)
    assert key.token("192.0.2.1", MONDAY) is None


@pytest.mark.parametrize("octets", [b"", b"x" * 31, b"x" * 33, b"x" * 4096])
def test_a_key_of_the_wrong_length_is_as_good_as_lost(runtime, octets, caplog):
    path = runtime.path / "day.key"
    path.write_bytes(octets)
    key = DayKey(runtime.path, Epochs(None))
    key.load()
    assert key.token("192.0.2.1", MONDAY)
    key.persist()
    assert len(path.read_bytes()) == 32
    assert len(caplog.records) == 1
    assert "xxx" not in caplog.text


def test_a_key_that_is_a_directory_is_as_good_as_lost(runtime, caplog):
    (runtime.path / "day.key").mkdir()
    key = DayKey(runtime.path, Epochs(None))
    key.load()
    key.retire(MONDAY)
    assert key.token("192.0.2.1", MONDAY)
    key.persist()
    assert len((runtime.path / "day.key").read_bytes()) == 32
    assert len(caplog.records) == 1


def test_a_draft_that_a_killed_process_left_is_no_key(runtime):
    (runtime.path / "day.key.new").write_bytes(b"d" * 32)
    (runtime.path / "day.key.spent").write_bytes(b"s" * 32)
    key = DayKey(runtime.path, Epochs(None))
    key.load()
    assert list(runtime.path.iterdir()) == []


def test_a_leftover_that_cannot_be_erased_does_not_cost_the_key(runtime):
    first, second = DayKey(runtime.path, Epochs(None)), DayKey(runtime.path, Epochs(None))
    token = first.token("192.0.2.1", MONDAY)
    first.persist()
    (runtime.path / "day.key.spent").mkdir()
    with pytest.raises(OSError, match="directory"):
        second.load()
    assert second.token("192.0.2.1", MONDAY) == token


def test_a_key_file_that_was_taken_away_is_written_again(runtime):
    key, second = DayKey(runtime.path, Epochs(None)), DayKey(runtime.path, Epochs(None))
    token = key.token("192.0.2.1", MONDAY)
    key.persist()
    (runtime.path / "day.key").unlink()
    key.confirm()
    second.load()
    assert second.token("192.0.2.1", MONDAY) == token


def test_no_key_is_written_before_a_token_is_asked_for(runtime):
    key = DayKey(runtime.path, Epochs(None))
    key.load()
    key.retire(MONDAY)
    key.confirm()
    assert list(runtime.path.iterdir()) == []
