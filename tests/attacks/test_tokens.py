"""Attacks 2 and 3: turn a day's tokens back into devices; follow a device from one day to the next.

The attacker has copied the hits of Monday. On Tuesday, when its key is gone, he takes every file of
the server, its environment and what the machine is known by, and tries each string of octets in them
as a key, with several hashes, for every address of the network: that is a second a million. And he
looks for Monday's tokens among Tuesday's. A build without a key, and one with a key for ever, lose.
"""

import contextlib
import hmac
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import blake2b, md5, sha256
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.attacks.canaries import written
from tests.attacks.living import MONDAY, ask_from, go_to, running
from tests.world import Server, World, wait_until

DEVICES = 500
CLIENTS = [f"127.40.{number >> 8}.{number & 255}" for number in range(1, DEVICES + 1)]
TUESDAY = MONDAY + timedelta(
    hours=12, minutes=30
)  # half past midnight: Monday's hits are still there
SIZES = (16, 32)  # of keys
DENSE = (
    1 << 16
)  # octets of a file up to which a key is looked for at every one, and not every eighth
PLAIN = 9  # different octets; what has fewer is no key
NEARLY_ALL = 0.99
_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{32,128}")

Hash = Callable[[bytes, bytes], bytes]
HASHES: list[Hash] = [
    lambda key, text: blake2b(text, key=key[:64], digest_size=16).digest(),
    lambda key, text: sha256(key + text).digest(),
    lambda key, text: md5(key + text, usedforsecurity=False).digest(),
    lambda key, text: hmac.digest(key, text, "sha256"),
]


def forms(client: str) -> tuple[bytes, bytes]:
    """What of an address may have been hashed."""
    return IPv4Address(client).packed, client.encode()


def strings(octets: bytes) -> Iterator[bytes]:
    """Every string of octets that may be a key, where it stands as it is or in hexadecimal."""
    for found in _HEXADECIMAL.finditer(octets):
        text = found[0]
        yield bytes.fromhex(text[: len(text) // 2 * 2].decode())
    for at in range(0, len(octets), 1 if len(octets) <= DENSE else 8):
        if len(set(octets[at : at + SIZES[0]])) >= PLAIN:
            for size in SIZES:
                yield octets[at : at + size]


def around(server: Server) -> dict[str, bytes]:
    """All the attacker can read: the server's files and environment, and the machine's own names."""
    files = written(server) | {"hostname": socket.gethostname().encode()}
    for path in ("/etc/machine-id", f"/proc/{server.process.pid}/environ"):
        with contextlib.suppress(OSError):
            files[path] = Path(path).read_bytes()
    return files


def opened(tokens: set[bytes], keys: Iterable[bytes]) -> float:
    """The share of the clients that are found among the tokens by one of the keys and hashes."""

    def found(hash_: Hash, key: bytes, clients: list[str]) -> int:
        return sum(
            any(hash_(key, text)[:16] in tokens for text in forms(client)) for client in clients
        )

    for key in keys:
        for hash_ in HASHES:
            if found(hash_, key, CLIENTS[:1]):  # a key that does not open one opens none
                return found(hash_, key, CLIENTS) / len(CLIENTS)
    return 0


class Stolen(NamedTuple):
    """Tokens of two days; what could be read on the first, and on the second."""

    monday: set[bytes]
    tuesday: set[bytes]
    then: dict[str, bytes]
    now: dict[str, bytes]

    def opens(self, files: dict[str, bytes]) -> float:
        """How many devices of Monday are found by what is in files, or by no key at all."""
        smallest_first = sorted(files.values(), key=len)
        keys = dict.fromkeys(key for octets in smallest_first for key in strings(octets))
        return opened(self.monday, [b"", *keys])


def tokens(server: Server) -> set[bytes]:
    """Of the day; every device has asked."""
    ask_from(server, CLIENTS)
    day = (server.runtime / "day.key").stat().st_mtime

    def found() -> set[bytes]:
        with contextlib.suppress(Exception):  # locked at the moment
            return {row.token for row in server.stored() if row.day == _iso(day)}
        return set()

    wait_until(lambda: len(found()) == DEVICES, "a token of each device")
    return found()


def _iso(moment: float) -> str:
    return str((MONDAY.fromtimestamp(moment, MONDAY.tzinfo)).date())


def steal(world: World, planted: str = "") -> Stolen:
    with running(world, planted) as server:
        monday, then = tokens(server), around(server)
        go_to(server, TUESDAY)
        return Stolen(monday, tokens(server), then, around(server))


@pytest.fixture(scope="module")
def builds(world: World) -> dict[str, Stolen]:
    """What was stolen of the product, and of two weaker builds, at the same time."""
    every = ("", "planted_unkeyed", "planted_forever")
    with ThreadPoolExecutor() as threads:
        return dict(zip(every, threads.map(lambda one: steal(world, one), every), strict=True))


@pytest.fixture(scope="module")
def product(builds: dict[str, Stolen]) -> Stolen:
    return builds[""]


@pytest.fixture(scope="module")
def unkeyed(builds: dict[str, Stolen]) -> Stolen:
    return builds["planted_unkeyed"]


@pytest.fixture(scope="module")
def forever(builds: dict[str, Stolen]) -> Stolen:
    return builds["planted_forever"]


def test_no_token_of_yesterday_is_opened_by_anything_that_is_left(product: Stolen) -> None:
    assert product.opens(product.now) == 0


def test_the_search_opens_all_of_a_day_whose_key_is_there(product: Stolen) -> None:
    """And so does whoever controls the server today: nothing protects from that."""
    assert product.opens({"day.key": product.then["day.key"]}) == 1


def test_a_build_without_a_key_is_opened(unkeyed: Stolen) -> None:
    assert unkeyed.opens({}) >= NEARLY_ALL


def test_a_build_with_one_key_for_ever_is_opened(forever: Stolen) -> None:
    assert forever.opens(forever.now) >= NEARLY_ALL


def test_no_device_has_the_same_token_on_two_days(product: Stolen) -> None:
    assert len(product.monday) == len(product.tuesday) == DEVICES
    assert not product.monday & product.tuesday


def test_a_build_without_a_key_or_with_one_for_ever_links_all_days(
    unkeyed: Stolen, forever: Stolen
) -> None:
    for stolen in (unkeyed, forever):
        assert len(stolen.monday & stolen.tuesday) == DEVICES
