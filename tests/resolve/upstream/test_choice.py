import collections

from blockfilter.resolve.upstream.choice import EXPLORE_EVERY, Choice
from blockfilter.resolve.upstream.endpoint import Upstream


def resolvers(count: int, *down: int) -> list[Upstream]:
    made = [Upstream((f"192.0.2.{number}", 53)) for number in range(count)]
    for number in down:
        made[number].health.failed(0.0, 0.0)
        made[number].health.failed(0.0, 0.0)
    return made


def test_listed_begins_with_the_first_that_is_up():
    a, b, c = resolvers(3)
    assert Choice([a, b, c], "listed").first() is a
    a, b, c = resolvers(3, 0)
    assert Choice([a, b, c], "listed").first() is b


def test_if_all_are_down_all_are_asked_in_turn():
    a, b, c = resolvers(3, 0, 1, 2)
    choice = Choice([a, b, c], "listed")
    assert choice.first() is a
    assert [choice.after(a), choice.after(b), choice.after(c)] == [b, c, a]


def test_the_next_in_turn_is_one_that_is_up():
    a, b, c = resolvers(3, 1)
    choice = Choice([a, b, c], "listed")
    assert [choice.after(a), choice.after(b), choice.after(c)] == [c, c, a]


def test_the_only_one_that_is_up_is_asked_again():
    a, b = resolvers(2, 1)
    assert Choice([a, b], "listed").after(a) is a
    (lone,) = resolvers(1)
    assert Choice([lone], "listed").after(lone) is lone


def test_a_second_opinion_is_never_asked_of_the_same_nor_of_one_that_is_down():
    a, b, c = resolvers(3, 1)
    choice = Choice([a, b, c], "listed")
    assert choice.other([a]) is c
    assert choice.other([a, c]) is None
    assert choice.other([]) is a


def test_fastest_asks_the_fastest_that_is_up():
    a, b, c = resolvers(3, 2)
    a.health.answered(0.0, 0.05)
    b.health.answered(0.0, 0.01)
    choice = Choice([a, b, c], "fastest")
    assert {choice.first() for _ in range(EXPLORE_EVERY - 1)} == {b}


def test_fastest_asks_who_was_never_heard_of_before_it_settles():
    a, b = resolvers(2)
    a.health.answered(0.0, 0.001)
    assert Choice([a, b], "fastest").first() is b


def test_fastest_looks_at_the_others_now_and_then_the_longest_unheard_first():
    a, b, c = resolvers(3)
    for place, one in enumerate((b, a, c)):
        one.health.answered(place, place + (0.01 if one is b else 0.05))
    b.health.answered(9.0, 9.01)
    choice = Choice([a, b, c], "fastest")
    asked: collections.Counter[Upstream] = collections.Counter()
    for now in range(10, 10 + 4 * EXPLORE_EVERY):
        one = choice.first()
        asked[one] += 1
        one.health.answered(now, now + (0.01 if one is b else 0.05))
    assert asked == {b: 4 * EXPLORE_EVERY - 4, a: 2, c: 2}


def test_fastest_with_all_down_asks_anyway():
    a, b = resolvers(2, 0, 1)
    assert Choice([a, b], "fastest").first() in (a, b)
