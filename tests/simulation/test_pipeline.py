"""A simulated year is a state directory made by real hits and real closes, and nothing else is left."""

import shutil
import stat
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from blockfilter.catalog.progress import silent
from blockfilter.counts import verify
from blockfilter.errors import StateError
from blockfilter.hits.pseudonym import KEY_SIZE
from blockfilter.simulation import employer, folders, pipeline
from blockfilter.simulation.pipeline import Life
from blockfilter.simulation.visits import START, Plan, generated, listed
from tests.simulation.world import ESCORTS, MASSAGE, lines, policy, simulated

ESCORT = ESCORTS[0]
FILES = ["accumulators.db", "counts.db", "counts.lock", "programme.db", "truth.json"]


@pytest.fixture
def places(tmp_path):
    """A state directory with a programme, and a runtime directory."""
    state, runtime = tmp_path / "state", tmp_path / "runtime"
    for folder in (state, runtime):
        folder.mkdir()
    employer.build(state, Plan(weeks=2))
    return state, runtime


def lived(places, visits, plan=None):
    """What a life of two weeks said."""
    state, runtime = places
    with Life(state, runtime, plan or Plan(weeks=2), policy()) as life:
        return life.days(visits, silent)


def test_a_year_is_a_state_directory(year):
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in year.state.iterdir()}
    assert [name for name in sorted(found) if not name.endswith("-journal")] == FILES
    assert (found["accumulators.db"], found["counts.db"], found["programme.db"]) == (
        0o600,
        0o640,
        0o640,
    )
    assert stat.S_IMODE(year.state.stat().st_mode) == 0o700


def test_every_period_of_the_year_is_published_and_only_the_last_ones_are_open(year):
    assert year.reader.simulated
    assert year.reader.began == START
    facts = year.reader.periods()
    last = Plan(weeks=53).last
    for one in facts:
        assert one.state == ("released" if one.last <= last else "open")
        assert not one.flagged
    published = [one for one in facts if one.state == "released"]
    assert len(published) == 53 + 12 + 4 + 4 + 12
    assert verify.faults(year.state) == []
    assert year.reader.budget().epochs == 1


def test_coverage_is_that_of_a_server_that_is_always_up(year):
    weeks = year.reader.coverage()
    assert [one.week for one in weeks] == [f"2026-W{number:02}" for number in range(1, 54)]
    for one in weeks:
        assert (one.days_up, one.uptime, one.offices_seen) == (7, 1.0, 1.0)
        assert one.served == 8_740_000  # 1,200 people, three significant digits
        assert one.release == "2026-11-23"
    assert weeks[0].list_age == 6


def test_the_clock_never_goes_back_and_figures_come_an_hour_after_their_period(year):
    events = year.reader.events()
    told = [datetime.fromisoformat(one["at"]).replace(tzinfo=None) for one in events]
    assert all(before <= after for before, after in pairwise(told))
    last = {(one.table, one.period): one.last for one in year.reader.periods()}
    for at, one in zip(told, events, strict=True):
        if one["what"] == "released":
            midnight = datetime.combine(
                last[one["table"], one["period"]] + timedelta(days=1), datetime.min.time()
            )
            assert at == midnight + timedelta(hours=1)


def test_the_offices_are_those_of_the_programme(year):
    frames = year.reader.frames()
    assert list(frames) == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1"]
    for frame in frames.values():
        assert (frame.heads, frame.zone, frame.addresses_per_device) == (1200, "UTC", 1)
        assert [(one.id, one.heads) for one in frame.offices] == [
            ("office-1", 400),
            ("office-2", 400),
            ("office-3", 400),
        ]


@pytest.mark.parametrize(
    ("weeks", "published"),
    [(1, {"T0": 1}), (4, {"T0": 4, "T1": 1, "TM": 1}), (110, {"T0": 110, "T1": 25, "T3": 8})],
)
def test_any_number_of_weeks(tmp_path, weeks, published):
    made = simulated(tmp_path, [], weeks=weeks)
    found = {
        table: sum(one.state == "released" for one in made.reader.periods(table))
        for table in ("T0", "T1", "T3", "TM")
    }
    assert {table: found[table] for table in published} == published
    assert all(value == 0 for table in published for value in made.truth(table).values())
    assert set().union(*made.states().values()) == {"released", "open"}


def test_the_ladder_of_sizes(tmp_path):
    tables = {
        24: set(),
        30: {"T0"},
        100: {"T0"},
        300: {"T0", "T1", "T2", "TM"},
        3000: {"T0", "T1", "T2", "T3", "TM"},
    }
    for headcount, expected in tables.items():
        made = simulated(tmp_path, [], headcount=headcount, weeks=1)
        assert set(made.states()) == expected, headcount
        assert verify.faults(made.state) == []


def test_two_hundred_offices_of_few_people_are_no_cells(tmp_path):
    last = f"2026-01-06T10:00 10.200.0.15 {ESCORT}"
    made = simulated(tmp_path, lines(last), headcount=3000, offices=200, weeks=2)
    assert set(made.states()) == {"T0", "T1", "T2", "TM"}
    assert made.truth("T0")["2026-W02", "total"] == 1
    assert made.reader.coverage()[0].offices_seen == 1.0


# What lies in the runtime directory meanwhile, and what is left.


