"""One coarse timer for everything that waits, instead of one for each thing."""

import asyncio
from collections.abc import Callable
from math import inf


class Timer:
    """Calls `look`, which says after how many seconds to be called again; infinity is never.

    It stands still until `within` asks for it.
    """

    def __init__(self, look: Callable[[], float]) -> None:
        self._look = look
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._pause = inf

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run on `loop` from now on."""
        self._loop = loop

    def stop(self) -> None:
        """Never call again."""
        if self._handle is not None:
            self._handle.cancel()
        self._loop, self._handle, self._pause = None, None, inf

    def within(self, seconds: float) -> None:
        """See to it that the next look is in `seconds` at most."""
        if seconds >= self._pause or self._loop is None:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._pause = seconds
        self._handle = self._loop.call_later(seconds, self._run)

    def _run(self) -> None:
        self._handle, self._pause = None, inf
        self.within(self._look())
