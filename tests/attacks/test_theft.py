"""Attack 5: steal the disk once, at some hour, and read all that is published afterwards.

The thief has both databases as they were at one random hour, and knows what everybody else did. Of a
day that was closed before the theft the accumulator speaks: it holds one draw at 2 epsilon. Of a later
day the difference of release and accumulator speaks: it holds one draw at epsilon. So he never has more
than 2 epsilon of a table. A build with one draw gives him the days after the theft exactly, one whose
accumulators begin at 0 the days before it.
"""

import os
import random
import re
from collections import Counter
from datetime import time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from blockfilter.counts import accumulators, tables
from blockfilter.counts.contribution import bounded
from blockfilter.counts.database import ACCUMULATORS
from blockfilter.counts.noise import laplace
from tests.attacks import planted
from tests.attacks.attacker import ENOUGH, MARGIN, QUICK, QUICK_MARGIN, auc, bound, evidence
from tests.attacks.attacker import laplace as law
from tests.attacks.organisation import COUNTED_AT, DAY, FIRST, PART, Organisation, met, stolen, wide

EPSILON = tables.T1.epsilon
CERTAIN = 20  # the epsilon of no noise, in a score


class Knows(NamedTuple):
    """What the thief knows of the build: the epsilon of its draws at the start and at release."""

    start: float = float(2 * EPSILON)
    release: float = float(EPSILON)


HONEST = Knows()


class Guesses(NamedTuple):
    """His scores of those who did it, and of those who did not."""

    present: list[float]
    absent: list[float]

    @property
    def auc(self) -> float:
        return auc(self.present, self.absent)


def theft(place: Path, cells: int, hour: int, chance: random.Random, knows: Knows) -> Guesses:
    """One organisation, `cells` people of whom each alone may have met a category of his own."""
    did, did_not = ([f"{who}-{n:05}" for n in range(cells)] for who in ("did", "not"))
    organisation = Organisation(place / "state", wide([*did, *did_not]))
    days = {one: chance.randrange(PART[1]) for one in (*did, *did_not)}
    for one in did:
        device = met(one, chance.randrange(24))
        organisation.devices.add(FIRST + days[one] * DAY, [device])
    night, of_day = divmod(hour, 24)
    organisation.live_until(FIRST + night * DAY)
    organisation.advance(FIRST + night * DAY, time(of_day))
    loot = stolen(organisation.copied(place / "loot"), tables.T1.id, PART[0])
    closed = night - (of_day < COUNTED_AT.hour - 1)  # days whose hits were counted by then
    organisation.live_until(FIRST + PART[1] * DAY)
    released = organisation.numbers(tables.T1.id, PART[0])

    def guess(one: str) -> float:
        if days[one] < closed:
            return evidence(law(knows.start, 60))(loot[one])
        return evidence(law(knows.release, 60))(released[one] - loot[one])

    return Guesses([guess(one) for one in did], [guess(one) for one in did_not])


