"""unbound's configuration: ``local-zone``; the zone and all below it, and the longest decides.

Types that answer without asking anybody are blocks; those that resolve normally are exceptions from
a wider zone. ``local-data`` with an address that leads nowhere, or with an SOA, blocks its name
alone, but is part of the zone's own answer where the zone is redirected. An include of a policy
zone is to be imported itself.
"""

import re
from collections.abc import Iterator

from blockfilter.catalog.formats import naming
from blockfilter.catalog.formats.dnsmasq import SINKS
from blockfilter.catalog.formats.listing import Listing
from blockfilter.errors import FormatError
from blockfilter.policy.rule import Action, Rule, Trigger

_QUOTED = rb"""(?:"([^"]*)"|'([^']*)'|(\S+))"""
_ZONE = re.compile(
    rb"local-zone:\s*" + _QUOTED + rb"\s+[\"']?([a-z_]+)[\"']?\s*(?:#.*)?", re.IGNORECASE
)
_DATA = re.compile(rb"local-data:\s*(?:\"([^\"]*)\"|'([^']*)')\s*(?:#.*)?", re.IGNORECASE)
_BLOCKING = frozenset(
    (b"deny", b"refuse", b"static", b"redirect", b"inform_deny", b"inform_redirect")
) | {b"always_" + kind for kind in (b"refuse", b"nxdomain", b"nodata", b"deny", b"null")}
_OPEN = frozenset((b"transparent", b"typetransparent", b"always_transparent", b"inform"))
_REDIRECTS = frozenset((b"redirect", b"inform_redirect"))
_TTL = re.compile(rb"\d+")
_ADDRESSES = frozenset((b"a", b"aaaa"))


def read(listing: Listing) -> Iterator[Rule]:
    """The rules."""
    reader = _Reader(listing)
    for number, line in listing.lines():
        text = line.strip()
        if not text or text.startswith(b"#") or text == b"server:":
            continue
        try:
            if rule := reader.rule(text):
                yield rule
        except FormatError as error:
            listing.refuse(number, line, error)


class _Reader:
    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._redirected: set[bytes] = set()

    def rule(self, text: bytes) -> Rule | None:
        """What a line says; FormatError: the cause."""
        if found := _ZONE.fullmatch(text):
            return self._zone(found[1] or found[2] or found[3], found[4].lower())
        if found := _DATA.fullmatch(text):
            return self._data((found[1] or found[2] or b"").split())
        raise FormatError(_why(text))

    def _zone(self, zone: bytes, kind: bytes) -> Rule:
        listing, trigger = self._listing, self._listing.trigger or Trigger.SUBTREE
        if kind in _OPEN:
            name = naming.listed(zone, Trigger.EXACT, listing.wide)
            return Rule(trigger, name, listing.category, "", Action.PASSTHRU, listing.mode)
        if kind not in _BLOCKING:
            raise FormatError("a type of local-zone that neither blocks nor opens a name")
        name = naming.listed(zone, trigger, listing.wide)
        if kind in _REDIRECTS:
            self._redirected.add(name)
        return Rule(trigger, name, listing.category, "", Action.BLOCK, listing.mode)

    def _data(self, words: list[bytes]) -> Rule | None:
        listing, trigger = self._listing, self._listing.trigger or Trigger.EXACT
        owner, *rest = words or [b""]
        if rest and _TTL.fullmatch(rest[0]):
            rest = rest[1:]
        if rest and rest[0].lower() == b"in":
            rest = rest[1:]
        if len(rest) < 2:
            raise FormatError("local data without a record")
        name = naming.listed(owner, trigger, listing.wide)
        if name in self._redirected:
            return None
        kind, datum = rest[0].lower(), rest[1].lower()
        if kind != b"soa" and (kind not in _ADDRESSES or datum not in SINKS):
            raise FormatError("local data, which is an answer of its own, and a list only blocks")
        return Rule(trigger, name, listing.category, "", Action.BLOCK, listing.mode)


def _why(text: bytes) -> str:
    if text.startswith((b"rpz:", b"zonefile:", b"include")):
        return "an include or a policy zone; import the file it names"
    if text.startswith(b"local-zone"):
        return "a local-zone without a name and a type"
    if text.startswith(b"local-data"):
        return "local data, which is an answer of its own, and a list only blocks"
    return "another setting of unbound, which blocks no name"
