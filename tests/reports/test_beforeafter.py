"""The verdict on a training: its formula, its law, and what it does in many simulated years."""

from importlib import import_module
from math import sqrt
from random import Random
from statistics import fmean, variance
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blockfilter.reports import student
from blockfilter.reports.beforeafter import (
    AFTER_LEAST,
    BEFORE_LEAST,
    Comparison,
    Interval,
    Side,
    Verdict,
    compare,
    fieller,
    verdict,
)

BEFORE = [22, 18, 25, 19, 21, 17, 24, 20, 23, 16, 19, 22, 21]
AFTER = [12, 9, 14, 11, 13, 8, 12, 10, 15, 11, 9, 12, 13]
RATE = st.integers(-50, 400).map(lambda n: n / 1000)


def test_a_clear_fall_is_told_with_its_size():
    found = compare(BEFORE, AFTER)
    assert found.verdict is Verdict.FELL
    assert found.ratio == pytest.approx(fmean(AFTER) / fmean(BEFORE))
    assert found.interval is not None
    assert found.ratio is not None
    assert found.interval.low < found.ratio < found.interval.high < 1
    assert found.p is not None
    assert found.p < 1e-6
    assert compare(AFTER, BEFORE).verdict is Verdict.ROSE


def test_the_figures_of_a_worked_example():
    """Reckoned by hand with the formulas of Welch and Fieller: va, vb, ν, t, the roots."""
    was, now = Side.of(BEFORE), Side.of(AFTER)
    freedom = (was.spread + now.spread) ** 2 / (was.spread**2 / 12 + now.spread**2 / 12)
    found = compare(BEFORE, AFTER)
    t = (now.mean - was.mean) / sqrt(variance(BEFORE) / 13 + variance(AFTER) / 13)
    assert found.p == pytest.approx(student.two_sided(t, freedom))
    assert found.interval is not None
    limit = student.quantile(0.975, freedom)
    for end in found.interval:  # at the ends the two sides of the inequality meet
        assert abs(now.mean - end * was.mean) == pytest.approx(
            limit * sqrt(now.spread + end**2 * was.spread)
        )


def test_figures_that_differ_by_chance_are_unclear():
    found = compare(BEFORE, [*BEFORE[3:], *BEFORE[:3]])
    assert found.verdict is Verdict.UNCLEAR
    assert found.ratio == 1
    assert found.p == pytest.approx(1)


@pytest.mark.parametrize(
    ("before", "after"),
    [(BEFORE_LEAST - 1, 13), (13, AFTER_LEAST - 1), (0, 13), (13, 0), (0, 0)],
)
def test_too_few_weeks_are_too_early(before, after):
    assert compare(BEFORE[:before], AFTER[:after]) == Comparison(Verdict.TOO_EARLY)


def test_the_least_weeks_are_enough():
    assert compare(BEFORE[:BEFORE_LEAST], AFTER[:AFTER_LEAST]).verdict is Verdict.FELL


@pytest.mark.parametrize("level", [0.0, -0.1])
def test_nothing_before_leaves_no_ratio(level):
    found = compare([level] * 8 + [level] * 5, [0.3, 0.4] * 6)
    assert (found.verdict, found.ratio, found.interval) == (Verdict.UNCLEAR, None, None)


def test_weeks_that_do_not_differ_at_all_need_no_variance():
    assert compare([0.02] * 13, [0.01] * 13).verdict is Verdict.FELL
    assert compare([0.02] * 13, [0.02] * 13).verdict is Verdict.UNCLEAR
    assert compare([0.02] * 13, [0.02] * 13).p == 1


@given(st.lists(RATE, min_size=8, max_size=13), st.lists(RATE, min_size=6, max_size=13))
def test_empty_unbounded_or_containing_1_is_unclear(before, after):
    found = compare(before, after)
    if found.interval is None or found.interval.low <= 1 <= found.interval.high:
        assert found.verdict is Verdict.UNCLEAR
    elif found.interval.high < 1:
        assert found.verdict is Verdict.FELL
    else:
        assert found.verdict is Verdict.ROSE
    if found.verdict is not Verdict.UNCLEAR:
        assert found.ratio is not None
        assert (found.ratio < 1) == (found.verdict is Verdict.FELL)


