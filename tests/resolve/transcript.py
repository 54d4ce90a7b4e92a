"""A resolver whose whole surroundings are in the test's hands: clock, upstreams, recorder, clients.

Everything that happens is written down in order, so that a test reads as a transcript:

    story = Story(blocking(rule("subtree", "listed.example")))
    story.ask("www.listed.example")
    assert story.events == [Hit(...), Told(...)]
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.name

from blockfilter.hits.hit import Cell
from blockfilter.message import response
from blockfilter.message.answer import Limits
from blockfilter.message.question import HEADER
from blockfilter.policy.rule import RuleList
from blockfilter.resolve.cache import Cache
from blockfilter.resolve.denials import Denials, mark
from blockfilter.resolve.repeats import Repeats
from blockfilter.resolve.resolver import Blocking, Resolver, Settings
from blockfilter.resolve.routes import Local, Routes
from blockfilter.resolve.tally import Tally
from blockfilter.resolve.upstream import Outcome
from tests.message.answers import respond
from tests.policy.rules import policy

PSL = ["com", "net", "example", "test", "co.uk"]
LIMITS = Limits(max_ttl=86400, max_negative_ttl=900)
FAILURE_TTL = 5.0
CLIENT = "192.0.2.7"
OUTSIDE, LOOPBACK = "203.0.113.53", "127.0.0.1"
NXDOMAIN = Blocking(response.blocked_nxdomain, response.Block(60))


class Offices:
    """Offices by the first octets of an address."""

    def __init__(self, **ids: str) -> None:
        self.by_prefix = {prefix: id_ for id_, prefix in ids.items()}
        self.ids = frozenset(ids)
        self.asked: list[str] = []

    def __call__(self, client: str) -> str:
        self.asked.append(client)
        found = (id_ for prefix, id_ in self.by_prefix.items() if client.startswith(prefix))
        return next(found, "elsewhere")


EVERYWHERE = Offices()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Asked(NamedTuple):
    """A question that went upstream."""

    question: bytes
    flags: int
    do: bool
    done: Callable[[Outcome], None]

    @property
    def packet(self) -> bytes:
        return b"\0\x07" + self.flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\0" + self.question

    @property
    def name(self) -> str:
        return dns.message.from_wire(self.packet).question[0].name.to_text()


class ScriptedGroup:
    """Other people's resolvers: they hear questions, and answer what and when the test says."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: list[Asked] = []
        self.waiting: list[Asked] = []

    def exchange(
        self, question: bytes, flags: int, do: bool, done: Callable[[Outcome], None], /
    ) -> None:
        self.asked.append(Asked(question, flags, do, done))
        self.waiting.append(self.asked[-1])

    def answer(
        self,
        *records: str,
        authority: Sequence[str] = (),
        rcode: str = "NOERROR",
        flags: str = "QR RD RA",
        host: str = OUTSIDE,
    ) -> None:
        """Answer the question that has waited longest with records in zone file form."""
        self.send(respond(self.waiting[0].packet, records, authority, (), rcode, flags), host)

    def send(self, message: bytes, host: str = OUTSIDE) -> None:
        """Answer with these octets."""
        self.waiting.pop(0).done(Outcome(message, (host, 53), 0))

    def fail(self, code: int) -> None:
        """End the exchange without an answer."""
        self.waiting.pop(0).done(Outcome(None, None, code))


class Hit(NamedTuple):
    client: str
    cell: Cell


class Told(NamedTuple):
    """A response that left."""

    client: str
    octets: bytes

    @property
    def message(self) -> dns.message.Message:
        return dns.message.from_wire(self.octets, one_rr_per_rrset=True)

    @property
    def rcode(self) -> str:
        return dns.rcode.to_text(self.message.rcode())

    @property
    def records(self) -> list[str]:
        return [one.to_text() for one in self.message.answer]

    @property
    def ede(self) -> list[tuple[int, str | None]]:
        options = self.message.options
        return [(int(o.code), o.text) for o in options if isinstance(o, dns.edns.EDEOption)]

    def has(self, flag: str) -> bool:
        return bool(self.message.flags & dns.flags.from_text(flag))


