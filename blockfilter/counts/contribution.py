"""What one device adds on one day: exactly one event, whatever it did.

One (hour, office, category), drawn uniformly from the distinct cells that the device met. It folds
queries for A, AAAA and HTTPS and their repetitions into one, and it is the bound that the noise is
made for: a device-day changes each table by one.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from blockfilter.counts.noise import Below

Cell = tuple[int, str, str]  # hour, office, category


class Contributions(NamedTuple):
    """The events of one day: of enforced rules by cell, of monitored ones in all."""

    enforced: Counter[Cell]
    monitored: int


def bounded(
    devices: Iterable[tuple[Sequence[Cell], Sequence[Cell]]], below: Below = secrets.randbelow
) -> Contributions:
    """One event a device: `devices` are the distinct (enforced, monitored) cells of each."""
    enforced: Counter[Cell] = Counter()
    monitored = 0
    for met, watched in devices:
        if met:
            enforced[met[below(len(met))] if len(met) > 1 else met[0]] += 1
        monitored += bool(watched)
    return Contributions(enforced, monitored)
