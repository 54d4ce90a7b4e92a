"""What upstreams said, until its TTL runs out (RFC 2308, RFC 9520). The clock is an argument.

An entry remembers which policy generation looked at its alias targets and what it found, so that a
cached answer is inspected anew after the list changed, and only then.
"""

from dataclasses import dataclass

from blockfilter.message.answer import Answer
from blockfilter.message.question import NOERROR, NXDOMAIN
from blockfilter.policy.decide import OPEN, Decision, Policy
from blockfilter.resolve.bounded import Bounded

Key = tuple[bytes, int, bool, bool, int]  # name, type, DO, CD, route

# Measured with tracemalloc: what key, entry, answer and its tuples take beside their octets.
ENTRY_OVERHEAD = 900


@dataclass(slots=True)
class Kept:
    """An upstream's answer, when it came (monotonic seconds), and what policy said of it.

    `failure` is the extended error to give, for an exchange that brought no answer.
    """

    answer: Answer | None
    came: float
    expires: float
    trusted: bool = False
    failure: int = 0
    inspected_by: int = 0
    inspection: Decision = OPEN

    def inspect(self, policy: Policy) -> Decision:
        """What `policy` says of the names this answer leads to; worked out once a generation."""
        if self.inspected_by != policy.generation:
            targets = self.answer.targets if self.answer else ()
            self.inspection = policy.inspect(targets) if targets else OPEN
            self.inspected_by = policy.generation
        return self.inspection


class Cache:
    """Answers by question. `max_bytes` bounds octets and overhead, `failure_ttl` is in seconds."""

    def __init__(self, max_bytes: int, failure_ttl: float) -> None:
        self._kept: Bounded[Key, Kept] = Bounded(max_bytes)
        self._failure_ttl = failure_ttl

    def get(self, key: Key, now: float) -> Kept | None:
        """What is kept for a question and still true at `now`."""
        kept = self._kept.get(key)
        return kept if kept is not None and now < kept.expires else None

    def keep(self, key: Key, answer: Answer, now: float, *, trusted: bool) -> Kept:
        """Take in an answer; it is stored only if it may be."""
        lifetime: float = answer.lifetime
        if answer.rcode not in (NOERROR, NXDOMAIN):
            lifetime = self._failure_ttl
        kept = Kept(answer, now, now + lifetime, trusted)
        if lifetime:
            self._kept.put(key, kept, ENTRY_OVERHEAD + len(key[0]) + len(answer.body))
        return kept

    def keep_failure(self, key: Key, failure: int, now: float) -> Kept:
        """Remember for moments that no answer can be had (RFC 9520 section 3.2)."""
        kept = Kept(None, now, now + self._failure_ttl, failure=failure)
        self._kept.put(key, kept, ENTRY_OVERHEAD + len(key[0]))
        return kept
