"""What is asked, and what is listed: synthetic names, the same on every machine.

Every name lies under ``example`` (RFC 2606), so nobody's site is in a benchmark. Labels are built
of syllables from a fixed seed: they share beginnings and ends as real lists do. No name is a
superdomain of another one.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20_201
HOT = 5_000  # names of the two workloads that repeat: cached and hot blocked
_CONSONANTS = "bcdfghjklmnprstvz"
_VOWELS = "aeiou"
_AREAS = 400  # second-level labels; real lists hold two labels more often than three


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of question: its names, how often they are repeated, the rcode all answers have."""

    title: str
    names: tuple[str, ...]
    repeat: int
    rcode: str
    crowd: bool = False  # asked by many client addresses, too
    warm: bool = False  # asked once before the clock starts

    @property
    def queries(self) -> int:
        return len(self.names) * self.repeat


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything; `QUICK` is a smoke test, its figures mean nothing."""

    listed: int = 1_000_000
    cold: int = 100_000
    missing: int = 100_000
    repeat: int = 60
    clients: int = 10_000
    runs: int = 5


QUICK = Sizes(listed=50_000, cold=10_000, missing=5_000, repeat=4, clients=10_000, runs=1)


def listed(count: int) -> list[str]:
    """`count` different listed names, two labels or three."""
    draw = random.Random(SEED)
    areas = [_word(draw, 2) for _ in range(_AREAS)]
    found: dict[str, None] = {}
    while len(found) < count:
        label = _word(draw, draw.randint(3, 6))
        if draw.random() < 0.5:
            label += str(draw.randint(1, 999))
        found[
            f"{label}.example" if draw.random() < 0.6 else f"{label}.{draw.choice(areas)}9.example"
        ] = None
    return list(found)


def workloads(names: list[str], sizes: Sizes, run: int) -> Iterator[Workload]:
    """The four kinds, with names never asked before where a run must be cold."""
    open_names = tuple(f"host{number}.open.example" for number in range(HOT))
    yield Workload("cached", open_names, sizes.repeat, "NOERROR", warm=True)
    yield Workload(
        "hot blocked", tuple(names[:HOT]), sizes.repeat, "NXDOMAIN", crowd=True, warm=True
    )
    start = HOT + run * sizes.cold
    cold = tuple(names[start : start + sizes.cold])
    yield Workload("cold blocked", cold, 1, "NXDOMAIN", crowd=True)
    missing = tuple(f"run{run}-{number}.open.example" for number in range(sizes.missing))
    yield Workload("cache miss", missing, 1, "NOERROR")


def write_questions(workload: Workload, path: Path) -> None:
    """Write dnsperf's input."""
    path.write_text("".join(f"{name} A\n" for name in workload.names))


def _word(draw: random.Random, syllables: int) -> str:
    return "".join(draw.choice(_CONSONANTS) + draw.choice(_VOWELS) for _ in range(syllables))
