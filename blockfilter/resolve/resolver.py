"""The request path: from the octets of a query to the octets of its response.

Nothing here waits: what policy or cache can answer is answered at once, everything else when the
upstream's answer comes. `Resolver` lives in one thread and is given its clock, policy and upstreams.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from blockfilter.errors import FormatError
from blockfilter.hits.hit import Cell
from blockfilter.message import answer as answers
from blockfilter.message import response
from blockfilter.message.question import (
    AD,
    ANY,
    BADVERS,
    CD,
    HEADER,
    RD,
    REFUSED,
    Query,
    read,
    verdict,
)
from blockfilter.policy.decide import Decision, Policy
from blockfilter.resolve.cache import Cache, Kept, Key
from blockfilter.resolve.denials import Denials
from blockfilter.resolve.inflight import Inflight, Joined
from blockfilter.resolve.repeats import FOREVER, Repeat, Repeats
from blockfilter.resolve.routes import Group, Local, Routes
from blockfilter.resolve.tally import Tally
from blockfilter.resolve.upstream import Outcome

Respond = Callable[[bytes], None]

_TCP_MAX = 65535  # the two length octets before a message
_LOCAL_TTL = 3600  # special names do not change; the switch in the configuration clears the caches
_LOOPBACK = response.Block(_LOCAL_TTL, (bytes((127, 0, 0, 1)),), (bytes(15) + b"\1",))
_REFUSALS = {BADVERS: response.badvers, REFUSED: response.refused}


class Recorder(Protocol):
    """Where hits go: durable when `record` returns, and it never raises and never waits."""

    def record(self, client: str, cell: Cell, /) -> None:
        """Note that `client` met a rule of `cell`."""


class Blocking(NamedTuple):
    """How a block is answered: the constructor of the configuration's choice, and its values."""

    answer: Callable[[Query, response.Block], bytes]
    block: response.Block


class Settings(NamedTuple):
    """What the configuration says about answers."""

    blocking: Blocking
    limits: answers.Limits
    trust_ad: bool


class Transaction(NamedTuple):
    """One client's query on its way: what it asked, how large an answer may be, who hears it.

    `repeat_key` is set where the same octets may come again; `decision` is what policy said of the
    queried name.
    """

    query: Query
    client: str
    limit: int
    repeat_key: bytes | None
    respond: Respond
    decision: Decision


