"""A million names: brought into a catalogue, approved, released; seconds and peak memory of each.

    python -m tests.benchmarks.import_list [--names N]

Every step is the command a person would type, in a process of its own. A machine that does other
things, too, takes longer: seconds of the processor are told beside those of the clock.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

SITES = 977  # registrable domains under which the names lie
MIB = 1024

_SHAPES: dict[str, Callable[[str], str]] = {
    "hosts": "0.0.0.0 {}\n".format,
    "domains": "{}\n".format,
    "adblock": "||{}^\n".format,
    "dnsmasq": "local=/{}/\n".format,
    "unbound": 'local-zone: "{}" always_nxdomain\n'.format,
    "rpz": "{0} CNAME .\n*.{0} CNAME .\n".format,
}
_ZONE = "$TTL 60\n@ SOA localhost. root.localhost. 1 3600 600 86400 60\n@ NS localhost.\n"


class Cost(NamedTuple):
    """Of one process and its children."""

    clock: float
    cpu: float
    peak: int  # MiB of the largest process


def main(arguments: Sequence[str]) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    names = parser.parse_args(arguments).names
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for format_, shape in _SHAPES.items():
            source, catalog = Path(place) / f"list.{format_}", Path(place) / format_
            _write(source, names // 2 if format_ == "rpz" else names, shape, format_)
            imported = run(
                "import", str(source), "--catalog", str(catalog), "--as", "ada", "--licence", "own"
            )
            rows.append((f"import {format_}", imported))
        catalog = Path(place) / "hosts"
        for words in (
            ("approve", "list-hosts", "--reason", "measured"),
            ("release", "--notes", "m"),
        ):
            cost = run(*words, "--catalog", str(catalog), "--as", "ben")
            rows.append((f"list {words[0]}", cost))
    print(f"{'step':<16}{'seconds':>9}{'CPU seconds':>13}{'peak MiB':>10}")
    for what, cost in rows:
        print(f"{what:<16}{cost.clock:>9.1f}{cost.cpu:>13.1f}{cost.peak:>10}")


def run(*arguments: str) -> Cost:
    """Run a command of `list` to its end."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "blockfilter", "list", *arguments], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"list {arguments[0]} ended with {child.returncode}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // MIB)


def _write(path: Path, names: int, shape: Callable[[str], str], format_: str) -> None:
    with path.open("w") as file:
        file.write(_ZONE if format_ == "rpz" else "")
        file.writelines(shape(f"host{n}.site{n % SITES}.example") for n in range(names))


if __name__ == "__main__":
    main(sys.argv[1:])
