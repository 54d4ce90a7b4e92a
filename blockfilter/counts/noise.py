"""Exact discrete Laplace noise, from integers and the operating system's generator alone.

P(X = x) is proportional to exp(-epsilon |x|). The sampler is that of Canonne, Kamath and Steinke,
"The Discrete Gaussian for Differential Privacy" (NeurIPS 2020), algorithms 1 and 2: every step is a
comparison of integers, so no rounding can tell a true value (Mironov, CCS 2012).
"""

import secrets
from collections.abc import Callable
from fractions import Fraction

Below = Callable[[int], int]  # a uniform integer from 0 up to, not including, its argument


def laplace(epsilon: Fraction, below: Below = secrets.randbelow) -> int:
    """One draw; `epsilon` is positive. `below` is an argument for tests of the law alone."""
    if epsilon <= 0:
        raise ValueError("epsilon must be positive")
    numerator, denominator = epsilon.numerator, epsilon.denominator
    while True:
        rest = below(denominator)
        if not _exp_minus(rest, denominator, below):
            continue
        whole = 0
        while _exp_minus(1, 1, below):
            whole += 1
        size = (rest + denominator * whole) // numerator
        negative = below(2)
        if size or not negative:  # zero has one sign, or it would come twice
            return -size if negative else size


def _exp_minus(numerator: int, denominator: int, below: Below) -> bool:
    """True with probability exp(-numerator/denominator), a fraction from 0 to 1."""
    step = 1
    while below(denominator * step) < numerator:
        step += 1
    return step % 2 == 1
