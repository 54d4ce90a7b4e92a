"""What the tests of hits share: a settable clock, a look at all that a directory holds, faults."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from blockfilter.hits.hit import Hit
from blockfilter.hits.journal import read
from blockfilter.hits.recorder import Recorder

BERLIN = ZoneInfo("Europe/Berlin")


class Clock:
    """Wall time that stands still until it is set."""

    def __init__(self) -> None:
        self.set("2026-11-23 14:10")

    def set(self, text: str, fold: int = 0) -> None:
        """Local time in Berlin; `fold` is 1 for the second pass of a repeated hour."""
        local = datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)
        self.now = local.timestamp()

    def __call__(self) -> float:
        return self.now


class Runtime:
    """A runtime directory, and all that its files hold."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def journals(self) -> list[Path]:
        return sorted(self.path.glob("hits-*.journal"))

    def databases(self) -> list[str]:
        return sorted(path.name for path in self.path.glob("hits-*.db"))

    def journaled(self) -> list[Hit]:
        return [hit for path in self.journals() for hit in read(path)]

    def stored(self, day: str = "2026-11-23") -> list[Hit]:
        with closing(sqlite3.connect(self.path / f"hits-{day}.db")) as connection:
            return [Hit(*row) for row in connection.execute("SELECT * FROM hits")]

    def octets(self) -> bytes:
        """Every octet of every file, and the files' names."""
        files = [path for path in sorted(self.path.rglob("*")) if path.is_file()]
        return b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in files)


def abandon(recorder: Recorder) -> None:
    """Let go of the descriptors and do nothing else, as the kernel does after SIGKILL."""
    recorder._outbox._waiting.clear()
    recorder._journal.close()
    recorder._release()


class Killed(BaseException):
    """Ends everything at once, as far as that can be had within a process."""


class Failing:
    """Lets the n-th call and the `length - 1` calls after it fail, and then works again."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, nth: int, length: int, error: BaseException
    ) -> None:
        self.calls, self.failing, self.error = 0, range(nth, nth + length), error
        for place, name in ((os, "write"), (os, "open"), (Path, "replace"), (Path, "unlink")):
            monkeypatch.setattr(place, name, self.wrap(getattr(place, name)))

    def wrap(self, function: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*args: object, **kwargs: object) -> object:
            self.calls += 1
            if self.calls - 1 in self.failing:
                raise self.error
            return function(*args, **kwargs)

        return wrapped
