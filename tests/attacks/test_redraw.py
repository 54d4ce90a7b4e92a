"""Attack 6: make the product draw the same figure again, and take the mean.

A thousand requests, restarts, a clock set back, closes in parallel, databases taken back from any
earlier moment, alone or crosswise: a cell that was published keeps its one value or has none. Who
copies *all* the state and lets the copy publish again and again learns the accumulator, which began
as noise: that is one snapshot, 2 epsilon. A build that draws when it is asked gives itself away.
"""

import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NamedTuple

import pytest

from blockfilter.counts import close, publish, tables
from blockfilter.counts.accumulators import Accumulators, Key
from blockfilter.counts.close import Close, Means
from blockfilter.counts.database import ACCUMULATORS, COUNTS
from blockfilter.counts.reader import Reader
from tests.attacks import planted
from tests.attacks.attacker import ENOUGH, MARGIN, auc, bound
from tests.attacks.organisation import (
    COUNTED_AT,
    DAY,
    FIRST,
    PART,
    ZONE,
    Devices,
    Organisation,
    met,
    wide,
)

FACTS = wide(["escort-ads", "review-boards"], ["north", "south", "east", "west"])
NEXT = FIRST + 28 * DAY  # the first part and four weeks are over
Cell = tuple[str, str, str]
Seen = dict[Cell, set[int | str]]


class Stop(BaseException):
    """Ends a close at once, as far as that can be had within a process."""


def published(state: Path) -> dict[Cell, int | str]:
    """Every figure of a state directory."""
    reader = Reader(state)
    return {
        (row.table, row.period, row.cell): row.value
        for table in tables.TABLES
        for row in reader.rows(table)
    }


def lived(state: Path, until: date = NEXT) -> Organisation:
    """Some weeks, with somebody in each."""
    organisation = Organisation(state, FACTS)
    for number in range((until - FIRST).days):
        organisation.devices.add(FIRST + number * DAY, [met("escort-ads", 14, "north")] * 3)
    organisation.live_until(until)
    return organisation


def note(seen: Seen, state: Path) -> None:
    for cell, value in published(state).items():
        seen.setdefault(cell, set()).add(value)


def one_value_each(seen: Seen) -> bool:
    return all(len(values) == 1 for values in seen.values())


def test_a_thousand_requests_with_restarts_see_one_value(quick):
    organisation = lived(quick)
    seen: Seen = {}
    for request in range(1000):
        note(seen, quick)
        if request % 25 == 0:
            assert organisation.advance(NEXT).released == ()  # each time a close that is made anew
    assert len({period for _, period, _ in seen}) == 5
    assert one_value_each(seen)


def test_a_clock_set_back_draws_and_counts_nothing(quick):
    organisation = lived(quick)
    before = published(quick)
    for days in (1, 8, 27, 60):
        for again in range(3):
            back = NEXT - days * DAY
            organisation.devices.add(back, [met("escort-ads")] * 50)
            found = organisation.advance(back, time(1 + again))
            assert (found.closed, found.released, found.lost) == ((), (), ())
    assert published(quick) == before
    organisation.live_until(NEXT + 7 * DAY)
    after = published(quick)
    assert {cell: after[cell] for cell in before} == before
    # Six hundred devices were met by a wrong clock. Noise alone reaches 100 less than 1e-16 times.
    assert organisation.numbers("T0", "2026-W05")["total"] < 100


