"""Student's t: the p-value of a statistic, and the quantile that an interval needs.

Both come from the regularised incomplete beta function I_x(a, b), whose continued fraction is
DLMF 8.17.22 (dlmf.nist.gov/8.17#v), evaluated front to back as DLMF 3.10(iii) has it (Lentz,
Thompson and Barnett). Good to ten digits for 0.5 degrees of freedom and more; no library is
installed for two functions.
"""

from math import exp, isfinite, lgamma, log, log1p, pi

_TINY = 1e-300  # stands for a denominator of zero, as Lentz's method needs
_CLOSE = 1e-15  # the last factor of the fraction differs from 1 by less
_MOST_STEPS = 10_000  # the fraction needs about the square root of a; a is at most a few thousand
_CLOSE_ENOUGH = 1e-12  # Newton's last step, of t


def two_sided(t: float, freedom: float) -> float:
    """P(|T| >= |t|) for T with so many degrees of freedom, which need not be whole."""
    if not isfinite(t):
        return 0.0
    both = freedom + t * t
    return _beta_regularised(freedom / both, t * t / both, freedom / 2, 0.5)


def quantile(level: float, freedom: float) -> float:
    """The t that T stays below with probability `level`, which is between one half and one.

    Newton's steps from 0 never pass it, because the tail is convex: each is a step closer.
    """
    tail, t = 2 * (1 - level), 0.0
    for _ in range(_MOST_STEPS):
        step = (two_sided(t, freedom) - tail) / (2 * _density(t, freedom))
        t += step
        if step <= _CLOSE_ENOUGH * t:
            break
    return t


def _density(t: float, freedom: float) -> float:
    half = (freedom + 1) / 2
    scale = lgamma(half) - lgamma(freedom / 2) - log(freedom * pi) / 2
    return exp(scale - half * log1p(t * t / freedom))


def _beta_regularised(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b) for 0 <= x <= 1; `rest` is 1 - x, which may have more digits than that."""
    if x == 0.0 or rest == 0.0:
        return float(x > 0.0)
    if x > (a + 1) / (a + b + 2):  # beyond it the fraction is slow; DLMF 8.17.4 turns it round
        return 1.0 - _beta_regularised(rest, x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest)) / a
    return front * _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """1/(1+ d1/(1+ d2/(1+ ...))) of DLMF 8.17.22."""
    value, above, below = 1.0, 1.0, 0.0
    for step in range(_MOST_STEPS):
        term = _coefficient(step, x, a, b)
        below = 1.0 / (1.0 + term * below or _TINY)
        above = 1.0 + term / above or _TINY
        value *= above * below
        if step and abs(above * below - 1.0) < _CLOSE:
            break
    return 1.0 / value


def _coefficient(step: int, x: float, a: float, b: float) -> float:
    """d_(step+1): odd and even ones have formulas of their own (DLMF 8.17.23)."""
    m, odd = divmod(step + 1, 2)
    if odd:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
