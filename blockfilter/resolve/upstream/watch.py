"""Which resolvers are down. They are probed in the background, not with clients' queries.

Every change of a resolver's state is logged once, with its address and nothing else.
"""

import logging
from weakref import WeakSet

from blockfilter.resolve.upstream.endpoint import Upstream

log = logging.getLogger(__name__)


class Watch:
    """The resolvers that are down and still part of a group."""

    def __init__(self) -> None:
        self._down: WeakSet[Upstream] = WeakSet()

    def __len__(self) -> int:
        return len(self._down)

    def failed(self, upstream: Upstream, sent_at: float, now: float) -> None:
        """Note that a query sent at `sent_at` came to nothing."""
        if upstream.health.failed(sent_at, now):
            self._down.add(upstream)
            log.warning("upstream %s is down: it does not answer", upstream.text)

    def answered(self, upstream: Upstream, sent_at: float, now: float) -> bool:
        """Note a response; True where the resolver was down."""
        if not upstream.health.answered(sent_at, now):
            return False
        self._down.discard(upstream)
        log.info("upstream %s is up again", upstream.text)
        return True

    def to_probe(self, now: float) -> list[Upstream]:
        """Those whose time it is; they are taken to be probed now."""
        due = [upstream for upstream in self._down if now >= upstream.health.probe_at]
        for upstream in due:
            upstream.health.probed(now)
        return due
