"""Attack 12: change the configuration until a figure is about few people, or a day is told twice.

Whoever may edit sizes, offices, categories and addresses tries any sequence, over quarters. The
populations of two cells that are published of the same days are the same or differ by 250 people;
no day is in two periods of a table; and what was frozen, opened or published is never changed again.
A build in which an edit of the offices holds at once is found by the same rules.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from blockfilter.counts import close, tables
from blockfilter.counts.database import COUNTS
from blockfilter.counts.frame import Facts, Frame, FramedOffice
from blockfilter.daemon.partition import Partition
from tests.attacks import memory
from tests.attacks.organisation import DAY, FIRST, Organisation, met
from tests.strategies import examples

APART = 250
# Around each threshold; more often large, for offices are published from 1,000 heads on.
HEADS = st.one_of(
    st.sampled_from([0, 1, 24, 25, 49, 50, 249, 250, 999, 2999, 3000]),
    st.sampled_from([1000, 1001, 1200, 1249, 1250, 1500]),
    st.integers(0, 4000),
)
OFFICE_HEADS = st.sampled_from([0, 1, 249, 250, 251, 300, 500, 749, 750, 751, 990, 1000])
NAMES = ("north", "south", "east", "west", "tower", "elsewhere", "other")
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # each example closes half a year of days
SELECT = (
    'SELECT "table", period, first, last, state, heads, addresses, epsilon, form, cells, weights '
    "FROM periods"
)


class Period(NamedTuple):
    """A row of the ledger, as whoever reads counts.db has it."""

    table: str
    period: str
    first: date
    last: date
    state: str
    heads: int
    addresses: int
    epsilon: Fraction
    form: str
    cells: tuple[str, ...]
    weights: tuple[int, ...]

    @property
    def planned(self) -> tuple[object, ...]:
        """What was fixed when it was opened."""
        return self._replace(state="")


class Ledger(NamedTuple):
    """All that was frozen, opened and published."""

    frames: dict[str, Frame]
    periods: dict[tuple[str, str], Period]
    figures: dict[tuple[str, str, str], tuple[object, ...]]


def read(state: Path) -> Ledger:
    with closing(sqlite3.connect(state / COUNTS)) as connection:
        run = connection.execute
        frames = {quarter: Frame.read(text) for quarter, text, _ in run("SELECT * FROM frames")}
        found = [
            Period._make(
                [
                    *row[:2],
                    *map(date.fromisoformat, row[2:4]),
                    *row[4:7],
                    Fraction(row[7]),
                    row[8],
                    *(tuple(json.loads(one)) for one in row[9:]),
                ]
            )
            for row in run(SELECT)
        ]
        figures = {row[:3]: row[3:] for row in run("SELECT * FROM releases")}
    return Ledger(frames, {(one.table, one.period): one for one in found}, figures)


def faults(before: Ledger, now: Ledger, facts: Facts) -> Iterator[str]:
    """What an attacker would have gained between two looks."""
    for quarter, frame in before.frames.items():
        if now.frames.get(quarter) != frame:
            yield f"{quarter} was frozen and is changed"
    for key, one in before.periods.items():
        if key not in now.periods or now.periods[key].planned != one.planned:
            yield f"{key} was opened and is changed"
    for figure, value in before.figures.items():
        if now.figures.get(figure) != value:
            yield f"{figure} was published and is changed"
    for one in now.periods.values():
        yield from wrong(one, now.frames)
        if one.table == "T1" and (one.table, one.period) not in before.periods:
            for cell in one.cells:
                if cell != tables.OTHER and facts.categories.get(cell, 0) < tables.CATEGORY_NAMES:
                    yield f"{one.period} has a cell of a category that has few names"
    for one, other in combinations(now.periods.values(), 2):
        if one.table == other.table and one.first <= other.last and other.first <= one.last:
            yield f"{one.table} {one.period} and {other.period} share days"


def wrong(one: Period, frames: dict[str, Frame]) -> Iterator[str]:
    """Whether a period stands in what was frozen for its first quarter, and is large enough."""
    frame = frames[quarter_of(one.first)]
    if (one.heads, one.addresses) != (frame.heads, frame.addresses_per_device):
        yield f"{one.table} {one.period} is not of what was frozen"
    if one.heads < (25 if one.table == "T0" else 250):
        yield f"{one.table} {one.period} is of {one.heads} heads"
    if one.table == "T3":
        yield from few(one, {office.id: office.heads for office in frame.offices})


def few(one: Period, sizes: dict[str, int]) -> Iterator[str]:
    """Offices of the wrong size, or such that a subtraction shows few people.

    All other cells are of everybody; so an office, and everybody but an office, must be many.
    """
    published = dict(zip(one.cells, one.weights, strict=True))
    named = {cell: heads for cell, heads in published.items() if cell in sizes}
    if any(sizes[cell] != heads for cell, heads in named.items()):
        yield f"{one.period}: offices are not of the size that was frozen"
    if sum(one.weights) != one.heads or len(published) - len(named) > 1:
        yield f"{one.period}: offices are no partition"
    for cell, heads in published.items():
        if heads < APART or one.heads - heads < APART:
            yield f"{one.period}: {cell} is of few, or all the others are"


def quarter_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-Q{min((week - 1) // 13, 3) + 1}"


@st.composite
def offices(draw: st.DrawFn) -> tuple[FramedOffice, ...]:
    names = draw(st.lists(st.sampled_from(NAMES), max_size=5, unique=True))
    return tuple(
        FramedOffice(name, draw(OFFICE_HEADS), (f"10.{draw(st.integers(0, 3))}.0.0/16",))
        for name in sorted(names)
    )


facts = st.builds(
    Facts,
    heads=HEADS,
    offices=offices(),
    categories=st.dictionaries(st.sampled_from(["a", "b", "other"]), st.integers(23, 27)),
    addresses_per_device=st.integers(1, 2),
)
# Days that pass, and what is then known: weeks, so that most edits come within a quarter.
edits = st.lists(st.tuples(st.sampled_from([1, 6, 7, 20, 35]), facts), min_size=4, max_size=8)


def lived(known: Facts, steps: list[tuple[int, Facts]]) -> Iterator[str]:
    """The faults of a sequence of edits, each after some days."""
    with memory.directory() as place:
        organisation = Organisation(place, known)
        day, before = FIRST, read(place)
        for days, edited in steps:
            organisation.facts = edited
            day += days * DAY
            organisation.devices.add(day, [met("a", 14, "north")] * 5)
            organisation.live_until(day + DAY)
            now = read(place)
            yield from faults(before, now, edited)
            before = now


@settings(examples(12), phases=UNSHRUNK)
@given(facts, edits)
def test_no_sequence_of_edits_singles_anybody_out(known, steps):
    assert list(lived(known, steps)) == []


@pytest.mark.statistical
@pytest.mark.timeout(300)
@settings(examples(120), phases=UNSHRUNK)
@given(facts, edits)
def test_nor_does_any_of_many(known, steps):
    assert list(lived(known, steps)) == []


FOUR = tuple(FramedOffice(name, 300, (f"10.{n}.0.0/16",)) for n, name in enumerate(NAMES[:4]))
EDIT = (FramedOffice("north", 299, ("10.0.0.0/16",)), *FOUR[1:])  # without one person
KNOWN = Facts(heads=1200, offices=FOUR, categories={"a": 25})


def test_a_build_in_which_an_edit_holds_at_once_is_found(monkeypatch):
    def at_once(turn: close._Turn, day: date) -> Frame | None:
        kept, known = turn._ledger, turn._facts.frame(quarter_of(day))
        if kept.frame(known.quarter) is None:
            kept.freeze(known)
        return known

    monkeypatch.setattr(close._Turn, "_frame", at_once)
    edited = replace(KNOWN, heads=1199, offices=EDIT)
    assert any("not of what was frozen" in one for one in lived(KNOWN, [(9, edited), (9, edited)]))


def test_the_partition_that_hits_are_told_apart_by_is_the_frozen_one(quick):
    """What the close hands to the server after each turn changes with the quarter alone."""
    organisation = Organisation(quick, KNOWN)
    # All of a prefix that one person has had until yesterday: tomorrow's total would be his.
    organisation.facts = replace(
        KNOWN, offices=(FramedOffice("tower", 300, ("10.0.0.7/32",)), *FOUR)
    )
    partition = Partition()
    seen = []
    for number in range(1, 100):
        frame = organisation.advance(FIRST + number * DAY).frame
        assert frame is not None
        partition.swap((one.id, one.prefixes) for one in frame.offices)
        seen.append(partition("10.0.0.7"))
    changes = [n for n, (one, other) in enumerate(pairwise(["north", *seen])) if one != other]
    assert changes == [90]  # the Monday of the next quarter, in its second hour
    assert (seen[0], seen[-1]) == ("north", "tower")
