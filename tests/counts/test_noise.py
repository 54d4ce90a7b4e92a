"""The sampler draws from the law it names, exactly: all its random choices, tried out one by one."""

import ast
import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from blockfilter.counts import contribution, noise
from blockfilter.counts.noise import laplace

DRAWS = 8_000
EPSILONS = [
    Fraction(1, 5),
    Fraction(2, 5),
    Fraction(4, 5),
    Fraction(1, 10),
    Fraction(1),
    Fraction(7, 3),
]


class EndedError(Exception):
    """A choice was asked for that lies beyond those that are tried out."""


class Script:
    """Answers given choices in turn and keeps how likely the way was that they led."""

    def __init__(self, choices: tuple[int, ...]) -> None:
        self.choices, self.place, self.chance = choices, 0, Fraction(1)
        self.asked = 0

    def __call__(self, limit: int) -> int:
        if self.place == len(self.choices):
            self.asked = limit
            raise EndedError
        self.place += 1
        self.chance /= limit
        return self.choices[self.place - 1]


def every_way(epsilon: Fraction, least: Fraction) -> Iterator[tuple[int, Fraction]]:
    """What comes of every series of choices that is likelier than `least`, and how likely it is."""
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        script = Script(waiting.pop())
        try:
            value = laplace(epsilon, script)
        except EndedError:
            if script.chance / script.asked >= least:
                waiting += [(*script.choices, choice) for choice in range(script.asked)]
        else:
            yield value, script.chance


@pytest.mark.parametrize("epsilon", [Fraction(1), Fraction(1, 2), Fraction(2), Fraction(3, 2)])
def test_the_law_follows_from_all_choices_there_are(epsilon):
    chances: Counter[int] = Counter()
    for value, chance in every_way(epsilon, Fraction(1, 20_000)):
        chances[value] += chance  # type: ignore[assignment]
    left = 1 - sum(chances.values())
    assert 0 <= left < 0.4  # ways that are too long to be tried out
    alpha = math.exp(-epsilon)
    for value in range(-3, 4):
        expected = (1 - alpha) / (1 + alpha) * alpha ** abs(value)
        assert chances[value] <= expected + 1e-12
        assert chances[value] >= expected - left
    for value in range(1, 4):
        assert chances[value] == chances[-value]


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_draws_have_the_mean_the_spread_and_the_shape_of_the_law(epsilon):
    found = Counter(laplace(epsilon) for _ in range(DRAWS))
    alpha = math.exp(-epsilon)
    zero = (1 - alpha) / (1 + alpha)
    sd = math.sqrt(2 * alpha) / (1 - alpha)
    mean = sum(value * count for value, count in found.items()) / DRAWS
    assert abs(mean) < 7 * sd / math.sqrt(DRAWS)
    for value in range(-4, 5):
        expected = zero * alpha ** abs(value)
        spread = math.sqrt(expected * (1 - expected) / DRAWS)
        assert abs(found[value] / DRAWS - expected) < 7 * spread


@pytest.mark.parametrize("epsilon", [Fraction(0), Fraction(-1, 5)])
def test_an_epsilon_that_protects_nothing_is_refused(epsilon):
    with pytest.raises(ValueError, match="positive"):
        laplace(epsilon)


@pytest.mark.parametrize("module", [noise, contribution])
def test_there_is_no_float_no_division_and_no_other_generator_on_the_way(module):
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else
                     [alias.name for alias in node.names])
    }  # fmt: skip
    assert "secrets" in imported
    assert not imported & {"random", "math", "numpy", "cmath", "statistics", "decimal"}
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div)
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.Name) and node.id in {"float", "random", "round"})
