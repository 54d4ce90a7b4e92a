"""Kills a server again and again and reconciles who was answered with what is stored.

A lane is a server with directories and a port of its own. It is started, loaded, killed with its
whole process group at a random instant, and started again: that start moves the journals. In the
end every device that was told "blocked" must be stored (none lost), once (none double), under the
token the day's key gives it (the same device before and after), and nobody else may be.
"""

import os
import random
import selectors
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from blockfilter.hits.hit import Cell
from blockfilter.hits.pseudonym import packed
from tests.faults.load import Account, Kind, Load
from tests.world import free_port

PATIENCE = 30.0  # seconds a start may take on a busy machine
ROOT = Path(__file__).parents[2]
BLOCKFILTER = (sys.executable, "-m", "blockfilter")

Row = tuple[bytes, Cell]


class Verdict(NamedTuple):
    """What one lane found. The three sets of faults must be empty."""

    account: Account
    kills: int
    stored: int
    lost: set[tuple[str, Cell]]
    doubled: set[Row]
    unknown: set[Row]
    keys: int


class Plan(NamedTuple):
    """When to kill: so many seconds after the start of the process or after it is ready."""

    after_ready: bool
    seconds: float


def plan(chance: random.Random) -> Plan:
    """Mostly soon after ready, for the starts take the time; some while the store is written."""
    draw = chance.random()
    if draw < 0.08:
        return Plan(after_ready=False, seconds=chance.uniform(0.1, 1.0))
    if draw < 0.16:
        return Plan(after_ready=True, seconds=chance.uniform(0.95, 1.2))  # around a scheduled fold
    return Plan(after_ready=True, seconds=chance.uniform(0.0, 0.12))


class Lane:
    """One server and its clients."""

    def __init__(self, number: int, command: Sequence[str], place: Path, every: list[Kind]) -> None:
        self._command, self._place = command, place
        self._runtime = place / "runtime"
        for directory in (place / "home", place / "state", self._runtime):
            directory.mkdir(mode=0o700, parents=True)
        self._selector = selectors.DefaultSelector()
        self._port = free_port()  # none that the kernel gives away between two kills
        self._load = Load(number, self._port, every, self._selector)
        self._chance = random.Random()
        self._keys: set[bytes] = set()
        self._kills = 0
        self._zone = quiet_zone()

    def run(self, kills: int) -> Verdict:
        """Kill the server so many times under load, then look at what it stored."""
        try:
            while len(self._load.account.in_flight) < kills:
                self._live(plan(self._chance))
            self._finish()
            return self._verdict()
        finally:
            self._load.close()
            self._selector.close()

    def _live(self, how: Plan) -> None:
        process = self._start()
        try:
            ready = self._await_ready(process, None if how.after_ready else how.seconds)
            if ready and how.after_ready:
                self._load.begin()
                self._serve_until(time.monotonic() + how.seconds)
        finally:
            self._kill(process)
            self._kills += 1
        if ready and how.after_ready:
            self._load.end()
        key = self._runtime / "day.key"
        if key.exists():
            self._keys.add(key.read_bytes())

    def _finish(self) -> None:
        """A last start: when it is ready, the last journals have been moved."""
        process = self._start()
        try:
            self._await_ready(process, None)
        finally:
            self._kill(process)

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["serve", "--listen", f"127.0.0.1:{self._port}"]
        options += ["--upstream", f"127.0.0.1:{self._load.upstream_port}"]
        options += ["--state", str(self._place / "state"), "--runtime", str(self._runtime)]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._place / "home"),
            "PYTHONPATH": str(ROOT),
            "BLOCKFILTER_SERVER__TIME_ZONE": self._zone,
            "BLOCKFILTER_HITS__FOLD_SECONDS": "1",
        }
        process = subprocess.Popen(
            [*self._command, *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr
        os.set_blocking(process.stderr.fileno(), False)
        self._said = b""
        self._selector.register(process.stderr, selectors.EVENT_READ, process)
        return process

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stderr
        if process.stderr in self._selector.get_map():
            self._selector.unregister(process.stderr)
        process.stderr.close()

    def _await_ready(self, process: subprocess.Popen[bytes], seconds: float | None) -> bool:
        """False if it is not ready within `seconds`; None is as long as it takes."""
        deadline = time.monotonic() + (PATIENCE if seconds is None else seconds)
        while b"ready: " not in self._said:
            if not self._serve_once(deadline):
                assert seconds is not None, f"not ready in time: {self._said.decode()}"
                return False
            assert process.poll() is None, f"the server ended by itself: {self._said.decode()}"
        return True

    def _serve_until(self, deadline: float) -> None:
        while self._serve_once(deadline):
            pass

    def _serve_once(self, deadline: float) -> bool:
        """Handle what there is to read; False if it is time."""
        pause = deadline - time.monotonic()
        if pause <= 0:
            return False
        for key, _ in self._selector.select(pause):
            if isinstance(key.data, subprocess.Popen):
                said = os.read(key.fd, 65536)
                self._said += said
                if not said:
                    self._selector.unregister(key.fileobj)
                    key.data.wait(PATIENCE)
            elif callable(key.data):
                key.data()
            else:
                self._load.on_stream(key.data)
        return True

    def _verdict(self) -> Verdict:
        (database,) = self._runtime.glob("hits-*.db")
        with closing(sqlite3.connect(database)) as connection:
            rows = connection.execute("SELECT token, category, mode FROM hits").fetchall()
        stored = Counter((token, Cell(category, mode)) for token, category, mode in rows)
        file = self._runtime / "day.key"
        key = file.read_bytes() if file.exists() else b"none"

        def row(client: str, cell: Cell) -> Row:
            return blake2b(packed(client), key=key, digest_size=16).digest(), cell

        account = self._load.account
        return Verdict(
            account,
            self._kills,
            len(stored),
            lost={one for one in account.answered if row(*one) not in stored},
            doubled={one for one, times in stored.items() if times > 1},
            unknown=set(stored) - {row(*one) for one in account.asked},
            keys=len(self._keys),
        )


def quiet_zone() -> str:
    """A time zone in which neither an hour nor a day ends during the next minutes.

    A device that is met in two hours is rightly stored twice, and after midnight it has another
    token; so the whole run lies in one hour.
    """
    now = datetime.now(UTC)
    for name in ("Etc/UTC", "Asia/Kolkata", "Etc/GMT-9", "America/St_Johns", "Etc/GMT+9"):
        local = now.astimezone(ZoneInfo(name))
        if 2 <= local.hour <= 21 and local.minute < 50:
            return name
    raise AssertionError("some zone is always quiet")