class Resolver:
    """Answers queries from policy, cache and upstreams, in that order."""

    def __init__(
        self,
        *,
        policy: Policy,
        routes: Routes,
        cache: Cache,
        repeats: Repeats,
        denials: Denials,
        recorder: Recorder,
        tally: Tally,
        settings: Settings,
        clock: Callable[[], float],
        on_loop: Callable[[bytes], None],
    ) -> None:
        self._policy = policy
        self._routes = routes
        self._cache = cache
        self._repeats = repeats
        self._denials = denials
        self._recorder = recorder
        self._tally = tally
        self._settings = settings
        self._clock = clock
        self._on_loop = on_loop
        self._cells: dict[tuple[tuple[str, str], ...], tuple[Cell, ...]] = {}
        self._inflight: Inflight[Key, Transaction] = Inflight()

    @property
    def idle(self) -> bool:
        """Whether no client waits for an upstream."""
        return not len(self._inflight)

    def swap(self, *, policy: Policy, routes: Routes, settings: Settings) -> None:
        """Put a new policy in force, whole, between two queries."""
        self._policy, self._routes, self._settings = policy, routes, settings
        self._repeats.clear()
        self._denials.clear()

    def handle(self, packet: bytes, client: str, respond: Respond, /, tcp: bool = False) -> None:
        """Answer a packet; `respond` is called once, at once or later, or never for silence."""
        query = _read(packet, respond)
        if query is None:
            return
        if refusal := verdict(query):
            respond(_REFUSALS[refusal](query))
            return
        self._resolve(query, client, packet, respond, tcp)

    def refuse(self, packet: bytes, respond: Respond, /) -> None:
        """Answer a packet from outside the clients this server is for."""
        query = _read(packet, respond)
        if query is not None:
            respond(response.refused(query, response.EDE_PROHIBITED))

    def _resolve(
        self, query: Query, client: str, packet: bytes, respond: Respond, tcp: bool
    ) -> None:
        """Answer from policy, cache or upstream, in that order."""
        decision = self._policy.decide(query.name)
        self._record(client, decision)  # before any octet leaves
        limit = _TCP_MAX if tcp else query.size
        if decision.blocks:
            octets = self._blocked(query, decision, limit)
            if not tcp and not query.options:
                end, cells = HEADER + len(query.question), self._cells_of(decision.cells)
                self._denials.put(client, packet, end, octets, cells)
            respond(octets)
            return
        repeat_key = None if tcp or query.options else packet[2:]
        transaction = Transaction(query, client, limit, repeat_key, respond, decision)
        route = self._routes.find(query.name)
        if isinstance(route, Local):
            self._answer_here(transaction, route)
            return
        if query.qtype == ANY:
            self._tell(transaction, response.minimal_any(query), FOREVER, decision.cells)
            return
        key = (*query.key, route.number)
        kept = self._cache.get(key, self._clock())
        if kept is not None:
            self._relay(transaction, kept)
            return
        joined = self._inflight.join(key, transaction)
        if joined is Joined.FIRST:
            self._ask(query, key, route)
        elif joined is Joined.REFUSED:
            respond(response.servfail(query, response.EDE_NETWORK_ERROR))

    def _ask(self, query: Query, key: Key, route: Group) -> None:
        # AD asks the upstream to say whether it validated (RFC 6840 section 5.7).
        flags = RD | AD | (query.flags & CD)
        route.exchange(
            query.question, flags, query.do, lambda outcome: self._answered(key, outcome)
        )

    def _answered(self, key: Key, outcome: Outcome) -> None:
        """An exchange has ended: keep what it brought and tell everyone who waited."""
        kept = self._taken_in(key, outcome)
        for transaction in self._inflight.leave(key):
            # Most names are asked once: only a second asking, out of the cache, makes a repeat.
            self._relay(transaction._replace(repeat_key=None), kept)

    def _taken_in(self, key: Key, outcome: Outcome) -> Kept:
        now = self._clock()
        if outcome.message is None or outcome.endpoint is None:
            return self._cache.keep_failure(key, outcome.failure, now)
        try:
            answer = answers.read(
                outcome.message, keep_authority=key[2], limits=self._settings.limits
            )
        except FormatError:
            return self._cache.keep_failure(key, response.EDE_NETWORK_ERROR, now)
        trusted = self._settings.trust_ad or _is_loopback(outcome.endpoint[0])
        return self._cache.keep(key, answer, now, trusted=trusted)

    def _relay(self, transaction: Transaction, kept: Kept) -> None:
        """Tell an upstream's answer, unless it leads into a listed name."""
        query, decision = transaction.query, transaction.decision
        if kept.answer is None:
            transaction.respond(response.servfail(query, kept.failure))
            return
        cells = decision.cells
        if not decision.passes and kept.answer.targets:
            inspection = kept.inspect(self._policy)
            self._record(transaction.client, inspection)
            cells += inspection.cells
            if inspection.blocks:
                octets = self._blocked(query, inspection, transaction.limit)
                transaction.respond(octets)
                return
        if kept.expires <= kept.came:
            transaction = transaction._replace(repeat_key=None)  # its TTL of 0 is for now only
        age = int(self._clock() - kept.came)
        octets = response.relayed(query, kept.answer, age, trusted=kept.trusted)
        if len(octets) > transaction.limit:
            octets = response.truncated(query, kept.answer.rcode)
        self._tally.count(1, transaction.client)
        until = min(kept.expires, kept.came + age + 1)
        self._tell(transaction, octets, until, cells, served=True)

    def _answer_here(self, transaction: Transaction, local: Local) -> None:
        query = transaction.query
        if local is Local.PROBE:
            self._on_loop(query.name)
            transaction.respond(response.servfail(query, response.EDE_NETWORK_ERROR))
            return
        if local is Local.LOOPBACK:
            octets = response.addresses(query, _LOOPBACK)
        elif local is Local.NODATA:
            octets = response.nodata(query, _LOCAL_TTL)
        else:
            octets = response.nxdomain(query, _LOCAL_TTL)
        self._tell(transaction, octets, FOREVER, transaction.decision.cells)

    def _blocked(self, query: Query, decision: Decision, limit: int) -> bytes:
        answer, block = self._settings.blocking
        if decision.nodata and answer is response.blocked_nxdomain:
            answer = response.blocked_nodata
        octets = answer(query, block)
        return octets if len(octets) <= limit else response.truncated(query)

    def _tell(
        self,
        transaction: Transaction,
        octets: bytes,
        until: float,
        cells: tuple[tuple[str, str], ...],
        *,
        served: bool = False,
    ) -> None:
        key = transaction.repeat_key
        if key is not None:
            self._repeats.put(key, Repeat(octets[2:], until, self._cells_of(cells), served))
        transaction.respond(octets)

    def _record(self, client: str, decision: Decision) -> None:
        for cell in self._cells_of(decision.cells):
            self._recorder.record(client, cell)

    def _cells_of(self, pairs: tuple[tuple[str, str], ...]) -> tuple[Cell, ...]:
        """The hits' own type for what a decision says; there are few, so each is made once."""
        cells = self._cells.get(pairs)
        if cells is None:
            cells = self._cells[pairs] = tuple(Cell(*pair) for pair in pairs)
        return cells


def _read(packet: bytes, respond: Respond) -> Query | None:
    """The query in a packet; None for what is none, which has its answer, or silence, by now."""
    if len(packet) < HEADER or packet[2] >= 0x80:
        return None
    if packet[2] & 0x78:
        respond(response.notimp(packet))
        return None
    try:
        return read(packet)
    except FormatError:
        respond(response.formerr(packet))
        return None


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host == "::1"
