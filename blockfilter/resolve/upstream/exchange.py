"""One question on its way through a group of resolvers: what was tried, and what to do next. Pure.

An event (a response, an error, time running out) goes in, a `Move` comes out, and the transport
makes it. The laws: at most `MAX_PACKETS` queries leave for one question, over whatever transport;
a try that stays silent is followed by one to the next resolver, with doubled patience, while the
silent one may still answer and win; a resolver that says it failed gets one second opinion; a
round of errors alone is tried once more; and all ends within the budget.
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import NamedTuple, Protocol

from blockfilter.message.response import EDE_NETWORK_ERROR, EDE_NO_REACHABLE_AUTHORITY
from blockfilter.resolve.upstream.choice import Choice
from blockfilter.resolve.upstream.endpoint import Endpoint, Upstream
from blockfilter.resolve.upstream.matching import BARE, FAILED, NO_EDNS, TRUNCATED, Verdict, rank

# Queries that may leave for one question (against amplified work: NXNSAttack and its kin).
MAX_PACKETS = 6
# Messages with the query's id that are not its response, until the query moves to TCP, where nobody
# can guess from outside (RFC 5452 section 9.2 asks to notice; dnsmasq and unbound move as well).
MAX_WRONG = 3


class Outcome(NamedTuple):
    """What an exchange came to: a message as received and who sent it, or why there is none.

    `failure` is 0 or an extended error code: 22 nobody answered in time, 23 network error.
    """

    message: bytes | None
    endpoint: Endpoint | None
    failure: int


class Budget(NamedTuple):
    """How long is waited, in seconds: for a first try, for all of them; and how many there are."""

    first_try: float
    total: float
    packets: int = MAX_PACKETS


class Try(Protocol):
    """A query that left, and where its response is waited for; `plain`: it has no OPT."""

    exchange: "Exchange"
    upstream: Upstream
    ident: bytes
    plain: bool
    sent_at: float

    @property
    def tcp(self) -> bool:
        """Whether it left over TCP."""

    def close(self) -> None:
        """Wait no more."""

    def abandon(self) -> None:
        """Wait on, but send nothing more this way: it has been silent for too long."""


class Owner(Protocol):
    """Who is told what becomes of a try."""

    def heard(self, try_: Try, message: bytes, now: float) -> None:
        """A message arrived that may be the response."""

    def stray(self) -> None:
        """A message arrived that answers nothing anybody waits for."""

    def failed(self, try_: Try, now: float) -> None:
        """No response can arrive any more."""

    def lost(self, tries: Sequence[Try], now: float, *, reused: bool) -> None:
        """The peer closed the connection of `tries`; `reused`: it had answered on it before."""


class Ask(NamedTuple):
    """Send the question to `upstream`; `plain`: without EDNS, whatever is known of it."""

    upstream: Upstream
    tcp: bool = False
    plain: bool = False


class Rest(Enum):
    """What to do where nothing is to be sent."""

    WAIT = auto()  # until something arrives or `due`
    END = auto()  # with `outcome`


WAIT, END = Rest.WAIT, Rest.END
Move = Ask | Rest


class Exchange:
    """The state of one question. `tries` are those still open, the latest last."""

    __slots__ = (
        "_asked",
        "_errors",
        "_first_try",
        "_kept",
        "_over",
        "_packets",
        "_plain",
        "_reconnected",
        "_refused",
        "_rounds",
        "_second_opinion",
        "_silences",
        "_wrong",
        "choice",
        "deadline",
        "do",
        "done",
        "due",
        "flags",
        "question",
        "started",
        "tries",
    )

    def __init__(
        self,
        choice: Choice[Upstream],
        question: bytes,
        flags: int,
        do: bool,
        done: Callable[[Outcome], None],
        now: float,
        budget: Budget,
    ) -> None:
        self.choice = choice
        self.question = question
        self.flags = flags
        self.do = do
        self.done = done
        self.started = now
        self._first_try, total, self._packets = budget
        self.deadline = now + total
        self.due = self.deadline
        self.tries: list[Try] = []
        self._asked: tuple[Upstream, ...] = ()
        self._refused: tuple[Upstream, ...] = ()  # whom errors came from in this round
        self._plain: tuple[Upstream, ...] = ()  # who was asked again without EDNS
        self._over: tuple[Upstream, int] | None = None  # who was asked over TCP, in which round
        self._kept: Outcome | None = None
        self._rounds = self._errors = self._silences = self._wrong = 0
        self._reconnected = self._second_opinion = False

    @property
    def may_send(self) -> bool:
        """Whether another query may leave."""
        return self._packets > 0

    @property
    def outcome(self) -> Outcome:
        """What to end with if nothing better comes."""
        if self._kept:
            return self._kept
        network = self._errors and not self._silences
        return Outcome(None, None, EDE_NETWORK_ERROR if network else EDE_NO_REACHABLE_AUTHORITY)

    def sends(self, ask: Ask, now: float) -> None:
        """Account for a query that leaves now."""
        self._packets -= 1
        self._asked += (ask.upstream,)
        patience = self._first_try * (1 << self._rounds + ask.tcp)  # TCP takes two round trips
        self.due = min(now + patience, self.deadline)

    def helped(self, try_: Try) -> bool:
        """Whether `try_`, now answered, was the repetition without EDNS that made the difference."""
        return try_.plain and try_.upstream in self._plain

    def on_response(self, verdict: Verdict, try_: Try, message: bytes) -> Move:
        """A message came that does not settle the question; `try_` is closed if it was a response."""
        upstream = try_.upstream
        if verdict is TRUNCATED:
            return self.on_error(upstream) if try_.tcp else self._over_tcp(upstream)
        if verdict is BARE or (verdict is NO_EDNS and not try_.plain):
            return self._without_edns(try_, verdict, message)
        if verdict is FAILED or verdict is NO_EDNS:
            return self._failed(upstream, message)
        if not try_.tcp:
            self._wrong += 1
            if self._wrong == MAX_WRONG:
                return self._over_tcp(upstream)
        return WAIT

    def on_up(self, upstream: Upstream) -> Move:
        """A resolver is back: who has waited for long need not wait for the next turn."""
        concerned = self._rounds and upstream in self.choice.members
        return Ask(upstream) if concerned and self.may_send else WAIT

    def on_error(self, upstream: Upstream) -> Move:
        """A try failed at once: refused, unreachable, closed. It is no longer among `tries`."""
        self._errors += 1
        self._refused += (upstream,)
        following = self.choice.after(upstream)
        if self.may_send and following not in self._refused and not self._kept:
            return Ask(following)
        if self.tries:
            return WAIT
        # A resolver that restarts refuses for a moment: everything is tried once more when due.
        return END if self._kept or self._rounds else WAIT

    def on_lost(self, try_: Try, *, reused: bool) -> Move:
        """The peer closed a TCP connection; a `reused` one may just have been idle for too long."""
        if reused and not self._reconnected and self.may_send:
            self._reconnected = True
            return Ask(try_.upstream, tcp=True, plain=try_.plain)
        return self.on_error(try_.upstream)

    def on_due(self, now: float) -> Move:
        """Patience is at its end: for the latest try, or for the whole exchange."""
        if now >= self.deadline or self._kept:
            return END
        self._rounds += 1
        self._silences += bool(self.tries)
        self._refused = ()
        if self.may_send:
            return Ask(self.choice.after(self._asked[-1]) if self._asked else self.choice.first())
        self.due = self.deadline
        return WAIT if self.tries else END

    def _over_tcp(self, upstream: Upstream) -> Move:
        this_round = (upstream, self._rounds)
        if self._over == this_round:  # two tries were truncated; the one over TCP is under way
            return WAIT
        self._over = this_round
        return self._again(Ask(upstream, tcp=True))

    def _without_edns(self, try_: Try, verdict: Verdict, message: bytes) -> Move:
        upstream = try_.upstream
        if upstream not in self._plain and not try_.plain:
            self._plain += (upstream,)
            return self._again(Ask(upstream, try_.tcp, plain=True))
        return WAIT if verdict is BARE else self._failed(upstream, message)

    def _failed(self, upstream: Upstream, message: bytes) -> Move:
        kept = self._kept
        if kept is None or kept.message is None or rank(message) < rank(kept.message):
            self._kept = Outcome(message, upstream.endpoint, 0)
        other = self.choice.other(self._asked)
        if other is not None and not self._second_opinion and self.may_send:
            self._second_opinion = True
            return Ask(other)
        return WAIT if self.tries else END

    def _again(self, ask: Ask) -> Move:
        if self.may_send:
            return ask
        return WAIT if self.tries else END
