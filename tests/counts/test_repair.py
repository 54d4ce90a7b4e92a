"""Files that are missing, damaged or older than they were: periods are lost, and never drawn again."""

import os
import resource
import shutil
import signal
from dataclasses import replace

import pytest

from blockfilter.counts import ledger, tables, verify
from blockfilter.errors import StateError
from tests.counts.world import DAY, NOISE, YEAR, World, monday

OPEN = 5  # tables, each with one open period
WEDNESDAY = YEAR + 9 * DAY  # of 2026-W02


@pytest.fixture
def lived(world):
    """A week and a half: one week is published, the next is open."""
    world.begin(YEAR)
    world.live(YEAR, WEDNESDAY, 100)
    return world


def backup(world: World, file: str) -> None:
    shutil.copy(world.state / file, world.path / file)


def restore(world: World, file: str) -> None:
    shutil.copy(world.path / file, world.state / file)


def go_on(world: World, until: str = "2026-W06") -> None:
    """Live until a week begins; what is counted from then on is as it should be."""
    assert world.next is not None
    world.live(world.next, monday(until) - DAY, 100)
    assert abs(world.newest() - 700) < NOISE
    assert verify.faults(world.state) == []


def test_without_its_accumulators_a_period_is_lost_and_never_drawn_again(lived):
    rows = lived.reader.rows("T0")
    (lived.state / "accumulators.db").unlink()
    now = lived.at(f"{WEDNESDAY + DAY} 12:00")
    done = lived.advance(now)
    assert sorted(done.lost) == [
        "T0 2026-W02", "T1 2026-Q1-P1", "T2 2026-Q1", "T3 2026-Q1", "TM 2026-Q1-P1"
    ]  # fmt: skip
    assert lived.advance(now + 60).lost == ()
    assert lived.next == WEDNESDAY + 2 * DAY
    go_on(lived, "2026-W14")
    assert lived.reader.rows("T0", ["2026-W01"]) == rows
    states = lived.states()
    assert {states[name] for name in done.lost} == {"lost"}
    assert states["T0 2026-W03"] == "released"
    assert {row.period for row in lived.reader.rows("T1")} == {"2026-Q1-P2", "2026-Q1-P3"}
    assert lived.reader.rows("T2") == []


@pytest.mark.parametrize("clock", ["2025-12-28 12:00", "2025-12-29 12:00", "2026-01-05 12:00"])
def test_removed_accumulators_and_a_clock_set_back_draw_nothing_again(lived, clock):
    rows = lived.reader.rows("T0")
    (lived.state / "accumulators.db").unlink()
    lived.advance(lived.at(clock))
    go_on(lived, "2026-W05")
    assert lived.reader.rows("T0", ["2026-W01"]) == rows
    states = lived.states()
    assert (states["T0 2026-W02"], states["T1 2026-Q1-P1"]) == ("lost", "lost")


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ("DELETE FROM cells WHERE cell = 'massage-ads'", ["T1 2026-Q1-P1"]),
        ("UPDATE cells SET cell = 'x' WHERE \"table\" = 'T0'", ["T0 2026-W02"]),
        ("INSERT INTO cells VALUES ('TM', '2026-Q1-P1', 'more', 1)", ["TM 2026-Q1-P1"]),
        ("DELETE FROM cells WHERE period = '2026-Q1'", ["T2 2026-Q1", "T3 2026-Q1"]),
    ],
)
def test_a_period_without_all_of_its_cells_is_lost_and_the_others_are_not(lived, statement, lost):
    lived.edit("accumulators.db", statement)
    assert sorted(lived.live(WEDNESDAY + DAY, WEDNESDAY + DAY).lost) == lost
    assert sorted(name for name, state in lived.states().items() if state == "lost") == lost
    assert sum(state == "open" for state in lived.states().values()) == OPEN - len(lost)
    go_on(lived, "2026-W06")


def test_a_period_with_a_day_that_nobody_closed_is_lost(lived):
    lived.edit("accumulators.db", f"DELETE FROM days WHERE day = '{WEDNESDAY}'")
    done = lived.live(WEDNESDAY + DAY, monday("2026-W03") - DAY, 100)
    assert done.lost == ("T0 2026-W02",)
    assert lived.states()["T0 2026-W02"] == "lost"
    assert lived.values("T0", "2026-W02") == {}
    go_on(lived, "2026-W04")
    assert lived.states()["T1 2026-Q1-P1"] == "open"


def test_an_older_copy_of_the_accumulators_is_noticed(lived):
    """The days since are missing in it: their hits are gone."""
    backup(lived, "accumulators.db")
    lived.live(WEDNESDAY + DAY, WEDNESDAY + 3 * DAY, 100)
    restore(lived, "accumulators.db")
    done = lived.live(WEDNESDAY + 4 * DAY, WEDNESDAY + 4 * DAY, 100)
    assert len(done.lost) == OPEN
    assert done.closed == (WEDNESDAY + 4 * DAY,)
    go_on(lived)
    assert lived.states()["T0 2026-W02"] == "lost"


