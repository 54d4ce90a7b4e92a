"""Side by side with real peers: ``python -m tests.benchmarks.peers``.

The figure is queries per second of the server's CPU time (user and system, the whole process tree),
because that is what a machine runs out of and what a busy client beside it disturbs least. Servers
share one core and are asked in turn; dnsperf, the crowd of clients and the upstream share another.
Every run checks that nothing was lost and that every answer has the right rcode.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import reload, table
from tests.benchmarks.load import Crowd, Outcome, dnsperf
from tests.benchmarks.process import core_time
from tests.benchmarks.servers import SERVERS, Place, Server, launch, nsd, start
from tests.benchmarks.workload import (
    HOT,
    QUICK,
    Sizes,
    Workload,
    listed,
    workloads,
    write_questions,
)

_OURS = "blockfilter"
_FIRST_PORT = 15_300
_RAM = "/dev/shm"  # the one RAM-backed folder every Linux has


@dataclass(slots=True)
class Bench:
    """One comparison: who takes part, where, how much."""

    folder: Path
    runtime: Path
    sizes: Sizes
    server_core: int
    client_core: int
    names: list[str]
    result: table.Result = field(default_factory=table.Result)

    def place(self, name: str, number: int, core: int) -> Place:
        return Place(
            self.folder / name, self.runtime / name, _FIRST_PORT + number, _FIRST_PORT, core
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; 1 if blockfilter lost a query or gave a wrong answer."""
    options = _options().parse_args(arguments)
    sizes = QUICK if options.quick else Sizes()
    cores = sorted(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory(prefix="peers-") as folder,
        tempfile.TemporaryDirectory(prefix="peers-", dir=_RAM) as runtime,
    ):
        names = listed(sizes.listed)
        bench = Bench(Path(folder), Path(runtime), sizes, cores[0], cores[-1], names)
        _compare(bench, options.servers.split(","), reloads=options.reload)
    print(table.markdown(bench.result))
    if options.json:
        options.json.write_text(table.as_json(bench.result))
    for name, problems in bench.result.problems.items():
        for problem in problems:
            print(f"{name}: {problem}", file=sys.stderr)
    return 1 if bench.result.problems.get(_OURS) else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__)
    parser.add_argument("--servers", default=",".join(SERVERS), help="comma-separated; default all")
    parser.add_argument("--quick", action="store_true", help="one small run: a smoke test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run's figure, too")
    parser.add_argument(
        "--no-reload", dest="reload", action="store_false", help="leave the reload under load out"
    )
    return parser


def _compare(bench: Bench, chosen: Sequence[str], *, reloads: bool) -> None:
    """Start everybody, ask in turn, stop everybody."""
    running: list[Server] = []
    try:
        upstream = bench.place("nsd", 0, bench.client_core)
        upstream.folder.mkdir()
        running.append(launch("nsd", nsd(upstream, ()), upstream))
        for number, name in enumerate(chosen, 1):
            running.append(_started(bench, name, number))
        for run in range(bench.sizes.runs):
            for workload in workloads(bench.names, bench.sizes, run):
                for server in running[1:]:
                    _measure(bench, server, workload, run)
        for server in running[1:]:
            bench.result.loaded[server.name] = server.process.memory()
        if reloads and _OURS in chosen:
            ours = next(server for server in running if server.name == _OURS)
            report, problems = reload.under_load(ours, bench.folder, bench.client_core, bench.names)
            bench.result.reload = report
            bench.result.complain(_OURS, *problems)
    finally:
        for server in reversed(running):
            server.process.stop()


def _started(bench: Bench, name: str, number: int) -> Server:
    """Start a server; ours twice, so that the second start finds a compiled snapshot."""
    place = bench.place(name, number, bench.server_core)
    server = start(name, place, bench.names)
    bench.result.first_start[name] = server.ready
    if name == _OURS:
        server.process.stop()
        server = start(name, place, bench.names)
        bench.result.snapshot_start = server.ready
    bench.result.idle[name] = server.process.memory()
    return server


def _measure(bench: Bench, server: Server, workload: Workload, run: int) -> None:
    """One run: the CPU time between the first query and the last answer."""
    questions = bench.folder / "questions"
    write_questions(workload, questions)
    if workload.warm:
        dnsperf(server.port, questions, bench.client_core, "-n", "1")
    before, (busy, time) = server.process.cpu(), core_time(bench.server_core)
    outcome = _ask(bench, server.port, questions, workload, run)
    spent, (busy_after, time_after) = server.process.cpu() - before, core_time(bench.server_core)
    bench.result.others.append(max(0.0, (busy_after - busy - spent) / (time_after - time)))
    bench.result.add(server.name, workload.title, outcome.answered / spent)
    wrong = outcome.answered - outcome.rcodes.get(workload.rcode, 0)
    if outcome.lost or wrong:
        problem = f"{workload.title}, run {run + 1}: {outcome.lost} lost, {wrong} wrong"
        bench.result.complain(server.name, problem)


def _ask(bench: Bench, port: int, questions: Path, workload: Workload, run: int) -> Outcome:
    repeat = ("-n", str(workload.repeat))
    if not workload.crowd:
        return dnsperf(port, questions, bench.client_core, *repeat)
    kind = 0 if workload.warm else 1  # no address comes back in a later run: each is a first sight
    first = (2 * run + kind) * bench.sizes.clients
    with Crowd(port, workload.names[:HOT], first, bench.sizes.clients) as crowd:
        outcome = dnsperf(port, questions, bench.client_core, *repeat)
    outcome.add(crowd.outcome)
    return outcome


if __name__ == "__main__":
    raise SystemExit(main())
