"""Readiness of the busy sockets, at one registration in the event loop.

An epoll of our own, whose descriptor is the one thing the loop watches. Adding a reader to the loop
for every exchange would cost more than all the rest of it, and so would a turn of the loop for every
datagram: while one event follows another, they are served here, and the loop has its turn for
timers, TCP and signals at least every few milliseconds.
"""

import asyncio
import select
import time
from typing import Protocol

# Sockets served a turn: enough that the loop's own cost is small beside them, few enough that
# clients get their turn within about a millisecond.
BURST = 64
# Seconds to wait here for the next event once there was one; the kernel counts in milliseconds.
PATIENCE = 0.001
# Seconds in which datagrams may gather while one follows another: to be woken for each of them costs
# as much as to serve it. A stub's query takes ten times as long on its way.
GATHER = 0.00005
# Seconds after which the loop gets its turn, however much there is to do here.
STAY = 0.002

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
        find, poll = self._waiting.get, self._epoll.poll
        now = time.monotonic()
        leave = now + STAY
        events = poll(0, BURST)
        while events:
            for fd, what in events:
                # None, or another one by now: closed by what came before it in this burst.
                ready = find(fd)
                if ready is not None:
                    ready.ready(what, now)
            now = time.monotonic()
            if now >= leave or self._loop is None:
                return
            events = poll(0, BURST)
            if not events:
                time.sleep(GATHER)
                events = poll(PATIENCE, BURST)
