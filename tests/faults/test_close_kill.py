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
from typing import Any, NamedTuple

import pytest

from blockfilter.counts import database, verify
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
ALIKE = 20  # letters in which rows of one statement are alike: they are one step
INSTANTS = 0.04  # seconds: a close takes about half of it

TUESDAY = YEAR + 8 * DAY
PART, QUARTER = monday("2026-W05") - DAY, monday("2026-W14") - DAY  # the days that end them

TABLES = 5
Figures = dict[tuple[str, str, str], Any]

pytestmark = pytest.mark.timeout(120)


class Before(NamedTuple):
    """An organisation before the close, when that is due, and its values of the quarter."""

    world: World
    next: date | None
    now: float
    values: dict[str, int]

    @classmethod
    def of(cls, world: World) -> "Before":
        if not (world.state / database.ACCUMULATORS).exists():
            return cls(world, None, world.at("2026-01-07 12:00"), {})
        following = world.next
        assert following is not None
        return cls(world, following, world.due(following), world.values("T2", "2026-Q1"))


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """In memory, where fsync() costs nothing."""
    with TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as path:
        yield Path(path)


@pytest.fixture(scope="module")
def lives(place: Path) -> dict[str, Before]:
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
    return {name: Before.of(one) for name, one in made.items()}


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
    last, real = "", sqlite3.connect

    def pass_() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def run(statement: str) -> None:
        nonlocal last
        again, last = statement[:ALIKE] == last, statement[:ALIKE]
        if not again and not statement.startswith(("SELECT", "PRAGMA", "select")):
            pass_()  # the others change nothing

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


def figures(world: World) -> Figures:
    """All that is published; nothing where a write is still to be rolled back, or to be begun."""
    try:
        with database.read_only(world.state / database.COUNTS) as connection:
            rows = connection.execute(
                'SELECT "table", period, cell, value FROM releases'
            ).fetchall()
    except StateError:
        return {}
    return {(table, period, cell): value for table, period, cell, value in rows}


def check(world: World, before: Before, seen: Figures) -> None:
    """After a restart all is closed, counted once, published once; nothing is left to do."""
    now, following = before.now, before.next
    done = world.advance(now + 60)
    assert done.lost == ()
    assert world.left() == []
    published = figures(world)
    assert seen.items() <= published.items()
    assert world.advance(now + 120)[:3] == ((), (), ())
    assert figures(world) == published
    assert verify.faults(world.state) == []
    if following is None:
        assert (world.next, published) == (world.reader.began, {})
        return
    assert world.next == following + DAY
    assert world.reader.budget().epochs == 2
    if following != QUARTER:
        values = world.values("T2", "2026-Q1")
        assert {cell: values[cell] - before.values[cell] for cell in values} == {
            "20-08": 0, "08-12": 0, "12-16": DEVICES, "16-20": 0
        }  # fmt: skip
    weeks = {key[1]: value for key, value in published.items() if key[0] == "T0"}
    assert len(weeks) == (following - YEAR).days // 7 + (following.weekday() == 6)
    for value in weeks.values():
        assert abs(int(value) - 7 * DEVICES) < NOISE
    states = list(world.states().values())
    assert "lost" not in states
    assert states.count("open") == TABLES


def kills(
    before: Before, place: Path, plant: Callable[[World], object] = id
) -> Iterator[tuple[int, World]]:
    """The organisation after each kill of its close, the last of them after none."""
    for step in count():
        world = before.world.copy(place / f"{before.world.path.name}-{step}")
        end = child(world, before.now, partial(plant, world), partial(killing_at, step))
        assert end in (0, -signal.SIGKILL), "the close itself fails"
        yield step, world
        shutil.rmtree(world.path)
        if end == 0:
            return


@pytest.mark.parametrize("name", ["first", "day", "quarter"])
def test_a_close_that_is_killed_at_any_step_is_finished_by_the_next(lives, place, name):
    for step, world in kills(lives[name], place):
        check(world, lives[name], figures(world))
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
            check(world, before, {})
        except (AssertionError, StateError):
            found += 1
    assert found


def test_random_closes_killed_at_random_instants_count_every_device_day_once(lives, place):
    killed = 0
    for number in range(CLOSES):
        chance = random.Random(number)
        name = chance.choice(["day", "day", "part", "quarter"])
        before = lives[name]
        world = before.world.copy(place / f"random-{number}")
        seen: Figures = {}
        for _ in range(chance.randint(1, KILLS)):
            after, step = chance.uniform(0, INSTANTS), chance.randrange(100)
            by_time = chance.random() < 0.7
            kill = partial(killing_after, after) if by_time else partial(killing_at, step)
            end = child(world, before.now, kill)
            assert end in (0, -signal.SIGKILL, -signal.SIGALRM)
            killed += end != 0
            found = figures(world)
            assert seen.items() <= found.items() or not found
            seen |= found
        check(world, before, seen)
        shutil.rmtree(world.path)
    assert killed > CLOSES / 4
