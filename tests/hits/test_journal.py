"""One completed write a hit; whole lines count and nothing else does."""

import os
import resource
import threading
from contextlib import contextmanager
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.hits.hit import Hit
from blockfilter.hits.journal import Journal, day_of, encode, read

DAY = date(2026, 11, 23)
HIT = Hit("2026-11-23", 14, "hq", "escort-ads", "enforced", bytes(range(16)))
TEXT = b"2026-11-23 14 hq escort-ads enforced 000102030405060708090a0b0c0d0e0f\n"


@contextmanager
def file_size_limit(octets):
    """What a full file system looks like: a short write, then an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def numbered(number: int) -> Hit:
    return HIT._replace(token=number.to_bytes(16, "big"))


def test_a_line_is_text_that_a_person_can_read():
    assert encode(HIT) == TEXT
    assert day_of(TEXT) == DAY


@given(
    st.builds(
        Hit,
        st.dates().map(str),
        st.integers(0, 23),
        st.text(),
        st.text(),
        st.sampled_from(["enforced", "monitored"]),
        st.binary(min_size=16, max_size=16),
    )
)
def test_every_hit_survives_the_journal(tmp_path_factory, hit):
    path = tmp_path_factory.getbasetemp() / "one.journal"
    path.write_bytes(encode(hit))
    assert list(read(path)) == [hit]


def test_a_line_is_in_the_file_when_append_returns_in_the_order_of_arrival(runtime):
    journal = Journal(runtime.path)
    for number in range(50):
        journal.append(DAY, encode(numbered(number)))
        assert runtime.journaled()[-1] == numbered(number)
    assert runtime.journaled() == [numbered(number) for number in range(50)]
    journal.close()


def test_a_line_is_one_write(runtime, monkeypatch):
    journal = Journal(runtime.path)
    journal.append(DAY, b"")
    written: list[bytes] = []
    write = os.write

    def watched(file: int, data: bytes) -> int:
        written.append(data)
        return write(file, data)

    monkeypatch.setattr(os, "write", watched)
    journal.append(DAY, TEXT)
    assert written == [TEXT]
    journal.close()


def test_files_are_private_and_named_for_their_day_alone(runtime):
    before = os.umask(0)
    journal = Journal(runtime.path)
    journal.append(DAY, TEXT)
    os.umask(before)
    (path,) = runtime.journals()
    assert path.name.startswith("hits-2026-11-23-")
    assert path.stat().st_mode & 0o7777 == 0o600
    journal.close()


@pytest.mark.parametrize("cut", range(len(TEXT)))
def test_a_partial_last_line_is_ignored(tmp_path, cut):
    path = tmp_path / "torn"
    path.write_bytes(TEXT + encode(numbered(7))[:cut])
    assert list(read(path)) == [HIT]


@pytest.mark.parametrize("junk", [b"\n", bytes(4096), b"\xff\n", TEXT[:-1] + b" \n", b" " + TEXT])
def test_what_is_no_line_is_passed_over(tmp_path, junk):
    path = tmp_path / "junk"
    path.write_bytes(junk + b"\n" + TEXT)
    assert list(read(path)) == [HIT]


@pytest.mark.parametrize("room", range(2 * len(TEXT)))
def test_a_write_cut_short_anywhere_costs_no_later_line(tmp_path, room):
    journal = Journal(tmp_path)
    journal.append(DAY, encode(numbered(0)))
    stored = [numbered(0)]
    with file_size_limit(len(TEXT) + room):
        for number in (1, 2, 3):
            try:
                journal.append(DAY, encode(numbered(number)))
                stored.append(numbered(number))
            except OSError:
                break
        else:
            pytest.fail("the file system was not full")
    journal.append(DAY, encode(numbered(9)))
    stored.append(numbered(9))
    (path,) = tmp_path.iterdir()
    found = list(read(path))
    assert [hit for hit in found if hit in stored] == stored
    assert set(found) - set(stored) <= {numbered(1), numbered(2), numbered(3)}
    journal.close()


def test_all_journals_together_are_bounded(tmp_path):
    journal = Journal(tmp_path, limit=3 * len(TEXT))
    journal.append(DAY, TEXT)
    assert journal.rotate()
    journal.append(DAY, TEXT * 2)
    with pytest.raises(OSError, match="too large"):
        journal.append(DAY, TEXT)
    for _, path in journal.finished():
        journal.discard(path)
    journal.append(DAY, TEXT)
    journal.close()


def test_what_a_former_process_left_counts_towards_the_bound(tmp_path):
    former = Journal(tmp_path)
    former.append(DAY, TEXT * 3)
    former.close()
    journal = Journal(tmp_path, limit=3 * len(TEXT))
    assert len(journal.finished()) == 1
    with pytest.raises(OSError, match="too large"):
        journal.append(DAY, TEXT)
    journal.close()


def test_a_new_day_begins_a_new_file(runtime):
    journal = Journal(runtime.path)
    tuesday = date(2026, 11, 24)
    journal.append(DAY, TEXT)
    journal.append(tuesday, encode(HIT._replace(day="2026-11-24")))
    assert journal.day == tuesday
    assert [day for day, _ in journal.finished()] == [DAY]
    journal.close()


def test_a_file_without_lines_is_rotated_too(runtime):
    """Or the directory's time of change would tell whether there were any."""
    journal = Journal(runtime.path)
    journal.append(DAY, b"")
    (path,) = runtime.journals()
    assert journal.rotate()
    assert [path for _, path in journal.finished()] == [path]
    assert len(runtime.journals()) == 2
    journal.close()


def test_the_first_line_takes_no_more_room(runtime):
    journal = Journal(runtime.path)
    journal.append(DAY, b"")
    (path,) = runtime.journals()
    before = path.stat().st_blocks
    journal.append(DAY, TEXT)
    assert path.stat().st_blocks == before
    if runtime.path.is_relative_to("/dev/shm"):
        assert before
    journal.close()


def test_a_file_that_cannot_be_begun_is_not_left(tmp_path):
    journal = Journal(tmp_path)
    for room in (0, 5):
        with file_size_limit(room), pytest.raises(OSError, match="large|space"):
            journal.append(DAY, b"")
        assert list(tmp_path.iterdir()) == []


def test_a_file_somebody_removed_is_replaced_and_its_loss_is_told(runtime):
    journal = Journal(runtime.path)
    journal.append(DAY, TEXT)
    runtime.journals()[0].unlink()
    assert not journal.rotate()
    journal.append(DAY, TEXT)
    assert runtime.journaled() == [HIT]
    journal.close()


def test_a_discarded_file_is_overwritten(runtime):
    journal = Journal(runtime.path)
    journal.append(DAY, TEXT)
    journal.rotate()
    ((_, path),) = journal.finished()
    with path.open("rb") as reader:
        size = path.stat().st_size
        journal.discard(path)
        assert reader.read() == bytes(size)
    journal.close()


def test_no_line_is_lost_while_files_are_rotated_under_a_writer(runtime):
    journal = Journal(runtime.path)
    journal.append(DAY, b"")
    rotating = threading.Event()

    def write():
        for number in range(3000):
            journal.append(DAY, encode(numbered(number)))
        rotating.set()

    writer = threading.Thread(target=write)
    writer.start()
    found: list[Hit] = []
    while not rotating.is_set():
        journal.rotate()
        for _, path in journal.finished():
            found += read(path)
            journal.discard(path)
    writer.join()
    found += runtime.journaled()
    assert found == [numbered(number) for number in range(3000)]
    journal.close()