def test_threads_that_close_at_once_publish_each_figure_once(quick):
    organisation = lived(quick, NEXT - DAY)
    released: list[str] = []
    ready = threading.Barrier(8)

    def closing() -> None:
        ready.wait()
        for _ in range(5):
            released.extend(organisation.advance(NEXT).released)

    threads = [threading.Thread(target=closing) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(released) == ["T0 2026-W04", "T1 2026-Q1-P1", "TM 2026-Q1-P1"]


PROGRAM = """
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from tests.attacks.organisation import ZONE, Devices
from tests.attacks.test_redraw import FACTS
from blockfilter.counts.close import Close, Means
close = Close(Means(Path(sys.argv[1]), Devices(), ZONE, simulated=True))
now = datetime.combine(date.fromisoformat(sys.argv[2]), time(2), UTC).timestamp()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(5):
    for released in close.advance(now, FACTS).released:
        print(released)
"""


def test_processes_that_close_at_once_publish_each_figure_once(quick):
    lived(quick, NEXT - DAY)
    command = [sys.executable, "-c", PROGRAM, str(quick), NEXT.isoformat()]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate()[0].split("\n") for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    released = sorted(line for lines in told for line in lines if line)
    assert released == ["T0 2026-W04", "T1 2026-Q1-P1", "TM 2026-Q1-P1"]


# -- databases that are taken back -------------------------------------------------------------------


def moments(place: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Copies of a state directory from its first five weeks: at night, and from within a close."""
    organisation = Organisation(place / "state", FACTS)
    kept: list[Path] = []

    def keep() -> None:
        kept.append(organisation.copied(place / f"{len(kept):02}"))

    keep()
    for days in (6, 7, 27):
        organisation.live_until(FIRST + days * DAY)
        keep()
    for module, name in ((publish, "_end"), (Accumulators, "drop"), (close, "cover")):
        with monkeypatch.context() as killed:
            killed.setattr(module, name, stopping)
            with pytest.raises(Stop):
                organisation.advance(NEXT)
        keep()
    organisation.live_until(NEXT + 2 * DAY)
    keep()
    return kept


def stopping(*_: object) -> None:
    raise Stop


def crossings(place: Path, kept: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Every moment, and what it becomes with one database of every earlier moment."""
    for late, now in enumerate(kept):
        for early, older in enumerate(kept[:late]):
            for name in (COUNTS, ACCUMULATORS):
                state = place / f"{late}-{early}-{name}"
                shutil.copytree(now, state)
                shutil.copy(older / name, state / name)
                yield now, state


def redrawn(place: Path, kept: list[Path]) -> list[str]:
    """The cells that were published and have another value after a database was taken back."""
    found = []
    when = datetime.combine(NEXT + 9 * DAY, COUNTED_AT, UTC).timestamp()
    for now, state in crossings(place, kept):
        before = published(now)
        Close(Means(state, Devices(), ZONE, simulated=True)).advance(when, FACTS)
        after = published(state)
        found += [
            f"{state.name}: {cell}"
            for cell in before
            if after.get(cell, before[cell]) != before[cell]
        ]
    return found


def test_no_database_that_is_taken_back_draws_a_figure_again(quick, monkeypatch):
    assert redrawn(quick / "again", moments(quick, monkeypatch)) == []


def test_a_build_that_draws_as_it_publishes_draws_again(quick, monkeypatch):
    """It is killed between publishing and giving up its accumulators, and finds an older ledger."""

    def end(opened: Accumulators, key: Key, noise: Mapping[str, int]) -> dict[str, int]:
        return {cell: value + noise[cell] for cell, value in opened.values(key).items()}

    monkeypatch.setattr(Accumulators, "end", end)
    assert redrawn(quick / "again", moments(quick, monkeypatch))


# -- all of the state --------------------------------------------------------------------------------


class Views(NamedTuple):
    """The mean of what the copies of a state published, by who did it and who did not."""

    did: list[float]
    did_not: list[float]


def views(place: Path, cells: int, copies: int) -> Views:
    """A thief copies the state on the last day of a period and lets each copy publish it."""
    did, did_not = ([f"{who}-{n:05}" for n in range(cells)] for who in ("did", "not"))
    organisation = Organisation(place / "state", wide([*did, *did_not]))
    organisation.devices.add(FIRST + 9 * DAY, [met(one) for one in did])
    organisation.live_until(FIRST + (PART[1] - 1) * DAY)
    sums: Counter[str] = Counter()
    for number in range(copies):
        state = organisation.copied(place / f"copy-{number}")
        when = datetime.combine(FIRST + PART[1] * DAY, COUNTED_AT, UTC).timestamp()
        Close(Means(state, Devices(), ZONE, simulated=True)).advance(when, organisation.facts)
        for row in Reader(state).rows(tables.T1.id):
            assert isinstance(row.value, int)
            sums[row.cell] += row.value
    means = ([sums[one] / copies for one in group] for group in (did, did_not))
    return Views(*means)


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_who_copies_all_of_the_state_learns_what_one_snapshot_tells(quick):
    found = views(quick, ENOUGH, 8)
    assert auc(*found) <= bound(2 * tables.T1.epsilon) + MARGIN


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_a_build_that_draws_when_it_is_asked_gives_itself_away(quick, monkeypatch):
    """Its accumulators are exact, so that the noise of sixty views goes away in their mean."""
    planted.begin_exact(monkeypatch)
    assert auc(*views(quick, 500, 60)) > bound(2 * tables.T1.epsilon) + 5 * MARGIN
