"""Published figures agree with the truth within their 95 % intervals, about 95 times in 100.

How often exactly is the law's to say: an interval of integers holds a little more than 95 %. The
tolerance is that of the binomial law; see `seeds.UNLIKELY` for how seldom it fails by chance.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from blockfilter.counts.law import half_width
from blockfilter.counts.tables import TABLES
from tests.simulation import seeds
from tests.simulation.seeds import NUMBERS, Covered, expected, tails

SEEDS = 100
PROCESSES = 2
CERTAIN = 1 - 1e-9  # of a year's 105 figures one lies outside once in 10^7


def test_the_expectation_and_its_tolerance_are_sound():
    for table in NUMBERS:
        assert 0.95 <= expected(table) < 0.97
    assert tails(Covered(4, 4), 0.5) == pytest.approx((1, 1 / 16))
    assert tails(Covered(4, 1), 0.5) == pytest.approx((5 / 16, 15 / 16))
    assert min(tails(Covered(1300, 1235), 0.95)) > 0.4


def test_the_figures_of_a_year_lie_around_the_truth(year):
    found = seeds.of(year)
    assert {table: one.figures for table, one in found.items()} == {"T0": 53, "T1": 36, "T2": 16}
    for table, one in found.items():
        few, _ = tails(one, expected(table))
        assert few > 1e-7, (table, one)  # that all lie within is no wonder in so few
        epsilon, truth = TABLES[table].epsilon, year.truth(table)
        furthest = half_width((2 * epsilon, epsilon), CERTAIN)
        for row in year.reader.rows(table):
            assert abs(row.value - truth[row.period, row.cell]) <= furthest, row


@pytest.mark.statistical
def test_the_figures_of_a_hundred_seeds_lie_within_their_intervals_about_95_times_in_100():
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        found = seeds.total(pool.map(seeds.of_seed, range(SEEDS)))
    assert {table: one.figures for table, one in found.items()} == {
        "T0": SEEDS * seeds.WEEKS,
        "T1": SEEDS * 9,
        "T2": SEEDS * 4,
    }
    for table, one in found.items():
        few, many = tails(one, expected(table))
        told = f"{table}: {one.within} of {one.figures} within, expected {expected(table):.4f}"
        assert few > seeds.UNLIKELY, told
        assert many > seeds.UNLIKELY, told
