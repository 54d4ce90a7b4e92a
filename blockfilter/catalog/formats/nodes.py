"""Names with verdicts of their own and verdicts for what is below them, turned into rules.

A response policy zone tells a name from the names below it. Rules here are one name, or a name with
all below it. What a name says of itself is the stronger; of what it does not say, the nearest name
above that speaks of what is below decides.
"""

from collections.abc import Iterator

from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Trigger

OWN_BLOCK, OWN_PASS, BELOW_BLOCK, BELOW_PASS = 1, 2, 4, 8
_BLOCK = OWN_BLOCK | BELOW_BLOCK
_OWN, _BELOW = OWN_BLOCK | OWN_PASS, BELOW_BLOCK | BELOW_PASS

Said = tuple[Trigger, bytes, Action]


class Nodes:
    """Canonical names and what is said of them."""

    def __init__(self) -> None:
        self._bits: dict[bytes, int] = {}

    def say(self, name: bytes, bits: int) -> None:
        """Add to what is said of a name."""
        self._bits[name] = self._bits.get(name, 0) | bits

    def rules(self) -> Iterator[Said]:
        """The rules that mean the same; where block and pass are both said, it is to pass."""
        subtree, exact, block, pass_ = Trigger.SUBTREE, Trigger.EXACT, Action.BLOCK, Action.PASSTHRU
        for name, bits in self._bits.items():
            if bits == _BLOCK:  # nearly all of nearly all zones
                yield subtree, name, block
                continue
            own, below = bits & _OWN, bits & _BELOW
            if below:
                yield subtree, name, pass_ if below & BELOW_PASS else block
            with_below = bool(below) and not below & BELOW_PASS  # what the rule above makes of it
            blocked = not own & OWN_PASS if own else self._inherited(name)
            if own if not below else blocked != with_below:
                yield exact, name, block if blocked else pass_

    def _inherited(self, name: bytes) -> bool:
        """Whether a name of which nothing is said is blocked from above."""
        for above in names.superdomains(name):
            if above != name and (bits := self._bits.get(above, 0) & _BELOW):
                return not bits & BELOW_PASS
        return False
