"""Whole responses by the octets of the query."""

from blockfilter.hits.hit import Cell
from blockfilter.resolve.repeats import FOREVER, MAX_BYTES, Repeat, Repeats

_CELLS = (Cell("escort", "enforced"),)


def test_what_was_put_is_told_with_its_hits():
    repeats = Repeats()
    repeat = Repeat(b"body", FOREVER, _CELLS)
    repeats.put(b"question", repeat)
    assert repeats.get(b"question") is repeat
    assert repeats.get(b"Question") is None


def test_a_query_too_long_to_come_again_is_not_kept():
    repeats = Repeats()
    repeats.put(b"q" * 512, Repeat(b"", FOREVER, ()))
    repeats.put(b"q" * 513, Repeat(b"", FOREVER, ()))
    assert repeats.get(b"q" * 512)
    assert repeats.get(b"q" * 513) is None


def test_a_swap_leaves_nothing_behind():
    repeats = Repeats()
    repeats.put(b"question", Repeat(b"body", FOREVER, _CELLS))
    repeats.clear()
    assert repeats.get(b"question") is None


def test_a_flood_of_questions_stays_within_the_bound():
    repeats = Repeats(100_000)
    for number in range(2000):
        repeats.put(b"%d" % number, Repeat(bytes(100), FOREVER, ()))
    kept = sum(repeats.get(b"%d" % number) is not None for number in range(2000))
    assert 0 < kept <= 200
    assert MAX_BYTES < 32 << 20
