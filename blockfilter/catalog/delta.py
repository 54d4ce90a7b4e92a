"""How much lists change from one release to the next, and how much is usual.

A source that was cut short, or that somebody else took over, shows first in its length.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from blockfilter.catalog.finding import Finding
from blockfilter.catalog.manifest import Manifest
from blockfilter.catalog.rulebook import found
from blockfilter.catalog.site import State
from blockfilter.catalog.store import Catalog
from blockfilter.policy.rule import Role

MIN_JUDGED = 10  # rules; of a shorter list one alone is more than the limit
MAX_UNJUDGED = 100  # rules that a list so short may grow to: more were not there by mistake before


class Limits(NamedTuple):
    """By how many per cent a list may change from one release to the next."""

    shrink: int = 10
    growth: int = 25


LIMITS = Limits()


def unusual(before: int, after: int, limits: Limits = LIMITS) -> float | None:
    """By how many per cent a list changed, where that is more than usual; None where it is not."""
    if not before or (before < MIN_JUDGED and after <= MAX_UNJUDGED):
        return None
    change = 100 * (after - before) / before
    return change if change > limits.growth or change < -limits.shrink else None


def findings(
    manifest: Manifest,
    previous: Manifest | None,
    catalog: Catalog,
    today: date,
    limits: Limits,
) -> Iterator[Finding]:
    """Lists that changed more than usual since the release in force."""
    now = {one.id: one.rules for one in manifest.lists}
    for before in previous.lists if previous else ():
        after = now.get(before.id, 0)
        ended = before.id not in now and _ended(before.id, catalog, today)
        if ended or (before.role == Role.PROTECTED and after > before.rules):
            continue  # more protected names harm nobody
        if change := unusual(before.rules, after, limits):
            yield found(
                "delta",
                f"release {manifest.serial}: {before.id}",
                f"it had {before.rules} rules and would have {after}, {change:+.1f} % where "
                f"-{limits.shrink} % to +{limits.growth} % is usual",
            )


def _ended(list_id: str, catalog: Catalog, today: date) -> bool:
    """Whether people ended a list, or the time they gave it is over."""
    entry = catalog.entry(list_id)
    return entry is not None and (
        entry.state in (State.RETIRED, State.REJECTED) or entry.expired(today)
    )
