"""Attack 9: one device asks a hundred thousand times, to push the counts where it wants them.

All through a day, names of every category, enforced and monitored, from new ports, for A, AAAA and
HTTPS: what is published of a day may move by one event, in one cell of each table, and by two where
the device has an address of IPv6 as well and addresses are counted. A build that counts queries moves
by all of them.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from blockfilter.counts.accumulators import opened
from blockfilter.hits.hit import Cell, Hit
from blockfilter.hits.journal import encode
from blockfilter.hits.pseudonym import TOKEN_SIZE
from blockfilter.hits.recorder import Recorder
from tests.attacks.living import DAY, MONDAY, counting, go_to, wait_for_close
from tests.attacks.nights import Night
from tests.client import query
from tests.counts.world import YEAR
from tests.world import Server, World, wait_until

QUERIES = 100_000
FEW = 2_000  # for a build that makes a row of each
OVER_SOCKETS = 6  # times each name and type an hour, all of a day: 2,160 queries, and some over TCP
DEVICE, ALSO = "10.1.0.7", "2001:db8::7"
CATEGORIES = ("escort-ads", "massage-ads", "classifieds", "review-board", "other")
TYPES = ("A", "AAAA", "HTTPS")
NAMES = ("backpage.com", "www.rubmaps.com", "eccie.net", "www.listed.example", "craigslist.org")

pytestmark = pytest.mark.timeout(240)


def flood(night: Night, queries: int, *clients: str) -> None:
    """So many queries on the first day, spread over its hours."""
    chance = random.Random(9)
    now = start = night.at(f"{YEAR} 00:00:01")
    recorder = Recorder(
        night.runtime, night.zone, clock=lambda: now, addresses_per_device=len(clients),
        state=night.state,
    )  # fmt: skip
    recorder.open()
    cells = [Cell(one, mode) for one in CATEGORIES for mode in ("enforced", "monitored")]
    for number in range(queries):
        now = start + number * 86_000 / queries
        for client in clients:
            recorder.record(client, chance.choice(cells))
        if number % 20_000 == 0:
            recorder.fold(now)
    recorder.close()


def totals(state: Path) -> dict[str, int]:
    """Of each table, all cells of its open period together."""
    with opened(state) as found:
        return {key[0]: sum(found.values(key).values()) for key in sorted(found.keys())}


def moved(night: Night, queries: int, *clients: str) -> set[int]:
    """By how much one such day moves the tables."""
    if len(clients) > 1:
        night.facts = replace(night.facts, addresses_per_device=len(clients))
    night.begin(YEAR)
    night.advance(night.at(f"{YEAR} 00:00:01"))
    flood(night, queries, *clients)
    before = totals(night.state)
    night.advance(night.due(YEAR))
    assert set(before) == {"T0", "T1", "T2", "T3", "TM"}
    return {after - before[table] for table, after in totals(night.state).items()}


def test_a_hundred_thousand_queries_of_one_device_move_every_table_by_one(quick):
    assert moved(Night(quick), QUERIES, DEVICE) == {1}


def test_a_device_with_two_addresses_moves_them_by_two_where_that_is_accounted_for(quick):
    assert moved(Night(quick), QUERIES // 10, DEVICE, ALSO) == {2}


def test_an_ipv6_address_alone_moves_nothing_unasked(quick):
    assert moved(Night(quick), FEW, ALSO) == {0}


def test_a_build_that_counts_queries_moves_by_all_of_them(quick, monkeypatch):
    numbers = iter(range(10 * FEW))

    def count(self: Recorder, _client: str, cell: Cell) -> None:
        local = datetime.fromtimestamp(self._clock(), self._zone)
        token = next(numbers).to_bytes(TOKEN_SIZE, "big")
        hit = Hit(local.date().isoformat(), local.hour, "hq", *cell, token)
        self._journal.append(local.date(), encode(hit))

    monkeypatch.setattr(Recorder, "record", count)
    assert min(moved(Night(quick), FEW, DEVICE)) > FEW / 3


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    with counting(world) as running:
        yield running


def test_a_day_of_queries_over_sockets_moves_them_by_one(server):
    tuesday = MONDAY + DAY - timedelta(hours=12)
    packets = [query(name, kind).to_wire() for name in NAMES for kind in TYPES]
    for hour in range(24):
        server.set_clock(tuesday + timedelta(hours=hour, minutes=30))
        for packet in packets * OVER_SOCKETS:  # each from a port of its own
            server.octets(packet, source="127.50.0.1")
        with server.stream("127.50.0.1") as stream:
            stream.send(*packets)
            assert all(stream.receive() for _ in packets)
    wait_for_close(server, MONDAY)
    every = 24 * len(NAMES)  # each name has a category or a mode of its own
    wait_until(lambda: len(server.hits_of("127.50.0.1")) == every, "all hours and categories")
    before = totals(server.state)
    go_to(server, tuesday + DAY + timedelta(hours=2))
    wait_for_close(server, tuesday)
    after = totals(server.state)
    assert {table: after[table] - before[table] for table in after} == dict.fromkeys(before, 1)
