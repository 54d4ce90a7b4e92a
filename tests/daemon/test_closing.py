"""Day close by hand: `closing.close` on a real state and runtime directory."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from blockfilter.config.settings import ServerSettings, Settings
from blockfilter.counts.reader import Reader
from blockfilter.daemon import closing
from blockfilter.errors import StateError
from blockfilter.hits.hit import Cell
from blockfilter.hits.recorder import Recorder
from blockfilter.hits.store import Store
from blockfilter.programme import store as programme
from blockfilter.programme.keeper import Keeper

SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
CELL = Cell("escort-ads", "enforced")


class Place:
    """A state and a runtime directory, and what commands do there."""

    def __init__(self, path: Path) -> None:
        self.state, self.runtime = path / "state", path / "runtime"
        for directory in (self.state, self.runtime):
            directory.mkdir(mode=0o700)
        self.settings = Settings(
            server=ServerSettings(time_zone="UTC", state=self.state, runtime=self.runtime)
        )

    def found(self, heads: int) -> None:
        with programme.Store.create(self.state / programme.NAME) as store:
            keeper = Keeper(store, "ada", now=lambda: SATURDAY, today=SATURDAY.date(), begun=False)
            keeper.found("Example", "", heads, date(2026, 11, 1))

    def recorder(self, at: datetime) -> Recorder:
        return Recorder(self.runtime, UTC, clock=at.timestamp, state=self.state)

    def hit(self, at: datetime, clients: int) -> None:
        """A server ran, and stopped."""
        recorder = self.recorder(at)
        recorder.open()
        for number in range(clients):
            recorder.record(f"192.0.2.{number + 1}", CELL)
        recorder.close()

    def close(self, at: datetime, until: date | None = None) -> closing.Done:
        return closing.close(self.settings, until, at)

    def days(self) -> set[str]:
        """The days of which a device is left."""
        recorder = self.recorder(SATURDAY)
        recorder.fold(SATURDAY.timestamp())
        store = Store(self.runtime)
        return {day.isoformat() for day in store.days() if list(store.devices(day))}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.found(1200)
    return made


@pytest.fixture
def begun(place: Place) -> Place:
    """Counting begins on Sunday, the 29th."""
    place.close(SATURDAY)
    return place


def test_the_first_call_begins_with_the_next_whole_day(place):
    assert place.close(SATURDAY) == closing.Done((), (), (), "2026-11-29")
    assert Reader(place.state).began == date(2026, 11, 29)


def test_without_a_headcount_nothing_begins_and_hits_still_go(tmp_path):
    bare = Place(tmp_path)
    bare.hit(SATURDAY, 3)
    assert bare.close(SATURDAY + timedelta(days=1)) == closing.Done((), (), (), None)
    assert bare.days() == set()


def test_a_day_is_closed_once_and_nothing_of_it_is_left(begun):
    begun.hit(SATURDAY + timedelta(days=1), 5)
    assert begun.days() == {"2026-11-29"}
    night = SATURDAY + timedelta(days=2, hours=-10)
    assert begun.close(night, date(2026, 11, 29)).closed == ("2026-11-29",)
    assert begun.days() == set()
    assert begun.close(night, date(2026, 11, 29)) == closing.Done((), (), (), "2026-11-30")


def test_a_day_that_is_not_over_is_refused(begun):
    with pytest.raises(StateError, match="2026-11-29 is closed an hour after its end"):
        begun.close(SATURDAY + timedelta(days=1), date(2026, 11, 29))
    with pytest.raises(StateError, match="an hour after its end"):
        begun.close(datetime(2026, 11, 30, 0, 59, tzinfo=UTC), date(2026, 11, 29))


def test_where_a_server_runs_it_is_left_to_it(begun):
    running = begun.recorder(SATURDAY)
    running.open()
    with pytest.raises(StateError, match="closes its days by itself"):
        begun.close(SATURDAY + timedelta(days=5))
    running.close()


def test_days_that_nobody_closed_are_made_up_in_order(begun):
    done = begun.close(SATURDAY + timedelta(days=9))
    assert done.closed == tuple(
        (date(2026, 11, 29) + timedelta(days=number)).isoformat() for number in range(8)
    )
    assert done.next == "2026-12-07"
    assert done.lost == ()
    facts = {(one.table, one.period): one.state for one in Reader(begun.state).periods()}
    assert facts["T0", "2026-W49"] == "not measured"  # no server was up for a second of it


def test_what_was_done_is_told(begun):
    told = begun.close(SATURDAY + timedelta(days=2)).lines()
    assert told == ["closed: 2026-11-29", "next day to be closed: 2026-11-30"]
