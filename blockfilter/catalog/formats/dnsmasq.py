"""dnsmasq's configuration: ``address=/x/``, ``local=/x/``, ``server=/x/``; x and all below it.

=======================================  =======================================================
line                                     meaning
=======================================  =======================================================
``local=/x/``, ``server=/x/``            a block
``address=/x/``, ``/x/#``, ``/x/0.0.0.0``  a block; so with any address that leads nowhere
``server=/x/#``                          an exception: x is asked of the usual servers after all
``address=/x/192.0.2.7``                 refused: an answer of its own
``server=/x/192.0.2.53``                 refused: x is forwarded, not blocked
``/*.x/`` in any of them                 what is below x, and not x itself; ``/.x/`` is ``/x/``
=======================================  =======================================================

All else of a configuration says nothing about which names are open, and is refused.
"""

from collections.abc import Iterator

from blockfilter.catalog.formats import naming
from blockfilter.catalog.formats.lines import numbered
from blockfilter.catalog.formats.listing import Listing
from blockfilter.catalog.formats.nodes import BELOW_BLOCK, BELOW_PASS, OWN_BLOCK, OWN_PASS, Nodes
from blockfilter.errors import FormatError
from blockfilter.policy.rule import Action, Rule, Trigger

_ANSWER = b"address"
_SERVERS = frozenset((b"local", b"server"))
_BELOW = b"/*."
_BITS = {  # of a name itself, and of what is below it
    Action.BLOCK: (OWN_BLOCK, BELOW_BLOCK),
    Action.PASSTHRU: (OWN_PASS, BELOW_PASS),
    None: (0, 0),
}
SINKS = frozenset((b"", b"#", b"0.0.0.0", b"127.0.0.1", b"::", b"::1"))


def read(listing: Listing) -> Iterator[Rule]:
    """The rules."""
    _, category, mode, _, _, forced = listing
    trigger = forced or Trigger.SUBTREE
    if forced or not any(_BELOW in line for _, line in numbered(listing.path)):
        for action, name, _ in _said(listing):
            yield Rule(trigger, name, category, "", action, mode)
        return
    nodes = Nodes()
    whole: dict[bytes, Action] = {}
    below: dict[bytes, Action] = {}
    for action, name, wild in _said(listing):
        (below if wild else whole)[name] = action
    for name in {**whole, **below}:
        nodes.say(name, _BITS[whole.get(name)][0] | _BITS[below.get(name, whole.get(name))][1])
    for kind, name, action in nodes.rules():
        yield Rule(kind, name, category, "", action, mode)


def _said(listing: Listing) -> Iterator[tuple[Action, bytes, bool]]:
    """What is done with which name, and whether with what is below it only."""
    trigger = listing.trigger or Trigger.SUBTREE
    for number, line in listing.lines():
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            action, values = _directive(text)
            checked = trigger if action is Action.BLOCK else Trigger.EXACT  # any name may be open
            found = [
                (action, naming.listed(value.removeprefix(b"*."), checked, listing.wide), value)
                for value in values
            ]
        except FormatError as error:
            listing.refuse(number, line, error)
            continue
        for action, name, value in found:
            yield action, name, value.startswith(b"*.")


def _directive(text: bytes) -> tuple[Action, list[bytes]]:
    """What is done with which names; FormatError: none are blocked or opened."""
    option, equals, value = text.removeprefix(b"--").partition(b"=")
    option, value = option.strip(), value.partition(b" #")[0].strip()
    if not equals or (option != _ANSWER and option not in _SERVERS):
        raise FormatError("another setting of dnsmasq, which blocks no name")
    parts = value.split(b"/")
    if len(parts) < 3 or parts[0]:
        raise FormatError("a setting without /name/, which is about no name in particular")
    domains, target = [_bare(part) for part in parts[1:-1] if part], parts[-1].strip()
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


def _bare(domain: bytes) -> bytes:
    """A domain without the dot that some people begin it with."""
    return domain[1:] if domain.startswith(b".") else domain
