"""What is known of the noise: the interval that a figure is published with.

The law is public and nothing here is secret, so these are floats; the draws are not (`noise`).
"""

import math
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

LEVEL = 0.95
_TAIL = 40.0  # exp(-40) of a draw lies outside what is summed: far below a double's rounding


def half_width(epsilons: Iterable[Fraction], level: float = LEVEL) -> int:
    """The least h with P(|sum of one discrete Laplace draw per epsilon| <= h) >= level."""
    return _half_width(tuple(sorted(Counter(epsilons).items())), level)


def guess(epsilon: Fraction) -> float:
    """How often the best guess at one device-day is right, from an even start: e^ε/(1+e^ε)."""
    return 1 / (1 + math.exp(-float(epsilon)))


@lru_cache(maxsize=256)
def _half_width(draws: tuple[tuple[Fraction, int], ...], level: float) -> int:
    if not draws:
        return 0
    spectrum = _spectrum(draws)
    low, high = 0, len(spectrum) // 2
    while low < high:
        middle = (low + high) // 2
        if _within(spectrum, middle) >= level:
            high = middle
        else:
            low = middle + 1
    return low


def _spectrum(draws: tuple[tuple[Fraction, int], ...]) -> list[float]:
    """The characteristic function of the sum at 2πj/N; N so large that no tail comes round."""
    reach = sum(count * _variance(epsilon) for epsilon, count in draws) ** 0.5 * 12
    reach += _TAIL / min(float(epsilon) for epsilon, _ in draws)
    size = 1 << math.ceil(math.log2(2 * reach))
    found = [1.0] * size
    for epsilon, count in draws:
        alpha = math.exp(-float(epsilon))
        for j in range(size):
            cosine = math.cos(2 * math.pi * j / size)
            found[j] *= ((1 - alpha) ** 2 / (1 - 2 * alpha * cosine + alpha**2)) ** count
    return found


def _within(spectrum: list[float], reach: int) -> float:
    """P(|sum| <= reach): the inverse transform, summed by Dirichlet's kernel."""
    size = len(spectrum)
    total = 2 * reach + 1.0
    for j in range(1, size):
        angle = math.pi * j / size
        total += spectrum[j] * math.sin((2 * reach + 1) * angle) / math.sin(angle)
    return total / size


def _variance(epsilon: Fraction) -> float:
    alpha = math.exp(-float(epsilon))
    return 2 * alpha / (1 - alpha) ** 2
