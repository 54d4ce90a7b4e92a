"""blockfilter with planted defects: what was refused is told sooner to all, and rules are learnt."""

from blockfilter.policy.decide import Decision, Policy
from blockfilter.resolve import denials
from blockfilter.serve import udp


def _for_all(_client: str, key: bytes) -> int:
    return hash(key)


_learnt: dict[tuple[int, bytes], Decision] = {}


def _learn(self: Policy, name: bytes) -> Decision:
    known = _learnt.get((self.generation, name))
    if known is None:
        known = _learnt[self.generation, name] = self._judge(name)
    return known


denials.mark = udp.mark = _for_all  # type: ignore[assignment, attr-defined]
Policy.decide = _learn  # type: ignore[method-assign]
