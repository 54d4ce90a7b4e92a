"""Two hundred thousand broken packets: the server lives, stays small, and answers right after.

The packets of the corpus and some good ones are mutated: octets changed, inserted, cut, doubled,
lengths and counts set to what hurts, names made of pointers. A part goes over TCP, where the length
before a frame lies, too. After each batch a good query must be answered, so nothing is lost in a
buffer: every packet was read by the server. A failure names the seed that repeats it.
"""

import contextlib
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.client import query
from tests.fakes import Received, ScriptedUpstream, Step
from tests.packets.corpus import CORPUS
from tests.story.test_blocked import blocked
from tests.world import Server, World

OVER_UDP, OVER_TCP, FROM_UPSTREAM = 170_000, 40_000, 9_000
BATCH = 100  # datagrams on their way at a time: fewer than fit the server's buffer
FRAMES = 20  # of one TCP connection
GROWTH = 24 << 20  # octets the server may be larger afterwards; its cache has a bound of its own
SECONDS = 60
HURTS = (0, 1, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xC0, 0x0C, 0xFF)

Mutation = Callable[[random.Random, bytearray], None]


def change(chance: random.Random, octets: bytearray) -> None:
    octets[chance.randrange(len(octets))] = chance.randrange(256)


def hurt(chance: random.Random, octets: bytearray) -> None:
    octets[chance.randrange(len(octets))] = chance.choice(HURTS)


def flip(chance: random.Random, octets: bytearray) -> None:
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)


def cut(chance: random.Random, octets: bytearray) -> None:
    del octets[chance.randrange(1, len(octets) + 1) :]


def insert(chance: random.Random, octets: bytearray) -> None:
    at = chance.randrange(len(octets))
    octets[at:at] = chance.randbytes(chance.randrange(1, 9))


def append(chance: random.Random, octets: bytearray) -> None:
    octets += chance.randbytes(chance.randrange(1, 64))


def double(chance: random.Random, octets: bytearray) -> None:
    octets += octets[12:]


def count(chance: random.Random, octets: bytearray) -> None:
    if len(octets) >= 12:
        octets[4 + chance.randrange(8)] = chance.choice(HURTS)


def point(chance: random.Random, octets: bytearray) -> None:
    if len(octets) > 14:
        at = chance.randrange(12, len(octets) - 1)
        octets[at : at + 2] = bytes((0xC0 | chance.randrange(64), chance.randrange(256)))


def noise(chance: random.Random, octets: bytearray) -> None:
    octets[:] = chance.randbytes(chance.randrange(1, 200))


MUTATIONS: tuple[Mutation, ...] = (
    change, hurt, hurt, flip, flip, cut, insert, append, double, count, count, point, noise,
)  # fmt: skip


def mutants(chance: random.Random) -> Iterator[bytes]:
    """Broken packets without end, each a file of the corpus with one to four mutations."""
    seeds = [one.octets for one in CORPUS if one.octets]
    seeds += [query(name, kind).to_wire() for name in ("backpage.com", "x.rubmaps.co.uk", "localhost")
              for kind in ("A", "HTTPS", "ANY")]  # fmt: skip
    while True:
        octets = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 5)):
            chance.choice(MUTATIONS)(chance, octets)
            if not octets:
                break
        yield bytes(octets)


def quick(asked: Received) -> list[Step]:
    """NXDOMAIN without parsing: thousands of mutants are good enough to be forwarded."""
    return [asked.packet[:2] + b"\x81\x83" + asked.packet[4:12] + asked.packet[12:]]


def drained(sock: socket.socket) -> Iterator[bytes]:
    """The datagrams that are there."""
    with contextlib.suppress(BlockingIOError):
        while True:
            yield sock.recv(65535)


