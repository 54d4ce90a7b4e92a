"""Response policy zones: QNAME triggers. ``x`` is the name alone, ``*.x`` what is below it.

=================================  =============================================================
record                             meaning
=================================  =============================================================
``CNAME .``, ``CNAME *.``          NXDOMAIN, NODATA: a block; the answer is the configured one
``CNAME rpz-drop.``                DROP: a block, answered as configured
``CNAME rpz-passthru.`` or itself  PASSTHRU: an exception
``CNAME elsewhere.``, ``A`` …      local data: a block, answered as configured
``CNAME rpz-tcp-only.``            refused: it blocks nothing
``….rpz-ip`` and the like          refused: no rule here looks at addresses or name servers
=================================  =============================================================
"""

from collections.abc import Iterator

from blockfilter.catalog.formats import naming
from blockfilter.catalog.formats.listing import Listing
from blockfilter.catalog.formats.nodes import BELOW_BLOCK, BELOW_PASS, OWN_BLOCK, OWN_PASS, Nodes
from blockfilter.catalog.formats.zonefile import Record, records
from blockfilter.errors import FormatError
from blockfilter.policy.rule import Action, Rule, Trigger

_TRIGGERS = frozenset((b"rpz-ip", b"rpz-client-ip", b"rpz-nsip", b"rpz-nsdname"))
_STAR = b"*."
_APEX = frozenset((b"soa", b"ns", b"dnskey", b"nsec3param"))
_SIGNATURES = frozenset((b"rrsig", b"nsec", b"nsec3"))


def read(listing: Listing) -> Iterator[Rule]:
    """The rules, once the whole zone is read."""
    _, category, mode, _, _, forced = listing
    nodes = Nodes()
    for number, record in records(listing.lines()):
        if isinstance(record, FormatError):
            listing.refuse(number, b"", record)
            continue
        if not record.owner or record.type in _SIGNATURES:
            continue  # the apex
        try:
            action, wild, name = _said(record, listing)
        except FormatError as error:
            listing.refuse(number, b"", error)
            continue
        if forced:
            yield Rule(forced, name, category, "", action, mode)
        elif action is Action.BLOCK:
            nodes.say(name, BELOW_BLOCK if wild else OWN_BLOCK)
        else:
            nodes.say(name, BELOW_PASS if wild else OWN_PASS)
    for trigger, name, action in nodes.rules():
        yield Rule(trigger, name, category, "", action, mode)


def _said(record: Record, listing: Listing) -> tuple[Action, bool, bytes]:
    """What is done, whether with what is below the name, and the name; FormatError."""
    owner, kind, data = record
    if kind in _APEX:
        raise FormatError("a delegation, which is no rule")
    if owner.rpartition(b".")[2] in _TRIGGERS:
        raise FormatError("a trigger that is an address or a name server, and a list is for names")
    wild = owner.startswith(_STAR) or owner == b"*"
    if owner == b"*":
        raise FormatError(naming.EVERYTHING)
    text = owner.removeprefix(_STAR)
    if kind == b"cname" and data == b"rpz-tcp-only.":
        raise FormatError("TCP-only, which blocks nothing")
    if kind == b"cname" and (data == b"rpz-passthru." or data.removesuffix(b".") == owner):
        return Action.PASSTHRU, wild, naming.listed(text, Trigger.EXACT, listing.wide)
    checked = Trigger.SUBTREE if wild or listing.trigger is Trigger.SUBTREE else Trigger.EXACT
    return Action.BLOCK, wild, naming.listed(text, checked, listing.wide)
