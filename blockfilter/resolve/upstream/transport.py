"""Makes the moves of all exchanges: sends, listens, keeps time, and bounds what is under way.

Shared by all groups, single-threaded, on one event loop. Nothing is put into the loop for an
exchange: no task, no reader, no timer. One coarse timer looks at the exchanges that are overdue,
and only while there are any; the table of exchanges is in the order they began, so that the slow
ones stand in front. `done` of an exchange is called exactly once, and never raises into here.
"""

import asyncio
import errno
import logging
import time
from collections import deque
from collections.abc import Sequence
from math import inf
from weakref import WeakValueDictionary

from blockfilter.message.question import RD
from blockfilter.resolve.poller import Poller
from blockfilter.resolve.upstream.choice import Choice
from blockfilter.resolve.upstream.endpoint import Endpoint, Upstream
from blockfilter.resolve.upstream.exchange import (
    END,
    WAIT,
    Ask,
    Budget,
    Exchange,
    Move,
    Outcome,
    Try,
)
from blockfilter.resolve.upstream.health import PROBE_FIRST
from blockfilter.resolve.upstream.matching import (
    ANSWER,
    BARE,
    FOREIGN,
    FORGED,
    NO_EDNS,
    Verdict,
    idents,
    judge,
)
from blockfilter.resolve.upstream.tcp import Connections
from blockfilter.resolve.upstream.timer import Timer
from blockfilter.resolve.upstream.udp import UdpTry
from blockfilter.resolve.upstream.watch import Watch

log = logging.getLogger(__name__)

# Exchanges at a time (unbound: 2,048 a thread). Each has a socket; those that ask again have more,
# but in all not above twice this.
OUTSTANDING = 2000
FIRST_TRY = 0.4  # seconds; unbound's first guess is 376 ms
BUDGET = 4.5  # seconds for one question in all: a stub gives up after 5
# At the bound the oldest exchange makes room if it is slower than this (unbound's jostle-timeout).
SLOW = 0.2
# Seconds between two looks at what is overdue, while exchanges are under way; and otherwise, while
# there are idle connections or resolvers to probe.
TICK = 0.025
SLOW_TICK = 0.25
# Exchanges seen to in one look: clients' packets get their turn within about two milliseconds.
LOOK_MAX = 100

# No socket could be had: the process or the machine is at a limit of its own.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_ROOT_NS = b"\0\0\2\0\1"  # what a probe asks: every resolver knows it


