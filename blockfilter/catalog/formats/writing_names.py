"""Names as lists of names say them: hosts, domains, wildcards, adblock syntax.

Whatever a format cannot say is left out and counted, by reason. What is open stays open: where a
name cannot be listed without something that must not be blocked, it is not listed.

=========  ===============  ===================  ==========================  ====================
format     the name alone   with all below       below, without the name     an exception
=========  ===============  ===================  ==========================  ====================
hosts      ``0.0.0.0 x``    the name alone       no                          by not being listed
domains    no               ``x``                no                          no
wildcard   no               ``*.x``              no                          no
adblock    ``|x^``          ``||x^``             ``||x^`` and ``@@|x^``      ``@@||x^``, ``@@|x^``
=========  ===============  ===================  ==========================  ====================
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from blockfilter.catalog.formats.flat import Flat

ALONE = "names alone, without what is below them"
BELOW = "names below a name that is open itself"
ITSELF = "names below those that are listed, as each line is one name only"
OPEN_BELOW = "names with all below them, except something that must stay open"
NESTED = "names within exceptions within exceptions"
UNUSUAL = "names with other characters than letters, digits, hyphen and underscore"

_USUAL = re.compile(r"[a-z0-9_.-]+")
_State = TypeVar("_State")


class Said(NamedTuple):
    """What is written of one name: whether it blocks, and its lines."""

    blocks: bool
    lines: str


class Above(Generic[_State]):
    """What has been written of the names above the one that is being written."""

    def __init__(self, nothing: _State) -> None:
        self._stack = [("", nothing)]

    def state(self, text: str) -> _State:
        """Of the nearest name above."""
        while not text.endswith(self._stack[-1][0]):
            self._stack.pop()
        return self._stack[-1][1]

    @property
    def name(self) -> str:
        """The name that `state` was of, "" if it was of none."""
        return self._stack[-1][0][1:]

    def add(self, text: str, state: _State) -> None:
        """This is what has been written of the name just asked for."""
        self._stack.append((f".{text}", state))


def usual(flats: Iterator[Flat], left: Counter[str]) -> Iterator[Flat]:
    """The names that every format can spell; the others are counted."""
    for one in flats:
        if _USUAL.fullmatch(one.text):
            yield one
        elif one.turns:
            left[UNUSUAL] += 1


def hosts(flats: Iterator[Flat], left: Counter[str]) -> Iterator[Said]:
    """Every name that is blocked itself; also those that a name above would cover elsewhere."""
    for one in flats:
        if one.at:
            yield Said(True, f"0.0.0.0 {one.text}\n")
            left[ITSELF] += one.below
        else:
            left[BELOW] += one.below


def domains(flats: Iterator[Flat], left: Counter[str]) -> Iterator[Said]:
    """Every name that is blocked with all below it."""
    for text in _whole(flats, left):
        yield Said(True, f"{text}\n")


def wildcard(flats: Iterator[Flat], left: Counter[str]) -> Iterator[Said]:
    """As `domains`; the wildcard stands for the name, too."""
    for text in _whole(flats, left):
        yield Said(True, f"*.{text}\n")


def _whole(flats: Iterator[Flat], left: Counter[str]) -> Iterator[str]:
    covered = Above(False)
    for one in flats:
        if covered.state(one.text):
            continue
        if one.at and one.below and not one.open_below:
            yield one.text
            covered.add(one.text, True)
        elif one.at:
            left[OPEN_BELOW if one.below else ALONE] += 1
        elif one.below:
            left[BELOW] += 1


# The strengths of rules in adblock syntax: each outranks those before it, wherever they stand.
_ADBLOCK = ("", "{}", "@@{}", "{}$important", "@@{}$important")


def adblock(flats: Iterator[Flat], left: Counter[str]) -> Iterator[Said]:
    """Every name that differs from those above it, by a rule that is stronger than theirs.

    An odd strength blocks and an even one opens; the state is that of the rule for all below.
    """
    strength = Above(0)
    for one in flats:
        inherited = strength.state(one.text)
        below = inherited + (one.below != bool(inherited % 2))
        if below == len(_ADBLOCK):
            below = inherited
        at = below + (one.at != bool(below % 2))
        left[NESTED] += at == len(_ADBLOCK) or (one.below and not below % 2)
        strength.add(one.text, below)
        lines = []
        if below != inherited:
            lines.append(_ADBLOCK[below].format(f"||{one.text}^"))
        if below != at < len(_ADBLOCK):
            lines.append(_ADBLOCK[at].format(f"|{one.text}^"))
        if lines:
            yield Said(one.blocks, "".join(f"{line}\n" for line in lines))
