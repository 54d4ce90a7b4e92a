"""The only door: closed tables, released figures, read by whoever may read and change nothing."""

import os
import sqlite3
import stat
from contextlib import closing
from fractions import Fraction

import pytest

from blockfilter.counts import tables
from blockfilter.counts.frame import Frame
from blockfilter.counts.reader import Reader, last_closed
from blockfilter.errors import StateError
from tests.counts.world import DAY, NOISE, YEAR, World, day, monday

NOBODY = 65534


@pytest.fixture(scope="module")
def lived(memory):
    """Five weeks of an organisation, one of them without the server, and the beginning of a sixth."""
    world = World(memory / "reader")
    world.begin(YEAR)
    world.live(YEAR, YEAR + 20 * DAY, 100)
    world.live(YEAR + 21 * DAY, YEAR + 27 * DAY, hours=0)
    world.live(YEAR + 28 * DAY, YEAR + 36 * DAY, 100)
    return world


def test_figures_come_in_the_order_of_the_calendar_and_of_the_cells(lived):
    reader = lived.reader
    assert [row.period for row in reader.rows("T0")] == [
        "2026-W01",
        "2026-W02",
        "2026-W03",
        "2026-W05",
    ]
    assert [row.cell for row in reader.rows("T1")] == ["escort-ads", "massage-ads", "other"]
    assert [row.cell for row in reader.rows("TM")] == ["total"]
    for row in reader.rows("T0"):
        assert abs(row.value - 700) < NOISE
        assert row.low == row.value - 8
        assert row.high == row.value + 8
        assert not row.flagged


def test_only_periods_that_are_asked_for(lived):
    assert [row.period for row in lived.reader.rows("T0", ["2026-W05", "2026-W02"])] == [
        "2026-W02", "2026-W05"
    ]  # fmt: skip
    assert lived.reader.rows("T0", []) == []
    assert lived.reader.rows("T0", ["2026-W06"]) == []


@pytest.mark.parametrize("table", ["", "T4", "hits", "cells", "T0' OR 1=1 --", 'T0"; DROP TABLE x'])
def test_there_is_no_other_table(lived, table):
    assert lived.reader.rows(table) == []
    assert lived.reader.periods(table) == []


def test_periods_tell_what_became_of_them(lived):
    facts = lived.reader.periods()
    assert [one.first for one in facts] == sorted(one.first for one in facts)
    assert {one.table for one in facts} == set(tables.TABLES)
    t0 = {one.period: one for one in lived.reader.periods("T0")}
    assert {period: one.state for period, one in t0.items()} == {
        "2026-W01": "released", "2026-W02": "released", "2026-W03": "released",
        "2026-W04": "not measured", "2026-W05": "released", "2026-W06": "open",
    }  # fmt: skip
    one = t0["2026-W06"]
    assert (one.first, one.last) == (day("2026-02-02"), day("2026-02-08"))
    assert (one.epsilon, one.addresses, one.heads) == (Fraction(2, 5), 1, 1200)
    assert len(one.head) == 64


def test_an_open_period_shows_in_no_row(lived):
    open_ = {(one.table, one.period) for one in lived.reader.periods() if one.state == "open"}
    assert ("T2", "2026-Q1") in open_
    assert ("T0", "2026-W06") in open_
    for table in tables.TABLES:
        assert not open_ & {(table, row.period) for row in lived.reader.rows(table)}


def test_coverage_frames_budget_and_events(lived):
    reader = lived.reader
    assert [one.week for one in reader.coverage()] == [f"2026-W0{n}" for n in range(1, 6)]
    assert [one.week for one in reader.coverage(["2026-W04"])] == ["2026-W04"]
    assert reader.coverage(["2026-W04"])[0].uptime == 0
    frame = reader.frames()["2026-Q1"]
    assert isinstance(frame, Frame)
    assert (frame.heads, [one.id for one in frame.offices]) == (1200, ["hq", "north"])
    budget = reader.budget()
    assert (budget.per_device_day, budget.epochs) == (Fraction(6, 5), 1)
    assert budget.guess == pytest.approx(0.7685, abs=1e-4)
    events = reader.events()
    assert [one["number"] for one in events] == list(range(1, len(events) + 1))
    assert [one["what"] for one in events[:2]] == ["frozen", "began"]
    assert reader.began == YEAR
    assert not reader.simulated
    assert last_closed(reader) == monday("2026-W06") - DAY


