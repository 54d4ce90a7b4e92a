"""Organisations on disk: a real counts.db by the real ledger, a real programme.db by its keeper.

    Ledgered(place, heads=1200).weeks("2026-W01", [20, 18, ...])

The noise is what a test says it is: reports never draw any.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from blockfilter.counts import calendar, ledger, tables
from blockfilter.counts.calendar import Kind, Period
from blockfilter.counts.coverage import Coverage
from blockfilter.counts.frame import Frame, FramedOffice
from blockfilter.counts.law import half_width
from blockfilter.counts.ledger import Figure, Ledger
from blockfilter.counts.tables import Form, Plan, Table
from blockfilter.programme.activity import Activity, kind_of, made
from blockfilter.programme.keeper import Keeper, NewOffice
from blockfilter.programme.store import NAME, Store

BEGAN = date(2025, 12, 29)  # the Monday of 2026-W01
TODAY = date(2040, 1, 1)
_HASTY = "PRAGMA synchronous = OFF"  # a test's file need not survive a power cut
CATEGORIES = {"escort-ads": 900, "massage-ads": 300, "review-board": 40, "other": 5}


class Ledgered:
    """A counts.db that a test fills."""

    def __init__(
        self,
        place: Path,
        *,
        heads: int = 1200,
        offices: Sequence[FramedOffice] = (),
        simulated: bool = False,
        addresses: int = 1,
        began: date = BEGAN,
    ) -> None:
        self.place = place
        self.heads, self.offices, self.addresses = heads, tuple(offices), addresses
        with self._ledger() as kept:
            kept.begin(began, simulated=simulated)

    @classmethod
    def opened(cls, place: Path, heads: int = 1200) -> Self:
        """One that is there already, to go on with."""
        found = cls.__new__(cls)
        found.place, found.heads, found.offices, found.addresses = place, heads, (), 1
        return found

    @contextmanager
    def _ledger(self) -> Any:
        with ledger.opened(self.place, lambda: 1_800_000_000.0) as kept:
            kept._run(_HASTY)
            yield kept

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self.kept: Ledger = self._stack.enter_context(self._ledger())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def frame(self, period: Period) -> Frame:
        """The frame of the quarter a period begins in, frozen if it is not yet."""
        quarter = calendar.containing(Kind.QUARTER, period.first).name
        found = self.kept.frame(quarter)
        if found is None:
            found = Frame(
                quarter=quarter,
                heads=self.heads,
                offices=self.offices,
                addresses_per_device=self.addresses,
            )
            self.kept.freeze(found)
        return found

    def put(
        self,
        table: Table,
        name: str,
        values: Mapping[str, int | str],
        *,
        flagged: bool = False,
        state: str = ledger.RELEASED,
    ) -> None:
        """A period of a table with its figures, or without where its state has none."""
        period = calendar.parse(name)
        banded = any(isinstance(one, str) for one in values.values())
        form = Form.NUMBER if not banded else Form.RATE if table is tables.T3 else Form.BAND
        plan = Plan(table, period.kind, tuple(values), form)
        self.kept.open(plan, period, self.frame(period))
        one = next(o for o in self.kept.opened() if o.key == (table.id, name))
        width = half_width((2 * one.epsilon, one.epsilon))
        figures = {
            cell: Figure(value, value - width, value + width)
            if isinstance(value, int)
            else Figure(value)
            for cell, value in values.items()
        }
        if state == ledger.RELEASED:
            self.kept.release(one, figures, flagged=flagged)
        elif state != ledger.OPEN:
            self.kept.end(one.key, state)

    def weeks(self, first: str, values: Sequence[int | None], **more: Any) -> None:
        """Totals of weeks in a row; None is a week that was lost."""
        week = calendar.parse(first)
        for value in values:
            if value is None:
                self.put(tables.T0, week.name, {"total": 0}, state=ledger.LOST)
            else:
                self.put(tables.T0, week.name, {"total": value}, **more)
            week = calendar.following(week)

    def cover(self, first: str, weeks: int, **facts: Any) -> None:
        """The coverage of weeks in a row."""
        week = calendar.parse(first)
        for _ in range(weeks):
            usual: dict[str, Any] = {
                "served": 1_230_000,
                "days_up": 7,
                "uptime": 0.998,
                "list_age": 12,
                "release": "curated 12",
                "offices_seen": 1.0,
                "canaries": True,
            }
            self.kept.cover(Coverage(week.name, **usual | facts))
            week = calendar.following(week)


def programme(place: Path, name: str = "Example Corp", heads: int | None = 1200) -> Store:
    """A programme that was begun before counting was."""
    store = Store.create(place / NAME)
    store.execute(_HASTY)
    keeper(store).found(name, "", heads, date(2025, 1, 1))
    return store


def keeper(store: Store) -> Keeper:
    """Somebody who records."""
    return Keeper(
        store, "ada", now=lambda: datetime(2040, 1, 1, tzinfo=UTC), today=TODAY, begun=False
    )


def record(store: Store, kind: str, people: int, first: str, **more: Any) -> Activity:
    """An activity on record."""
    entry = made(
        kind=kind_of(kind), people=people, first=date.fromisoformat(first), today=TODAY, **more
    )
    return keeper(store).record(entry)


def office(store: Store, id_: str, name: str, heads: int) -> None:
    """An office with people in it."""
    number = len(store.offices())
    prefix = (f"10.{number}.0.0/16",)
    keeper(store).add_office(
        NewOffice(id=id_, name=name, prefixes=prefix, heads=heads, opened=date(2025, 1, 1))
    )


def a_year(place: Path, *, simulated: bool = False) -> None:
    """2026 in an organisation of 1,200 people: all tables, a training in week 26, a lost week."""
    before = [
        22,
        18,
        25,
        19,
        21,
        17,
        24,
        20,
        23,
        16,
        19,
        22,
        21,
        20,
        26,
        18,
        15,
        23,
        21,
        19,
        24,
        22,
    ]
    after = [12, 9, 14, 11, 13, 8, -2, 10, 15, 11, 9, 12, 13, 14, 10, 7, 12, 11, 0, 9, 13, 12, 10]
    weeks: list[int | None] = [*before, 20, 18, 22, 19, *after, 8, 12, 14]
    weeks[8] = None
    places = ("berlin", "paris", "rome", "other offices")
    with Ledgered(place, simulated=simulated) as book:
        book.weeks("2026-W01", weeks)
        book.weeks("2026-W53", [11], flagged=True)
        book.cover("2026-W01", 53)
        for quarter in range(1, 5):
            for part in range(1, 4):
                name = f"2026-Q{quarter}-P{part}"
                drop = 0.6 if quarter > 2 else 1.0
                values = {"escort-ads": 48, "massage-ads": 20, "review-board": -3, "other": 9}
                book.put(tables.T1, name, {k: int(v * drop) for k, v in values.items()})
                book.put(tables.TM, name, {"total": 6 + part})
            name = f"2026-Q{quarter}"
            hours = {"20-08": 31, "08-12": 60, "12-16": 110, "16-20": 52}
            book.put(tables.T2, name, {k: int(v * drop) for k, v in hours.items()})
            bands = ("similar", "above", "below", "similar")
            book.put(tables.T3, name, dict(zip(places, bands, strict=True)))
    with programme(place) as store:
        for id_ in places[:3]:
            office(store, id_, id_.capitalize(), 300)
        record(store, "informed", 1150, "2026-03-02", channel="e-mail-notice", distinct=True)
        record(store, "trained", 960, "2026-06-22", last=date(2026, 6, 26), distinct=True)
        record(store, "trained", 40, "2026-11-04", channel="new-hires", note="October’s new staff")
        record(store, "event", 120, "2026-10-15", note="Talk by a survivor-led organisation")
        _assess(store)


def _assess(store: Store) -> None:
    from blockfilter.programme.practice import areas, given_of

    for day, answers in (("2026-01-20", "yes no no"), ("2026-11-30", "yes yes partly no")):
        for area in areas():
            given = answers.split() * 4
            for question, one in zip(area.questions, given, strict=False):
                keeper(store).answer(question, given_of(one), date.fromisoformat(day), "", "")
