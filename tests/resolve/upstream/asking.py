"""How these tests ask: an event loop, a transport on it, and outcomes as awaitables."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import dns.message
import dns.name
import dns.rdatatype

from blockfilter.resolve.upstream import Endpoint, Order, Outcome, Transport, Upstreams

RD, AD, CD = 0x0100, 0x0020, 0x0010


def question(name: str = "www.example.com", qtype: str = "A") -> bytes:
    """The octets of a question section, in the letter case of `name`."""
    owner = dns.name.from_text(name).to_wire() or b""
    return owner + dns.rdatatype.from_text(qtype).to_bytes(2, "big") + b"\0\1"


class Asking:
    """A transport in the running loop, and a group of resolvers to ask through it."""

    def __init__(self, transport: Transport, upstreams: Upstreams) -> None:
        self.transport = transport
        self.upstreams = upstreams
        self.told = 0  # outcomes so far

    def begin(
        self, name: str = "www.example.com", *, flags: int = RD, do: bool = False, qtype: str = "A"
    ) -> asyncio.Future[Outcome]:
        """Begin an exchange."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            self.told += 1
            future.set_result(outcome)  # raises if it is told twice, and the test sees it logged

        self.upstreams.exchange(question(name, qtype), flags, do, done)
        return future

    async def ask(
        self, name: str = "www.example.com", *, flags: int = RD, do: bool = False, qtype: str = "A"
    ) -> Outcome:
        """What an exchange comes to."""
        return await asyncio.wait_for(self.begin(name, flags=flags, do=do, qtype=qtype), 10)


@contextlib.asynccontextmanager
async def asking(
    *endpoints: Endpoint,
    order: Order = "listed",
    outstanding: int = 2000,
    first_try: float = 0.4,
    budget: float = 4.5,
) -> AsyncIterator[Asking]:
    """Ask `endpoints` as one group."""
    transport = Transport(outstanding=outstanding, first_try=first_try, budget=budget)
    transport.start(asyncio.get_running_loop())
    try:
        yield Asking(transport, Upstreams(endpoints, transport=transport, order=order))
    finally:
        transport.close()


def rcode(outcome: Outcome) -> int:
    """The rcode of the message an exchange brought."""
    assert outcome.message is not None, f"no message, failure {outcome.failure}"
    return dns.message.from_wire(outcome.message).rcode()


def addresses(outcome: Outcome) -> list[str]:
    """The addresses in the answer an exchange brought."""
    assert outcome.message is not None, f"no message, failure {outcome.failure}"
    sections: Sequence[object] = dns.message.from_wire(outcome.message).answer
    return [str(rdata) for rrset in sections for rdata in rrset]  # type: ignore[attr-defined]
