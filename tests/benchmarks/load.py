"""The client's side: dnsperf for the bulk, a crowd of client addresses beside it.

dnsperf sends from one address. A server that remembers who asked must not be measured with one
client, so a *crowd* asks listed names from many addresses of 127.0.0.0/8 during the same run: one
socket, the source of each packet chosen through IP_PKTINFO. Its answers are counted like dnsperf's.
"""

import re
import socket
import struct
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Self

OUTSTANDING = 100  # queries in flight, dnsperf's own default
_WINDOW = 32  # of the crowd's in flight: with dnsperf's well inside a default receive buffer
_LOST_AFTER = 2.0  # seconds; more than any of these servers takes
_FIRST_CLIENT = int(IPv4Address("127.16.0.1"))
_IP_PKTINFO = 8  # <linux/in.h>; the socket module names it from Python 3.12 on


@dataclass(slots=True)
class Outcome:
    """How a run went: questions sent, answered, and the answers' rcodes."""

    sent: int = 0
    answered: int = 0
    rcodes: dict[str, int] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        return self.sent - self.answered

    def add(self, other: "Outcome") -> None:
        self.sent += other.sent
        self.answered += other.answered
        for rcode, count in other.rcodes.items():
            self.rcodes[rcode] = self.rcodes.get(rcode, 0) + count


def dnsperf(port: int, questions: Path, core: int, *options: str) -> Outcome:
    """Run dnsperf to its end."""
    command = ["taskset", "--cpu-list", str(core), "dnsperf", "-s", "127.0.0.1", "-p", str(port)]
    command += ["-d", str(questions), "-q", str(OUTSTANDING), "-t", str(_LOST_AFTER), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return read_outcome(done.stdout)


def read_outcome(text: str) -> Outcome:
    """Read dnsperf's closing statistics."""
    found = {
        name: int(count) for name, count in re.findall(r"Queries (sent|completed): +(\d+)", text)
    }
    codes = re.search(r"Response codes: +(.*)", text)
    rcodes = re.findall(r"(\w+) (\d+) \(", codes[1]) if codes else []
    return Outcome(found["sent"], found["completed"], {name: int(count) for name, count in rcodes})


class Crowd:
    """`count` client addresses, each asking one listed name `times` times, in a thread."""

    def __init__(self, port: int, names: Sequence[str], first: int, count: int) -> None:
        self.outcome = Outcome()
        self._server = ("127.0.0.1", port)
        self._packets = [packet(name) for name in names[:count]]
        self._clients = range(_FIRST_CLIENT + first, _FIRST_CLIENT + first + count)
        self._thread = threading.Thread(target=self._ask, name="crowd", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _ask(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.bind(("0.0.0.0", 0))
            asking.settimeout(_LOST_AFTER)
            for number, client in enumerate(self._clients):
                query = self._packets[number % len(self._packets)]
                source = struct.pack("=I4s4s", 0, client.to_bytes(4), bytes(4))
                control = [(socket.IPPROTO_IP, _IP_PKTINFO, source)]
                asking.sendmsg([query], control, 0, self._server)
                self.outcome.sent += 1
                if self.outcome.sent - self.outcome.answered >= _WINDOW and not self._read(asking):
                    return
            while self.outcome.lost and self._read(asking):
                pass

    def _read(self, asking: socket.socket) -> bool:
        try:
            answer = asking.recv(4096)
        except TimeoutError:
            return False
        self.outcome.answered += 1
        found = _rcode(answer)
        self.outcome.rcodes[found] = self.outcome.rcodes.get(found, 0) + 1
        return True


def packet(name: str) -> bytes:
    """Write a query for the addresses of `name`, recursion desired, no EDNS."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 0x4242, 0x0100, 1, 0, 0, 0) + labels + b"\x00\x00\x01\x00\x01"


def rcode(port: int, name: str) -> str | None:
    """The rcode the server on `port` answers with; None if it does not answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        asking.connect(("127.0.0.1", port))
        try:
            asking.send(packet(name))
            return _rcode(asking.recv(4096))
        except (TimeoutError, ConnectionRefusedError):
            return None


def _rcode(answer: bytes) -> str:
    return {0: "NOERROR", 3: "NXDOMAIN"}.get(answer[3] & 15, "other")
