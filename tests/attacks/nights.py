"""The work of a server's nights without the server: its own recorder and close, in their order."""

import shutil
from pathlib import Path

from blockfilter.counts.close import Advanced, Close, Means
from blockfilter.hits.recorder import Recorder
from tests.counts.world import World


class Night(World):
    """An organisation whose hits come from a recorder, and whose days are closed as a server does it."""

    def copy(self, path: Path) -> "Night":
        shutil.copytree(self.path, path)
        other = Night(path, self.zone)
        other.facts = self.facts
        return other

    def recorder(self, now: float) -> Recorder:
        return Recorder(self.runtime, self.zone, clock=lambda: now, state=self.state)

    def advance(self, now: float) -> Advanced:
        recorder = self.recorder(now)
        recorder.open()
        closing_ = Close(Means(self.state, self.store, self.zone, epochs=recorder.epochs))
        done = closing_.advance(now, self.facts)
        recorder.close_days(now)
        recorder.close()
        return done

    def total(self) -> int:
        (value,) = self.values("T0", "2026-W01").values()
        return value
