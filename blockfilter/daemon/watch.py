"""Looks several times a second whether another policy is wanted, and has it put in force."""

import asyncio
from collections.abc import Awaitable, Callable

WATCH_SECONDS = 0.25  # a release is in force within a second, reading and mapping it included


class Watch:
    """Calls `changed` whenever what `look` gives is no longer what it gave."""

    def __init__(
        self, look: Callable[[], Awaitable[bytes]], changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._look = look
        self._changed = changed
        self._seen = b""
        self._task: asyncio.Task[None] | None = None

    def start(self, seen: bytes) -> None:
        """Begin; `seen` is what the policy in force was made from."""
        self._seen = seen
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            found = await self._look()
            if found != self._seen:
                self._seen = found  # what cannot be loaded is not tried again until it changes
                await self._changed()
