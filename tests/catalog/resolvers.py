"""Who answers a look: a resolver whose records a test changes, and one that is asked over UDP.

resolver = Resolver({"ads.example": ["A 192.0.2.1", "NS ns1.host.example."]})
await resolver(question)
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.client import PATIENCE

HEADER = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\x01"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"


class Resolver:
    """Answers from its records, follows CNAMEs among them, and knows what it was asked."""

    def __init__(self, records: Mapping[str, Sequence[str]] = {}) -> None:
        self.records = {name: list(several) for name, several in records.items()}
        self.asked: list[tuple[str, str]] = []
        self.at: list[float] = []
        self.silent = False
        self.silent_from = -1  # the number of the question from which on it is
        self.rcodes: dict[str, str] = {}  # failures, by name
        self.errors: dict[str, int] = {}  # extended errors, by name
        self.raw: dict[str, bytes] = {}  # octets instead of a response

    async def __call__(self, question: bytes, /) -> bytes | None:
        message = dns.message.from_wire(HEADER + question + OPT)
        name, rtype = message.question[0].name, message.question[0].rdtype
        text = name.to_text().rstrip(".") or "."
        self.asked.append((text, dns.rdatatype.to_text(rtype)))
        self.at.append(asyncio.get_running_loop().time())
        if self.silent or 0 <= self.silent_from < len(self.asked):
            return None
        if text in self.raw:
            return self.raw[text]
        response = dns.message.make_response(message, recursion_available=True)
        self._answer(response, name, rtype)
        if text in self.rcodes:
            response.answer.clear()
            response.set_rcode(dns.rcode.from_text(self.rcodes[text]))
        if text in self.errors:
            code = dns.edns.EDECode.make(self.errors[text])
            response.use_edns(0, 0, 1232, options=[dns.edns.EDEOption(code)])
        return response.to_wire()

    def names(self, rtype: str) -> list[str]:
        """The names it was asked for, by the type."""
        return [name for name, asked in self.asked if asked == rtype]

    def _answer(
        self, response: dns.message.Message, name: dns.name.Name, rtype: dns.rdatatype.RdataType
    ) -> None:
        text = name.to_text().rstrip(".") or "."
        if text == ".":
            records = ["NS a.root-servers.net."]
        elif text in self.records:
            records = self.records[text]
        else:
            below = any(one.endswith(f".{text}") for one in self.records)
            response.set_rcode(dns.rcode.NOERROR if below else dns.rcode.NXDOMAIN)
            return
        for record in records:
            kind, data = record.split(maxsplit=1)
            if dns.rdatatype.from_text(kind) in (rtype, dns.rdatatype.CNAME):
                response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, data))
            if kind == "CNAME" and rtype != dns.rdatatype.CNAME:
                self._answer(response, dns.name.from_text(data), rtype)


class Asking:
    """Asks a server over UDP, as whoever composes a look would."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    async def __call__(self, question: bytes, /) -> bytes | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)  # nothing else runs in the loop
            sock.connect(self._address)
            sock.send(HEADER + question + OPT)
            return sock.recv(4096)
