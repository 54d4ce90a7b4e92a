"""A reload under full load: SIGHUP with a changed list while dnsperf runs loses no query."""

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.load import dnsperf
from tests.benchmarks.servers import Server

_SECONDS = 12  # a million names are compiled well within
_RELOADS = (1.0, 4.0, 7.0)  # seconds after the load began


def under_load(server: Server, folder: Path, core: int, names: Sequence[str]) -> str:
    """Reload three times in twelve seconds of load; say what was answered and what was lost."""
    questions = folder / "questions"
    blocked = [f"{name} A\n" for name in names[:2_500]]
    cached = [f"host{number}.open.example A\n" for number in range(2_500)]
    questions.write_text(
        "".join(line for pair in zip(blocked, cached, strict=True) for line in pair)
    )
    timers = [
        threading.Timer(moment, _change, (server, folder / server.name / "list.txt", number))
        for number, moment in enumerate(_RELOADS)
    ]
    for timer in timers:
        timer.start()
    outcome = dnsperf(server.port, questions, core, "-l", str(_SECONDS))
    for timer in timers:
        timer.join()
    return f"{len(_RELOADS)} reloads, {outcome.answered:,} answered, {outcome.lost} lost"


def _change(server: Server, listing: Path, number: int) -> None:
    with listing.open("a") as file:
        file.write(f"added{number}.example\n")
    server.process.signal(signal.SIGHUP)
