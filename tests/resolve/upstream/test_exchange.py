"""What an exchange decides, move by move, without a socket or a clock."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.resolve.upstream.choice import Choice
from blockfilter.resolve.upstream.endpoint import Upstream
from blockfilter.resolve.upstream.exchange import END, WAIT, Ask, Budget, Exchange, Move
from blockfilter.resolve.upstream.matching import (
    BARE,
    FAILED,
    FORGED,
    NO_EDNS,
    TRUNCATED,
    Verdict,
)

BUDGET = Budget(0.4, 4.5)
SERVFAIL = b"\0\0\x81\x82" + bytes(8)
REFUSED = b"\0\0\x81\x85" + bytes(8)


@dataclass(eq=False)
class Sent:
    """A try that goes nowhere."""

    exchange: Exchange
    upstream: Upstream
    plain: bool
    tcp: bool
    sent_at: float
    ident: bytes = b"\0\0"
    closed: bool = field(default=False)

    def close(self) -> None:
        self.closed = True

    def abandon(self) -> None:
        pass


class Play:
    """An exchange with `count` upstreams, and what a transport does for it."""

    def __init__(self, count: int = 2, budget: Budget = BUDGET) -> None:
        self.upstreams = [Upstream((f"192.0.2.{number}", 53)) for number in range(count)]
        choice = Choice(self.upstreams, "listed")
        self.exchange = Exchange(choice, b"", 0, False, lambda _: None, 0.0, budget)
        self.now = 0.0
        self.sent: list[Sent] = []

    def send(self, ask: Move) -> Sent:
        assert isinstance(ask, Ask)
        self.exchange.sends(ask, self.now)
        sent = Sent(self.exchange, ask.upstream, ask.plain, ask.tcp, self.now)
        self.exchange.tries.append(sent)
        self.sent.append(sent)
        return sent

    def begin(self) -> Sent:
        return self.send(Ask(self.exchange.choice.first()))

    def response(self, verdict: Verdict, sent: Sent, message: bytes = SERVFAIL) -> Move:
        if verdict not in (FORGED, BARE):
            self.exchange.tries.remove(sent)
        return self.exchange.on_response(verdict, sent, message)

    def error(self, sent: Sent) -> Move:
        self.exchange.tries.remove(sent)
        return self.exchange.on_error(sent.upstream)

    def due(self) -> Move:
        self.now = self.exchange.due
        return self.exchange.on_due(self.now)


def test_silence_is_followed_by_the_next_with_doubled_patience_and_the_end_at_the_budget():
    play = Play(2)
    a, b = play.upstreams
    play.begin()
    asked = []
    while (move := play.due()) is not END:
        if isinstance(move, Ask):
            asked.append((round(play.now, 3), move.upstream))
            play.send(move)
    assert asked == [(0.4, b), (1.2, a), (2.8, b)]
    assert play.now == 4.5
    assert play.exchange.outcome == (None, None, 22)


def test_after_the_last_packet_nothing_is_sent_and_the_wait_goes_on():
    play = Play(1, Budget(0.01, 4.5))
    play.begin()
    while (move := play.due()) is not WAIT:
        play.send(move)
    assert len(play.sent) == 6
    assert play.due() is END
    assert play.now == 4.5


def test_errors_are_tried_once_with_each_and_once_more_when_due():
    play = Play(2)
    a, b = play.upstreams
    assert play.error(play.begin()) == Ask(b)
    assert play.error(play.send(Ask(b))) is WAIT
    assert play.due() == Ask(a)
    assert play.error(play.send(Ask(a))) == Ask(b)
    assert play.error(play.send(Ask(b))) is END
    assert play.exchange.outcome.failure == 23


def test_an_error_after_silence_is_no_network_error_of_all():
    play = Play(2)
    _, b = play.upstreams
    play.begin()
    assert play.due() == Ask(b)
    assert play.exchange.outcome.failure == 22
    assert play.error(play.send(Ask(b))) == Ask(play.upstreams[0])
    assert play.exchange.outcome.failure == 22


def test_a_failure_is_taken_to_one_other_and_then_relayed():
    play = Play(3)
    a, b, _ = play.upstreams
    assert play.response(FAILED, play.begin()) == Ask(b)
    assert play.response(FAILED, play.send(Ask(b)), b"\0\0\x81\x82other") is END
    assert play.exchange.outcome == (SERVFAIL, a.endpoint, 0)


def test_a_better_failure_takes_the_place_of_a_worse_one():
    play = Play(2)
    _, b = play.upstreams
    play.response(FAILED, play.begin(), REFUSED)
    play.response(FAILED, play.send(Ask(b)), SERVFAIL)
    assert play.exchange.outcome == (SERVFAIL, b.endpoint, 0)


def test_a_failure_waits_for_one_that_was_asked_before_until_it_is_due():
    play = Play(2)
    _, b = play.upstreams
    play.begin()
    second = play.send(play.due())
    assert second.upstream is b
    assert play.response(FAILED, second) is WAIT
    assert play.due() is END
    assert play.exchange.outcome.message == SERVFAIL


def test_an_error_of_the_second_opinion_relays_the_first():
    play = Play(2)
    _, b = play.upstreams
    play.response(FAILED, play.begin())
    assert play.error(play.send(Ask(b))) is END
    assert play.exchange.outcome.message == SERVFAIL


def test_truncation_goes_to_tcp_once_a_round_with_time_for_two_round_trips():
    play = Play(1)
    (a,) = play.upstreams
    first = play.begin()
    assert play.response(TRUNCATED, first) == Ask(a, tcp=True)
    play.send(Ask(a, tcp=True))
    assert play.exchange.due == pytest.approx(0.8)
    again = play.send(Ask(a))
    assert play.response(TRUNCATED, again) is WAIT
    assert play.due() == Ask(a)
    assert play.response(TRUNCATED, play.send(Ask(a))) == Ask(a, tcp=True)


def test_truncation_over_tcp_counts_as_an_error():
    play = Play(2)
    a, b = play.upstreams
    play.begin()
    over_tcp = play.send(Ask(a, tcp=True))
    assert play.response(TRUNCATED, over_tcp) == Ask(b)


def test_the_third_forgery_moves_the_query_to_tcp_and_the_fourth_does_nothing():
    play = Play(1)
    (a,) = play.upstreams
    first = play.begin()
    moves = [play.response(FORGED, first) for _ in range(5)]
    assert moves == [WAIT, WAIT, Ask(a, tcp=True), WAIT, WAIT]


def test_forgeries_over_tcp_are_waited_out():
    play = Play(1)
    over_tcp = play.send(Ask(play.upstreams[0], tcp=True))
    assert [play.response(FORGED, over_tcp) for _ in range(5)] == [WAIT] * 5


@pytest.mark.parametrize("tcp", [False, True])
def test_edns_is_left_out_once_and_over_the_same_transport(tcp):
    play = Play(1)
    (a,) = play.upstreams
    first = play.send(Ask(a, tcp=tcp))
    assert play.response(NO_EDNS, first) == Ask(a, tcp=tcp, plain=True)
    plain = play.send(Ask(a, tcp=tcp, plain=True))
    assert play.exchange.helped(plain)
    assert not play.exchange.helped(first)
    assert play.response(NO_EDNS, plain) is END
    assert play.exchange.outcome.message == SERVFAIL


def test_a_bare_header_is_a_hint_once_and_then_nothing():
    play = Play(1)
    (a,) = play.upstreams
    first = play.begin()
    assert play.response(BARE, first) == Ask(a, plain=True)
    plain = play.send(Ask(a, plain=True))
    assert play.response(BARE, first) is WAIT
    assert play.response(BARE, plain) is WAIT


def test_a_reused_connection_that_was_closed_is_opened_once_more():
    play = Play(2)
    a, b = play.upstreams
    over_tcp = play.send(Ask(a, tcp=True))
    play.exchange.tries.remove(over_tcp)
    assert play.exchange.on_lost(over_tcp, reused=True) == Ask(a, tcp=True)
    assert play.exchange.on_lost(over_tcp, reused=True) == Ask(b)


def test_a_new_connection_that_was_closed_is_an_error():
    play = Play(2)
    a, b = play.upstreams
    over_tcp = play.send(Ask(a, tcp=True))
    play.exchange.tries.remove(over_tcp)
    assert play.exchange.on_lost(over_tcp, reused=False) == Ask(b)


def test_who_has_waited_for_a_round_is_sent_again_when_an_upstream_of_its_own_returns():
    play = Play(2)
    a, _ = play.upstreams
    play.begin()
    assert play.exchange.on_up(a) is WAIT
    play.send(play.due())
    assert play.exchange.on_up(a) == Ask(a)
    assert play.exchange.on_up(Upstream(("192.0.2.99", 53))) is WAIT


EVENTS = st.sampled_from([TRUNCATED, FAILED, NO_EDNS, BARE, FORGED, "error", "lost", "due", "up"])


@given(st.integers(1, 4), st.lists(st.tuples(EVENTS, st.integers(0, 9)), max_size=60))
def test_whatever_happens_six_packets_are_the_most_and_it_ends_within_the_budget(count, events):
    play = Play(count)
    exchange = play.exchange
    play.begin()
    for event, place in events:
        if event == "due":
            move = play.due()
        elif event == "up":
            move = exchange.on_up(play.upstreams[place % count])
        elif not exchange.tries:
            continue
        else:
            sent = exchange.tries[place % len(exchange.tries)]
            if event == "error":
                move = play.error(sent)
            elif event == "lost":
                exchange.tries.remove(sent)
                move = exchange.on_lost(sent, reused=bool(place % 2))
            else:
                move = play.response(event, sent)
        if move is END:
            return
        if move is WAIT:
            assert exchange.tries or exchange.due <= 4.5
        else:
            play.send(move)
        assert len(play.sent) <= 6
        assert play.now <= exchange.due <= 4.5
    for _ in range(10):
        move = play.due()
        if move is END:
            return
        if move is not WAIT:
            play.send(move)
    pytest.fail("it does not end")