def test_an_older_copy_of_the_ledger_loses_what_was_opened_since(lived):
    backup(lived, "counts.db")
    lived.live(WEDNESDAY + DAY, monday("2026-W05"), 100)
    published = {row.period: row.value for row in lived.reader.rows("T0")}
    restore(lived, "counts.db")
    now = lived.at(f"{monday('2026-W05') + DAY} 12:00")
    done = lived.advance(now)
    weeks = ["T0 2026-W02", "T0 2026-W03", "T0 2026-W04", "T0 2026-W05"]
    parts = [f"{table} 2026-Q1-P{part}" for table in ("T1", "TM") for part in (1, 2)]
    assert sorted(done.lost) == sorted(weeks + parts)
    assert lived.advance(now + 60).lost == ()
    go_on(lived, "2026-W14")
    again = {row.period: row.value for row in lived.reader.rows("T0")}
    assert again.keys() & published.keys() == {"2026-W01"}
    assert lived.states()["T2 2026-Q1"] == "released"  # it was open in both, and is whole


@pytest.mark.parametrize("days_later", [1, 2, 3])
def test_an_older_copy_of_the_ledger_from_which_nothing_was_opened_loses_nothing(lived, days_later):
    backup(lived, "counts.db")
    lived.live(WEDNESDAY + DAY, WEDNESDAY + days_later * DAY, 100)
    restore(lived, "counts.db")
    assert lived.live(WEDNESDAY + (days_later + 1) * DAY, WEDNESDAY + 4 * DAY, 100).lost == ()
    go_on(lived)
    assert set(lived.states("T0").values()) == {"released", "open"}


def test_an_older_copy_of_the_ledger_forgets_the_plan_of_a_quarter_and_loses_by_the_cells(world):
    world.begin(monday("2026-W12"))
    world.live(monday("2026-W12"), monday("2026-W12") + DAY, 100)
    backup(world, "counts.db")
    world.live(monday("2026-W12") + 2 * DAY, monday("2026-W14") + 9 * DAY, 100)
    restore(world, "counts.db")
    world.facts = replace(world.facts, heads=100)  # it shrank in the meantime
    world.advance(world.at(f"{monday('2026-W14') + 10 * DAY} 12:00"))
    lost = {name for name, state in world.states().items() if state == "lost"}
    assert {"T0 2026-W12", "T0 2026-W15", "T1 2026-Q2-P1", "T2 2026-Q2", "T3 2026-Q2"} <= lost
    assert not {name for name, state in world.states().items() if state == "open"}
    assert verify.faults(world.state) == []


def test_without_its_ledger_all_is_lost_and_counting_goes_on(lived):
    (lived.state / "counts.db").unlink()
    done = lived.live(WEDNESDAY + DAY, WEDNESDAY + DAY, 100)
    assert len(done.lost) == OPEN
    assert lived.reader.began == WEDNESDAY + DAY
    go_on(lived)
    assert "T0 2026-W01" not in lived.states()
    assert lived.states()["T0 2026-W02"] == "lost"


def test_without_both_files_counting_begins_anew(lived):
    for name in ("counts.db", "accumulators.db"):
        (lived.state / name).unlink()
    done = lived.advance(lived.at(f"{WEDNESDAY + DAY} 12:00"))
    assert done[:3] == ((), (), ())
    assert lived.next == lived.reader.began == WEDNESDAY + 2 * DAY
    go_on(lived)
    assert next(iter(lived.states("T0"))) == "T0 2026-W03"


def test_a_copy_of_both_goes_on_from_where_it_was(lived):
    """Who restores all of it has the noise of the copy: nothing is hidden, nothing is drawn anew."""
    for name in ("counts.db", "accumulators.db"):
        backup(lived, name)
    before = lived.values("T0", "2026-W02")
    lived.live(WEDNESDAY + DAY, monday("2026-W03") + DAY, 100)
    for name in ("counts.db", "accumulators.db"):
        restore(lived, name)
    assert lived.values("T0", "2026-W02") == before
    lived.advance(lived.at(f"{monday('2026-W03') + 2 * DAY} 12:00"))
    assert lived.states()["T0 2026-W02"] == "released"
    (row,) = lived.reader.rows("T0", ["2026-W02"])
    assert abs(row.value - 300) < NOISE  # the other days' hits were gone
    assert row.flagged


