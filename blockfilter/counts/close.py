"""Day close: yesterday's hits become one event a device, and what is due is published.

One call of :meth:`Close.advance` does whatever is due, in the order of the days, and may be
interrupted anywhere: a day is added to its periods and marked as closed in one transaction, and only
then destroyed; a release is in the ledger before its accumulators go. So a restart finds either the
day still to be closed, or its file still to be removed, or nothing to do.

- A missed night is made up, day by day; a day without a file has nobody in it.
- A day that is closed never opens again: hits of a clock set back are destroyed, not counted. Days
  that a clock ran ahead of are closed with nobody in them, and counting goes on behind them; more
  than half a year at once is not believed.
- While the disk is full nothing is added and nothing is lost; the file goes three hours after the
  day's end all the same (`hits.recorder`), and its day is then closed as if nobody had been there:
  a day closed so late without a file counts as one without time up, so that its week is flagged.
- A day is a local date of the zone handed over. Where the zone changes, the day that is not closed
  yet goes on in the new one: it is longer or shorter by that, and no day comes twice.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple, Protocol

from blockfilter.counts import accumulators, calendar, ledger, tables
from blockfilter.counts.accumulators import Accumulators, Up
from blockfilter.counts.calendar import Kind
from blockfilter.counts.contribution import Cell, Contributions, bounded
from blockfilter.counts.database import ACCUMULATORS, translated
from blockfilter.counts.frame import Facts, Frame
from blockfilter.counts.ledger import Ledger, Opened
from blockfilter.counts.noise import laplace
from blockfilter.counts.publish import cover, publish
from blockfilter.counts.repair import repair
from blockfilter.errors import StateError
from blockfilter.hits.day import CLOSES_AFTER, closes, today

LOCK = "counts.lock"
# Past the day's end until its hits are counted. What was in flight at midnight is in the file by
# then, and two hours are left to try again before the file must go.
COUNTED_AFTER = 3600
COUNTED_KEYS = 2  # of a day's keys: hits under a third one are not recorded (hits.epoch)
# A server that is off for a season is made up for. A clock that is wrong is often wrong by years.
LONGEST_GAP = timedelta(weeks=26)
_DAY = timedelta(days=1)

_log = logging.getLogger(__name__)


class Days(Protocol):
    """The hits of days, as `hits.store.Store` keeps them."""

    def devices(self, day: date, /) -> Iterable[tuple[Sequence[Cell], Sequence[Cell]]]:
        """The distinct (enforced, monitored) cells of each device of a day."""

    def days(self) -> set[date]:
        """The days of which anything is left."""

    def destroy(self, day: date, /) -> None:
        """Erase all that is left of a day."""


class Advanced(NamedTuple):
    """What a call did."""

    closed: tuple[date, ...] = ()
    released: tuple[str, ...] = ()  # "T0 2026-W14"
    lost: tuple[str, ...] = ()
    frame: Frame | None = None  # what is frozen for the quarter of today


Devices = Iterable[tuple[Sequence[Cell], Sequence[Cell]]]


def _one_key(_day: date) -> int:
    return 1


def _one_event_each(_day: date, devices: Devices) -> Contributions:
    return bounded(devices)


class Means(NamedTuple):
    """What a close works with.

    `epochs` tells how many keys a day had. `contribute` is the bound on what a device adds: an
    argument for the simulation, which alone may know what is true.
    """

    state: Path
    days: Days
    zone: tzinfo
    epochs: Callable[[date], int] = _one_key
    contribute: Callable[[date, Devices], Contributions] = _one_event_each
    simulated: bool = False


class Close:
    """Closes the days of one state directory, by itself or beside another process."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._state, self._zone = means.state, means.zone

    def note(self, day: date, up: Up) -> None:
        """Add to what is known of a day: how long the server was up, what it served. StateError."""
        with self._locked(), accumulators.opened(self._state) as open_:
            if open_.next is not None and day >= open_.next:
                open_.note(day, up)

    def due(self, day: date) -> float:
        """When a day's hits are counted."""
        return _due(day, self._zone)

    def advance(self, now: float, facts: Facts) -> Advanced:
        """Do whatever is due; StateError where the state directory cannot be used."""
        with (
            self._locked(),
            ledger.opened(self._state, lambda: now) as kept,
            accumulators.opened(self._state) as open_,
        ):
            return _Turn(self._means, kept, open_, now, facts).run()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self._state / LOCK
        with translated(path):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


