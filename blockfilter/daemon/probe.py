"""Whether queries sent upstream come back to us, directly or through a third party.

At start each upstream is asked for a name nobody else knows. If that name arrives at one of our own
listeners, forwarding is a circle: every query would run in it until the table of exchanges is full.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence

from blockfilter.errors import LoopError
from blockfilter.message import name as names
from blockfilter.resolve.routes import Group, Local

ZONE = "loop.blockfilter.test"
# A circle through a neighbour closes in milliseconds; a dead upstream must not hold the start up.
WAIT_SECONDS = 0.5
_TYPE_AND_CLASS = b"\x00\x10\x00\x01"  # TXT, IN


class LoopProbe:
    """Asks each upstream once for a name of its own and hears which came back."""

    def __init__(self, upstreams: Sequence[tuple[str, Group]]) -> None:
        self._upstreams = upstreams
        self._zones = [names.from_text(f"{secrets.token_hex(16)}.{ZONE}") for _ in upstreams]
        self._done = asyncio.Event()
        self._open = len(upstreams)
        self.returned: str | None = None

    @property
    def zones(self) -> dict[bytes, Local]:
        """The names to watch for, as routes."""
        return dict.fromkeys(self._zones, Local.PROBE)

    def heard(self, name: bytes) -> None:
        """A probe's name arrived at a listener of ours."""
        self.returned = self._upstreams[self._zones.index(name)][0]
        self._done.set()

    async def check(self) -> None:
        """LoopError where a probe comes back within the wait."""
        for zone, (_, group) in zip(self._zones, self._upstreams, strict=True):
            group.exchange(zone + _TYPE_AND_CLASS, 0x0100, False, self._answered)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), WAIT_SECONDS)
        self.complain()

    def complain(self) -> None:
        """LoopError if a probe has come back by now."""
        if self.returned:
            raise LoopError(
                f"a query sent to the upstream {self.returned} came back to this server: they "
                "forward to each other; name another resolver with --upstream or "
                "upstream.servers, or take this server out of that one's forwarders"
            )

    def _answered(self, _: object) -> None:
        self._open -= 1
        if not self._open:
            self._done.set()
