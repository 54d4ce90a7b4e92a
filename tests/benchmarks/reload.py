"""A reload under full load: SIGHUP with a changed list while dnsperf runs loses no query."""

import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.load import dnsperf, rcode
from tests.benchmarks.servers import Server

_SECONDS = 12
_RELOADS = (1.0, 4.0, 7.0)  # seconds after the load began
_IN_FORCE = 60.0  # seconds until the last list must be; a compilation shares the core with the load
_PAIRS = 2_500  # names of each kind


def under_load(
    server: Server, folder: Path, core: int, names: Sequence[str]
) -> tuple[str, list[str]]:
    """Reload three times in twelve seconds of load; say what was answered, and what went wrong."""
    questions = folder / "questions"
    with questions.open("w") as file:
        for number in range(_PAIRS):
            file.write(f"{names[number]} A\nhost{number}.open.example A\n")
    timers = [
        threading.Timer(moment, _change, (server, folder / server.name / "list.txt", number))
        for number, moment in enumerate(_RELOADS)
    ]
    for timer in timers:
        timer.start()
    outcome = dnsperf(server.port, questions, core, "-l", str(_SECONDS))
    for timer in timers:
        timer.join()
    problems = []
    if outcome.lost:
        problems.append(f"reload: {outcome.lost} lost")
    if abs(outcome.rcodes.get("NXDOMAIN", 0) - outcome.answered / 2) > 1:  # every other one
        problems.append(f"reload: wrong answers among {outcome.rcodes}")
    if not _in_force(server, f"added{len(_RELOADS) - 1}.example"):
        problems.append("reload: the last list did not take effect")
    return f"{len(_RELOADS)} reloads, {outcome.answered:,} answered, {outcome.lost} lost", problems


def _change(server: Server, listing: Path, number: int) -> None:
    with listing.open("a") as file:
        file.write(f"added{number}.example\n")
    server.process.signal(signal.SIGHUP)


def _in_force(server: Server, name: str) -> bool:
    deadline = time.monotonic() + _IN_FORCE
    while time.monotonic() < deadline:
        if rcode(server.port, name) == "NXDOMAIN":
            return True
        time.sleep(0.2)
    return False
