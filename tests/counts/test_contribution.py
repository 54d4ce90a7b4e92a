"""One event a device and day, whatever it did, drawn evenly from what it met."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts.contribution import Cell, bounded

CELL = st.tuples(
    st.integers(0, 23), st.sampled_from(["hq", "north", "elsewhere"]), st.sampled_from("abc")
)
MET = st.lists(CELL, unique=True, max_size=6)
DEVICES = st.lists(st.tuples(MET, MET), max_size=8)


@given(DEVICES)
def test_each_device_adds_one_event_at_the_most(devices):
    found = bounded(devices)
    assert found.enforced.total() == sum(bool(met) for met, _ in devices)
    assert found.monitored == sum(bool(watched) for _, watched in devices)
    assert set(found.enforced) <= {cell for met, _ in devices for cell in met}


@given(DEVICES, MET, MET)
def test_one_device_more_changes_the_sums_by_one(devices, met, watched):
    before, after = bounded(devices), bounded([*devices, (met, watched)])
    assert after.enforced.total() - before.enforced.total() == bool(met)
    assert after.monitored - before.monitored == bool(watched)


def test_what_counts_is_drawn_evenly_from_the_cells_a_device_met():
    cells = [(hour, "hq", "a") for hour in range(5)]
    asked: list[int] = []

    def below(limit: int) -> int:
        asked.append(limit)
        return (len(asked) - 1) % limit

    found = bounded([(cells, [])] * 15, below)
    assert asked == [5] * 15
    assert found.enforced == Counter(dict.fromkeys(cells, 3))


def test_who_met_one_cell_adds_it_and_nothing_is_drawn():
    def never(limit: int) -> int:
        raise AssertionError

    assert bounded([([(8, "hq", "a")], [])] * 3, never).enforced == {(8, "hq", "a"): 3}


def test_the_draw_comes_from_the_operating_system():
    cells = [(hour, "hq", "a") for hour in range(4)]
    found = bounded([(cells, [])] * 4000)
    assert all(abs(found.enforced[cell] - 1000) < 200 for cell in cells)  # 7 sd


def test_monitored_rules_count_for_themselves():
    cell = (8, "hq", "a")
    found = bounded([([cell], [cell]), ([], [cell]), ([cell], []), ([], [])])
    assert (found.enforced[cell], found.monitored) == (2, 2)


def test_devices_are_read_once_and_one_at_a_time():
    devices: list[tuple[list[Cell], list[Cell]]] = [([(8, "hq", "a")], [])] * 3
    given_ = iter(devices)
    assert bounded(given_).enforced.total() == 3
    assert next(given_, None) is None
