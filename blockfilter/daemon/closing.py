"""Day close by hand, where no server runs: the same steps that a server takes by the clock."""

import mmap
import os
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog import snapshots
from blockfilter.config.directories import runtime_directory, state_directory
from blockfilter.config.settings import Settings
from blockfilter.counts import accumulators
from blockfilter.counts.close import Close, Means
from blockfilter.counts.frame import Facts
from blockfilter.daemon import assembly, counting
from blockfilter.errors import StateError
from blockfilter.hits.day import today
from blockfilter.hits.recorder import Recorder
from blockfilter.hits.store import Store
from blockfilter.policy.snapshot import Snapshot


class Done(NamedTuple):
    """What was closed and published, and the first day that is not closed."""

    closed: tuple[str, ...]
    released: tuple[str, ...]
    lost: tuple[str, ...]
    next: str | None

    def lines(self) -> list[str]:
        """For people."""
        lines = [f"closed: {', '.join(self.closed) or 'nothing was due'}"]
        lines += [f"published: {what}" for what in self.released]
        lines += [f"lost, what it was made of is gone: {what}" for what in self.lost]
        if self.next:
            lines.append(f"next day to be closed: {self.next}")
        return lines


def close(settings: Settings, until: date | None, now: datetime) -> Done:
    """Close what is due; StateError where a server does it, or `until` is not over."""
    state = state_directory(settings.server.state, os.environ)
    runtime = runtime_directory(settings.server.runtime, os.environ, state)
    moment = now.timestamp()
    zone = assembly.zone(settings, state, moment)
    closing = Close(Means(state, Store(runtime), zone))
    if until is not None and moment < closing.due(until):
        raise StateError(
            f"{until} is closed an hour after its end, not before; leave --day out to close what "
            "is due"
        )
    following = _next(state)
    if until is not None and following is not None and until < following:
        return Done((), (), (), following.isoformat())
    recorder = Recorder(runtime, zone, clock=lambda: moment, state=state)
    try:
        recorder.open()
    except StateError as error:
        raise StateError(
            f"{runtime}: {error}; it closes its days by itself, an hour after midnight"
        ) from None
    try:
        recorder.fold(moment)
        closing = Close(Means(state, Store(runtime), zone, epochs=recorder.epochs))
        done = closing.advance(moment, _facts(settings, state, zone.key, today(moment, zone)))
    finally:
        recorder.close_days(moment)
        recorder.close()
    following = _next(state)
    return Done(
        tuple(day.isoformat() for day in done.closed),
        done.released,
        done.lost,
        following.isoformat() if following else None,
    )


def _next(state: Path) -> date | None:
    with accumulators.opened(state) as found:
        return found.next


def _facts(settings: Settings, state: Path, zone: str, day: date) -> Facts:
    inputs = assembly.inputs(settings)
    compiled = snapshots.current(inputs, state)
    with compiled.path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    known = counting.Known(
        state, settings, zone, assembly.curated(settings), Snapshot(memoryview(mapped))
    )
    return counting.facts(known, day)