class Transport:
    """Exchanges under way.

    Counts: `ignored` messages that were no response to the query they claimed to answer, `dropped`
    exchanges that made room for others or found none.
    """

    def __init__(
        self,
        *,
        outstanding: int = OUTSTANDING,
        first_try: float = FIRST_TRY,
        budget: float = BUDGET,
    ) -> None:
        self.ignored = 0
        self.dropped = 0
        self.budget = Budget(first_try, budget)
        self._bound = outstanding
        self._loop: asyncio.AbstractEventLoop | None = None
        self.poller = Poller()
        self._timer = Timer(self._look)
        self._watch = Watch()
        self._idents = idents()
        self._connections = Connections(self.poller, self, self._idents)
        self._exchanges: dict[Exchange, None] = {}
        self._probes = 0  # how many of them are our own: they take nobody's room
        self._hurried: deque[tuple[Exchange, Upstream]] = deque()  # at most one for each exchange
        self._upstreams: WeakValueDictionary[Endpoint, Upstream] = WeakValueDictionary()
        self._drained: asyncio.Event | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work on `loop` from now on."""
        self.poller.start(loop)
        self._timer.start(loop)
        self._loop = loop

    async def drain(self, seconds: float) -> None:
        """Wait until the exchanges under way have ended, for at most so many seconds."""
        self._drained = asyncio.Event()
        self._timer.within(0)
        try:
            await asyncio.wait_for(self._drained.wait(), seconds)
        except TimeoutError:
            log.info("%d exchanges did not end in time", self.outstanding)

    def close(self) -> None:
        """End all exchanges and let go of all sockets; later exchanges are refused."""
        self._loop = None
        self._timer.stop()
        for exchange in list(self._exchanges):
            self._end(exchange, exchange.outcome)
        self._connections.close()
        self.poller.close()

    @property
    def outstanding(self) -> int:
        """How many callers wait for an outcome."""
        return len(self._exchanges) - self._probes

    def upstream(self, endpoint: Endpoint) -> Upstream:
        """The resolver at an address: the same one for all who ask, as long as anybody holds it."""
        upstream = self._upstreams.get(endpoint)
        if upstream is None:
            self._upstreams[endpoint] = upstream = Upstream(endpoint)
        return upstream

    def begin(self, exchange: Exchange) -> None:
        """Ask the first resolver; where there is no room, `done` is called before this returns."""
        if self._loop is None or (
            self.outstanding >= self._bound and not self._drop_slow(exchange, exchange.started)
        ):
            self.dropped += 1
            _tell(exchange, exchange.outcome)
            return
        self._exchanges[exchange] = None
        self._timer.within(TICK)
        self._make(Ask(exchange.choice.first()), exchange, exchange.started)

    # What tries tell of.

    def heard(self, try_: Try, message: bytes, now: float) -> None:
        """A message arrived that may be the response."""
        exchange, upstream = try_.exchange, try_.upstream
        verdict = judge(message, try_.ident, exchange.question)
        if verdict is ANSWER:
            was_down = self._watch.answered(upstream, try_.sent_at, now)
            if try_.plain and exchange.helped(try_):
                upstream.health.refused_edns(now)
            self._end(exchange, Outcome(message, upstream.endpoint, 0))
            if was_down:
                self._hurry(upstream)
        elif verdict is FOREIGN:
            self.ignored += 1
        else:
            self._unsettled(verdict, try_, message, now)

    def stray(self) -> None:
        """A message arrived that answers nothing anybody waits for."""
        self.ignored += 1

    def failed(self, try_: Try, now: float) -> None:
        """No response to `try_` can arrive any more."""
        exchange, upstream = try_.exchange, try_.upstream
        self._watch.failed(upstream, try_.sent_at, now)
        if self._give_up(try_):
            self._make(exchange.on_error(upstream), exchange, now)

    def lost(self, tries: Sequence[Try], now: float, *, reused: bool) -> None:
        """The peer closed the connection of `tries`; `reused`: it had answered on it before."""
        for try_ in tries:
            exchange = try_.exchange
            if try_ not in exchange.tries:  # it ended while the others were seen to
                continue
            if not reused:
                self._watch.failed(try_.upstream, try_.sent_at, now)
            if self._give_up(try_):
                self._make(exchange.on_lost(try_, reused=reused), exchange, now)

    def _unsettled(self, verdict: Verdict, try_: Try, message: bytes, now: float) -> None:
        exchange, upstream = try_.exchange, try_.upstream
        was_down = False
        if verdict is FORGED:
            self.ignored += 1
        elif verdict is not BARE:
            was_down = self._watch.answered(upstream, try_.sent_at, now)
            if verdict is not NO_EDNS and exchange.helped(try_):
                upstream.health.refused_edns(now)
            self._give_up(try_)
        self._make(exchange.on_response(verdict, try_, message), exchange, now)
        if was_down:
            self._hurry(upstream)

    @staticmethod
    def _give_up(try_: Try) -> bool:
        """Close a try; True where it was the latest of its exchange, which has to go on then."""
        tries = try_.exchange.tries
        latest = tries[-1] is try_
        tries.remove(try_)
        try_.close()
        return latest

    # What is done.

    def _make(self, move: Move, exchange: Exchange, now: float) -> None:
        """Make a move, and the next one if it fails at once."""
        while type(move) is Ask:
            error = self._send(move, exchange, now)
            if not error:
                return
            if error in _EXHAUSTED:
                move = WAIT if exchange.tries else END
            else:
                self._watch.failed(move.upstream, now, now)
                move = exchange.on_error(move.upstream)
        if move is END:
            self._end(exchange, exchange.outcome)

    def _send(self, ask: Ask, exchange: Exchange, now: float) -> int:
        """Send a query; 0, or the error number."""
        exchange.sends(ask, now)
        upstream = ask.upstream
        plain = ask.plain or upstream.health.plain(now)
        if exchange.tries and len(self.poller) >= self._bound:
            self._close_earliest(exchange)
        while True:
            try:
                if ask.tcp:
                    try_: Try = self._connections.ask(exchange, upstream, plain, now)
                else:
                    ident = next(self._idents)
                    try_ = UdpTry(exchange, upstream, ident, plain, now, self.poller, self)
            except OSError as error:
                number = error.errno or errno.EIO
                if number in _EXHAUSTED and self._relieve(exchange, now):
                    continue
                return number
            exchange.tries.append(try_)
            return 0

    def _end(self, exchange: Exchange, outcome: Outcome) -> None:
        self._forget(exchange)
        _tell(exchange, outcome)

    def _forget(self, exchange: Exchange) -> None:
        del self._exchanges[exchange]
        self._probes -= exchange.done is _nobody
        for try_ in exchange.tries:
            try_.close()
        exchange.tries.clear()

    # Bounds.

    def _drop_slow(self, exchange: Exchange, now: float) -> bool:
        """End the oldest exchange if it is a slow one, to make room for `exchange`."""
        oldest = next((one for one in self._exchanges if one.done is not _nobody), exchange)
        if oldest is exchange or now - oldest.started < SLOW or self._loop is None:
            return False
        self.dropped += 1
        self._forget(oldest)
        # Told later: who is told may begin another, which drops another, and so on ever deeper.
        self._loop.call_soon(_tell, oldest, oldest.outcome)
        return True

    def _relieve(self, exchange: Exchange, now: float) -> bool:
        """Free a descriptor for `exchange`: one of its own, or a slow exchange's."""
        return self._close_earliest(exchange) or self._drop_slow(exchange, now)

    def _close_earliest(self, exchange: Exchange) -> bool:
        earliest = next((try_ for try_ in exchange.tries if not try_.tcp), None)
        if earliest is not None:
            self._give_up(earliest)
        return earliest is not None

    # Time.

    def _look(self) -> float:
        """See to what is overdue; seconds until the next look."""
        now = time.monotonic()
        overdue = self._overdue(now)
        for exchange in overdue:
            self._due(exchange, now)
        for _ in range(min(len(self._hurried), LOOK_MAX)):
            exchange, upstream = self._hurried.popleft()
            if exchange in self._exchanges:
                self._make(exchange.on_up(upstream), exchange, now)
        for upstream in self._watch.to_probe(now):
            self._probe(upstream, now)
        if len(self._connections):
            self._connections.close_idle(now)
        if self._drained and not self.outstanding:
            self._drained.set()
        if self._hurried or len(overdue) == LOOK_MAX:
            return 0
        if self._exchanges:
            return TICK
        return SLOW_TICK if len(self._watch) or len(self._connections) else inf

    def _overdue(self, now: float) -> list[Exchange]:
        found: list[Exchange] = []
        youngest = now - self.budget.first_try
        for exchange in self._exchanges:
            if exchange.started > youngest or len(found) == LOOK_MAX:
                break  # nothing is due before a first try's time, and all that follow are younger
            if exchange.due <= now:
                found.append(exchange)
        return found

    def _due(self, exchange: Exchange, now: float) -> None:
        if exchange not in self._exchanges:  # it ended while the others were seen to
            return
        if exchange.tries:
            latest = exchange.tries[-1]
            self._watch.failed(latest.upstream, latest.sent_at, now)
            latest.abandon()
        self._make(exchange.on_due(now), exchange, now)

    def _probe(self, upstream: Upstream, now: float) -> None:
        """Ask a resolver that is down a question of our own, beside the bound of exchanges."""
        budget = Budget(self.budget.first_try, PROBE_FIRST, packets=1)
        alone = Choice((upstream,), "listed")
        exchange = Exchange(alone, _ROOT_NS, RD, False, _nobody, now, budget)
        self._exchanges[exchange] = None
        self._probes += 1
        self._make(Ask(upstream), exchange, now)

    def _hurry(self, upstream: Upstream) -> None:
        """A resolver is up again: ask it soon what has waited for long."""
        self._hurried.clear()
        self._hurried.extend((exchange, upstream) for exchange in self._exchanges)
        self._timer.within(0)


def _nobody(_: Outcome) -> None:
    """A probe's caller: what it found is in the resolver's health."""


def _tell(exchange: Exchange, outcome: Outcome) -> None:
    try:
        exchange.done(outcome)
    except Exception as error:  # noqa: BLE001 - one caller must never end the service of all others
        log.error("the receiver of an outcome failed: %s", type(error).__name__)  # noqa: TRY400
