"""Attack 10: is one person of a small office the one who does it? A quarter's word may say so.

The attacker knows the usual rate but not how this office differs from others (lognormal, sigma 0.5),
and reads its word: below, similar or above. The office has 250 heads, as few as an office may have,
and there are three like it. Once a week is 13 device-days a quarter: the residual that the README
states. A build that publishes numbers of offices of 20 tells of four.
"""

import random
from collections.abc import Iterator
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blockfilter.counts import tables
from blockfilter.counts.frame import Facts, FramedOffice
from blockfilter.counts.noise import laplace
from tests.attacks import planted
from tests.attacks.attacker import auc
from tests.attacks.organisation import (
    DAY,
    FIRST,
    QUARTER,
    Organisation,
    met,
    stolen,
    wide,
)

if TYPE_CHECKING:
    import numpy as np

OFFICES = ("his", "north", "south", "west")
WEEKS = 13
RATE = 0.015  # device-days a head and week: the study's
SPREAD = 0.5
SIZE = 20_000  # of each kind: the standard error of the AUC is 0.003
POOL = 40_000  # draws of the noise, taken from by chance; they add 0.002 to it
ALLOWED = {1: 0.55, 4: 0.55, 13: 0.65}  # the AUC, by device-days a quarter
WORDS = (tables.BELOW, tables.SIMILAR, tables.ABOVE)


class Quarters:
    """Words of the first of the offices, each quarter with a noise of its own."""

    def __init__(self) -> None:
        import numpy as np

        epsilon = tables.T3.epsilon
        self._chance = np.random.default_rng(10)
        self._noise = np.array([laplace(2 * epsilon) + laplace(epsilon) for _ in range(POOL)])

    def likes(self) -> "np.ndarray":
        """How much more than usual each office does, for each of the quarters."""
        return self._chance.lognormal(0, SPREAD, (SIZE, len(OFFICES)))

    def words(self, extra: int, likes: "np.ndarray | None" = None) -> "np.ndarray":
        """0, 1 or 2: what is published of his office when he adds `extra`."""
        import numpy as np

        if likes is None:
            likes = self.likes()
        counts = self._chance.poisson(RATE * tables.OFFICE_HEADS * WEEKS * likes)
        counts[:, 0] += extra
        noisy = counts + self._chance.choice(self._noise, counts.shape)
        return np.array([self._word(row) for row in noisy.tolist()])

    def changes(self, extra: int) -> list[int]:
        """From a quarter with him to the next, without him; the office stays as it was."""
        likes = self.likes()
        found: list[int] = (self.words(extra, likes) - self.words(0, likes)).tolist()
        return found

    @staticmethod
    def _word(noisy: list[int]) -> int:
        heads = (tables.OFFICE_HEADS,) * len(OFFICES)
        return WORDS.index(tables.rates(dict(zip(OFFICES, noisy, strict=True)), heads)[OFFICES[0]])


@pytest.fixture(scope="module")
def quarters() -> Quarters:
    return Quarters()


@pytest.mark.statistical
@pytest.mark.timeout(300)
@pytest.mark.parametrize("days", ALLOWED)
def test_a_word_does_not_tell_who_it_was(days, quarters):
    """The law's AUC are 0.508, 0.530 and 0.592: five standard errors below what is allowed."""
    assert auc(quarters.words(days).tolist(), quarters.words(0).tolist()) <= ALLOWED[days]


@pytest.mark.statistical
@pytest.mark.timeout(300)
@pytest.mark.parametrize("days", ALLOWED)
def test_nor_do_the_words_before_and_after_he_left(days, quarters):
    """The law's AUC are 0.508, 0.532 and 0.597."""
    assert auc(quarters.changes(days), quarters.changes(0)) <= ALLOWED[days]


def numbers(place: Path, cells: int, heads: int, extra: int) -> tuple[list[int], list[int]]:
    """What a build publishes of offices of one size, of which half have somebody who adds `extra`."""
    chance = random.Random(10)
    his, others = ([f"{who}-{n:04}" for n in range(cells)] for who in ("his", "other"))
    organisation = Organisation(place, wide(["escort-ads"], [*his, *others], heads))
    for office in (*his, *others):
        mean = RATE * heads * WEEKS * exp(chance.gauss(0, SPREAD))
        count = sum(1 for _ in arrivals(mean, chance)) + (extra if office in his else 0)
        organisation.devices.add(FIRST + 50 * DAY, [met("escort-ads", 14, office)] * count)
    organisation.live_until(FIRST + QUARTER[1] * DAY)
    found = organisation.numbers(tables.T3.id, QUARTER[0])
    return [found[one] for one in his], [found[one] for one in others]


def arrivals(mean: float, chance: random.Random) -> Iterator[float]:
    """So many events as a Poisson variable of this mean has."""
    passed = chance.expovariate(1)
    while passed < mean:
        yield passed
        passed += chance.expovariate(1)


def test_a_build_with_numbers_of_small_offices_tells_of_four_days(quick, monkeypatch):
    """The law's AUC is 0.64, with a standard error of 0.018: five above what is allowed."""
    planted.number_small_offices(monkeypatch, 20)
    assert auc(*numbers(quick, 500, 20, 4)) > ALLOWED[4]


def cells(place: Path, heads: int, *sizes: int) -> set[str]:
    """The cells that T3 has in a quarter, for offices of these sizes and names a, b, c."""
    offices = tuple(FramedOffice(name, size) for name, size in zip("abc", sizes, strict=False))
    organisation = Organisation(place, Facts(heads=heads, offices=offices))
    return set(stolen(organisation.state, tables.T3.id, QUARTER[0]))


@pytest.mark.parametrize(
    ("heads", "sizes", "published"),
    [
        (1000, (400, 350, 250), {"a", "b", "c"}),
        (1000, (400, 351, 249), set()),  # the rest is an office that is too small
        (1249, (400, 600, 249), set()),
        (1250, (400, 600, 249), {"a", "b", "other offices"}),  # one more elsewhere
        (1000, (750,), {"a", "other offices"}),
        (1000, (751,), set()),
        (1000, (1000,), set()),  # an office against itself
        (999, (400, 350, 249), set()),
        (1000, (990, 260), set()),  # more than there are: what of it is true nobody knows
    ],
)
def test_no_cell_has_fewer_than_250_heads(quick, heads, sizes, published):
    assert cells(quick, heads, *sizes) == published
