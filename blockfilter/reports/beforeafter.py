"""Whether attempts changed with a training: Welch's t, and Fieller's interval of the ratio. Pure.

Compared are rates: a period's published total per head and week, unclamped, so that the noise has
mean zero. The sample variances hold that noise and all else that scatters, which is why nothing is
assumed of either. An interval that is empty, unbounded or has 1 in it says that no change can be
told from chance. A comparison is no proof of cause.

`windows` has which periods are compared; this module has how.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import inf, isinf, sqrt
from statistics import fmean, variance
from typing import NamedTuple

from blockfilter.reports import student

BEFORE_LEAST, AFTER_LEAST = 8, 6  # fewer say little of how much weeks differ among themselves
LEVEL = 0.95
_TAIL = (1 + LEVEL) / 2
NO_CHANGE = 1.0


class Verdict(StrEnum):
    """What may be said of a training."""

    FELL = "fell"
    ROSE = "rose"
    UNCLEAR = "unclear"  # no change can be told from chance
    TOO_EARLY = "too-early"


class Interval(NamedTuple):
    """All ratios that the figures allow, at 95 %."""

    low: float
    high: float


class Comparison(NamedTuple):
    """What the figures after say, against those before. `ratio` is None where nothing was before."""

    verdict: Verdict
    ratio: float | None = None
    interval: Interval | None = None  # None: empty or unbounded
    p: float | None = None


class Side(NamedTuple):
    """Rates of one side: how many, their mean, and the variance of that mean."""

    number: int
    mean: float
    spread: float

    @classmethod
    def of(cls, rates: Sequence[float]) -> "Side":
        """At least two rates."""
        mean = fmean(rates)
        return cls(len(rates), mean, variance(rates, mean) / len(rates))


def compare(before: Sequence[float], after: Sequence[float]) -> Comparison:
    """The verdict on rates before and after."""
    if len(before) < BEFORE_LEAST or len(after) < AFTER_LEAST:
        return Comparison(Verdict.TOO_EARLY)
    was, now = Side.of(before), Side.of(after)
    freedom = _freedom(was, now)
    p = _p(was, now, freedom)
    if was.mean <= 0:  # a ratio to nothing, or to less than nothing, is none
        return Comparison(Verdict.UNCLEAR, p=p)
    interval = fieller(was, now, student.quantile(_TAIL, freedom))
    return Comparison(verdict(interval), now.mean / was.mean, interval, p)


def verdict(interval: Interval | None) -> Verdict:
    """What an interval of the ratio allows to say."""
    if interval is None or interval.low <= NO_CHANGE <= interval.high:
        return Verdict.UNCLEAR
    return Verdict.FELL if interval.high < NO_CHANGE else Verdict.ROSE


def fieller(was: Side, now: Side, t: float) -> Interval | None:
    """All ρ >= 0 with |now - ρ was| <= t √(spread now + ρ² spread was); None: empty or unbounded.

    Squared, it is a ρ² - 2 b ρ + c <= 0. Where a > 0, the mean before can be told from 0 and the
    discriminant is not negative: the set is what lies between the roots.
    """
    a = was.mean**2 - t**2 * was.spread
    b = was.mean * now.mean
    c = now.mean**2 - t**2 * now.spread
    if a <= 0:
        return None
    root = sqrt(max(b * b - a * c, 0.0))
    low, high = (b - root) / a, (b + root) / a
    return Interval(max(low, 0.0), high) if high >= 0 else None


def _freedom(was: Side, now: Side) -> float:
    """Satterthwaite's degrees of freedom of the difference of two means."""
    both = was.spread + now.spread
    if both == 0:  # all figures of a side are the same
        return was.number + now.number - 2
    parts = (one.spread**2 / (one.number - 1) for one in (was, now))
    return both**2 / sum(parts)


def _p(was: Side, now: Side, freedom: float) -> float:
    """Welch's: how often chance alone makes a difference of this size, or a larger one."""
    difference, error = now.mean - was.mean, sqrt(was.spread + now.spread)
    if error == 0:
        return student.two_sided(0.0 if difference == 0 else inf, freedom)
    t = difference / error
    return 0.0 if isinf(t) else student.two_sided(t, freedom)