def test_hits_are_recorded_under_the_days_key_and_nothing_of_them_is_left(places):
    state, runtime = places
    seen, secrets = set(), set()

    def peeping(visits):
        for one in visits:
            yield one
            for path in runtime.iterdir():
                seen.add(path.name.partition("-")[0].partition(".")[0])
                if path.name == "day.key":
                    secrets.add(path.read_bytes())
                elif path.suffix == ".journal":
                    rows = [one for one in path.read_bytes().splitlines() if one[:1] != b"#"]
                    secrets.update(row.split()[-1] for row in rows)

    plan = Plan(weeks=2, rate=0.2)
    assert lived(places, peeping(generated(plan, listed(policy()))), plan).visits > 500
    assert seen == {"day", "hits"}
    keys = {one for one in secrets if len(one) == KEY_SIZE and not one.isalnum()}
    assert len(keys) == 14
    assert len(secrets) > 300
    assert not (runtime / "day.key").exists()
    forms = secrets | {bytes.fromhex(one.decode()) for one in secrets - keys}
    forms |= {one.hex().encode() for one in keys}
    clients = {one.client.encode() for one in generated(plan, listed(policy()))}
    names = {one.encode() for names in listed(policy()).values() for one in names}
    for path in (*state.iterdir(), *runtime.iterdir()):
        octets = path.read_bytes()
        assert not [one for one in forms | clients | names if one in octets], path.name


def test_a_visit_before_yesterday_is_counted_belongs_to_its_own_day(tmp_path):
    made = simulated(
        tmp_path,
        lines(
            f"2026-01-04T23:59 10.1.0.1 {ESCORT}",
            f"2026-01-05T00:59 10.1.0.1 {ESCORT}",
            f"2026-01-05T01:01 10.1.0.1 {ESCORT}",
        ),
        weeks=2,
    )
    assert made.truth("T0") == {("2026-W01", "total"): 1, ("2026-W02", "total"): 1}


def test_a_day_of_many_visits_is_folded_before_it_ends(places, monkeypatch):
    _, runtime = places
    monkeypatch.setattr(pipeline, "_FOLDED", 10)
    largest = 0

    def peeping():
        nonlocal largest
        for number in range(200):
            yield lines(f"2026-01-06T10:00 10.1.{number}.1 {MASSAGE[0]}")[0]
            journals = [path.read_bytes() for path in runtime.glob("*.journal")]
            largest = max(largest, sum(octets.count(b"\n") for octets in journals))

    assert lived(places, peeping()).visits == 200
    assert 0 < largest <= 11


def test_hits_that_are_lost_end_the_simulation(places):
    state, runtime = places

    def losing():
        yield lines(f"2025-12-30T10:00 10.1.0.1 {ESCORT}")[0]
        shutil.rmtree(runtime)
        yield lines(f"2025-12-30T11:00 10.1.0.2 {ESCORT}")[0]

    with pytest.raises(StateError, match=r"runtime: hits were lost \(.*; see the space left"):
        lived(places, losing())
    assert not (state / "truth.json").exists()


def test_an_address_that_is_none_ends_the_simulation(places):
    with pytest.raises(StateError, match="hits were lost"):
        lived(places, lines(f"2025-12-30T10:00 10.1.999.1 {ESCORT}"))


# Whole or not at all.


def left(parent):
    return sorted(path.name for path in parent.iterdir())


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_simulation_that_fails_leaves_nothing(tmp_path, monkeypatch, memory, error):
    shared = tmp_path / "memory"
    shared.mkdir()
    monkeypatch.setattr(folders, "SHARED_MEMORY", shared)
    monkeypatch.setattr(folders, "ROOM", 0 if memory else 1 << 62)
    (tmp_path / "out").mkdir()

    def failing():
        yield lines(f"2026-01-06T10:00 10.1.0.1 {ESCORT}")[0]
        assert len(left(shared)) == int(memory)
        assert len(left(tmp_path / "out")) == 2 - int(memory)
        raise error

    with pytest.raises(error):
        pipeline.run(tmp_path / "out/year", Plan(weeks=2), failing(), policy(), silent)
    assert left(shared) == left(tmp_path / "out") == []


def test_without_shared_memory_it_is_made_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "SHARED_MEMORY", tmp_path / "none")
    made = simulated(tmp_path, lines(f"2026-01-01T10:00 10.1.0.1 {ESCORT}"), weeks=1)
    assert made.truth("T0") == {("2026-W01", "total"): 1}
    assert left(tmp_path) == ["made-0"]


def test_a_folder_that_holds_something_is_not_touched(tmp_path):
    (tmp_path / "year").mkdir()
    (tmp_path / "year/counts.db").write_text("real")
    with pytest.raises(StateError, match="year: is not empty"):
        pipeline.run(tmp_path / "year", Plan(weeks=1), [], policy(), silent)
    assert (tmp_path / "year/counts.db").read_text() == "real"
    assert left(tmp_path) == ["year"]


def test_progress_is_told_day_by_day(tmp_path):
    told = []
    pipeline.run(tmp_path / "year", Plan(weeks=2), [], policy(), lambda *one: told.append(one))
    assert told == [("days", number, 14) for number in range(15)]


def test_the_last_simulated_day_is_what_the_plan_says(year):
    closed = max(one.last for one in year.reader.periods() if one.state == "released")
    assert closed == Plan(weeks=53).last == date(2027, 1, 3)
