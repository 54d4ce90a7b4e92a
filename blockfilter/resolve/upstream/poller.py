"""Readiness of many short-lived sockets, at one registration in the event loop.

An epoll of our own, whose descriptor is the one thing the loop watches: adding a reader to the loop
for every exchange would cost more than all the rest of it. Sockets are drained in bursts.
"""

import asyncio
import select
import time
from typing import Protocol

# Sockets served a turn: enough that the loop's own cost is small beside them, few enough that
# clients get their turn within about a millisecond.
BURST = 64

READ, WRITE = select.EPOLLIN, select.EPOLLOUT  # errors are reported with either


class Ready(Protocol):
    """Something that has a socket."""

    def ready(self, events: int, now: float) -> None:
        """The socket is readable, writable or broken."""


class Poller:
    """Tells `Ready` objects of their sockets' events, from `start` to `close`."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, Ready] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve events on `loop`."""
        self._loop = loop
        loop.add_reader(self._epoll.fileno(), self._drain)

    def close(self) -> None:
        """Serve no more."""
        if self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._loop = None
        self._epoll.close()

    def add(self, fd: int, ready: Ready, events: int) -> None:
        """Watch a socket; OSError where the kernel has no room for it."""
        self._epoll.register(fd, events)
        self._waiting[fd] = ready

    def change(self, fd: int, events: int) -> None:
        """Watch a socket for other events."""
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Watch a socket no more. To be called before it is closed: a child process that was forked
        meanwhile would keep a socket that is only closed in this epoll for as long as it lives."""
        del self._waiting[fd]
        self._epoll.unregister(fd)

    def _drain(self) -> None:
        now = time.monotonic()
        find = self._waiting.get
        for fd, events in self._epoll.poll(0, BURST):
            # None, or another one by now: closed by what came before it in this burst.
            ready = find(fd)
            if ready is not None:
                ready.ready(events, now)
