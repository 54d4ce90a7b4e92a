"""The way in: a file in any of the formats becomes rules."""

from collections.abc import Callable, Iterator
from pathlib import Path

from blockfilter.catalog.formats import (
    adblock,
    columns,
    dnsmasq,
    plain,
    rpz,
    unbound,
)
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.formats.listing import Listing, Refused
from blockfilter.catalog.suffixes import Wide
from blockfilter.policy.rule import Mode, Rule, Trigger


def rules(
    path: Path,
    format_: str,
    *,
    category: str,
    mode: Mode,
    wide: Wide,
    refused: Refused,
    trigger: Trigger | None = None,
) -> Iterator[Rule]:
    """The rules of a list, in any order; what cannot be used is noted in `refused`.

    `trigger`, EXACT or SUBTREE, is what names mean, whatever the format says. ListError, also after
    the first rules: the file is refused whole.
    """
    listing = Listing(path, category, mode, wide, refused, trigger)
    return listing.bounded(_READERS[format_](listing))


def _own(listing: Listing) -> Iterator[Rule]:
    """The catalogue's own text; its rules are this list's, and what was only watched stays so."""
    forced = listing.trigger
    for rule in rules_format.read(listing.path, category=listing.category, mode=listing.mode):
        named = rule.trigger in (Trigger.EXACT, Trigger.SUBTREE)
        trigger = forced if forced and named else rule.trigger
        soft = Mode.MONITOR in (rule.mode, listing.mode)
        mode = Mode.MONITOR if soft else Mode.ENFORCE
        yield rule._replace(trigger=trigger, category=listing.category, mode=mode)


_READERS: dict[str, Callable[[Listing], Iterator[Rule]]] = {
    "hosts": plain.read,
    "domains": plain.read,
    "wildcard": plain.read_wildcards,
    "adblock": adblock.read,
    "dnsmasq": dnsmasq.read,
    "unbound": unbound.read,
    "rpz": rpz.read,
    "csv": columns.read,
    "rules": _own,
}
