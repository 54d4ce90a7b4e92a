"""What is published for whom: sizes, cells, and the cell an event counts in."""

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts import tables
from blockfilter.counts.calendar import Kind
from blockfilter.counts.contribution import Contributions
from blockfilter.counts.frame import Frame, FramedOffice
from blockfilter.counts.tables import TABLES, Form, Plan
from tests.counts.world import CATEGORIES, YEAR

FOUR_HOURS = ("20-08", "08-12", "12-16", "16-20")
TWO_HOURS = ("20-08", "08-10", "10-12", "12-14", "14-16", "16-18", "18-20")
SMALL = {"T0": Kind.YEAR}
MIDDLE = {"T0": Kind.PART, "T1": Kind.QUARTER, "T2": Kind.QUARTER, "TM": Kind.PART}
LARGE = {"T0": Kind.WEEK, "T1": Kind.PART, "T2": Kind.QUARTER, "TM": Kind.PART}
EVENTS = st.dictionaries(
    st.tuples(
        st.integers(0, 23),
        st.sampled_from(["hq", "north", "tiny", "elsewhere"]),
        st.sampled_from(["escort-ads", "massage-ads", "classifieds", "own", "other"]),
    ),
    st.integers(1, 50),
)


def frame(heads: int, **offices: int) -> Frame:
    return Frame(
        quarter="2026-Q1",
        heads=heads,
        offices=tuple(FramedOffice(id_, size) for id_, size in offices.items()),
    )


def planned(of: Frame, categories: dict[str, int] = CATEGORIES) -> dict[str, Plan]:
    return {one.table.id: one for one in tables.plans(of, categories)}


def test_the_list_is_closed_and_costs_what_the_design_says():
    assert {id_: one.epsilon for id_, one in TABLES.items()} == {
        "T0": Fraction(2, 5), "T1": Fraction(1, 5), "T2": Fraction(1, 5), "T3": Fraction(1, 5),
        "TM": Fraction(1, 5),
    }  # fmt: skip
    assert sum(one.epsilon for one in TABLES.values()) == Fraction(6, 5)


@pytest.mark.parametrize(
    ("heads", "expected", "form", "bands"),
    [
        (0, {}, None, ()),
        (10, {}, None, ()),
        (24, {}, None, ()),
        (25, SMALL, Form.BAND, ()),
        (49, SMALL, Form.BAND, ()),
        (50, SMALL, Form.NUMBER, ()),
        (249, SMALL, Form.NUMBER, ()),
        (250, MIDDLE, Form.NUMBER, FOUR_HOURS),
        (999, MIDDLE, Form.NUMBER, FOUR_HOURS),
        (1000, LARGE, Form.NUMBER, FOUR_HOURS),
        (2999, LARGE, Form.NUMBER, FOUR_HOURS),
        (3000, LARGE, Form.NUMBER, TWO_HOURS),
        (100_000, LARGE, Form.NUMBER, TWO_HOURS),
    ],
)
def test_the_size_ladder(heads, expected, form, bands):
    found = planned(frame(heads))
    assert {id_: plan.kind for id_, plan in found.items()} == expected
    if form:
        assert found["T0"].form is form
        assert found["T0"].cells == ("total",)
    assert bands == (found["T2"].cells if "T2" in found else ())


@pytest.mark.parametrize(
    ("of", "cells"),
    [
        (frame(1200), None),  # one office is the organisation
        (frame(999, hq=500, north=499), None),
        (frame(1000, hq=500, north=500), {"hq": 500, "north": 500}),
        (frame(1200, hq=600, north=350), {"hq": 600, "north": 350, "other offices": 250}),
        (frame(1200, hq=600, north=351), None),  # 249 others
        (frame(1200, hq=600, north=249), {"hq": 600, "other offices": 600}),
        (frame(1200, hq=1200), None),
        (frame(1200, hq=900, tiny=5), {"hq": 900, "other offices": 300}),
        (frame(1200, **{f"o{n}": 100 for n in range(12)}), None),
        (frame(1000, hq=700, north=600), None),  # figures that do not add up
        (frame(1000, hq=250, north=249, south=249), {"hq": 250, "other offices": 750}),
    ],
)
def test_offices_are_shown_where_every_cell_has_250_heads(of, cells):
    plan = planned(of).get("T3")
    assert (dict(zip(plan.cells, plan.weights, strict=True)) if plan else None) == cells
    if plan:
        assert plan.form is Form.RATE
        assert plan.kind is Kind.QUARTER


@given(st.integers(0, 5000), st.lists(st.integers(0, 1500), max_size=6))
def test_no_cell_of_an_office_stands_for_fewer_than_250(heads, sizes):
    of = frame(heads, **{f"o{n}": size for n, size in enumerate(sizes)})
    plan = planned(of).get("T3")
    assert plan is None or (min(plan.weights) >= 250 and len(plan.cells) > 1)


