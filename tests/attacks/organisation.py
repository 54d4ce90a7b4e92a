"""An organisation whose devices a test moves, and whose days the real close counts.

Real SQLite files, the real close, ledger, accumulators and reader; only the calendar is the test's,
and the devices come from memory (`Days` is the close's own seam; attacks on hits themselves use the
real store). The noise is the operating system's, as ever.

A *wide* organisation has thousands of categories or offices. Every cell has noise of its own, so one
close of it is thousands of experiments of one cell.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from blockfilter.counts import accumulators
from blockfilter.counts.accumulators import Up
from blockfilter.counts.close import Advanced, Close, Means
from blockfilter.counts.contribution import Cell, Contributions, bounded
from blockfilter.counts.frame import ELSEWHERE, Facts, FramedOffice
from blockfilter.counts.reader import Reader
from blockfilter.counts.tables import CATEGORY_NAMES

FIRST = date(2025, 12, 29)  # the Monday that 2026-W01 begins with, and a part, a quarter and a year
PART = ("2026-Q1-P1", 28)  # the first part and its days
QUARTER = ("2026-Q1", 91)
DAY = timedelta(days=1)
STAFF = 1000  # everything is published of so many
ZONE = ZoneInfo("UTC")
COUNTED_AT = time(2)  # by then the day before is closed
_CHUNK = timedelta(weeks=20)  # a close makes up for half a year at once, and not for more

Device = tuple[Sequence[Cell], Sequence[Cell]]  # enforced, monitored
Contribute = Callable[[date, Iterable[Device]], Contributions]


def wide(
    categories: Iterable[str] = (), offices: Iterable[str] = (), heads_each: int = 250
) -> Facts:
    """Facts of an organisation with these categories, and with these offices of one size."""
    framed = tuple(FramedOffice(one, heads_each) for one in offices)
    return Facts(
        heads=max(STAFF, heads_each * len(framed)),
        offices=framed,
        categories=dict.fromkeys(categories, CATEGORY_NAMES),
    )


def met(category: str, hour: int = 14, office: str = ELSEWHERE) -> Device:
    """A device that met one category in one hour."""
    return [(hour, office, category)], []


class Devices:
    """The hits of days, as the close reads them: whose they are it is not told either."""

    def __init__(self) -> None:
        self._days: dict[date, list[Device]] = {}

    def add(self, day: date, devices: Iterable[Device]) -> None:
        self._days.setdefault(day, []).extend(devices)

    def devices(self, day: date) -> list[Device]:
        return self._days.get(day, [])

    def days(self) -> set[date]:
        return set(self._days)

    def destroy(self, day: date) -> None:
        self._days.pop(day, None)


def one_event_each(_day: date, devices: Iterable[Device]) -> Contributions:
    """The product's bound."""
    return bounded(devices)


class Organisation:
    """A state directory, and time that a test lets pass."""

    def __init__(
        self,
        state: Path,
        facts: Facts,
        first: date = FIRST,
        contribute: Contribute = one_event_each,
    ) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.state, self.facts, self.devices = state, facts, Devices()
        self._contribute, self._noted, self._now = contribute, first, first
        self.advance(first, time(0, 30))

    def close(self) -> Close:
        """A new one, as after a restart."""
        means = Means(
            self.state, self.devices, ZONE, contribute=self._contribute, simulated=True
        )  # fmt: skip
        return Close(means)

    def advance(self, day: date, at: time = COUNTED_AT) -> Advanced:
        """Let the close do what is due at that time of that day, and nothing before."""
        now = datetime.combine(day, at, UTC).timestamp()
        return self.close().advance(now, self.facts)

    def live_until(self, day: date) -> None:
        """Let days pass until the night of `day`; the server was up all the time."""
        closing = self.close()
        while self._noted < day:
            closing.note(self._noted, Up(7 * 86400))
            self._noted += timedelta(weeks=1)
        while self._now < day:
            self._now = min(self._now + _CHUNK, day)
            self.advance(self._now)

    def reader(self) -> Reader:
        return Reader(self.state)

    def figures(self, table: str, period: str) -> Mapping[str, int | str]:
        """What is published of a period, by cell."""
        return {row.cell: row.value for row in self.reader().rows(table, [period])}

    def numbers(self, table: str, period: str) -> Mapping[str, int]:
        """The same, of a table of numbers."""
        found = self.figures(table, period)
        return {cell: value for cell, value in found.items() if isinstance(value, int)}

    def copied(self, to: Path) -> Path:
        """A copy of every file of the state directory."""
        shutil.copytree(self.state, to)
        return to


def stolen(state: Path, table: str, period: str) -> Mapping[str, int]:
    """The accumulators in a copy of a state directory."""
    with accumulators.opened(state) as found:
        return found.values((table, period))
