"""The interval a figure is published with, against a convolution made by hand."""

import math
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockfilter.counts.law import LEVEL, guess, half_width
from blockfilter.counts.tables import TABLES

EPSILONS = st.fractions(Fraction(1, 10), Fraction(2), max_denominator=20)


def law(epsilon: Fraction) -> list[float]:
    """P(X = x) of a draw, for x from -n to n; what lies outside is less than 1e-12."""
    alpha = math.exp(-epsilon)
    reach = math.ceil(28 / epsilon)
    return [(1 - alpha) / (1 + alpha) * alpha ** abs(x) for x in range(-reach, reach + 1)]


def convolved(left: list[float], right: list[float]) -> list[float]:
    found = [0.0] * (len(left) + len(right) - 1)
    for place, one in enumerate(left):
        for further, other in enumerate(right):
            found[place + further] += one * other
    return found


def by_hand(epsilons: list[Fraction], level: float = LEVEL) -> int:
    whole = [1.0]
    for epsilon in epsilons:
        whole = convolved(whole, law(epsilon))
    middle = len(whole) // 2
    grown = accumulate(
        whole[middle] if not h else whole[middle - h] + whole[middle + h] for h in range(middle + 1)
    )
    return next(h for h, inside in enumerate(grown) if inside >= level)


@settings(deadline=None, max_examples=15)
@given(st.lists(EPSILONS, min_size=1, max_size=3), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_the_half_width_is_that_of_the_convolution(epsilons, level):
    assert half_width(epsilons, level) == by_hand(epsilons, level)


@pytest.mark.parametrize("table", TABLES.values())
@pytest.mark.parametrize("addresses", [1, 2])
def test_the_half_width_of_every_figure_of_the_product(table, addresses):
    epsilon = table.epsilon / addresses
    assert half_width((2 * epsilon, epsilon)) == by_hand([2 * epsilon, epsilon])


def test_the_half_widths_that_pages_show():
    widths = {(id_, n): half_width((2 * one.epsilon / n, one.epsilon / n))
              for id_, one in TABLES.items() for n in (1, 2)}  # fmt: skip
    assert widths["T0", 1] == 8
    assert widths["T1", 1] == widths["T2", 1] == widths["TM", 1] == widths["T0", 2] == 16
    assert widths["T1", 2] == 33


@settings(max_examples=15)
@given(st.lists(EPSILONS, max_size=6))
def test_the_order_of_the_draws_is_nothing_and_each_widens(epsilons):
    width = half_width(epsilons)
    assert half_width(reversed(epsilons)) == width
    assert half_width([*epsilons, Fraction(1, 5)]) >= width


def test_no_draw_is_no_noise():
    assert half_width([]) == 0


def test_the_width_of_a_sum_is_smaller_than_the_sum_of_the_widths():
    one = half_width((Fraction(4, 5), Fraction(2, 5)))
    quarter = half_width((Fraction(4, 5), Fraction(2, 5)) * 13)
    assert quarter < 13 * one / 2
    sd = math.sqrt(13 * sum(2 * math.exp(-e) / (1 - math.exp(-e)) ** 2 for e in (0.8, 0.4)))
    assert abs(quarter - 1.96 * sd) < 2  # the sum of 26 draws is nearly normal


def test_five_years_of_weeks_are_summed_without_losing_precision():
    width = half_width((Fraction(4, 5), Fraction(2, 5)) * 260)
    sd = math.sqrt(260 * sum(2 * math.exp(-e) / (1 - math.exp(-e)) ** 2 for e in (0.8, 0.4)))
    assert abs(width - 1.96 * sd) < 2


@pytest.mark.parametrize(
    ("epsilon", "expected"), [(0, 0.5), (Fraction(2, 5), 0.5987), (Fraction(6, 5), 0.7685)]
)
def test_the_best_guess_at_a_device_day(epsilon, expected):
    assert guess(Fraction(epsilon)) == pytest.approx(expected, abs=1e-4)
