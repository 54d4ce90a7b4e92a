"""From hits to counts in a running server: what is known of the organisation, and when to close.

`facts` puts together what a quarter is frozen from: headcounts and offices of the programme, the
list in force. `Counting` is called again and again by the clock, in a worker thread; each call does
whatever is due. What fails is said once and tried again at the next call.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import NamedTuple, Protocol

from blockfilter.catalog import manifest
from blockfilter.config.settings import Settings
from blockfilter.counts.accumulators import Up, total
from blockfilter.counts.close import Advanced, Close, Means
from blockfilter.counts.frame import Facts, Frame, FramedOffice
from blockfilter.errors import BlockfilterError, ListError
from blockfilter.hits.day import today
from blockfilter.hits.store import Store
from blockfilter.policy.snapshot import Snapshot
from blockfilter.programme import facts as sizes
from blockfilter.programme.store import NAME as PROGRAMME

_log = logging.getLogger(__name__)


class Tally(Protocol):
    """What was served since it was last asked."""

    def take(self) -> tuple[int, frozenset[str]]:
        """Queries that were cached or forwarded, and the offices that sent any."""


class Known(NamedTuple):
    """What a server knows of itself: its settings, the zone in force, the list in force."""

    state: Path
    settings: Settings
    zone: str
    folder: Path | None  # of the curated catalogue, if one is used
    snapshot: Snapshot


def facts(known: Known, day: date) -> Facts:
    """What is known on a day. BlockfilterError where the programme cannot be read."""
    state, settings, zone, folder, snapshot = known
    found = sizes.read(state / PROGRAMME, day)
    return Facts(
        heads=found.heads,
        offices=tuple(FramedOffice(one.id, one.heads, one.prefixes) for one in found.offices),
        categories=snapshot.names_by_category(),
        zone=zone,
        addresses_per_device=settings.counts.addresses_per_device,
        release=snapshot.release,
        released=_released(folder) if folder else None,
        canaries=settings.special.firefox_canary and settings.special.private_relay,
    )


def _released(folder: Path) -> date | None:
    """When the release in force of a catalogue was made."""
    try:
        found = manifest.in_force(folder)
    except ListError:
        return None
    return datetime.fromisoformat(found.date).astimezone(UTC).date() if found else None


class Parts(NamedTuple):
    """What a server's counting works with."""

    state: Path
    runtime: Path
    zone: tzinfo
    epochs: Callable[[date], int]
    tally: Tally
    facts: Callable[[date], Facts]
    swap: Callable[[Frame], None]  # puts the offices of a new quarter in force


class Counting:
    """Notes that the server is up, and closes what is due. For one worker thread at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._close = Close(
            Means(parts.state, Store(parts.runtime), parts.zone, epochs=parts.epochs)
        )
        self._noted = time.monotonic()
        self._waiting = Up()
        self._frame: Frame | None = None
        self.trouble = ""

    def turn(self, now: float) -> Advanced:
        """Do what is due; `trouble` says why something could not be done."""
        try:
            day = today(now, self._parts.zone)
            done = self._close.advance(now, self._parts.facts(day))
            self._note(now)
        except BlockfilterError as error:
            self._begin_trouble(str(error))
            return Advanced()
        if self.trouble:
            _log.warning("over: counts cannot be kept")
            self.trouble = ""
        for what in done.lost:
            _log.error("counts of %s are lost: what they were made of is gone", what)
        if done.frame is not None and done.frame != self._frame:
            self._frame = done.frame
            self._parts.swap(done.frame)
        return done

    def _note(self, now: float) -> None:
        """What cannot be written waits for the next call."""
        seconds = int(time.monotonic() - self._noted)
        self._noted += seconds
        served, offices = self._parts.tally.take()
        self._waiting = total([self._waiting, Up(seconds, served, offices)])
        self._close.note(today(now, self._parts.zone), self._waiting)
        self._waiting = Up()

    def _begin_trouble(self, sentence: str) -> None:
        if not self.trouble:
            _log.error("counts cannot be kept, it is tried again every minute: %s", sentence)
        self.trouble = sentence