class _Turn:
    """One call of `advance`: the parts it works with."""

    def __init__(
        self, means: Means, kept: Ledger, open_: Accumulators, now: float, facts: Facts
    ) -> None:
        self._means, self._ledger, self._open = means, kept, open_
        self._now, self._facts = now, facts
        self._today = today(now, means.zone)

    def run(self) -> Advanced:
        """Repair, open, close, publish."""
        self._check_kind()
        lost = repair(self._ledger, self._open, self._facts)
        if self._facts.heads and (self._open.next is None or self._ledger.began is None):
            self._begin()
        self._sweep()
        day = self._open.next
        self._check_clock(day)
        closed = []
        while day is not None and day <= self._today:
            self._open_periods(day)
            if self._now >= _due(day, self._means.zone):
                self._add(day)
                closed.append(day)
            day += _DAY
        ended = publish(self._ledger, self._open, self._means.zone)
        cover(self._ledger, self._open, self._facts, self._means.zone)
        lost += [key for key, state in ended.items() if state == ledger.LOST]
        return Advanced(
            tuple(closed),
            tuple(" ".join(key) for key, state in ended.items() if state == ledger.RELEASED),
            tuple(" ".join(key) for key in lost),
            self._ledger.frame(_quarter(max(self._today, self._open.next or self._today))),
        )

    def _check_kind(self) -> None:
        """Real hits and made-up ones are never in one sum."""
        if self._ledger.began is None or self._ledger.simulated == self._means.simulated:
            return
        kept = "made-up counts" if self._ledger.simulated else "counts of people"
        raise StateError(
            f"{self._means.state}: holds {kept}, and others cannot be added to them; name another "
            "directory with --state DIR"
        )

    def _begin(self) -> None:
        """Count from the first whole day, with sizes and offices of its quarter."""
        begins = self._today if self._means.simulated else self._today + _DAY
        first = self._open.next or begins  # the ledger alone may be gone
        self._frame(first)
        if self._ledger.began is None:
            self._ledger.begin(first, simulated=self._means.simulated)
        self._ledger.note_closed(first - _DAY)
        self._open.begin(first)

    def _sweep(self) -> None:
        """Destroy what is left of closed days: after a kill, or because the clock was set back."""
        following = self._open.next
        try:
            left = self._means.days.days()
        except OSError as error:
            _log.warning("closed days' hits cannot be looked for (%s)", error.strerror)
            return
        for day in sorted(left):
            if following is not None and day < following:
                self._destroy(day)

    def _check_clock(self, following: date | None) -> None:
        """Years that nobody lived through must not be closed by a clock that is wrong."""
        if following is not None and abs(self._today - following) > LONGEST_GAP:
            raise StateError(
                f"{self._means.state / ACCUMULATORS}: its next day to be closed is {following}, "
                f"and the clock says {self._today}; set the clock right, or, if it is right, "
                "remove the file: the periods that are open are then lost, and counting goes on"
            )

    def _frame(self, day: date) -> Frame | None:
        """What is frozen for a day's quarter; now, if nothing is yet and sizes are known."""
        quarter = _quarter(day)
        frame = self._ledger.frame(quarter)
        if frame is None and self._facts.heads:
            frame = self._facts.frame(quarter)
            self._ledger.freeze(frame)
        return frame

    def _open_periods(self, day: date) -> None:
        """Open the periods that begin on a day, each cell as its noise."""
        if day.weekday() != 0:  # every period begins with an ISO week
            return
        frame = self._frame(day)
        if frame is None:
            return
        for plan, period in tables.beginning(frame, self._facts.categories, day):
            if self._ledger.overlaps(plan.table, period):
                continue
            epsilon = 2 * plan.table.epsilon / frame.addresses_per_device
            self._open.start(
                (plan.table.id, period.name), {cell: laplace(epsilon) for cell in plan.cells}
            )
            self._ledger.open(plan, period, frame)

    def _add(self, day: date) -> None:
        """Count a day in every open period it lies in, then destroy what is left of it."""
        means = self._means
        within = [one for one in self._ledger.opened() if day in one.period]
        times = min(means.epochs(day), COUNTED_KEYS) * self._addresses(day, within)
        if times > 1:
            self._ledger.charge(day, times)
        added: dict[accumulators.Key, Mapping[str, int]] = {}
        if within:
            counted = means.contribute(day, means.days.devices(day))
            added = {one.key: tables.shares(one.table.id, one.cells, counted) for one in within}
        late = self._now >= closes(day, means.zone) and not self._kept(day)
        self._open.close(day, added, late=late)
        self._destroy(day)
        self._ledger.note_closed(day)

    def _kept(self, day: date) -> bool:
        """Whether hits of a day are there: a server that was up made a file for each day."""
        try:
            return day in self._means.days.days()
        except OSError:
            return False

    def _addresses(self, day: date, within: Sequence[Opened]) -> int:
        """How many addresses a device has for each one that the noise was made for.

        More than one in a year whose noise was made before addresses_per_device was raised.
        """
        frame = self._ledger.frame(_quarter(day))
        now = max(self._facts.addresses_per_device, frame.addresses_per_device if frame else 1)
        return max((-(-now // one.addresses) for one in within), default=1)

    def _destroy(self, day: date) -> None:
        try:
            self._means.days.destroy(day)
        except OSError as error:
            # The recorder tries again, and it says so; what is left can count no more.
            _log.warning("a closed day's hits could not be removed yet (%s)", error.strerror)


def _due(day: date, zone: tzinfo) -> float:
    return closes(day, zone) - CLOSES_AFTER + COUNTED_AFTER


def _quarter(day: date) -> str:
    return calendar.containing(Kind.QUARTER, day).name
