"""What an exchange with an upstream costs: exchanges per CPU-second of this process.

Run: python -m tests.benchmarks.exchange [--seconds N] [--in-flight N]

The upstream is another process that gives every query back with QR set, as cheaply as Python can. The
floor beside it is what the kernel takes for a fresh socket per exchange, without anything of ours.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import select
import socket
import statistics
import time
from multiprocessing.connection import Connection

from blockfilter.resolve.upstream import Outcome, Transport, Upstreams

RD = 0x0100
_QUESTION = b"\x03www\x07example\x03com\0\0\1\0\1"
_QUERY = 12 + len(_QUESTION)
_ADDRESS = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"


def echo(ready: Connection, core: int) -> None:
    """Answer every query with one address, until the process is ended."""
    os.sched_setaffinity(0, {core})
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind(("127.0.0.1", 0))
    ready.send(sock.getsockname())
    counts = b"\x81\x80\0\1\0\1\0\0\0\0"
    while True:
        packet, source = sock.recvfrom(4096)
        sock.sendto(packet[:2] + counts + packet[12:_QUERY] + _ADDRESS, source)


class Load:
    """Keeps `in_flight` exchanges under way for `seconds`, counting those answered."""

    def __init__(self, upstreams: Upstreams, in_flight: int, seconds: float) -> None:
        self.answered = self.failed = 0
        self._upstreams = upstreams
        self._under_way = in_flight
        self._end = time.monotonic() + seconds
        self.over = asyncio.Event()
        for _ in range(in_flight):
            self._ask()

    def _ask(self) -> None:
        self._upstreams.exchange(_QUESTION, RD, False, self._done)

    def _done(self, outcome: Outcome) -> None:
        if outcome.message is None:
            self.failed += 1
        else:
            self.answered += 1
        if time.monotonic() < self._end:
            self._ask()
            return
        self._under_way -= 1
        if not self._under_way:
            self.over.set()


async def measure(address: tuple[str, int], in_flight: int, seconds: float) -> tuple[float, float]:
    """(microseconds of CPU an exchange, exchanges a second)."""
    transport = Transport()
    transport.start(asyncio.get_running_loop())
    try:
        upstreams = Upstreams([address], transport=transport, order="listed")
        gc.collect()
        cpu, wall = time.process_time(), time.monotonic()
        load = Load(upstreams, in_flight, seconds)
        await load.over.wait()
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    finally:
        transport.close()
    if load.failed:
        print(f"{load.failed} exchanges failed")
    return cpu / load.answered * 1e6, load.answered / wall


def floor(address: tuple[str, int], in_flight: int, seconds: float) -> float:
    """Microseconds of CPU for the system calls of an exchange alone."""
    poll = select.epoll()
    sockets: dict[int, socket.SocketType] = {}
    query = b"\0\0\1\0\0\1\0\0\0\0\0\1" + _QUESTION + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"

    def ask() -> None:
        sock = socket.SocketType(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        sock.connect(address)
        sock.send(query)
        poll.register(sock.fileno(), select.EPOLLIN)
        sockets[sock.fileno()] = sock

    for _ in range(in_flight):
        ask()
    answered, end, cpu = 0, time.monotonic() + seconds, time.process_time()
    while time.monotonic() < end:
        for fd, _ in poll.poll(1, 64):
            sock = sockets.pop(fd)
            sock.recv(4097)
            poll.unregister(fd)
            sock.close()
            answered += 1
            ask()
    cpu = time.process_time() - cpu
    for sock in sockets.values():
        sock.close()
    poll.close()
    return cpu / answered * 1e6


def main() -> None:
    """Print the medians of some runs, ours and the floor interleaved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = multiprocessing.Pipe()
    upstream = multiprocessing.Process(target=echo, args=(theirs, cores[-1]), daemon=True)
    upstream.start()
    address = ours.recv()
    os.sched_setaffinity(0, {cores[0]})
    costs, rates, floors = [], [], []
    for _ in range(chosen.runs):
        cost, rate = asyncio.run(measure(address, chosen.in_flight, chosen.seconds))
        costs.append(cost)
        rates.append(rate)
        floors.append(floor(address, chosen.in_flight, chosen.seconds))
    upstream.terminate()
    cost, bare = statistics.median(costs), statistics.median(floors)
    print(f"{1e6 / cost:8.0f} exchanges per CPU-second, {statistics.median(rates):.0f} a second")
    print(f"{cost:8.1f} us of CPU an exchange, of which {bare:.1f} us are the kernel's floor")


if __name__ == "__main__":
    main()
