"""Day close: yesterday's hits become one event a device, and what is due is published.

One call of :meth:`Close.advance` does whatever is due, in the order of the days, and may be
interrupted anywhere: a day is added to its periods and marked as closed in one transaction, and only
then destroyed; a release is in the ledger before its accumulators go. So a restart finds either the
day still to be closed, or its file still to be removed, or nothing to do.

- A missed night is made up, day by day; a day without a file has nobody in it.
- A day that is closed never opens again: hits of a clock set back are destroyed, not counted.
- While the disk is full nothing is added and nothing is lost; the file goes three hours after the
  day's end all the same (`hits.recorder`), and its day is then closed as if nobody had been there.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple, Protocol

from blockfilter.counts import accumulators, calendar, ledger, tables
from blockfilter.counts.accumulators import Accumulators, Up
from blockfilter.counts.calendar import Kind, Period
from blockfilter.counts.contribution import Cell, Contributions, bounded
from blockfilter.counts.coverage import Coverage, rounded
from blockfilter.counts.database import translated
from blockfilter.counts.frame import Facts, Frame
from blockfilter.counts.law import half_width
from blockfilter.counts.ledger import Figure, Ledger, Opened
from blockfilter.counts.noise import laplace
from blockfilter.hits.day import CLOSES_AFTER, closes, today

LOCK = "counts.lock"
# Past the day's end until its hits are counted. What was in flight at midnight is in the file by
# then, and two hours are left to try again before the file must go.
COUNTED_AFTER = 3600
COUNTED_KEYS = 2  # of a day's keys: hits under a third one are not recorded (hits.epoch)
FLAGGED_BELOW = 0.9  # of a period's time up: less is published with a flag, no time at all not

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
        self._lost: list[str] = []

    def run(self) -> Advanced:
        """Repair, open, close, publish."""
        self._repair()
        if self._open.next is None and self._facts.heads:
            self._begin()
        closed = []
        day = self._open.next
        while day is not None and day <= self._today:
            self._open_periods(day)
            if self._now >= _due(day, self._means.zone):
                self._add(day)
                closed.append(day)
            day += timedelta(days=1)
        released = self._publish()
        self._tidy()
        return Advanced(tuple(closed), tuple(released), tuple(self._lost))

    def _begin(self) -> None:
        """Count from the first whole day, with sizes and offices of its quarter."""
        first = self._today if self._means.simulated else self._today + timedelta(days=1)
        self._frame(first)
        if self._ledger.began is None:
            self._ledger.begin(first, simulated=self._means.simulated)
        self._open.begin(first)

    def _repair(self) -> None:
        """Give up what can no longer be published: its accumulators are gone, or nobody knows it."""
        keys, following = self._open.keys(), self._open.next
        open_ = {one.key: one for one in self._ledger.opened()}
        for key, one in open_.items():
            if key not in keys or set(self._open.values(key)) != set(one.cells):
                self._lose(key)
        for key in keys - open_.keys():
            begun = following is None or calendar.parse(key[1]).first < following
            if begun and not self._ledger.knows(key):  # the ledger is an older copy
                self._lose(key)
            self._open.drop(key)  # published before a crash, or only just begun

    def _frame(self, day: date) -> Frame | None:
        """What is frozen for a day's quarter; now, if nothing is yet and sizes are known."""
        quarter = calendar.containing(Kind.QUARTER, day).name
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
        for plan in tables.plans(frame, self._facts.categories):
            period = calendar.containing(plan.kind, day)
            if period.first != day or self._ledger.overlaps(plan.table, period):
                continue
            epsilon = 2 * plan.table.epsilon / frame.addresses_per_device
            self._open.start(
                (plan.table.id, period.name), {cell: laplace(epsilon) for cell in plan.cells}
            )
            self._ledger.open(plan, period, frame)

    def _add(self, day: date) -> None:
        """Count a day in every open period it lies in, then destroy what is left of it."""
        means = self._means
        epochs = means.epochs(day)
        if epochs > 1:
            self._ledger.charge(day, min(epochs, COUNTED_KEYS))
        within = [one for one in self._ledger.opened() if day in one.period]
        added: dict[accumulators.Key, Mapping[str, int]] = {}
        if within:
            counted = means.contribute(day, means.days.devices(day))
            added = {one.key: tables.shares(one.table.id, one.cells, counted) for one in within}
        self._open.close(day, added)
        self._destroy(day)

    def _destroy(self, day: date) -> None:
        try:
            self._means.days.destroy(day)
        except OSError as error:
            # The recorder tries again, and it says so; what is left can count no more.
            _log.warning("a closed day's hits could not be removed yet (%s)", error.strerror)

    def _publish(self) -> list[str]:
        """Release every period all of whose days are closed."""
        following = self._open.next
        released = []
        for one in self._ledger.opened():
            if following is None or one.period.last >= following:
                continue
            known = self._open.closed(one.period.first, one.period.last)
            share = self._up_share(one.period, known)
            if len(known) < one.period.days:
                self._lose(one.key)
            elif not share:
                self._ledger.end(one.key, ledger.NOT_MEASURED)
            else:
                figures = _figures(one, self._open.values(one.key))
                self._ledger.release(one, figures, flagged=share < FLAGGED_BELOW)
                released.append(" ".join(one.key))
            self._open.drop(one.key)
        return released

    def _lose(self, key: accumulators.Key) -> None:
        self._ledger.end(key, ledger.LOST)
        self._lost.append(" ".join(key))

    def _up_share(self, period: Period, known: Mapping[date, Up]) -> float:
        whole = _midnight(period.last + timedelta(days=1), self._means.zone)
        whole -= _midnight(period.first, self._means.zone)
        return min(1.0, sum(up.seconds for up in known.values()) / whole)

    def _tidy(self) -> None:
        """Publish the coverage of weeks that are over; forget days that nothing open needs."""
        following, oldest = self._open.next, self._open.oldest
        if following is None or oldest is None:
            return
        covered = self._ledger.covered()
        week = calendar.containing(Kind.WEEK, oldest)
        while week.last < following:
            if week.name not in covered:
                self._cover(week)
            week = calendar.following(week)
        firsts = [one.period.first for one in self._ledger.opened()]
        self._open.forget(min([week.first, *firsts]))

    def _cover(self, week: Period) -> None:
        known = self._open.closed(week.first, week.last)
        if len(known) < week.days:
            return
        whole, facts = accumulators.total(list(known.values())), self._facts
        frame = self._ledger.frame(calendar.containing(Kind.QUARTER, week.first).name)
        offices = {one.id for one in frame.offices} if frame else set()
        age = max(0, (week.last - facts.released).days) if facts.released else None
        self._ledger.cover(
            Coverage(
                week.name,
                rounded(whole.served),
                sum(up.seconds > 0 for up in known.values()),
                round(self._up_share(week, known), 3),
                age,
                facts.release,
                len(whole.offices & offices) / len(offices) if offices else None,
                facts.canaries,
            )
        )


def _figures(one: Opened, values: Mapping[str, int]) -> dict[str, Figure]:
    """What is published of a period: a fresh draw on top of the noise it began with."""
    drawn = {cell: values[cell] + laplace(one.epsilon) for cell in one.cells}
    if one.form is tables.Form.RATE:
        return {cell: Figure(word) for cell, word in tables.rates(drawn, one.weights).items()}
    if one.form is tables.Form.BAND:
        return {cell: Figure(tables.yearly_band(value)) for cell, value in drawn.items()}
    width = half_width((2 * one.epsilon, one.epsilon))
    return {cell: Figure(value, value - width, value + width) for cell, value in drawn.items()}


def _due(day: date, zone: tzinfo) -> float:
    return closes(day, zone) - CLOSES_AFTER + COUNTED_AFTER


def _midnight(day: date, zone: tzinfo) -> float:
    return datetime.combine(day, time.min, zone).timestamp()
