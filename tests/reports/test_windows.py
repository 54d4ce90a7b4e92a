"""Which weeks are compared: thirteen and thirteen, the training's own left out, neighbours in sight."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts import calendar
from blockfilter.counts.calendar import Kind
from blockfilter.reports.windows import MOST, Total, Training, ordinal, windows

MONDAY = date(2025, 12, 29)  # of 2026-W01


def weeks(first, count, heads=1000, **more):
    week, found = calendar.parse(first), []
    for _ in range(count):
        found.append(Total(week, 20, heads, **more))
        week = calendar.following(week)
    return found


def parts(first, count):
    part, found = calendar.parse(first), []
    for _ in range(count):
        found.append(Total(part, 80, 400))
        part = calendar.following(part)
    return found


def training(week, people=500, id_="a1", days=1):
    first = calendar.parse(week).first
    return Training(id_, first, first + timedelta(days=days - 1), people)


def names(totals):
    return [one.period.name for one in totals]


def test_thirteen_weeks_on_each_side_without_the_training_s_own():
    one = training("2026-W26", days=5)
    found = windows(one, [one], weeks("2026-W01", 52))
    assert names(found.before) == [f"2026-W{n:02}" for n in range(13, 26)]
    assert names(found.after) == [f"2026-W{n:02}" for n in range(27, 40)]
    assert found.enough
    assert not found.bounded


def test_every_week_of_a_longer_training_is_left_out():
    one = training("2026-W20", days=14)
    found = windows(one, [one], weeks("2026-W01", 52))
    assert names(found.before)[-1] == "2026-W19"
    assert names(found.after)[0] == "2026-W22"


def test_weeks_that_were_not_up_enough_or_have_no_figure_are_left_out():
    one = training("2026-W26")
    totals = weeks("2026-W01", 52)
    totals[20] = totals[20]._replace(usable=False)
    del totals[22]
    found = windows(one, [one], totals)
    assert len(found.before) == MOST - 2
    assert "2026-W21" not in names(found.before)


def test_other_trainings_bound_what_is_compared():
    spring, autumn = training("2026-W15", id_="a1"), training("2026-W25", id_="a2")
    found = windows(autumn, [spring, autumn], weeks("2026-W01", 52))
    assert names(found.before) == [f"2026-W{n}" for n in range(16, 25)]
    found = windows(spring, [spring, autumn], weeks("2026-W01", 52))
    assert names(found.after) == [f"2026-W{n}" for n in range(16, 25)]
    assert found.bounded


def test_trainings_too_near_to_be_told_apart_are_judged_together():
    days = [training(f"2026-W{n}", id_=f"a{n}") for n in (20, 21, 28)]
    for one in days:
        found = windows(one, days, weeks("2026-W01", 52))
        assert set(found.together) == {other.id for other in days} - {one.id}
        assert names(found.before)[-1] == "2026-W19"
        assert names(found.after)[0] == "2026-W29"
    apart = [training("2026-W20", id_="a1"), training("2026-W29", id_="a2")]
    assert windows(apart[0], apart, weeks("2026-W01", 52)).together == ()


def test_the_hour_for_new_staff_does_not_hide_the_day_for_everybody():
    large = training("2026-W26", people=900, id_="a0")
    small = [training(f"2026-W{n:02}", people=12, id_=f"a{n}") for n in (5, 9, 13, 18, 22, 27, 31)]
    found = windows(large, [large, *small], weeks("2026-W01", 52))
    assert found.together == ()
    assert (len(found.before), len(found.after)) == (13, 13)
    found = windows(small[3], [large, *small], weeks("2026-W01", 52))
    assert "a0" in found.together  # the large one hides the small ones


def test_parts_of_four_weeks_serve_where_there_are_no_weeks():
    one = training("2026-W26", people=300)
    found = windows(one, [one], parts("2025-Q1-P1", 24))
    assert names(found.before)[-1] == "2026-Q2-P2"
    assert names(found.after)[0] == "2026-Q3-P1"
    assert len(found.before) == 13
    assert found.enough


def test_a_rate_is_per_head_and_week():
    (part,) = parts("2026-Q1-P3", 1)  # five weeks
    assert part.rate == pytest.approx(80 / 400 / 5)
    assert weeks("2026-W01", 1)[0].rate == pytest.approx(0.02)
    assert weeks("2026-W01", 1)[0]._replace(value=-3).rate == pytest.approx(-0.003)


def test_nothing_to_compare_is_two_empty_sides():
    one = training("2026-W26")
    found = windows(one, [one], [])
    assert (found.before, found.after, found.enough) == ((), (), False)


@pytest.mark.parametrize("kind", [Kind.WEEK, Kind.PART])
def test_neighbouring_periods_differ_by_one(kind):
    period = calendar.containing(kind, date(2026, 1, 1))
    for _ in range(70):
        following = calendar.following(period)
        assert ordinal(kind, following.first) == ordinal(kind, period.last) + 1
        assert ordinal(kind, following.last) == ordinal(kind, following.first)
        period = following


SPANS = st.builds(
    lambda week, days, people: (week, days, people),
    st.integers(0, 103),
    st.integers(0, 20),
    st.integers(1, 2000),
)


@given(st.lists(SPANS, min_size=1, max_size=8))
def test_no_week_is_compared_that_has_a_training_which_counts_in_it(spans):
    trainings = [
        Training(
            f"a{n}",
            MONDAY + timedelta(weeks=week),
            MONDAY + timedelta(weeks=week, days=days),
            people,
        )
        for n, (week, days, people) in enumerate(spans)
    ]
    totals = weeks("2026-W01", 120)
    for one in trainings:
        found = windows(one, trainings, totals)
        assert len(found.before) <= MOST
        assert len(found.after) <= MOST
        assert all(total.period.last < found.first for total in found.before)
        assert all(total.period.first > found.last for total in found.after)
        for other in trainings:
            if other.people * 10 >= one.people:
                for total in (*found.before, *found.after):
                    assert other.last < total.period.first or other.first > total.period.last