def thefts(place: Path, cells: int, runs: int, knows: Knows = HONEST) -> Guesses:
    """As many in all; the hours are random ones, each in its share of the period."""
    chance = random.Random(5)
    share = PART[1] * 24 // runs
    present, absent = [], []
    for run in range(runs):
        hour = run * share + chance.randrange(share)
        found = theft(place / str(run), cells // runs, hour, chance, knows)
        present += found.present
        absent += found.absent
    return Guesses(present, absent)


def test_the_tables_lose_what_the_attacks_here_assume():
    assert {one.id: one.epsilon for one in tables.TABLES.values()} == {
        "T0": Fraction(2, 5),
        **dict.fromkeys(("T1", "T2", "T3", "TM"), Fraction(1, 5)),
    }


def test_a_thief_learns_little(quick):
    assert thefts(quick, QUICK, 3).auc <= bound(2 * EPSILON) + QUICK_MARGIN


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_a_thief_never_passes_twice_the_epsilon(quick):
    assert thefts(quick, 8000, 4).auc <= bound(2 * EPSILON) + MARGIN


def test_a_build_with_one_draw_tells_him_what_came_after(quick, monkeypatch):
    planted.draw_once(monkeypatch)
    found = thefts(quick, 600, 3, Knows(release=CERTAIN))
    assert found.auc > bound(2 * EPSILON) + QUICK_MARGIN


def test_a_build_that_begins_at_nothing_tells_him_what_came_before(quick, monkeypatch):
    planted.begin_exact(monkeypatch)
    found = thefts(quick, 600, 3, Knows(start=CERTAIN))
    assert found.auc > bound(2 * EPSILON) + QUICK_MARGIN


@pytest.mark.statistical
@pytest.mark.parametrize("addresses", [1, 2])
@pytest.mark.parametrize("closed", [True, False])
def test_of_the_weekly_total_neither(addresses, closed):
    """T0 has one cell a week, so its figures are made by the functions the pipeline makes them with
    (test_sampler shows that they are). A device of two addresses counts twice under wider noise."""
    epsilon = tables.T0.epsilon / addresses
    device = bounded([met("escort-ads") for _ in range(addresses)])
    added = tables.shares("T0", (tables.TOTAL,), device)[tables.TOTAL]
    assert added == addresses

    def guess(count: int) -> float:
        loot = laplace(2 * epsilon) + (count if closed else 0)
        released = loot + (0 if closed else count) + laplace(epsilon)
        observed, lost = (loot, 2 * epsilon) if closed else (released - loot, epsilon)
        return scores[lost](observed)

    scores = {lost: evidence(law(lost, 200), addresses) for lost in (2 * epsilon, epsilon)}
    present, absent = ([guess(count) for _ in range(ENOUGH)] for count in (added, 0))
    assert auc(present, absent) <= bound(2 * tables.T0.epsilon) + MARGIN


def test_every_cell_of_every_table_begins_as_noise(quick):
    """Before anybody did anything. The law makes 38 % of T0's cells 0 at the start and 20 % of the
    others'; of 30 no table has 23 zeros by chance more often than once in 50,000 times."""
    facts = wide(["escort-ads"], ["north", "south", "east", "west"])
    zeros: Counter[str] = Counter()
    for run in range(30):
        organisation = Organisation(quick / str(run), facts)
        for one in organisation.reader().periods():
            cells = stolen(organisation.state, one.table, one.period)
            zeros[one.table] += next(iter(cells.values())) == 0
    assert zeros.keys() == tables.TABLES.keys()
    assert max(zeros.values()) < 23


def test_the_organisation_of_these_tests_closes_as_they_say(quick):
    """At one o'clock the day before is counted, and not before: the thief's calendar is right."""
    organisation = Organisation(quick, wide(["one"]))
    for hour, closed in ((time(0, 59), 0), (time(1), 1)):
        found = organisation.advance(FIRST + timedelta(days=1), hour)
        assert len(found.closed) == closed


# -- what a stolen disk has besides: octets that no query shows ---------------------------------------

# More than a page of cells, of values that need one octet or three: rows change their size, pages are
# split, and SQLite leaves behind what it moved. (A day that takes away does not come; it makes rows
# shrink.)
CELLS = [f"category-{number:04}" for number in range(300)]
KEY = ("T1", PART[0])
SIZES = {1: 1, 2: 2, 3: 3, 4: 4}  # octets of an integer, by its type in a record (SQLite's format)


def written(octets: bytes, cell: str) -> set[int]:
    """Every value of a cell that stands in these octets, in a row or where one was."""
    body = "".join((*KEY, cell)).encode()
    found = set()
    for match in re.finditer(re.escape(body), octets):
        kind = octets[match.start() - 1]
        if kind in (8, 9):
            found.add(kind - 8)
        elif size := SIZES.get(kind):
            value = octets[match.end() : match.end() + size]
            found.add(int.from_bytes(value, "big", signed=True))
    return found


def remembered(state: Path, days: int, name: str = ACCUMULATORS, seed: int = 0) -> int:
    """How many values of former days stand in a file, the file looked at after each day."""
    state.mkdir(exist_ok=True)
    chance = random.Random(seed)
    history: dict[str, set[int]] = {cell: set() for cell in CELLS}
    with accumulators.opened(state) as found:
        found.begin(FIRST)
        found.start(KEY, {cell: chance.randrange(-9, 10) for cell in CELLS})
    old = 0
    for number in range(days):
        with accumulators.opened(state) as found:
            for cell, value in found.values(KEY).items():
                history[cell].add(value)
            added = {
                cell: chance.choice((-1, 0, 1)) * chance.randrange(30_000, 60_000) for cell in CELLS
            }
            found.close(FIRST + number * DAY, {KEY: added})
            today = found.values(KEY)
        octets = (state / name).read_bytes()
        old += sum(len(written(octets, one) & history[one] - {today[one]}) for one in CELLS)
    return old


def test_no_cell_is_remembered_as_it_was_on_a_former_day(quick):
    """It would be a second snapshot, and the difference of two is exact."""
    assert [remembered(quick / str(seed), 14, seed=seed) for seed in range(3)] == [0, 0, 0]


def test_a_build_that_changes_rows_in_their_place_remembers_some(quick, monkeypatch):
    monkeypatch.setattr(accumulators.Accumulators, "_settle", lambda _opened: None)
    assert any(remembered(quick / str(seed), 14, seed=seed) for seed in range(10))


def test_blocks_that_the_journal_gives_back_to_the_disk_are_empty(quick, monkeypatch):
    given_back = []
    truncate = os.ftruncate

    def seen(file: int, length: int) -> None:
        given_back.append(Path(f"/proc/self/fd/{file}").read_bytes())
        truncate(file, length)

    monkeypatch.setattr(os, "ftruncate", seen)
    assert remembered(quick, 3, f"{ACCUMULATORS}-journal") == 0
    assert len(given_back) == 4
    assert all(octets and not any(octets) for octets in given_back)
    assert (quick / f"{ACCUMULATORS}-journal").stat().st_size == 0


def test_a_build_that_only_gives_it_back_has_the_day_before_in_it(quick, monkeypatch):
    monkeypatch.setattr(accumulators, "_blank", lambda *_: None)
    assert remembered(quick, 3, f"{ACCUMULATORS}-journal") >= len(CELLS)
