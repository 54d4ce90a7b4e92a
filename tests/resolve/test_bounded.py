"""The table with a bound, against a model that never forgets."""

from hypothesis import given
from hypothesis import strategies as st

from blockfilter.resolve.bounded import Bounded
from tests.strategies import examples

_steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 8), st.integers(1, 60)),
        st.tuples(st.just("get"), st.integers(0, 8), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@examples(300)
@given(_steps, st.integers(0, 120))
def test_it_holds_no_more_than_its_bound_and_says_nothing_that_is_not_so(steps, bound):
    table: Bounded[int, tuple[int, int]] = Bounded(bound)
    last: dict[int, tuple[int, int]] = {}
    cost: dict[tuple[int, int], int] = {}
    for number, (what, key, spent) in enumerate(steps):
        if what == "put":
            last[key] = (key, number)
            cost[key, number] = spent
            table.put(key, last[key], spent)
        elif what == "clear":
            table.clear()
            last.clear()
        else:
            assert table.get(key) in (None, last.get(key))
        held = [table._young[k] for k in table._young] + [table._old[k] for k in table._old]
        assert sum(spent for _, spent in held) <= bound
        assert all(spent == cost[value] for value, spent in held)
        assert len(table) == len(held)


@examples(100)
@given(st.integers(1, 9), st.lists(st.integers(1, 10), min_size=1, max_size=200))
def test_what_is_asked_for_again_and_again_survives_any_flood(kept, flood):
    table: Bounded[str, int] = Bounded(100)
    table.put("kept", 1, kept)
    for number, cost in enumerate(flood):
        table.put(f"flood-{number}", number, cost)
        assert table.get("kept") == 1


def test_what_is_not_asked_for_leaves():
    table: Bounded[int, int] = Bounded(100)
    for number in range(100):
        table.put(number, number, 10)
    assert table.get(0) is None
    assert table.get(99) == 99
    assert len(table) <= 10


def test_what_alone_would_pass_the_bound_is_not_kept_and_replaces_what_was():
    table: Bounded[str, int] = Bounded(100)
    table.put("a", 1, 51)
    assert table.get("a") is None
    table.put("a", 1, 50)
    assert table.get("a") == 1
    table.put("a", 2, 51)
    assert table.get("a") is None
    table.put("b", 3, 50)
    assert table.get("b") == 3


def test_putting_anew_costs_only_the_difference():
    table: Bounded[str, int] = Bounded(100)
    table.put("other", 0, 10)
    for number in range(100):
        table.put("a", number, 40)
    assert (table.get("a"), table.get("other")) == (99, 0)


def test_a_table_of_nothing_keeps_nothing():
    table: Bounded[str, int] = Bounded(0)
    table.put("a", 1, 1)
    assert table.get("a") is None
