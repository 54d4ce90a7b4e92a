"""Datagrams in, datagrams out: what a listener answers by itself, and what it counts of it."""

import contextlib
import socket
import time
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from blockfilter.policy.rule import Mode
from blockfilter.resolve.poller import Poller
from blockfilter.resolve.tally import SAMPLED
from blockfilter.serve.admission import Admission
from blockfilter.serve.udp import BURST, UdpListener
from tests.policy.rules import blocking, rule
from tests.resolve.transcript import Hit, Offices, Story, query

LISTED = blocking(
    rule("subtree", "listed.example"), rule("exact", "watched.example", mode=Mode.MONITOR)
)
ALIAS = "good.example. 60 IN CNAME www.listed.example."


class Listening(Story):
    """A story whose clients come over a socket."""

    def __init__(self) -> None:
        super().__init__(LISTED)
        self.clock = time.monotonic  # type: ignore[assignment]  # the listener's own
        self.resolver._clock = time.monotonic
        self.offices = Offices(here="127.0.0.")
        self.tally._offices = self.offices
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        self.listener = UdpListener(
            sock,
            poller=Poller(),
            handler=self.resolver,
            repeats=self.repeats,
            denials=self.denials,
            recorder=self,
            tally=self.tally,
            admission=Admission(
                [ip_network("127.0.0.0/8")], rate=0, exempt=(), clock=time.monotonic
            ),
        )
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client.connect(sock.getsockname())
        self.client.settimeout(5)

    def datagram(self, name: str, times: int = 1) -> None:
        """A client sends the same query so many times; all are there before one is read."""
        for _ in range(times):
            self.client.send(query(name))
        self.listener.ready(0, time.monotonic())
        while self.upstream.waiting:
            if self.upstream.waiting[0].name == "good.example.":
                self.upstream.answer(ALIAS)
            else:
                self.upstream.answer(f"{name}. 600 IN A 192.0.2.1")

    def answers(self, number: int) -> set[bytes]:
        return {self.client.recv(4096) for _ in range(number)}


@pytest.fixture
def story() -> Iterator[Listening]:
    made = Listening()
    with contextlib.closing(made.client), contextlib.closing(made.listener):
        yield made


def test_a_burst_of_repeats_is_counted_one_by_one(story):
    story.datagram("a.example")
    story.datagram("a.example")
    assert story.tally.take().served == 2
    story.datagram("a.example", 40)
    assert story.tally.take() == (40, {"here"})
    assert len(story.upstream.asked) == 1
    assert story.offices.asked == ["127.0.0.1"]
    story.answers(42)


@pytest.mark.parametrize("name", ["www.listed.example", "good.example"])
def test_repeats_of_blocks_are_recorded_and_not_counted(story, name):
    story.datagram(name)
    story.datagram(name)
    story.answers(2)
    story.events.clear()
    story.datagram(name, 30)
    assert [type(event) for event in story.events] == [Hit] * 30
    assert len(story.answers(30)) == 1
    assert story.tally.served == 0


def test_a_name_that_would_be_blocked_is_recorded_and_counted(story):
    for _ in range(2):
        story.datagram("watched.example")
    story.datagram("watched.example", 30)
    assert len(story.hits) == story.tally.served == 32


def test_blocks_between_change_nothing_of_the_count(story):
    for name in ("a.example", "www.listed.example") * 2:
        story.datagram(name)
    for number in range(BURST - 20):
        story.client.send(query("www.listed.example" if number % 3 else "a.example"))
    story.listener.ready(0, time.monotonic())
    assert story.tally.served == 2 + len(range(0, BURST - 20, 3))
    assert story.tally.take().offices == {"here"}
    assert story.tally.served < SAMPLED
