"""What lowers protection on this server: told by itself, without anybody asking for it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from blockfilter.counts import tables
from blockfilter.counts.frame import Frame
from blockfilter.reports import words
from blockfilter.reports.promise import Facts


def lowered(facts: Facts) -> Iterator[str]:
    """What makes this server's protection less than the best there is, each in a sentence."""
    if facts.in_memory is False:
        yield (
            "The runtime directory is not in memory: the day’s codes touch a disk before they are "
            "erased, and an image of the disk may keep them. A RAM-backed directory puts it right."
        )
    if facts.in_memory is None and not facts.simulated:
        yield (
            "Whether the day’s codes stay in memory is not known here: no running server has said "
            "so. “blockfilter health” tells it."
        )
    if facts.addresses > 1:
        yield (
            f"IPv6 is counted, with {facts.addresses} addresses for a device, and the blur is "
            f"{facts.addresses} times wider for it. A device that has more addresses on a day counts "
            "more often and is protected less."
        )
    if facts.keys > 1:
        yield (
            "On some day the day’s key was lost, as in a restart, and a device may have counted as "
            f"{facts.keys} on it. The {facts.best_guess} in 100 above has that in it."
        )
    yield from _grown(facts.frames)


def _grown(frames: Sequence[Frame]) -> Iterator[str]:
    """Quarters from which on more was told than before."""
    for before, now in pairwise(frames):
        if _told(now.heads) > _told(before.heads):
            yield (
                f"Since {now.quarter} more is published: the headcount rose from "
                f"{words.number(before.heads)} to {words.number(now.heads)}."
            )
        new = {one.id for one in now.offices} - {one.id for one in before.offices}
        if new:
            yield f"Since {now.quarter} there are more offices: {words.listed(sorted(new))}."


def _told(heads: int) -> int:
    """How many of the size limits a headcount has passed."""
    limits = (
        *(tables.SMALLEST, tables.YEARLY_NUMBER, tables.PARTS, tables.WEEKLY),
        tables.TWO_HOURS,
    )
    return sum(heads >= one for one in limits)
