"""A program under measurement: pinned to a core, its CPU time and memory read from /proc.

The figures are those of the whole process tree: a child's time counts, dead or alive.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_TICK = os.sysconf("SC_CLK_TCK")
_END = 10.0  # seconds a program has to end after SIGTERM


class Process:
    """One running program and its descendants."""

    def __init__(self, command: Sequence[str], core: int, log: Path) -> None:
        self.log = log
        self.started = time.monotonic()
        with log.open("wb") as output:
            self._process = self._start(command, core, output)

    @staticmethod
    def _start(command: Sequence[str], core: int, output: IO[bytes]) -> subprocess.Popen[bytes]:
        pinned = ["taskset", "--cpu-list", str(core), *command]
        return subprocess.Popen(
            pinned, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def tree(self) -> list[int]:
        """Every living process of the tree, the program itself first."""
        found = [self._process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found.extend(int(child) for child in _read(task).split())
        return found

    def cpu(self) -> float:
        """Seconds of user and system time of the tree, reaped children included."""
        ticks = 0
        for pid in self.tree():
            fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
        return ticks / _TICK

    def memory(self) -> tuple[float, float]:
        """Resident and proportional set size of the tree, in MB."""
        rss = sum(_kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") for pid in self.tree())
        pss = sum(_kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in self.tree())
        return rss / 1024, pss / 1024

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self) -> None:
        """End the program, with force if it does not listen."""
        if self.running:
            self.signal(signal.SIGTERM)
        try:
            self._process.wait(_END)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def core_time(core: int) -> tuple[float, float]:
    """Seconds `core` was busy since boot, and seconds in all; time stolen by a host is busy."""
    label = f"cpu{core} "
    line = next(one for one in _read(Path("/proc/stat")).splitlines() if one.startswith(label))
    spent = [int(field) / _TICK for field in line.split()[1:9]]
    idle = spent[3] + spent[4]  # idle, iowait
    return sum(spent) - idle, sum(spent)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # it ended since the tree was walked
        return ""
    except PermissionError:  # the shares of a process that is not dumpable are root's to see
        return ""


def _kilobytes(path: Path, label: str) -> int:
    for line in _read(path).splitlines():
        if line.startswith(label):
            return int(line.split()[1])
    return 0
