"""What a running server keeps of hits, and what becomes of it: recorder, offices, tally, counting."""

import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from blockfilter.config.settings import Settings
from blockfilter.counts.frame import Facts, Frame
from blockfilter.daemon import assembly, counting
from blockfilter.daemon.counting import Counting, Parts
from blockfilter.daemon.partition import Partition
from blockfilter.hits.day import today
from blockfilter.hits.recorder import Unrecorded
from blockfilter.policy.snapshot import Snapshot
from blockfilter.resolve.tally import Tally


class Keeping:
    """Of one server. `snapshot` gives the policy in force, whichever that is when it is asked."""

    def __init__(
        self, settings: Settings, state: Path, runtime: Path, snapshot: Callable[[], Snapshot]
    ) -> None:
        self._settings, self._state, self._snapshot = settings, state, snapshot
        self.zone = assembly.zone(settings, state, time.time())
        self.partition = Partition()
        self.tally = Tally(self.partition)
        self._recorder = assembly.recorder(settings, runtime, state, self.zone, self.partition)
        enabled = settings.counts.enabled
        self.recorder = self._recorder if enabled else Unrecorded()  # who hears of hits
        self._counting = self._counts(runtime) if enabled else None

    def open(self) -> None:
        """Take over what a former server left; StateError where another one runs here."""
        self._recorder.open()
        if frame := assembly.frozen(self._state, today(time.time(), self.zone)):
            self._take_offices(frame)

    def keep(self) -> None:
        """Move hits into their day's file, count the days that are over, and remove them."""
        now = time.time()
        self._recorder.fold(now)
        if self._counting is not None:
            self._counting.turn(now)
        self._recorder.close_days(now)

    def forget_key(self) -> None:
        """Destroy the key of a day that is over."""
        self._recorder.forget_key(time.time())

    def close(self) -> None:
        """At the end: no journal is left to the next start, unless the store fails."""
        self.keep()
        self._recorder.close()

    def facts(self) -> Mapping[str, Any]:
        """What the status file says of it: whether it works, and no number."""
        state = self._recorder.state
        return {
            "hits": {"state": state.status, "detail": state.detail},
            "counts": {"detail": self._counting.trouble if self._counting else ""},
        }

    def _counts(self, runtime: Path) -> Counting:
        return Counting(
            Parts(
                self._state,
                runtime,
                self.zone,
                self._recorder.epochs,
                self.tally,
                self._known,
                self._take_offices,
            )
        )

    def _take_offices(self, frame: Frame) -> None:
        """Put the offices of a quarter in force."""
        self.partition.swap((one.id, one.prefixes) for one in frame.offices)

    def _known(self, day: date) -> Facts:
        folder = assembly.curated(self._settings)
        known = counting.Known(self._state, self._settings, self.zone.key, folder, self._snapshot())
        return counting.facts(known, day)
