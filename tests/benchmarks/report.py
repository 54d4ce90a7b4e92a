"""A report over five years of 200 offices: seconds and peak memory of each format, as it is typed.

    python -m tests.benchmarks.report [--years N] [--offices N]

The state directory is made by the real ledger and the real programme first, which is not measured.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from blockfilter.counts import calendar, tables
from blockfilter.counts.calendar import Kind, Period
from blockfilter.counts.frame import FramedOffice
from tests.reports.books import BEGAN, Ledgered, office, programme, record

HEADS = 300  # of an office
FORMATS = ("html", "csv", "json", "md")
_KIB = 1024
_WORDS = ("below", "similar", "similar", "similar", "above")


class Cost(NamedTuple):
    """Of one process."""

    clock: float
    cpu: float
    peak: int  # MiB


def main(arguments: Sequence[str]) -> None:
    """Make an organisation, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--offices", type=int, default=200)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        last = make(place, asked.years, asked.offices)
        print(f"{'step':<40}{'seconds':>9}{'CPU seconds':>13}{'peak MiB':>10}")
        steps: list[tuple[str, ...]] = [
            ("build", "--period", last, "--format", one) for one in FORMATS
        ]
        steps += [("build", "--period", last[:4]), ("show", "--table", "T3", "--json")]
        for words in steps:
            where = ("-o", folder) if words[0] == "build" else ()
            cost = run(*words, *where, "--state", folder)
            name = " ".join(words)
            print(f"{name:<40}{cost.clock:>9.2f}{cost.cpu:>13.2f}{cost.peak:>10}")


def run(*arguments: str) -> Cost:
    """Run a command of `report` to its end."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "blockfilter", "report", *arguments], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"report {arguments[0]} ended with {child.returncode}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // _KIB)


def make(place: Path, years: int, offices: int) -> str:
    """The state directory of an organisation; its last quarter."""
    random = Random(1)
    ids = [f"office-{n}" for n in range(1, offices + 1)]
    framed = [FramedOffice(id_, HEADS) for id_ in ids]
    quarter = calendar.containing(Kind.QUARTER, BEGAN)
    with Ledgered(place, heads=offices * HEADS, offices=framed) as book:
        for _ in range(4 * years):
            _quarter(book, quarter, ids, random)
            quarter = calendar.following(quarter)
    with programme(place, "Large Corp", heads=offices * HEADS) as store:
        for id_ in ids:
            office(store, id_, id_.title(), HEADS)
        for month in range(12 * years):
            day = BEGAN + timedelta(days=30 * month)
            record(store, "informed", 900, day.isoformat(), channel="e-mail-notice")
            people = offices * HEADS if month % 12 == 6 else 40
            record(store, "trained", people, day.isoformat())
    return calendar.preceding(quarter).name


def _quarter(book: Ledgered, quarter: Period, ids: Sequence[str], random: Random) -> None:
    level = len(ids) * 6
    book.weeks(
        calendar.containing(Kind.WEEK, quarter.first).name,
        [random.randrange(level, 2 * level) for _ in calendar.weeks(quarter)],
    )
    book.cover(calendar.containing(Kind.WEEK, quarter.first).name, quarter.days // 7)
    for part in range(1, 4):
        cells = [*(f"category-{n}" for n in range(7)), "other"]
        name = f"{quarter.name}-P{part}"
        book.put(tables.T1, name, {cell: random.randrange(level) for cell in cells})
        book.put(tables.TM, name, {"total": random.randrange(level)})
    heads = len(ids) * HEADS
    hours = {band: random.randrange(5 * level) for band in tables.bands(heads)}
    book.put(tables.T2, quarter.name, hours)
    book.put(tables.T3, quarter.name, {id_: random.choice(_WORDS) for id_ in ids})


if __name__ == "__main__":
    main(sys.argv[1:])