class Story:
    """A resolver, and everything that happened to it."""

    def __init__(
        self,
        *lists: RuleList,
        blocked: Blocking = NXDOMAIN,
        trust_ad: bool = False,
        zones: Mapping[bytes, Local | ScriptedGroup] | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self.clock = Clock()
        self.upstream = ScriptedGroup(0)
        self.events: list[Hit | Told] = []
        self.loops: list[bytes] = []
        self.repeats, self.denials = Repeats(1 << 20), Denials()
        self.tally = Tally(EVERYWHERE)
        self.routes = Routes(self.upstream, zones or {})
        self.settings = Settings(blocked, limits, trust_ad)
        self.resolver = Resolver(
            policy=policy(list(lists), PSL),
            routes=self.routes,
            cache=Cache(1 << 20, FAILURE_TTL),
            repeats=self.repeats,
            denials=self.denials,
            recorder=self,
            tally=self.tally,
            settings=self.settings,
            clock=self.clock,
            on_loop=self.loops.append,
        )

    def record(self, client: str, cell: Cell, /) -> None:
        """The recorder's part."""
        self.events.append(Hit(client, cell))

    def swap(self, *lists: RuleList, blocked: Blocking | None = None) -> None:
        """Put other lists in force."""
        settings = self.settings._replace(blocking=blocked or self.settings.blocking)
        self.resolver.swap(policy=policy(list(lists), PSL), routes=self.routes, settings=settings)

    def ask(self, name: str, qtype: str = "A", *, client: str = CLIENT, **how: Any) -> bytes:
        """A client asks; the packet is returned, what comes of it is in `events`."""
        tcp = bool(how.pop("tcp", False))
        packet = query(name, qtype, **how)
        self.send(packet, client=client, tcp=tcp)
        return packet

    def send(self, packet: bytes, *, client: str = CLIENT, tcp: bool = False) -> None:
        """A client sends octets."""
        self.resolver.handle(packet, client, lambda out: self._tell(client, out), tcp)

    def again(self, packet: bytes, *, client: str = CLIENT) -> bool:
        """A listener's part: tell from what was told before if it can be; whether it was."""
        repeat, denial = self.repeats.get(packet[2:]), self.denials.get(mark(client, packet[2:]))
        if repeat is not None and self.clock.now < repeat.until:
            octets, cells = packet[:2] + repeat.body, repeat.cells
            self.tally.count(int(repeat.served), client)
        elif denial is not None:
            head, end, tail, cells = denial
            octets = packet[:2] + head + packet[HEADER:end] + tail
        else:
            self.send(packet, client=client)
            return False
        for cell in cells:
            self.record(client, cell)
        self._tell(client, octets)
        return True

    def _tell(self, client: str, octets: bytes) -> None:
        self.events.append(Told(client, octets))

    @property
    def told(self) -> list[Told]:
        return [event for event in self.events if isinstance(event, Told)]

    @property
    def hits(self) -> list[Hit]:
        return [event for event in self.events if isinstance(event, Hit)]

    @property
    def last(self) -> Told:
        return self.told[-1]


def query(
    name: str,
    qtype: str = "A",
    *,
    ident: int = 4,
    flags: str = "RD",
    edns: bool = True,
    size: int = 1232,
    do: bool = False,
    options: Sequence[dns.edns.Option] = (),
) -> bytes:
    """The octets of a client's query; the letter case of `name` is kept."""
    message = dns.message.make_query(dns.name.from_text(name), qtype, id=ident)
    message.flags = dns.flags.from_text(flags)
    if edns:
        message.use_edns(0, int(dns.flags.DO) if do else 0, size, options=list(options))
    return message.to_wire()
