"""blockfilter with planted defects: what was refused is told sooner to all, and rules are learnt."""

from blockfilter.policy.decide import Decision, Policy
from blockfilter.resolve import denials
from blockfilter.serve import udp


def _for_all(pair: tuple[str, bytes]) -> int:
    return hash(pair[1])


_learnt: dict[tuple[int, bytes], Decision] = {}


def _learn(self: Policy, name: bytes) -> Decision:
    known = _learnt.get((self.generation, name))
    if known is None:
        known = _learnt[self.generation, name] = self._judge(name)
    return known


denials.hash = udp.hash = _for_all  # type: ignore[attr-defined]  # as these modules see it
Policy.decide = _learn  # type: ignore[method-assign]
