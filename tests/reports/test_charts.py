"""Pictures: what they show is where it belongs, they are deterministic, and they hold no script."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.reports import charts, svg
from blockfilter.reports.charts import Bar, Half, Mark, Point

POINTS = [Point("W01", 20, 12, 28, tick="Jan"), Point("W02", -3, -11, 5), Point("W03")]
POINTS += [Point("W04", 14, 6, 22, hollow=True), Point("W05", 9, 1, 17)]
HOSTILE = '<script>alert("x")</script>&\'"'


def elements(markup, name):
    return [one for one in ET.fromstring(markup).iter() if one.tag == name]


def of_class(markup, kind):
    return [one for one in ET.fromstring(markup).iter() if kind in one.get("class", "").split()]


@pytest.fixture
def course():
    return charts.course("t", "Title", "Said", POINTS, [Mark(1, 1, "training")])


def test_a_picture_is_an_image_with_title_and_description(course):
    for width, markup in (("wide", course.wide), ("narrow", course.narrow)):
        root = ET.fromstring(markup)
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"t-{width}-title t-{width}-desc"
        assert [one.text for one in elements(markup, "title")] == ["Title"]
        assert [one.text for one in elements(markup, "desc")] == ["Said"]


def test_a_course_has_a_dot_for_each_figure_and_a_gap_where_there_is_none(course):
    assert len(of_class(course.wide, "dot")) == 4
    assert len(of_class(course.wide, "hollow")) == 1
    assert len(of_class(course.wide, "gap")) == 1
    assert len(of_class(course.wide, "mark")) == 1
    assert len(of_class(course.wide, "line")) == 2  # the line has the gap, too
    assert len(of_class(course.wide, "band")) == 2


def test_larger_values_stand_higher_and_below_zero_is_below_the_zero_line(course):
    dots = [float(one.get("cy") or 0) for one in of_class(course.wide, "dot")]
    (zero,) = {float(one.get("y1") or 0) for one in of_class(course.wide, "zero")}
    assert dots[0] < dots[2] < dots[3] < zero < dots[1]


def test_a_lone_figure_has_its_interval_as_a_whisker():
    found = charts.course("t", "T", "S", [Point("a"), Point("b", 5, 1, 9), Point("c")])
    assert len(of_class(found.wide, "whisker")) == 1
    assert of_class(found.wide, "band") == []


def test_nothing_published_is_a_picture_without_dots():
    found = charts.course("t", "T", "S", [Point("a"), Point("b")])
    assert of_class(found.wide, "dot") == []
    assert len(of_class(found.wide, "gap")) == 2


def test_bars_have_whiskers_and_their_values():
    rows = [Bar("Escort ads", 84, "84", 57, 111), Bar("Other", -3, "−3 (about 0)", -30, 24)]
    for markup in charts.bars("t", "T", "S", rows):
        first, second = of_class(markup, "bar")
        assert float(first.get("width") or 0) > float(second.get("width") or 0)
        assert float(second.get("x") or 0) < float(first.get("x") or 0)  # left of zero
        assert len(of_class(markup, "whisker")) == 6
        assert [one.text for one in of_class(markup, "value")] == ["84", "−3 (about 0)"]


def test_the_end_of_an_axis_may_be_fixed():
    half, whole = (charts.bars("t", "T", "S", [Bar("a", v, "v")], 1.0).wide for v in (0.5, 1.0))
    widths = [float(of_class(one, "bar")[0].get("width") or 0) for one in (half, whole)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)


def test_the_sides_of_a_training_have_their_means():
    halves = (Half("2 weeks before", [20.0, 22.0], 21.0), Half("2 after", [9.0, 11.0], 10.0))
    markup = charts.sides("t", "T", "S", halves, "training").wide
    before, after = (float(one.get("y1") or 0) for one in of_class(markup, "mean"))
    assert before < after
    assert len(of_class(markup, "dot")) == 4


@pytest.mark.parametrize("draw", ["course", "bars", "sides"])
def test_hostile_texts_are_texts(draw):
    found = {
        "course": lambda: charts.course(
            "t", HOSTILE, HOSTILE, [Point(HOSTILE, 1, 0, 2, tick=HOSTILE)], [Mark(0, 0, HOSTILE)]
        ),
        "bars": lambda: charts.bars("t", HOSTILE, HOSTILE, [Bar(HOSTILE, 1, HOSTILE)]),
        "sides": lambda: charts.sides(
            "t", HOSTILE, HOSTILE, (Half(HOSTILE, [1], 1), Half("b", [1], 1)), HOSTILE
        ),
    }[draw]()
    for markup in found:
        assert elements(markup, "script") == []
        assert elements(markup, "title")[0].text == HOSTILE


@given(st.lists(st.none() | st.integers(-50, 100_000), min_size=1, max_size=60))
def test_everything_stays_within_the_picture(values):
    points = [
        Point(str(n)) if value is None else Point(str(n), value, value - 8, value + 8, tick=str(n))
        for n, value in enumerate(values)
    ]
    for markup in charts.course("t", "T", "S", points):
        root = ET.fromstring(markup)
        _, _, width, height = map(float, (root.get("viewBox") or "").split())
        for one in of_class(markup, "dot"):
            assert 0 <= float(one.get("cx") or 0) <= width
            assert 0 <= float(one.get("cy") or 0) <= height
        assert "nan" not in markup
        assert "inf" not in re.sub(r"[a-z]{4,}", "", markup)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_ticks_are_round_few_and_around_what_they_measure(low, more):
    found = svg.ticks(low, low + more)
    nearly = (found[1] - found[0]) * 1e-8  # no screen shows less
    assert found[0] <= min(low, 0) + nearly
    assert found[-1] >= max(low + more, 0) - nearly
    assert 0 in found
    assert 2 <= len(found) <= svg.MOST_TICKS + 2


@pytest.mark.parametrize("value", [0, 5e-324, -5e-324, 1e-12])
def test_an_axis_of_nothing_is_one_long(value):
    assert svg.ticks(value, value)[-1] >= 1


def test_labels_of_ticks_have_the_decimals_of_their_step():
    assert [svg.tick_label(one, 0.5) for one in (-0.5, 0, 0.5)] == ["−0.5", "0.0", "0.5"]
    assert svg.tick_label(20_000, 10_000) == "20,000"


def test_a_label_that_is_too_long_is_cut_with_a_sign_of_it():
    assert svg.shortened("abcdefghij", 30) == "abc…"
    assert svg.shortened("abc", 30) == "abc"