@pytest.mark.parametrize(
    ("categories", "cells"),
    [
        ({}, ("other",)),
        ({"a": 24}, ("other",)),
        ({"a": 25}, ("a", "other")),
        ({"b": 30, "a": 30, "c": 24}, ("a", "b", "other")),
        ({"other": 500, "a": 30}, ("a", "other")),
    ],
)
def test_categories_of_few_names_count_as_other(categories, cells):
    assert planned(frame(1200), categories)["T1"].cells == cells


@pytest.mark.parametrize("heads", [30, 100, 500, 1200])
def test_periods_begin_on_their_first_day_and_on_no_other(heads):
    of, begun = frame(heads, hq=600, north=300), Counter[str]()
    for number in range(53 * 7):
        day = YEAR + timedelta(days=number)
        for plan, period in tables.beginning(of, CATEGORIES, day):
            assert period.first == day
            assert period.kind is plan.kind
            begun[plan.table.id] += 1
    assert begun == {
        id_: {Kind.WEEK: 53, Kind.PART: 12, Kind.QUARTER: 4, Kind.YEAR: 1}[plan.kind]
        for id_, plan in planned(of).items()
    }


@pytest.mark.parametrize("cells", [FOUR_HOURS, TWO_HOURS])
@pytest.mark.parametrize("hour", range(24))
def test_an_hour_counts_in_the_band_it_lies_in(cells, hour):
    day = Contributions(Counter({(hour, "hq", "escort-ads"): 1}), 0)
    (found,) = (cell for cell, added in tables.shares("T2", cells, day).items() if added)
    begin, end = (int(part) for part in found.split("-"))
    assert begin <= hour < end if begin < end else hour >= begin or hour < end


@given(EVENTS, st.integers(0, 99))
def test_every_event_counts_once_in_each_table(events, monitored):
    day = Contributions(Counter(events), monitored)
    for id_, plan in planned(frame(1200, hq=600, north=300)).items():
        added = tables.shares(id_, plan.cells, day)
        assert tuple(added) == plan.cells
        assert sum(added.values()) == (monitored if id_ == "TM" else sum(events.values()))


def test_events_count_in_their_own_cell():
    day = Contributions(
        Counter({
            (9, "hq", "escort-ads"): 1, (13, "north", "massage-ads"): 2,
            (17, "tiny", "classifieds"): 4, (3, "elsewhere", "own"): 8,
        }), 16,
    )  # fmt: skip
    found = {
        id_: dict(tables.shares(id_, plan.cells, day))
        for id_, plan in planned(frame(1200, hq=600, north=300)).items()
    }
    assert found == {
        "T0": {"total": 15},
        "T1": {"escort-ads": 1, "massage-ads": 2, "other": 12},
        "T2": {"20-08": 8, "08-12": 1, "12-16": 2, "16-20": 4},
        "T3": {"hq": 1, "north": 2, "other offices": 12},
        "TM": {"total": 16},
    }


def test_without_other_offices_what_lies_elsewhere_is_in_no_office():
    day = Contributions(Counter({(9, "elsewhere", "a"): 5, (9, "hq", "a"): 1}), 0)
    assert tables.shares("T3", ("hq", "north"), day) == {"hq": 1, "north": 0}


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (-30, "<10"),
        (0, "<10"),
        (9, "<10"),
        (10, "10-39"),
        (39, "10-39"),
        (40, ">=40"),
        (999, ">=40"),
    ],
)
def test_a_small_organisation_sees_a_band_of_the_year(value, band):
    assert tables.yearly_band(value) == band


@pytest.mark.parametrize(
    ("values", "weights", "words"),
    [
        ((10, 10), (500, 500), "similar similar"),
        ((30, 10), (500, 500), "similar below"),  # 1.5 exactly is still similar
        ((31, 9), (500, 500), "above below"),
        ((10, 20), (500, 1000), "similar similar"),
        ((2, 1), (300, 300), "similar similar"),  # 2/3 exactly, too
        ((5, -5), (500, 500), "similar similar"),  # nothing to compare with
        ((-3, 20), (500, 500), "below above"),
        ((0, 0, 0), (300, 300, 300), "similar similar similar"),
    ],
)
def test_an_office_is_told_as_a_word(values, weights, words):
    cells = dict(zip("abc", values, strict=False))
    assert list(tables.rates(cells, weights).values()) == words.split()


@given(st.lists(st.integers(-50, 500), min_size=2, max_size=5), st.data())
def test_words_depend_on_the_rates_alone(values, data):
    weights = tuple(data.draw(st.integers(250, 2000)) for _ in values)
    cells = {str(place): value for place, value in enumerate(values)}
    more = {cell: 7 * value for cell, value in cells.items()}
    assert tables.rates(cells, weights) == tables.rates(more, weights)
    assert tables.rates(cells, weights) == tables.rates(cells, tuple(3 * one for one in weights))


def test_beginning_needs_no_clock():
    assert list(tables.beginning(frame(1200), CATEGORIES, date(2026, 1, 6))) == []
