"""A close that is killed at any step, or at any instant, has counted every device-day once."""

import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from blockfilter.counts import verify
from blockfilter.counts.accumulators import Accumulators
from blockfilter.counts.database import Database
from blockfilter.errors import StateError
from tests.counts.world import DAY, NOISE, YEAR, World, monday

RAM = Path("/dev/shm")
DEVICES = 100  # a day; seven of them are a week's figure, and one day twice would be seen in it
STEPS = frozenset(("open", "os.mkdir", "os.remove", "os.rename", "os.truncate", "fcntl.flock"))
FEWEST = 15  # steps of a close
CLOSES = 200
KILLS = 2  # of one close, at the most
INSTANTS = 0.04  # seconds: a close takes about half of it

TUESDAY = YEAR + 8 * DAY
PART, QUARTER = monday("2026-W05") - DAY, monday("2026-W14") - DAY  # the days that end them

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """In memory, where fsync() costs nothing."""
    with TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as path:
        yield Path(path)


@pytest.fixture(scope="module")
def lives(place: Path) -> dict[str, World]:
    """An organisation on evenings of its quarter, each with a day that waits to be closed."""
    world = World(place / "life")
    made = {"first": world.copy(place / "first")}
    world.begin(YEAR)
    day = YEAR
    for name, last in (("day", TUESDAY), ("part", PART), ("quarter", QUARTER)):
        world.live(day, last - DAY, DEVICES)
        world.meet(last, DEVICES)
        world.up(last)
        world.keys[last] = 2
        made[name] = world.copy(place / name)
        day = last
    return made


def act(world: World) -> float:
    """When the day that waits is due."""
    following = world.next
    return world.due(following) if following else world.at("2026-01-07 12:00")


def child(world: World, now: float, *prepare: Callable[[], object]) -> int:
    """Close in a process of its own, which may be killed; how it ended."""
    pid = os.fork()
    if not pid:
        try:
            for one in prepare:
                one()
            world.advance(now)
        except BaseException:  # noqa: BLE001  # a child has nobody to tell
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killing_at(step: int) -> None:
    """End this process at its step of this number: a call of the system or an SQL statement."""
    left = iter(range(step))
    real = sqlite3.connect

    def pass_() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def run(statement: str) -> None:
        if not statement.startswith(("SELECT", "PRAGMA", "select")):  # they change nothing
            pass_()

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if event in STEPS and not (event == "open" and isinstance(args[1], str)):
            pass_()  # what os.open opens; the rest is imported modules

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **options)
        connection.set_trace_callback(run)
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]
    sys.addaudithook(hear)


def killing_after(seconds: float) -> None:
    """End this process after a time, in whatever it does then."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def figures(world: World) -> dict[tuple[str, str, str], object]:
    if not (world.state / "counts.db").exists():
        return {}
    try:
        reader = world.reader
    except Exception:  # noqa: BLE001  # a write is still to be rolled back, or the file is just made
        return {}
    return {
        (row.table, row.period, row.cell): row.value
        for table in ("T0", "T1", "T2", "T3", "TM")
        for row in reader.rows(table)
    }


def check(
    world: World, before: World, now: float, seen: dict[tuple[str, str, str], object]
) -> None:
    """After a restart all is closed, counted once, published once; nothing is left to do."""
    done = world.advance(now + 60)
    assert done.lost == ()
    assert world.left() == []
    published = figures(world)
    assert seen.items() <= published.items()
    assert world.advance(now + 120)[:3] == ((), (), ())
    assert figures(world) == published
    assert verify.faults(world.state) == []
    assert "lost" not in world.states().values()
    following = before.next
    if following is None:
        assert (world.next, published) == (world.reader.began, {})
        return
    assert world.next == following + DAY
    assert world.reader.budget().epochs == 2
    quarter = before.values("T2", "2026-Q1")
    if following != QUARTER:
        now_ = world.values("T2", "2026-Q1")
        assert {cell: now_[cell] - quarter[cell] for cell in quarter} == {
            "20-08": 0, "08-12": 0, "12-16": DEVICES, "16-20": 0
        }  # fmt: skip
    weeks = {key[1]: value for key, value in published.items() if key[0] == "T0"}
    assert len(weeks) == (following - YEAR).days // 7 + (following.weekday() == 6)
    for value in weeks.values():
        assert abs(int(str(value)) - 7 * DEVICES) < NOISE
    states = list(world.states().values())
    assert states.count("open") == len({one.table for one in world.reader.periods()}) == 5


def kills(
    before: World, place: Path, plant: Callable[[World], object] = id
) -> Iterator[tuple[int, World]]:
    """The organisation after each kill of its close, the last of them after none."""
    now = act(before)
    for step in count():
        world = before.copy(place / f"{before.path.name}-{step}")
        end = child(world, now, partial(plant, world), partial(killing_at, step))
        assert end in (0, -signal.SIGKILL), "the close itself fails"
        yield step, world
        shutil.rmtree(world.path)
        if end == 0:
            return


@pytest.mark.parametrize("name", ["first", "day", "quarter"])
def test_a_close_that_is_killed_at_any_step_is_finished_by_the_next(lives, place, name):
    for step, world in kills(lives[name], place):
        check(world, lives[name], act(lives[name]), figures(world))
    assert step > FEWEST, "the steps are not seen"


def without_transactions(_: World) -> None:
    """A close whose every statement is written by itself."""
    Database.atomic = lambda _: nullcontext()  # type: ignore[method-assign,assignment,return-value]


def destroying_first(world: World) -> None:
    """A close that removes the hits before they are counted."""
    add = Accumulators.close

    def close(self: Accumulators, day: date, *args: Any, **options: Any) -> None:
        world.store.destroy(day)
        add(self, day, *args, **options)

    Accumulators.close = close  # type: ignore[method-assign]


@pytest.mark.parametrize("plant", [without_transactions, destroying_first])
def test_a_close_that_could_lose_or_double_a_day_would_be_found(lives, place, plant):
    found = 0
    before = lives["day"]
    for _, world in kills(before, place, plant):
        try:
            check(world, before, act(before), {})
        except (AssertionError, StateError):
            found += 1
    assert found


def test_random_closes_killed_at_random_instants_count_every_device_day_once(lives, place):
    killed = 0
    for number in range(CLOSES):
        chance = random.Random(number)
        name = chance.choice(["day", "day", "part", "quarter"])
        before = lives[name]
        now = act(before)
        world = before.copy(place / f"random-{number}")
        seen: dict[tuple[str, str, str], object] = {}
        for _ in range(chance.randint(1, KILLS)):
            after, step = chance.uniform(0, INSTANTS), chance.randrange(100)
            by_time = chance.random() < 0.7
            kill = partial(killing_after, after) if by_time else partial(killing_at, step)
            end = child(world, now, kill)
            assert end in (0, -signal.SIGKILL, -signal.SIGALRM)
            killed += end != 0
            found = figures(world)
            assert seen.items() <= found.items() or not found
            seen |= found
        check(world, before, now, seen)
        shutil.rmtree(world.path)
    assert killed > CLOSES / 4
