"""A day is counted once and then gone; what is due is published; whatever the clock does."""

import os
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from blockfilter.counts import accumulators, calendar, verify
from blockfilter.counts.accumulators import Up
from blockfilter.counts.calendar import Kind
from blockfilter.counts.close import Close, Means
from blockfilter.counts.contribution import bounded
from blockfilter.counts.reader import Reader
from blockfilter.errors import StateError
from blockfilter.hits.store import Store
from tests.counts.world import DAY, NOISE, OFFICES, YEAR, World, day, days, hits, monday

SUNDAY = YEAR + 6 * DAY
QUARTER_END = monday("2026-W14") - DAY


def difference(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    assert after.keys() == before.keys()
    return {cell: after[cell] - before[cell] for cell in after}


OPEN = {
    ("T0", "2026-W01"), ("T1", "2026-Q1-P1"), ("T2", "2026-Q1"), ("T3", "2026-Q1"),
    ("TM", "2026-Q1-P1"),
}  # fmt: skip


# When a day is closed


def test_nothing_is_counted_until_the_headcount_is_known(worlds):
    world = worlds(heads=0, offices=())
    world.meet(YEAR, 5)
    assert world.advance(world.due(YEAR)) == ((), (), (), None)
    assert world.next is None
    assert world.reader.began is None
    assert world.left() == [YEAR]  # the recorder's, until it must go


def test_counting_begins_with_the_first_whole_day(world):
    world.advance(world.at("2026-01-07 00:00"))
    assert world.next == day("2026-01-08")
    assert world.reader.began == day("2026-01-08")
    assert world.reader.frames()["2026-Q1"].heads == 1200


def test_a_day_is_counted_an_hour_after_its_end_and_then_gone(begun):
    begun.meet(YEAR, 5)
    assert begun.due(YEAR) == begun.at(f"{YEAR + DAY} 01:00")
    assert begun.advance(begun.due(YEAR) - 1).closed == ()
    assert begun.left() == [YEAR]
    assert begun.advance(begun.due(YEAR)).closed == (YEAR,)
    assert begun.left() == []
    assert begun.next == YEAR + DAY


def test_closing_again_changes_nothing(begun):
    begun.live(YEAR, SUNDAY, 30)
    before = {file.name: file.read_bytes() for file in begun.state.iterdir()}
    for minutes in range(5):
        done = begun.advance(begun.due(SUNDAY) + 60 * minutes)
        assert done[:3] == ((), (), ())
    begun.advance(begun.due(YEAR))  # however often, and for a day long past
    assert {file.name: file.read_bytes() for file in begun.state.iterdir()} == before


def test_a_day_is_added_to_each_period_it_lies_in(begun):
    before = {key: begun.values(*key) for key in OPEN}
    begun.store.add(YEAR, hits(YEAR, range(40)))
    begun.store.add(
        YEAR, hits(YEAR, range(40, 47), hour=21, office="north", category="massage-ads")
    )
    begun.store.add(YEAR, hits(YEAR, range(60, 63), hour=9, office="tiny", category="classifieds"))
    begun.store.add(YEAR, hits(YEAR, range(11), mode="monitored"))
    begun.advance(begun.due(YEAR))
    assert {key: difference(begun.values(*key), before[key]) for key in OPEN} == {
        ("T0", "2026-W01"): {"total": 50},
        ("T1", "2026-Q1-P1"): {"escort-ads": 40, "massage-ads": 7, "other": 3},
        ("T2", "2026-Q1"): {"20-08": 7, "08-12": 3, "12-16": 40, "16-20": 0},
        ("T3", "2026-Q1"): {"hq": 40, "north": 7, "other offices": 3},
        ("TM", "2026-Q1-P1"): {"total": 11},
    }


def test_a_device_counts_once_whatever_it_met(begun):
    before = {key: begun.values(*key) for key in OPEN}
    for hour in range(24):
        for office in ("hq", "north"):
            for category in ("escort-ads", "massage-ads"):
                begun.meet(YEAR, 1, hour=hour, office=office, category=category)
                begun.meet(YEAR, 1, hour=hour, office=office, category=category, mode="monitored")
    begun.advance(begun.due(YEAR))
    for key in OPEN:
        assert sum(difference(begun.values(*key), before[key]).values()) == 1


def test_only_days_of_a_period_are_in_it(begun):
    begun.live(YEAR, SUNDAY, 100)
    begun.live(SUNDAY + DAY, SUNDAY + 7 * DAY, 50)
    first, second = begun.reader.rows("T0")
    assert abs(first.value - 700) < NOISE
    assert abs(second.value - 350) < NOISE


def test_another_key_of_a_day_is_charged_and_a_third_never(begun):
    begun.keys = {YEAR: 1, YEAR + DAY: 2, YEAR + 2 * DAY: 7}
    begun.live(YEAR, YEAR)
    assert begun.reader.budget().epochs == 1
    begun.live(YEAR + DAY, YEAR + DAY)
    assert begun.reader.budget().epochs == 2
    begun.live(YEAR + 2 * DAY, YEAR + 2 * DAY)
    assert begun.reader.budget().epochs == 2
    charged = [line for line in begun.reader.events() if line["what"] == "charged"]
    assert [(line["day"], line["epochs"]) for line in charged] == [
        (f"{YEAR + DAY}", 2), (f"{YEAR + 2 * DAY}", 2)
    ]  # fmt: skip


def test_a_day_is_noted_until_it_is_closed(begun):
    begun.close().note(YEAR - DAY, Up(7))
    begun.up(YEAR, hours=2)
    begun.live(YEAR, SUNDAY, hours=24)
    begun.close().note(YEAR, Up(10**6))
    (week,) = begun.reader.coverage()
    assert (week.days_up, week.uptime) == (7, 1)


def test_nothing_is_noted_before_counting_begins(world):
    world.up(YEAR)
    world.begin(YEAR)
    world.live(YEAR, SUNDAY, hours=0)
    assert world.reader.coverage()[0].days_up == 0


# Nights that were missed


@pytest.mark.parametrize(
    ("last", "again"),
    [("2026-01-13", "2026-01-15 09:00"), ("2026-01-13", "2026-02-03 09:00"),
     ("2026-03-20", "2026-04-08 09:00")],
)  # fmt: skip
def test_days_without_the_machine_are_made_up(begun, last, again):
    until = day(last)
    begun.live(YEAR, until - DAY, 100)
    begun.meet(until, 100)  # its last day; then it is off, and back with the file still there
    begun.up(until)
    now = begun.at(again)
    back = day(again[:10])
    begun.meet(back, 100)
    done = begun.advance(now)
    assert list(done.closed) == list(days(until, back - DAY))
    assert begun.left() == [back]
    assert done.lost == ()
    begun.live(back, calendar.containing(Kind.WEEK, back).last + 7 * DAY, 100)
    seen = {row.period: row for row in begun.reader.rows("T0")}
    states = begun.states("T0")
    for week, one in ((one.period, one) for one in begun.reader.periods("T0")):
        lived = sum(1 for each in days(one.first, one.last) if not until < each < back)
        if one.state != "open":
            assert states[f"T0 {week}"] == ("released" if lived else "not measured")
        if week in seen:
            assert abs(seen[week].value - 100 * lived) < NOISE
            assert seen[week].flagged == (lived < 7)
    assert verify.faults(begun.state) == []


def test_a_day_closed_so_late_that_its_hits_had_to_go_flags_its_week(begun):
    """The server was away from one to four in the night, and up all day."""
    begun.live(YEAR, YEAR + 2 * DAY, 100)
    begun.up(YEAR + 3 * DAY)
    begun.advance(begun.due(YEAR + 3 * DAY) + 3 * 3600)
    begun.live(YEAR + 4 * DAY, QUARTER_END, 100)
    flags = {row.period: row.flagged for row in begun.reader.rows("T0")}
    assert flags.pop("2026-W01")
    assert not any(flags.values())
    assert {row.flagged for row in begun.reader.rows("T2")} == {False}  # one day of 91


def test_a_day_closed_late_with_its_hits_still_there_flags_nothing(begun):
    """The server was away in the night, and what it had left in memory was not."""
    begun.live(YEAR, YEAR + 2 * DAY, 100)
    begun.meet(YEAR + 3 * DAY, 100)
    begun.up(YEAR + 3 * DAY)
    begun.advance(begun.due(YEAR + 3 * DAY) + 6 * 3600)
    begun.live(YEAR + 4 * DAY, SUNDAY, 100)
    (row,) = begun.reader.rows("T0")
    assert not row.flagged
    assert abs(row.value - 700) < NOISE


# Clocks


def test_a_day_that_is_closed_never_opens_again(begun):
    begun.live(YEAR, YEAR + 2 * DAY, 100)
    before = {key: begun.values(*key) for key in OPEN}
    for one in (YEAR, YEAR + 2 * DAY, YEAR + DAY):  # the clock is set back, and hits come again
        begun.meet(one, 700)
        begun.up(one)
        assert begun.advance(begun.at(f"{one} 12:00")).closed == ()
        assert begun.left() == []
        assert begun.advance(begun.due(one)).closed == ()
    assert {key: begun.values(*key) for key in OPEN} == before
    begun.live(YEAR + 3 * DAY, SUNDAY, 100)
    (row,) = begun.reader.rows("T0")
    assert abs(row.value - 700) < NOISE


def test_published_figures_stay_when_the_clock_is_set_back_over_them(begun):
    begun.live(YEAR, monday("2026-W06") - DAY, 100)
    rows = {table: begun.reader.rows(table) for table in ("T0", "T1", "TM")}
    states = begun.states()
    for one in days(YEAR, monday("2026-W06") - DAY):
        begun.meet(one, 900)
        begun.advance(begun.due(one))
    assert {table: begun.reader.rows(table) for table in rows} == rows
    assert begun.states() == states
    assert begun.left() == []


def test_a_clock_that_ran_ahead_closes_those_days_and_counting_goes_on_behind_them(begun):
    begun.live(YEAR, YEAR + 8 * DAY, 100)
    here, ahead = YEAR + 9 * DAY, YEAR + 40 * DAY
    begun.meet(here, 100)
    done = begun.advance(begun.at(f"{ahead} 12:00"))
    assert list(done.closed) == list(days(here, ahead - DAY))
    states = begun.states("T0")
    assert (states["T0 2026-W02"], states["T0 2026-W03"]) == ("released", "not measured")
    for one in days(here, ahead - DAY):  # back; all of it is lived through, and none of it counts
        begun.meet(one, 100)
        begun.up(one)
        assert begun.advance(begun.due(one)).closed == ()
        assert begun.left() == []
    assert begun.states("T0") == states
    begun.live(ahead, monday("2026-W09") - DAY, 100)
    rows = {row.period: row for row in begun.reader.rows("T0")}
    assert abs(rows["2026-W08"].value - 700) < NOISE
    assert rows["2026-W02"].flagged
    assert verify.faults(begun.state) == []


@pytest.mark.parametrize("years", [1, 10, -1, -56])
def test_a_clock_that_is_wrong_by_years_is_not_believed(begun, years):
    begun.live(YEAR, YEAR + 8 * DAY, 100)
    before = {key: begun.values(*key) for key in begun_keys(begun)}
    wrong = begun.at(f"{YEAR.year + years}-12-29 12:00")
    with pytest.raises(
        StateError, match=r"accumulators\.db: its next day to be closed is .* set the"
    ):
        begun.advance(wrong)
    assert {key: begun.values(*key) for key in begun_keys(begun)} == before
    assert begun.next == YEAR + 9 * DAY
    begun.live(YEAR + 9 * DAY, YEAR + 13 * DAY, 100)
    rows = {row.period: row for row in begun.reader.rows("T0")}
    assert abs(rows["2026-W02"].value - 700) < NOISE
    assert not rows["2026-W02"].flagged


def begun_keys(world: World) -> set[tuple[str, str]]:
    return {(one.table, one.period) for one in world.reader.periods() if one.state == "open"}


def test_after_a_year_off_the_remedy_of_the_message_lets_counting_go_on(begun):
    begun.live(YEAR, YEAR + 8 * DAY, 100)
    again = YEAR + 400 * DAY
    with pytest.raises(
        StateError, match="remove the file: the periods that are open are then lost"
    ):
        begun.advance(begun.at(f"{again} 12:00"))
    (begun.state / "accumulators.db").unlink()
    assert len(begun.advance(begun.at(f"{again} 12:00")).lost) == 5
    assert begun.next == again + DAY
    begun.live(again + DAY, again + 20 * DAY, 100)
    assert abs(begun.reader.rows("T0")[-1].value - 700) < NOISE
    assert verify.faults(begun.state) == []


@pytest.mark.parametrize(
    ("text", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-14", 24)]
)
def test_a_day_of_a_clock_change_is_a_day(world, text, hours):
    of = day(text)
    first = of - 6 * DAY  # all are Sundays
    world.begin(first)
    world.live(first, of - DAY, 100, hours=24)
    assert world.due(of) - world.at(f"{of} 00:00") == (hours + 1) * 3600
    world.store.add(of, hits(of, range(60), hour=2))  # twice that hour, once, or never
    world.store.add(of, hits(of, range(30, 90), hour=2))
    world.live(of, of, hours=hours)
    (row,) = world.reader.rows("T0")
    assert abs(row.value - 690) < NOISE
    assert not row.flagged
    assert world.reader.coverage()[0].uptime == 1


@pytest.mark.parametrize(("text", "missing"), [("2026-03-29", 21), ("2026-10-25", 23)])
def test_a_share_of_a_day_of_a_clock_change(world, text, missing):
    of = day(text)
    first = of - 6 * DAY
    world.begin(first)
    world.live(first, of - DAY, hours=24)
    world.live(of, of, hours=2)
    whole = 6 * 24 + missing + 2
    assert world.reader.coverage()[0].uptime == pytest.approx(1 - missing / whole, abs=0.001)
    assert world.reader.rows("T0")[0].flagged


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland", "Pacific/Kiritimati"])
def test_a_change_of_time_zone_counts_every_day_once(worlds, zone):
    world = worlds()
    change = monday("2026-W14")
    world.begin(change - 7 * DAY)
    world.live(change - 7 * DAY, change - 2 * DAY, 100)
    world.zone = ZoneInfo(zone)
    world.facts = replace(world.facts, heads=1200, offices=OFFICES, zone=zone)
    closed: list[object] = []
    now = world.at(f"{change - 2 * DAY} 01:30")
    while world.next != change + 9 * DAY:
        if world.next not in world.left():
            world.meet(world.next, 100)
        world.up(world.next, hours=4)
        closed += world.advance(now).closed
        now += 2 * 3600
    assert closed == list(days(change - DAY, change + 8 * DAY))
    assert world.reader.frames()["2026-Q2"].zone == zone
    rows = {row.period: row for row in world.reader.rows("T0")}
    assert abs(rows["2026-W13"].value - 700) < NOISE
    assert abs(rows["2026-W14"].value - 700) < NOISE
    assert not rows["2026-W14"].flagged


# What cannot be done


class Stubborn(Store):
    """Files that cannot be removed for a while."""

    def __init__(self, directory, failures):
        super().__init__(directory)
        self.failures = failures

    def destroy(self, of):
        if self.failures:
            self.failures -= 1
            raise PermissionError(13, "Permission denied")
        super().destroy(of)


def test_a_file_that_cannot_be_removed_is_counted_once_and_removed_later(begun, caplog):
    begun.store = Stubborn(begun.runtime, failures=2)
    before = begun.values("T0", "2026-W01")
    begun.meet(YEAR, 100)
    assert begun.advance(begun.due(YEAR)).closed == (YEAR,)
    assert "could not be removed yet (Permission denied)" in caplog.text
    assert begun.left() == [YEAR]
    begun.advance(begun.due(YEAR) + 60)
    assert begun.left() == [YEAR]
    begun.advance(begun.due(YEAR) + 120)
    assert begun.left() == []
    assert difference(begun.values("T0", "2026-W01"), before) == {"total": 100}


def test_a_runtime_directory_that_is_gone_is_said_and_the_day_is_closed(begun, caplog):
    begun.runtime.rmdir()
    assert begun.advance(begun.due(YEAR)).closed == (YEAR,)
    assert "cannot be looked for (No such file or directory)" in caplog.text


def test_a_state_directory_that_is_gone_is_named(quick):
    world = World(quick / "world")
    world.state.rmdir()
    for act in (lambda: world.advance(world.due(YEAR)), lambda: world.up(YEAR)):
        with pytest.raises(StateError, match=r"state/counts\.lock: cannot be opened"):
            act()


def test_processes_that_close_at_the_same_time_count_once(begun):
    before = {key: begun.values(*key) for key in OPEN}
    begun.live(YEAR, SUNDAY - DAY, 100)
    begun.meet(SUNDAY, 100)
    begun.up(SUNDAY)
    children = []
    gate, opener = os.pipe()
    for _ in range(6):
        children.append(os.fork())
        if not children[-1]:
            os.close(opener)
            os.read(gate, 1)  # until all are there
            try:
                done = begun.advance(begun.due(SUNDAY))
            except BaseException:  # noqa: BLE001  # a child has nobody to tell
                os._exit(9)
            os._exit(1 if done.closed else 0)
    os.close(gate)
    os.close(opener)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sorted(ends) == [0, 0, 0, 0, 0, 1]
    assert len(begun.reader.rows("T0")) == 1
    assert sum(difference(begun.values("T2", "2026-Q1"), before["T2", "2026-Q1"]).values()) == 700
    assert verify.faults(begun.state) == []


def test_a_simulated_close_says_so_and_knows_what_it_added(world):
    known = []

    def contribute(of, devices):
        known.append(bounded(devices))
        return known[-1]

    means = Means(world.state, world.store, world.zone, contribute=contribute, simulated=True)
    close = Close(means)
    close.advance(world.at(f"{YEAR} 00:00"), world.facts)
    world.meet(YEAR, 12)
    close.advance(world.due(YEAR), world.facts)
    assert [one.enforced.total() for one in known] == [12]
    assert Reader(world.state).simulated
    assert Reader(world.state).began == YEAR


def test_no_real_hit_is_counted_in_a_simulation_and_no_made_up_one_with_real_ones(begun, tmp_path):
    made_up = Means(begun.state, begun.store, begun.zone, simulated=True)
    with pytest.raises(StateError, match="another directory with --state"):
        Close(made_up).advance(begun.due(YEAR), begun.facts)
    other = World(tmp_path / "other")
    means = Means(other.state, other.store, other.zone, simulated=True)
    Close(means).advance(other.at("2025-12-29 12:00"), other.facts)
    with pytest.raises(StateError, match="name another directory with --state"):
        other.advance(other.at("2025-12-30 12:00"))


def test_of_a_closed_day_no_exact_number_of_queries_is_kept(begun):
    begun.close().note(YEAR, Up(86_400, 123_456))
    begun.advance(begun.due(YEAR))
    with accumulators.opened(begun.state) as found:
        assert found.closed(YEAR, YEAR)[YEAR].served == 123_000
