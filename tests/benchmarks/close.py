"""A day's close: seconds and peak memory for many device-days, through the real store and close.

    python -m tests.benchmarks.close [--devices N] [--quick]

The day's file is filled first, by another process: each device met one to three categories in one
to four hours, as a person's does. Then a process of its own closes that day, which is the end of a
quarter, so that every table is published. A machine that does other things, too, takes longer:
seconds of the processor are told beside those of the clock. Ends with 1 where a limit is passed.
"""

import argparse
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zoneinfo import ZoneInfo

from blockfilter.counts.accumulators import Up
from blockfilter.counts.close import Close, Means
from blockfilter.counts.frame import Facts, FramedOffice
from blockfilter.counts.reader import Reader
from blockfilter.hits.hit import Hit
from blockfilter.hits.store import Store

DEVICES, QUICK = 200_000, 20_000
MOST_SECONDS, MOST_MIB = 10.0, 200
ZONE = ZoneInfo("Europe/Berlin")
LAST = date(2026, 3, 29)  # a Sunday, the end of 2026-Q1
BATCH = 10_000
OFFICES = tuple(FramedOffice(f"office-{number}", 1000) for number in range(200))
CATEGORIES = {f"category-{number}": 500 for number in range(12)}
FACTS = Facts(heads=250_000, offices=OFFICES, categories=CATEGORIES, zone=ZONE.key)
KIB = 1024


class Cost(NamedTuple):
    """Of one process."""

    clock: float
    cpu: float
    peak: int  # MiB


def main(arguments: Sequence[str]) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} devices")
    given = parser.parse_args(arguments)
    devices = QUICK if given.quick else given.devices
    with TemporaryDirectory() as place:
        state, runtime = Path(place) / "state", Path(place) / "runtime"
        state.mkdir()
        runtime.mkdir()
        alone(begin, state, runtime)
        alone(fill, runtime, devices)
        cost = alone(close, state, runtime)
        found = sum(int(row.value) for row in Reader(state).rows("T0"))
    print(f"{'device-days':>12}{'published':>12}{'seconds':>9}{'CPU seconds':>13}{'peak MiB':>10}")
    print(f"{devices:>12,}{found:>12,}{cost.clock:>9.1f}{cost.cpu:>13.1f}{cost.peak:>10}")
    if cost.clock > MOST_SECONDS or cost.peak > MOST_MIB:
        raise SystemExit(f"more than {MOST_SECONDS:.0f} seconds or {MOST_MIB} MiB")


def alone(act: Callable[..., None], *arguments: object) -> Cost:
    """Do it in a process of its own, which holds nothing yet."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_measured, args=(theirs, act, arguments))
    child.start()
    theirs.close()
    try:
        return Cost(*ours.recv())
    except EOFError:
        raise SystemExit(f"{act.__name__} ended without a result") from None
    finally:
        child.join()


def _measured(pipe: "multiprocessing.connection.Connection", act: Callable[..., None],
              arguments: Sequence[object]) -> None:  # fmt: skip
    began = time.monotonic()
    act(*arguments)
    clock, usage = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    pipe.send((clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // KIB))


def begin(state: Path, runtime: Path) -> None:
    """Live through the quarter up to its last day, without anybody."""
    closing = Close(Means(state, Store(runtime), ZONE))
    first = LAST - timedelta(weeks=13) + timedelta(days=1)
    closing.advance(closing.due(first - timedelta(days=2)), FACTS)
    for number in range(13 * 7 - 1):
        closing.note(first + timedelta(days=number), Up(86_400, 5_000_000))
        closing.advance(closing.due(first + timedelta(days=number)), FACTS)
    closing.note(LAST, Up(86_400, 5_000_000))


def fill(runtime: Path, devices: int) -> None:
    """What each device met on the last day."""
    store, chance = Store(runtime), random.Random(1)
    for begin_ in range(0, devices, BATCH):
        store.add(LAST, _met(chance, range(begin_, min(begin_ + BATCH, devices))))


def _met(chance: random.Random, devices: Sequence[int]) -> Iterator[Hit]:
    categories = list(CATEGORIES)
    for device in devices:
        token, office = chance.randbytes(16), OFFICES[device % len(OFFICES)].id
        for hour in chance.sample(range(24), chance.randint(1, 4)):
            for category in chance.sample(categories, chance.randint(1, 3)):
                mode = "monitored" if chance.random() < 0.2 else "enforced"
                yield Hit(LAST.isoformat(), hour, office, category, mode, token)


def close(state: Path, runtime: Path) -> None:
    """The night after: what is measured."""
    closing = Close(Means(state, Store(runtime), ZONE))
    done = closing.advance(closing.due(LAST), FACTS)
    if done.closed != (LAST,) or "T3 2026-Q1" not in done.released:
        raise SystemExit(f"closed {done.closed}, published {done.released}")


if __name__ == "__main__":
    main(sys.argv[1:])