def over_udp(server: Server, packets: Iterator[bytes]) -> int:
    """Send the datagrams; the number of responses, each of which must be one."""
    responses, last = 0, query("www.backpage.com").to_wire()
    with server.datagrams() as sock, server.datagrams() as sane:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setblocking(False)
        sane.settimeout(5.0)
        for _ in range(OVER_UDP // BATCH):
            for _ in range(BATCH):
                sock.send(next(packets))
            sane.send(last)
            assert sane.recv(4096)[:4] == last[:2] + b"\x81\x83"
            for response in drained(sock):
                assert 12 <= len(response) <= 1232
                assert response[2] & 0x80
                responses += 1
    return responses


def over_tcp(server: Server, packets: Iterator[bytes], chance: random.Random) -> None:
    """Send the frames over many connections, some with a lie before them; read what comes."""
    for _ in range(OVER_TCP // FRAMES):
        frames = []
        for _ in range(FRAMES):
            packet = next(packets)
            frames.append(len(packet).to_bytes(2, "big") + packet)
        if chance.random() < 0.5:
            lie = chance.randrange(FRAMES)
            frames[lie] = chance.randbytes(2) + frames[lie][2:]
        with server.stream() as stream, contextlib.suppress(OSError):
            stream.socket.sendall(b"".join(frames))
            if chance.random() < 0.9:  # the others go without a word
                stream.socket.shutdown(socket.SHUT_WR)
                stream.socket.settimeout(5.0)
                while stream.socket.recv(65535):
                    pass


@pytest.mark.timeout(3 * SECONDS)
def test_two_hundred_thousand_malformed_packets(world: World) -> None:
    seed = secrets.randbits(64)
    print(f"seed {seed}")  # shown when the test fails
    chance = random.Random(seed)
    config = "[cache]\nmax_bytes = 1048576\nfailure_ttl = 1\n[upstream]\nbudget_ms = 1000\n"
    with (
        ScriptedUpstream(quick) as upstream,
        world.server(config=config, upstreams=[upstream.address]) as server,
    ):
        packets = mutants(chance)
        for _ in range(20):  # so that what is made once is made before
            server.ask(world.fresh())
        small, opened, start = server.memory(), server.descriptors(), time.monotonic()
        responses = over_udp(server, packets)
        over_tcp(server, packets, chance)
        seconds = time.monotonic() - start
        print(f"{responses} responses in {seconds:.1f} s, {server.memory() - small} octets more")
        assert server.process.poll() is None, "alive"
        assert server.memory() - small < GROWTH, "bounded"
        assert server.descriptors() <= opened + 8
        assert server.ask("backpage.com").rcode() == 3
        assert server.ask("www.listed.example", "HTTPS", tcp=True).rcode() == 3
        assert server.ask("localhost").answer[0][0].to_text() == "127.0.0.1"
        assert responses > OVER_UDP // 4, "most were well enough formed to deserve an error"
        assert not [line for line in server.log.splitlines() if line.startswith("ERROR")]
        assert seconds < SECONDS


def test_malformed_answers_of_an_upstream(world: World) -> None:
    """Before each true answer come three that were mutated; every client gets one that fits."""
    seed = secrets.randbits(64)
    print(f"seed {seed}")  # shown when the test fails
    chance = random.Random(seed)

    def lie(truth: bytes) -> bytes:
        octets = bytearray(truth)
        for _ in range(chance.randrange(1, 4)):
            chance.choice(MUTATIONS)(chance, octets)
            if not octets:
                break
        return bytes(octets)

    def script(asked: Received) -> list[Step]:
        question = asked.packet[12:].partition(b"\0\0\x01\0\x01")[0] + b"\0\0\x01\0\x01"
        head = asked.packet[:2] + b"\x81\x80\0\1\0\2\0\0\0\0" + question
        alias = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\7\4host\xc0\x13"
        host = b"\4host\xc0\x13\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
        truth = head + alias + host
        return [lie(truth), lie(truth), lie(truth), truth]

    with ScriptedUpstream(script) as upstream:
        config = "[cache]\nmax_bytes = 1048576\n[upstream]\nbudget_ms = 1000\n"
        with world.server(config=config, upstreams=[upstream.address]) as server:
            packets = [
                number.to_bytes(2) + query(f"n{number:05}.example", edns=False).to_wire()[2:]
                for number in range(FROM_UPSTREAM // 3)
            ]
            small, true = server.memory(), 0
            with server.datagrams() as sock:
                sock.settimeout(5.0)
                for at in range(0, len(packets), BATCH):
                    asked = {one[:2]: one[12:] for one in packets[at : at + BATCH]}
                    for packet in packets[at : at + BATCH]:
                        sock.send(packet)
                    for _ in asked:
                        response = sock.recv(4096)
                        question = asked[response[:2]]
                        assert response[12 : 12 + len(question)] == question
                        true += response.endswith(b"\xc0\0\2\1")
            assert true > len(packets) // 2
            assert server.memory() - small < GROWTH
            assert blocked(server.ask("backpage.com"))
            assert not [line for line in server.log.splitlines() if line.startswith("ERROR")]
