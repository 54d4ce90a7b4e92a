"""dnsmasq's configuration: ``address=/x/``, ``local=/x/``, ``server=/x/``; x and all below it.

=======================================  =======================================================
line                                     meaning
=======================================  =======================================================
``local=/x/``, ``server=/x/``            a block
``address=/x/``, ``/x/#``, ``/x/0.0.0.0``  a block; so with any address that leads nowhere
``server=/x/#``                          an exception: x is asked of the usual servers after all
``address=/x/192.0.2.7``                 refused: an answer of its own
``server=/x/192.0.2.53``                 refused: x is forwarded, not blocked
=======================================  =======================================================

All else of a configuration says nothing about which names are open, and is refused.
"""

from collections.abc import Iterator

from blockfilter.catalog.formats import naming
from blockfilter.catalog.formats.listing import Listing
from blockfilter.errors import FormatError
from blockfilter.policy.rule import Action, Rule, Trigger

_ANSWER = b"address"
_SERVERS = frozenset((b"local", b"server"))
SINKS = frozenset((b"", b"#", b"0.0.0.0", b"127.0.0.1", b"::", b"::1"))


def read(listing: Listing) -> Iterator[Rule]:
    """The rules."""
    _, category, mode, wide, _, forced = listing
    trigger = forced or Trigger.SUBTREE
    for number, line in listing.lines():
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            action, values = _directive(text)
            checked = trigger if action is Action.BLOCK else Trigger.EXACT  # any name may be open
            found = [naming.listed(value, checked, wide) for value in values]
        except FormatError as error:
            listing.refuse(number, line, error)
            continue
        for name in found:
            yield Rule(trigger, name, category, "", action, mode)


def _directive(text: bytes) -> tuple[Action, list[bytes]]:
    """What is done with which names; FormatError: none are blocked or opened."""
    option, equals, value = text.removeprefix(b"--").partition(b"=")
    option, value = option.strip(), value.partition(b" #")[0].strip()
    if not equals or (option != _ANSWER and option not in _SERVERS):
        raise FormatError("another setting of dnsmasq, which blocks no name")
    parts = value.split(b"/")
    if len(parts) < 3 or parts[0]:
        raise FormatError("a setting without /name/, which is about no name in particular")
    domains, target = [part for part in parts[1:-1] if part], parts[-1].strip()
    if not domains or b"#" in domains:
        raise FormatError(naming.EVERYTHING)
    if option == _ANSWER:
        if target not in SINKS:
            raise FormatError("an answer of its own, and a list only blocks")
        return Action.BLOCK, domains
    if target == b"#":
        return Action.PASSTHRU, domains
    if target:
        raise FormatError("a server for a name, which is forwarded and not blocked")
    return Action.BLOCK, domains
