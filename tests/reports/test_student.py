"""Student's t against printed tables, its own symmetries, and scipy where that is installed."""

from importlib import import_module
from math import atan, inf, pi, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.reports import student

FREEDOM = st.floats(0.5, 5000)
T = st.floats(0, 200)

TABLE = [  # level, degrees of freedom, t: any textbook's table
    *((0.975, 1, 12.706), (0.975, 2, 4.303), (0.975, 5, 2.571), (0.975, 10, 2.228)),
    *((0.975, 24, 2.064), (0.975, 30, 2.042), (0.975, 120, 1.980)),
    *((0.95, 1, 6.314), (0.95, 10, 1.812), (0.995, 10, 3.169), (0.9995, 4, 8.610)),
]


@pytest.mark.parametrize(("level", "freedom", "t"), TABLE)
def test_quantiles_are_those_of_the_tables(level, freedom, t):
    assert round(student.quantile(level, freedom), 3) == t
    assert student.two_sided(t, freedom) == pytest.approx(2 * (1 - level), rel=1e-3)


@pytest.mark.parametrize("t", [0.0, 0.1, 1.0, 7.5, 1000.0])
def test_one_and_two_degrees_of_freedom_have_closed_forms(t):
    assert student.two_sided(t, 1) == pytest.approx(1 - 2 * atan(t) / pi, abs=1e-12)
    assert student.two_sided(t, 2) == pytest.approx(1 - t / sqrt(2 + t * t), abs=1e-12)


@given(T, FREEDOM)
def test_a_p_value_is_a_probability_whatever_the_sign(t, freedom):
    p = student.two_sided(t, freedom)
    assert 0 <= p <= 1
    assert student.two_sided(-t, freedom) == p
    assert student.two_sided(t + 0.5, freedom) <= p


@given(st.floats(0.51, 0.9995), FREEDOM)
def test_a_quantile_is_where_the_p_value_says(level, freedom):
    t = student.quantile(level, freedom)
    assert student.two_sided(t, freedom) == pytest.approx(2 * (1 - level), rel=1e-7)


def test_the_ends():
    assert student.two_sided(0, 7) == 1
    assert student.two_sided(inf, 7) == 0
    assert student.quantile(0.5, 7) == 0


@pytest.mark.oracle
@given(T, FREEDOM)
def test_scipy_finds_the_same_p(t, freedom):
    stats: Any = import_module("scipy.stats")

    assert student.two_sided(t, freedom) == pytest.approx(
        2 * stats.t.sf(t, freedom), rel=1e-8, abs=1e-300
    )


@pytest.mark.oracle
@given(st.floats(0.51, 0.9995), FREEDOM)
def test_scipy_finds_the_same_quantile(level, freedom):
    stats: Any = import_module("scipy.stats")

    assert student.quantile(level, freedom) == pytest.approx(stats.t.ppf(level, freedom), rel=1e-8)
