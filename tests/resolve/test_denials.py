"""Blocks told before: to whom they are told again, and what is kept of them."""

import gc
from collections.abc import Iterator

from blockfilter.hits.hit import Cell
from blockfilter.message import response
from blockfilter.message.question import HEADER, read
from blockfilter.resolve.denials import MOST, Denials, mark
from tests.resolve.transcript import query

CELLS = (Cell("escort", "enforced"),)
BLOCK = response.Block(60, (bytes(4),))


def told(packet: bytes) -> tuple[int, bytes]:
    """Where the question ends, and a block."""
    asked = read(packet)
    return HEADER + len(asked.question), response.blocked_addresses(asked, BLOCK)


def counted(*draws: int) -> Iterator[int]:
    yield from draws


def put(denials: Denials, client: str, packet: bytes) -> bytes:
    end, octets = told(packet)
    denials.put(client, packet, end, octets, CELLS)
    return octets


def test_a_block_comes_back_octet_for_octet_around_the_name_of_the_query():
    for packet in (query("a.example"), query("wWw.listed.example", "AAAA", edns=False, flags="")):
        denials = Denials()
        octets = put(denials, "192.0.2.1", packet)
        denial = denials.get(mark("192.0.2.1", packet[2:]))
        assert denial is not None
        head, end, tail, cells = denial
        assert packet[:2] + head + packet[HEADER:end] + tail == octets
        assert cells == CELLS


def test_it_is_kept_for_the_client_and_the_query_alone():
    denials, packet = Denials(), query("a.example")
    put(denials, "192.0.2.1", packet)
    assert denials.get(mark("192.0.2.2", packet[2:])) is None
    assert denials.get(mark("192.0.2.1", query("b.example")[2:])) is None
    assert denials.get(mark("192.0.2.1", query("a.example", do=True)[2:])) is None
    denials.clear()
    assert denials.get(mark("192.0.2.1", packet[2:])) is None


def test_neither_a_name_nor_an_address_is_kept():
    denials = Denials()
    for number in range(50):
        put(denials, f"192.0.2.{number}", query(f"secretname{number:02}.example"))
    seen: set[int] = set()
    todo: list[object] = [denials._marks, denials._kinds]
    while todo:
        one = todo.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen.add(id(one))
            assert "secretname" not in str(one).lower()
            assert "192.0.2" not in str(one)
            todo += gc.get_referents(one)
    assert len(denials._kinds) == 1


def test_a_query_too_long_to_come_again_is_not_kept():
    denials = Denials()
    for length in (512, 513):
        packet = query("a.example") + b"\0" * (length - len(query("a.example")))
        denials.put("192.0.2.1", packet, 20, bytes(100), CELLS)
        assert (denials.get(mark("192.0.2.1", packet[2:])) is None) == (length == 513)


def test_it_is_emptied_at_a_bound_that_is_drawn_each_time():
    draws = counted(0, 4, 1)
    denials = Denials(10, lambda below: next(draws) % below)
    packet, held = query("a.example"), []
    for number in range(5 + 9 + 6):
        put(denials, f"192.0.2.{number}", packet)
        held.append(len(denials._marks))
    assert held == [*range(1, 6), *range(1, 10), *range(1, 7)]


def test_nobody_can_tell_from_the_bound_what_others_put_in():
    bounds = {Denials()._bound for _ in range(200)}
    assert len(bounds) > 150
    assert min(bounds) >= MOST // 2
    assert max(bounds) < MOST
