"""An organisation whose days the tests live through: real hits, real close, a clock they set."""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from blockfilter.counts import accumulators, calendar
from blockfilter.counts.accumulators import Up
from blockfilter.counts.calendar import Period
from blockfilter.counts.close import Advanced, Close, Means
from blockfilter.counts.frame import Facts, FramedOffice
from blockfilter.counts.reader import Reader
from blockfilter.hits.hit import Hit
from blockfilter.hits.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
YEAR = date(2025, 12, 29)  # the Monday of 2026-W01
DAY = timedelta(days=1)
# A total of T0 lies further off once in 10^10: a day of so many devices, counted twice, is no chance.
NOISE = 60
OFFICES = (FramedOffice("hq", 600, ("10.1.0.0/16",)), FramedOffice("north", 300, ("10.2.0.0/16",)))
CATEGORIES = {"escort-ads": 900, "massage-ads": 40, "classifieds": 24}


def day(text: str) -> date:
    return date.fromisoformat(text)


def days(first: date, last: date) -> Iterable[date]:
    while first <= last:
        yield first
        first += DAY


def monday(week: str) -> date:
    return calendar.parse(week).first


def hits(
    of: date,
    devices: Iterable[int],
    *,
    hour: int = 14,
    office: str = "hq",
    category: str = "escort-ads",
    mode: str = "enforced",
) -> list[Hit]:
    return [
        Hit(of.isoformat(), hour, office, category, mode, one.to_bytes(16, "big"))
        for one in devices
    ]


class World:
    """A state directory, a runtime directory, and what is known of the organisation."""

    def __init__(self, path: Path, zone: ZoneInfo = BERLIN, **facts: Any) -> None:
        self.path, self.state, self.runtime = path, path / "state", path / "runtime"
        self.state.mkdir(parents=True, exist_ok=True)
        self.runtime.mkdir(exist_ok=True)
        self.store, self.zone = Store(self.runtime), zone
        self.keys: dict[date, int] = {}
        known: dict[str, Any] = {"heads": 1200, "offices": OFFICES, "categories": CATEGORIES}
        self.facts = Facts(**known | {"zone": zone.key} | facts)

    def copy(self, path: Path) -> "World":
        """The same, as it stands, elsewhere."""
        shutil.copytree(self.path, path)
        other = World(path, self.zone)
        other.facts, other.keys = self.facts, self.keys
        return other

    def close(self) -> Close:
        """A close as a process has it that just started."""
        return Close(
            Means(self.state, self.store, self.zone, epochs=lambda day: self.keys.get(day, 1))
        )

    def at(self, text: str, fold: int = 0) -> float:
        """Local time."""
        return datetime.fromisoformat(text).replace(tzinfo=self.zone, fold=fold).timestamp()

    def due(self, of: date) -> float:
        return self.close().due(of)

    def advance(self, now: float) -> Advanced:
        return self.close().advance(now, self.facts)

    def begin(self, first: date) -> None:
        """Be there at noon of the day before the first that is counted."""
        self.advance(self.at(f"{first - DAY} 12:00"))

    def meet(self, of: date, devices: int, **cell: Any) -> None:
        """So many devices meet a cell on a day."""
        self.store.add(of, hits(of, range(devices), **cell))

    def up(self, of: date, hours: float = 25, served: int = 1000, offices: str = "hq") -> None:
        self.close().note(of, Up(int(hours * 3600), served, frozenset(offices.split())))

    def live(
        self, first: date, last: date, devices: int = 0, hours: float = 25, **cell: Any
    ) -> Advanced:
        """Live through days, each closed in its night; what all the closes did."""
        done: list[Advanced] = []
        for one in days(first, last):
            if devices:
                self.meet(one, devices, **cell)
            if hours:
                self.up(one, hours)
            done.append(self.advance(self.due(one)))
        return Advanced(
            tuple(what for each in done for what in each.closed),
            tuple(what for each in done for what in each.released),
            tuple(what for each in done for what in each.lost),
            done[-1].frame,
        )

    @property
    def reader(self) -> Reader:
        return Reader(self.state)

    @property
    def next(self) -> date | None:
        with accumulators.opened(self.state) as found:
            return found.next

    def newest(self) -> int:
        """The newest total."""
        value = self.reader.rows("T0")[-1].value
        assert isinstance(value, int)
        return value

    def values(self, table: str, period: str) -> dict[str, int]:
        """The accumulators of a period."""
        with accumulators.opened(self.state) as found:
            return found.values((table, period))

    def states(self, table: str | None = None) -> dict[str, str]:
        """What became of the periods."""
        return {f"{one.table} {one.period}": one.state for one in self.reader.periods(table)}

    def edit(self, file: str, *statements: str) -> None:
        """What somebody with a database shell does."""
        with closing(sqlite3.connect(self.state / file)) as connection:
            for one in statements:
                connection.execute(one)
            connection.commit()

    def left(self) -> list[date]:
        """The days of which there are hits."""
        return sorted(self.store.days())


def period(name: str) -> Period:
    return calendar.parse(name)
