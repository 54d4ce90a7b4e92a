"""Canaries: clients and names that nobody else has, and a search for them in many spellings.

What is found is told by number and form, never as itself: it may be printed.
"""

import base64
import contextlib
import os
import random
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address

import dns.name

from tests.client import option, query
from tests.fakes import Received, Step, addressed, always, answer
from tests.world import Server

CLIENTS, NAMES = 200, 50
FEWER = 3  # packed addresses are four octets: random ones may look like one or two of 200
KINDS = ("open", "listed", "site", "exact", "alias", "service", "protected", "failing", "silent",
         "lying")  # fmt: skip


class Canaries:
    """Names nobody else uses, five of each kind, and addresses of clients."""

    def __init__(self) -> None:
        chance = random.Random(secrets.randbits(64))
        alphabet = "bcdfghjklmnpqrstvwxz"
        self.labels = ["".join(chance.choices(alphabet, k=14)) for _ in range(NAMES)]
        numbers = chance.sample(range(1 << 16, 1 << 24), CLIENTS)
        self.clients = [str(IPv4Address((127 << 24) + number)) for number in numbers]
        self.searched: dict[bytes, list[str]] = {}
        below = {"listed": "listed.example", "site": "rubmaps.co.uk", "exact": "exact.example",
                 "protected": "rainn.org"}  # fmt: skip
        self.names = [
            f"{label}.{below.get(KINDS[at % len(KINDS)], KINDS[at % len(KINDS)] + '.example')}"
            for at, label in enumerate(self.labels)
        ]

    def upstream(self, asked: Received) -> Iterable[Step]:
        """What each kind of name is answered with."""
        name = asked.name.lower()
        kind = dns.name.from_text(name).labels[1]
        if kind == b"alias":
            return always(f"{name} 60 IN CNAME www.backpage.com.")(asked)
        if kind == b"service":
            return always(f"{name} 60 IN HTTPS 1 www.{name}")(asked)
        if kind == b"failing":
            return always(rcode="SERVFAIL")(asked)
        if kind == b"silent":
            return ()
        if kind == b"lying":
            return [b"\0" + answer(asked)[1:], answer(asked)[:20], os.urandom(40)]
        return addressed()(asked)


def spellings(label: str) -> Iterator[bytes]:
    """A label as text, in hexadecimal, in base64 (three phases), reversed."""
    octets = label.encode()
    yield octets
    yield octets[::-1]
    yield octets.hex().encode()
    for phase in range(3):
        coded = base64.b64encode(b"\0" * phase + octets)
        yield coded[4 * (phase > 0) : -4].lower()  # files are searched in lower case


def found(canaries: Canaries, octets: bytes) -> list[str]:
    """What of the canaries is in `octets`; never the canary itself, for this may be printed."""
    lower = octets.lower()
    leaks = [
        f"name {number} as {form}"
        for number, label in enumerate(canaries.labels)
        for form, spelling in enumerate(spellings(label))
        if spelling in lower
    ]
    packed = []
    for number, client in enumerate(canaries.clients):
        address = IPv4Address(client)
        mapped = f"{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"
        turned = ".".join(reversed(client.split(".")))
        for form in (client, turned, address.packed.hex(), mapped, str(int(address))):
            if whole(form.encode(), lower):
                leaks.append(f"client {number} as {len(form)} characters")
        if address.packed in octets or address.packed[::-1] in octets:
            packed.append(number)
    if len(packed) >= FEWER:
        leaks += [f"client {number} packed" for number in packed]
    return leaks


def whole(form: bytes, octets: bytes) -> bool:
    """Whether `form` stands in `octets`, not as a part of a longer number (127.1.2.3 of .34)."""
    at = octets.find(form)
    while at >= 0:
        around = octets[max(0, at - 1) : at] + octets[at + len(form) : at + len(form) + 1]
        if not any(chr(one).isalnum() for one in around):
            return True
        at = octets.find(form, at + 1)
    return False


def written(server: Server) -> dict[str, bytes]:
    """Every file under the directories of the server, and what it said."""
    files = {"stderr and stdout": server.log.encode()}
    for place in (server.place, server.runtime):
        for path in place.rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # a journal that has just been folded
                if path.is_file():
                    files[str(path.relative_to(place))] = path.read_bytes() + path.name.encode()
    return files


def leaks(canaries: Canaries, server: Server) -> dict[str, list[str]]:
    """What is found in which file; octets that were searched before are not searched again."""
    every = {}
    for name, octets in written(server).items():
        known = canaries.searched.get(octets)
        if known is None:
            known = canaries.searched[octets] = found(canaries, octets)
        every[name] = known
    return {name: one for name, one in every.items() if one}


def packets(canaries: Canaries) -> list[bytes]:
    """One query a name, of many types; some broken, some of other classes and opcodes.

    Every third has EDNS options that tell who asks: a cookie, a subnet, what a router adds.
    """
    made = []
    for at, name in enumerate(canaries.names):
        kind = ("A", "AAAA", "HTTPS", "TXT", "ANY")[at // len(KINDS) % 5]
        label = canaries.labels[at].encode()
        subnet = b"\0\1\x20\0" + IPv4Address(canaries.clients[at]).packed
        telling = [option(10, label + b"zz"), option(8, subnet), option(65001, label)]
        options = telling if at % 3 == 2 else ()
        made.append(query(name.upper() if at % 2 else name, kind, options=options).to_wire())
    for at, name in enumerate(canaries.names[::5]):
        octets = bytearray(query(name, edns=False).to_wire())
        broken = (
            octets + b"\0",
            octets[:-3],
            octets[:-1] + b"\3",
            octets[:2] + b"\x28" + octets[3:],
        )
        made.append(bytes(broken[at % 4]))
    return made


def ask_over_udp(server: Server, client: str, queries: list[bytes]) -> None:
    with server.datagrams(client) as sock:
        sock.setblocking(False)
        for number, packet in enumerate(queries):
            sock.send(packet)
            if number % 10 == 9:  # so that no buffer runs over
                sane = query("check.blockfilter.test").to_wire()
                server.octets(sane)


def ask_over_tcp(server: Server, client: str, queries: list[bytes]) -> None:
    with server.stream(client) as stream, contextlib.suppress(OSError):
        stream.send(*queries)
        stream.socket.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while stream.socket.recv(65535):
                pass


def everybody_asks(server: Server, canaries: Canaries) -> None:
    """All clients, all names; fifty at a time over TCP, for the silent ones take their time."""
    queries = packets(canaries)
    for client in canaries.clients:
        ask_over_udp(server, client, queries)
    with ThreadPoolExecutor(50) as threads:
        list(threads.map(lambda client: ask_over_tcp(server, client, queries), canaries.clients))