@given(st.lists(RATE, min_size=8, max_size=13), st.lists(RATE, min_size=6, max_size=13))
def test_the_interval_and_the_p_value_say_the_same(before, after):
    found = compare(before, after)
    assert found.p is not None
    assume(found.interval is not None and abs(found.p - 0.05) > 1e-6)
    assert (found.verdict is Verdict.UNCLEAR) == (found.p > 0.05)


@given(
    st.lists(RATE, min_size=8, max_size=13),
    st.lists(RATE, min_size=6, max_size=13),
    st.floats(0, 5),
)
def test_the_interval_is_the_set_that_fieller_asks_for(before, after, ratio):
    was, now = Side.of(before), Side.of(after)
    assume(was.mean > 0)
    interval = fieller(was, now, 2.064)
    assume(interval is not None)
    assert interval is not None
    left = abs(now.mean - ratio * was.mean)
    right = 2.064 * sqrt(now.spread + ratio**2 * was.spread)
    assume(abs(left - right) > 1e-9)
    assert (left <= right) == (interval.low <= ratio <= interval.high)


def test_the_kinds_of_interval():
    sharp = Side(13, 20.0, 0.25)
    assert fieller(Side(13, 1.0, 4.0), sharp, 2.0) is None  # unbounded: nothing told from 0 before
    assert fieller(sharp, Side(13, -20.0, 0.25), 2.0) is None  # empty: no ratio is below 0
    open_below = fieller(sharp, Side(13, 0.0, 0.25), 2.0)
    assert open_below is not None
    assert open_below.low == 0
    assert verdict(None) is Verdict.UNCLEAR
    assert verdict(Interval(0.5, 1.0)) is Verdict.UNCLEAR
    assert verdict(Interval(1.0, 1.5)) is Verdict.UNCLEAR
    assert verdict(Interval(0.5, 0.99)) is Verdict.FELL
    assert verdict(Interval(1.01, 1.5)) is Verdict.ROSE


def _week(random: Random, mean: float) -> int:
    """Attempts of a week: more scattered than chance alone has it, and blurred as T0 is."""
    rate = random.gammavariate(2 * mean, 0.5)  # negative binomial, variance 1.5 times the mean
    count, clock = 0, random.expovariate(1)
    while clock < rate:
        count, clock = count + 1, clock + random.expovariate(1)
    noise = sum(
        round(random.expovariate(e) - random.expovariate(e)) for e in (0.8, 0.4)
    )  # near enough to the sampler's law; the sampler has tests of its own
    return count + noise


RUNS = 800


@pytest.mark.parametrize("mean", [2.0, 20.0])
def test_without_an_effect_chance_is_called_a_change_in_one_of_twenty(mean):
    random = Random(f"none {mean}")
    found = [
        compare([_week(random, mean) for _ in range(13)], [_week(random, mean) for _ in range(13)])
        for _ in range(RUNS)
    ]
    wrong = sum(one.verdict is not Verdict.UNCLEAR for one in found) / RUNS
    assert wrong <= 0.05 + 3 * sqrt(0.05 * 0.95 / RUNS)


def test_the_interval_has_the_true_ratio_in_it_in_19_of_20():
    random = Random("cover")
    within = 0
    for _ in range(RUNS):
        before = [_week(random, 20) for _ in range(13)]
        interval = compare(before, [_week(random, 12) for _ in range(13)]).interval
        within += interval is None or interval.low <= 0.6 <= interval.high
    assert abs(within / RUNS - 0.95) <= 3 * sqrt(0.05 * 0.95 / RUNS)


@pytest.mark.oracle
@given(st.lists(RATE, min_size=8, max_size=13), st.lists(RATE, min_size=6, max_size=13))
def test_scipy_finds_welchs_p(before, after):
    stats: Any = import_module("scipy.stats")

    assume(len(set(before)) > 2 and len(set(after)) > 2)
    expected = stats.ttest_ind(after, before, equal_var=False).pvalue
    assert compare(before, after).p == pytest.approx(expected, rel=1e-7)
