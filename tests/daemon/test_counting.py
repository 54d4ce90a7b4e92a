"""The counting of a running server: what fails is said once, and tried again."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from blockfilter.counts import accumulators
from blockfilter.counts.frame import Facts, Frame, FramedOffice
from blockfilter.daemon.counting import Counting, Parts
from blockfilter.errors import ProgrammeError

SUNDAY = datetime(2026, 11, 29, 12, tzinfo=UTC)
OFFICES = (FramedOffice("north", 600, ("10.1.0.0/16",)),)


class Served:
    """A tally that has always served as many as it was told."""

    def __init__(self) -> None:
        self.served = 0

    def take(self) -> tuple[int, frozenset[str]]:
        served, self.served = self.served, 0
        return served, frozenset({"north"})


class Made(NamedTuple):
    counting: Counting
    tally: Served
    swapped: list[Frame]
    facts: dict[str, Facts | Exception]
    state: Path

    def turn(self, moment: datetime) -> None:
        self.counting.turn(moment.timestamp())

    def served(self, day: date) -> int:
        with accumulators.opened(self.state) as found:
            rows = found._run("SELECT served FROM days WHERE day = ?", [day.isoformat()])
            return sum(row[0] for row in rows)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    state, runtime = tmp_path / "state", tmp_path / "runtime"
    state.mkdir()
    runtime.mkdir()
    tally, swapped = Served(), list[Frame]()
    facts: dict[str, Facts | Exception] = {"now": Facts(heads=1200, offices=OFFICES)}

    def known(_day: date) -> Facts:
        found = facts["now"]
        if isinstance(found, Exception):
            raise found
        return found

    parts = Parts(state, runtime, UTC, lambda _: 1, tally, known, swapped.append)
    yield Made(Counting(parts), tally, swapped, facts, state)
    (state / "counts.db").chmod(0o600)


def test_the_offices_of_a_quarter_are_put_in_force_once(made):
    made.turn(SUNDAY)
    made.turn(SUNDAY + timedelta(minutes=1))
    assert [[one.id for one in frame.offices] for frame in made.swapped] == [["north"]]


def test_what_was_served_is_noted_for_its_day(made):
    made.turn(SUNDAY)
    made.tally.served = 1000
    made.turn(SUNDAY + timedelta(days=1))
    made.tally.served = 234
    made.turn(SUNDAY + timedelta(days=1, hours=1))
    assert made.served(date(2026, 11, 30)) == 1234
    assert made.served(date(2026, 11, 29)) == 0  # before the first whole day nothing is counted


def test_what_cannot_be_written_waits_and_is_said_once(made, caplog):
    made.turn(SUNDAY)
    monday = SUNDAY + timedelta(days=1)
    damaged = made.state / "counts.db"
    kept = damaged.read_bytes()
    damaged.write_bytes(b"no database" * 100)
    with caplog.at_level(logging.WARNING):
        made.tally.served = 500
        made.turn(monday)
        made.turn(monday + timedelta(minutes=1))
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "counts cannot be kept, it is tried again every minute"
    ]
    assert "counts.db" in made.counting.trouble
    damaged.write_bytes(kept)
    caplog.clear()
    made.turn(monday + timedelta(minutes=2))
    assert made.counting.trouble == ""
    assert [record.message for record in caplog.records] == ["over: counts cannot be kept"]
    assert made.served(monday.date()) == 500


def test_a_programme_that_cannot_be_read_stops_no_server(made):
    made.facts["now"] = ProgrammeError("programme.db: is damaged; take it back from a backup")
    made.turn(SUNDAY)
    assert "programme.db" in made.counting.trouble
    made.facts["now"] = Facts(heads=1200)
    made.turn(SUNDAY)
    assert made.counting.trouble == ""


def test_what_is_lost_is_said(made, caplog):
    made.turn(SUNDAY)
    made.turn(SUNDAY + timedelta(days=1))
    (made.state / "accumulators.db").unlink()
    made.turn(SUNDAY + timedelta(days=1, hours=1))
    assert any("T0 2026-W49 are lost" in record.message for record in caplog.records)
