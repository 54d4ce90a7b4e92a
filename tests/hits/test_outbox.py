"""What happens to a hit that cannot be written: it waits, within bounds, and goes first."""

from collections.abc import Iterator
from datetime import date

import pytest

from blockfilter.hits import outbox as module
from blockfilter.hits.epoch import Epochs
from blockfilter.hits.hit import Cell
from blockfilter.hits.journal import Journal, read
from blockfilter.hits.outbox import Outbox
from blockfilter.hits.trouble import Trouble, Troubles
from tests.hits.world import Runtime

DAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
CELL = Cell("escort-ads", "enforced")


class Fixture:
    """An outbox in a directory that can be taken away and given back."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.now = runtime, 1000.0
        self.place = runtime.path / "here"
        self.place.mkdir()
        self.troubles = Troubles()
        self.journal = Journal(self.place)
        self.outbox = Outbox(self.place, self.journal, self.troubles, Epochs(None))

    def put(self, number: int, day: date = DAY) -> bool:
        return self.outbox.put(f"10.0.{number >> 8}.{number & 255}", day, 14, "hq", CELL, self.now)

    def take_away(self) -> None:
        self.journal.close()
        self.place.rename(self.runtime.path / "away")

    def give_back(self) -> None:
        (self.runtime.path / "away").rename(self.place)

    def written(self) -> set[bytes]:
        return {hit.token for path in self.place.glob("*.journal") for hit in read(path)}

    @property
    def failing(self) -> bool:
        return Trouble.WRITE in self.troubles


@pytest.fixture
def box(runtime: Runtime) -> Iterator[Fixture]:
    fixture = Fixture(runtime)
    yield fixture
    fixture.journal.close()


def test_hits_wait_while_nothing_can_be_written_and_are_written_when_it_can(box):
    assert box.put(1)
    box.take_away()
    assert box.put(2)
    assert box.failing
    box.give_back()
    box.outbox.drain(DAY)
    assert not box.failing
    assert len(box.written()) == 2


def test_the_next_first_sight_tries_again_but_not_more_than_once_a_second(box):
    box.take_away()
    box.put(1)
    box.give_back()
    box.now += 0.5
    box.put(2)
    assert box.failing
    assert not box.written()
    box.now += 0.6
    box.put(3)
    assert not box.failing
    assert len(box.written()) == 3


def test_a_clock_set_back_does_not_put_the_next_attempt_off(box):
    box.take_away()
    box.put(1)
    box.give_back()
    box.now -= 3600
    box.put(2)
    assert not box.failing


def test_more_than_a_batch_is_written_without_a_pause_once_writing_works(box, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)
    box.take_away()
    for number in range(35):
        box.put(number)
    box.give_back()
    box.now += 1
    box.put(100)
    assert box.failing  # most of it still waits
    box.put(101)
    assert len(box.written()) == 22  # each first sight takes a batch along
    box.outbox.drain(DAY)
    assert len(box.written()) == 37
    assert not box.failing


def test_what_waits_is_bounded_and_a_loss_is_told_without_a_number(box, monkeypatch):
    monkeypatch.setattr(module, "WAITING", 5)
    box.take_away()
    assert [box.put(number) for number in range(7)] == [True] * 5 + [False] * 2
    assert box.outbox.lossy
    assert "2" not in box.troubles.detail()
    box.give_back()
    box.outbox.drain(DAY)
    assert len(box.written()) == 5


def test_the_same_hit_waits_once(box, monkeypatch):
    monkeypatch.setattr(module, "WAITING", 5)
    box.take_away()
    assert all(box.put(1) for _ in range(20))
    assert not box.outbox.lossy


def test_no_token_is_in_a_file_before_its_key_is(box):
    (box.place / "day.key.new").mkdir()  # in the way of the key's draft
    box.put(1)
    box.outbox.drain(DAY)
    assert box.failing
    assert not box.written()
    (box.place / "day.key.new").rmdir()
    box.outbox.drain(DAY)
    assert (box.place / "day.key").stat().st_size == 32
    assert len(box.written()) == 1


def test_lines_of_two_days_go_into_files_of_their_own_days(box):
    box.take_away()
    box.put(1, DAY)
    box.put(1, TUESDAY)
    box.give_back()
    box.outbox.drain(TUESDAY)
    assert len(list(box.place.glob("hits-2026-11-23-*.journal"))) == 1
    assert len(box.written()) == 2
    for path in box.place.glob("*.journal"):
        assert all(hit.day in path.name for hit in read(path))


def test_lines_of_a_closed_day_do_not_wait_any_longer(box):
    box.take_away()
    box.put(1, DAY)
    box.put(1, TUESDAY)
    box.outbox.drop(lambda day: day == DAY)
    box.give_back()
    box.outbox.drain(TUESDAY)
    assert len(box.written()) == 1


def test_what_waits_holds_no_address(box):
    box.take_away()
    box.put(0x0102)
    (line,) = box.outbox._waiting
    assert b"10.0.1.2" not in line
    assert bytes((10, 0, 1, 2)) not in line
