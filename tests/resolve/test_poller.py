import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from blockfilter.resolve.poller import BURST, READ, Poller


class Reader:
    """Takes one datagram an event, and does what it is told then."""

    def __init__(self, poller: Poller, then: Callable[["Reader"], None] = lambda _: None) -> None:
        self.sock, self.other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.taken: list[bytes] = []
        self._then = then
        poller.add(self.sock.fileno(), self, READ)

    def ready(self, events: int, now: float) -> None:
        assert events & READ
        assert now > 0
        self.taken.append(self.sock.recv(10))
        self._then(self)

    def close(self) -> None:
        self.sock.close()
        self.other.close()


async def settle() -> None:
    await asyncio.sleep(0.05)


def run(scenario: Callable[[Poller], Awaitable[None]]) -> None:
    async def whole() -> None:
        poller = Poller()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: errors.append(context))
        poller.start(loop)
        try:
            await scenario(poller)
        finally:
            poller.close()

    errors: list[dict[str, Any]] = []
    asyncio.run(whole())
    assert errors == []


def test_each_socket_is_told_of_its_own_events_though_there_are_more_than_a_burst():
    async def scenario(poller: Poller) -> None:
        readers = [Reader(poller) for _ in range(3 * BURST)]
        for number, reader in enumerate(readers):
            reader.other.send(b"%d" % number)
        await settle()
        assert [reader.taken for reader in readers] == [[b"%d" % n] for n in range(3 * BURST)]
        assert len(poller) == 3 * BURST
        for reader in readers:
            reader.close()

    run(scenario)


def test_a_socket_removed_by_one_before_it_in_the_burst_is_not_told():
    async def scenario(poller: Poller) -> None:
        def remove_the_other(me: Reader) -> None:
            other = second if me is first else first
            poller.remove(other.sock.fileno())

        first, second = Reader(poller, remove_the_other), Reader(poller, remove_the_other)
        first.other.send(b"x")
        second.other.send(b"x")
        await settle()
        assert len(first.taken) + len(second.taken) == 1
        first.close()
        second.close()

    run(scenario)


def test_a_closed_poller_leaves_the_loop_alone():
    async def scenario(poller: Poller) -> None:
        reader = Reader(poller)
        poller.close()
        reader.other.send(b"x")
        await settle()
        assert reader.taken == []
        reader.close()

    run(scenario)