@pytest.mark.parametrize("name", ["accumulators.db", "counts.db"])
@pytest.mark.parametrize("octets", [b"", b"this is no database" * 500, b"SQLite format 3\0" * 300])
def test_a_damaged_file_stops_the_close_and_the_remedy_of_the_message_helps(lived, name, octets):
    backup(lived, "counts.db")
    lived.meet(WEDNESDAY + DAY, 100)
    (lived.state / name).write_bytes(octets)
    now = lived.due(WEDNESDAY + DAY)
    if octets:
        with pytest.raises(StateError, match=rf"{name}: is damaged \(SQLITE_\w+\); "):
            lived.advance(now)
        assert lived.left() == [WEDNESDAY + DAY]
        if name == "counts.db":
            restore(lived, name)
        else:
            (lived.state / name).unlink()
    lost = lived.advance(now).lost
    assert len(lost) == (0 if octets and name == "counts.db" else OPEN)
    if name == "counts.db":
        go_on(lived)


@pytest.mark.parametrize("name", ["accumulators.db", "counts.db"])
def test_a_damaged_page_is_told_of_its_own_file(lived, name):
    path = lived.state / name
    octets = bytearray(path.read_bytes())
    octets[4096:] = b"\xa5" * (len(octets) - 4096)
    path.write_bytes(octets)
    with pytest.raises(StateError, match=f"state/{name}: is damaged"):
        lived.advance(lived.due(WEDNESDAY + DAY))


def limited(world: World, now: float, octets: int) -> int:
    """Close with no file allowed to grow beyond a size, as on a full disk; what came of it."""
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
        try:
            world.advance(now)
        except StateError as error:
            named = any(
                f"{name}: cannot be used" in str(error) for name in ("counts.db", "lators.db")
            )
            os._exit(3 if named and "space left" in str(error) else 4)
        except BaseException:  # noqa: BLE001  # a child has nobody to tell
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_full_disk_leaves_nothing_half_done_and_the_next_close_finishes(lived, quick):
    sunday = monday("2026-W05") - DAY  # of the first part: much is published
    lived.live(WEDNESDAY + DAY, sunday - DAY, 100)
    lived.meet(sunday, 100)
    lived.up(sunday)
    quarter = lived.values("T2", "2026-Q1")["12-16"]
    ends = []
    for number, octets in enumerate(
        (0, 100, 512, 600, 4096, 5000, 9000, 20_000, 30_000, 60_000, 90_000)
    ):
        world = lived.copy(quick / f"full-{number}")
        ends.append(limited(world, world.due(sunday), octets))
        if world.left():
            assert world.next == sunday
            assert world.values("T2", "2026-Q1")["12-16"] == quarter
        world.advance(world.due(sunday) + 60)
        assert world.left() == []
        assert world.values("T2", "2026-Q1")["12-16"] == quarter + 100
        states = world.states()
        assert states["T0 2026-W04"] == states["T1 2026-Q1-P1"] == "released"
        assert "lost" not in states.values()
        (row,) = world.reader.rows("T0", ["2026-W04"])
        assert abs(row.value - 700) < NOISE
        assert verify.faults(world.state) == []
    assert set(ends) == {0, 3}
    assert sum(end == 3 for end in ends) >= 4


def test_a_period_that_was_only_just_begun_begins_again(lived):
    """Killed between the accumulators and the ledger: nothing of it was published or is known."""
    lived.edit("accumulators.db", "INSERT INTO cells VALUES ('T0', '2026-W03', 'total', 5000)")
    assert lived.live(WEDNESDAY + DAY, monday("2026-W03") - DAY, 100).lost == ()
    assert abs(lived.values("T0", "2026-W03")["total"]) < NOISE
    go_on(lived, "2026-W04")


def test_accumulators_of_what_is_published_are_dropped(lived):
    """Killed between the ledger and the accumulators: the figure stands, and what it was made of goes."""
    rows = lived.reader.rows("T0")
    lived.edit("accumulators.db", "INSERT INTO cells VALUES ('T0', '2026-W01', 'total', 699)")
    done = lived.advance(lived.due(WEDNESDAY) + 60)
    assert (done.lost, done.released) == ((), ())
    assert lived.values("T0", "2026-W01") == {}
    assert lived.reader.rows("T0") == rows


def test_nothing_is_repaired_where_nothing_is_wrong(lived):
    before = {file.name: file.read_bytes() for file in lived.state.iterdir()}
    lived.advance(lived.due(WEDNESDAY) + 60)
    assert {file.name: file.read_bytes() for file in lived.state.iterdir()} == before


def test_what_is_lost_is_told_by_the_audit(lived):
    (lived.state / "counts.db").unlink()
    lived.advance(lived.due(WEDNESDAY) + 60)
    lines = [line for line in lived.reader.events() if line["what"] == ledger.LOST]
    assert {line["table"] for line in lines} == set(tables.TABLES)
    assert [fact.heads for fact in lived.reader.periods()] == [1200] * OPEN