def test_no_accumulator_and_no_figure_stands_in_the_ledger_before_its_time(lived):
    """What an open period holds is in no table of counts.db, and no line of the audit."""
    with closing(sqlite3.connect(lived.state / "counts.db")) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        rows = connection.execute("SELECT * FROM releases WHERE period = '2026-Q1'").fetchall()
    assert not {name for name in names if "cell" in name or "hit" in name}
    assert rows == []
    for event in lived.reader.events():
        assert event["what"] != "opened" or "figures" not in event


def test_the_modes_of_the_files(lived):
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in lived.state.iterdir()}
    assert modes.pop("counts.db") == modes.pop("counts.db-journal", 0o640) == 0o640
    assert set(modes.values()) == {0o600}


def as_another(act, *, group):
    """Do it as a user that owns nothing here, in the files' group or not; the child's exit code.

    Who is not root cannot become another user: there the owner stands for the group, and a mode
    without any right for all others.
    """
    child = os.fork()
    if not child:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(0 if group else NOBODY, 0 if group else NOBODY, 0 if group else NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            act()
        except StateError as error:
            os._exit(3 if "check its owner" in str(error) else 4)
        except BaseException:  # noqa: BLE001  # a child has nobody to tell
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def shared(lived, quick):
    """A state directory that its group may enter, as a web role does."""
    world = lived.copy(quick / "shared")
    for path in (quick.parent, quick, world.path, world.state):
        path.chmod(0o755)
    if os.geteuid():
        (world.state / "accumulators.db").chmod(0)
    yield world
    quick.parent.chmod(0o700)


def test_a_role_of_the_group_reads_figures_and_nothing_else(shared):
    def read():
        reader = Reader(shared.state)
        assert len(reader.rows("T0")) == 4
        assert reader.periods()
        assert reader.events()

    before = {file.name: file.read_bytes() for file in shared.state.iterdir()}
    assert as_another(read, group=True) == 0
    assert as_another(lambda: shared.next, group=True) == 3
    assert as_another(lambda: (shared.state / "accumulators.db").read_bytes(), group=True) == 1
    assert {file.name: file.read_bytes() for file in shared.state.iterdir()} == before


def test_whoever_is_not_of_the_group_reads_nothing(shared):
    if os.geteuid():
        (shared.state / "counts.db").chmod(0)
    assert as_another(lambda: Reader(shared.state), group=False) == 3


def test_a_state_directory_that_may_not_be_entered_is_told(shared):
    shared.state.chmod(0o700 if os.geteuid() == 0 else 0)
    assert as_another(lambda: Reader(shared.state), group=True) == 3
    shared.state.chmod(0o755)


def test_a_reader_changes_nothing_and_is_in_nobody_s_way(lived, quick):
    world = lived.copy(quick / "copy")
    reader = world.reader
    rows = reader.rows("T0")
    world.live(YEAR + 37 * DAY, YEAR + 41 * DAY, 100)
    assert reader.rows("T0")[: len(rows)] == rows
    assert len(reader.rows("T0")) == len(rows) + 1


@pytest.mark.parametrize("octets", [None, b""])
def test_where_nothing_is_counted_yet_it_is_said_how_it_begins(quick, octets):
    if octets is not None:
        (quick / "counts.db").write_bytes(octets)
    with pytest.raises(StateError, match="there are no counts yet; they begin the day after"):
        Reader(quick)


def test_a_damaged_ledger_is_told_with_what_to_do(quick):
    (quick / "counts.db").write_bytes(b"no ledger" * 900)
    with pytest.raises(StateError, match="is damaged .*; take it back from a backup"):
        Reader(quick)


def test_before_the_first_period_there_are_no_rows(world):
    world.advance(world.at("2026-01-07 12:00"))
    assert world.reader.rows("T0") == []
    assert world.reader.periods() == []
    assert last_closed(world.reader) is None
    assert world.reader.budget() == (0, 1, 0.5)
