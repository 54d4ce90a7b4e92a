"""The closed list of published tables: which periods and cells, for whom, at what epsilon.

There is no other table, no query and no filter. What is published depends on headcounts alone,
which are public; a threshold on a secret count would tell it (an insider adds devices of his own).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from blockfilter.counts.calendar import Kind, Period, containing
from blockfilter.counts.contribution import Contributions
from blockfilter.counts.frame import Frame

# Heads. Below the first nothing is counted; research/attacks behind each are in tests/attacks.
SMALLEST, YEARLY_NUMBER, PARTS, WEEKLY, TWO_HOURS = 25, 50, 250, 1000, 3000
OFFICE_HEADS = 250  # a habit of one person in a smaller office would show within a year
CATEGORY_NAMES = 25  # a category of few names would tell which site it was

TOTAL, OTHER, OTHER_OFFICES = "total", "other", "other offices"
BELOW, SIMILAR, ABOVE = "below", "similar", "above"
_LOW_RATE, _HIGH_RATE = Fraction(2, 3), Fraction(3, 2)
_YEARLY_BANDS = ((10, "<10"), (40, "10-39"))
_MOST = ">=40"


class Table(NamedTuple):
    """One of the tables; `epsilon` is what a device-day loses by its figures alone."""

    id: str
    title: str
    epsilon: Fraction


T0 = Table("T0", "organisation, total", Fraction(2, 5))
T1 = Table("T1", "by category", Fraction(1, 5))
T2 = Table("T2", "by hour of the day", Fraction(1, 5))
T3 = Table("T3", "offices against the organisation", Fraction(1, 5))
TM = Table("TM", "monitored rules: would block", Fraction(1, 5))
TABLES = {one.id: one for one in (T0, T1, T2, T3, TM)}


class Form(StrEnum):
    """What of a noisy count is published."""

    NUMBER = "number"
    BAND = "band"  # of a year's total
    RATE = "rate"  # below, similar or above the organisation's rate


class Plan(NamedTuple):
    """A table as it is published in a quarter. `weights` are the heads behind each cell of T3."""

    table: Table
    kind: Kind
    cells: tuple[str, ...]
    form: Form = Form.NUMBER
    weights: tuple[int, ...] = ()


def plans(frame: Frame, categories: Mapping[str, int]) -> Iterator[Plan]:
    """The tables that an organisation of this size has; `categories` are names by category."""
    if frame.heads < SMALLEST:
        return
    if frame.heads < PARTS:
        form = Form.NUMBER if frame.heads >= YEARLY_NUMBER else Form.BAND
        yield Plan(T0, Kind.YEAR, (TOTAL,), form)
        return
    weekly = frame.heads >= WEEKLY
    large = sorted(id_ for id_, names in categories.items() if names >= CATEGORY_NAMES)
    yield Plan(T0, Kind.WEEK if weekly else Kind.PART, (TOTAL,))
    yield Plan(
        T1,
        Kind.PART if weekly else Kind.QUARTER,
        (*(one for one in large if one != OTHER), OTHER),
    )
    yield Plan(T2, Kind.QUARTER, bands(frame.heads))
    yield Plan(TM, Kind.PART, (TOTAL,))
    offices = _offices(frame) if weekly else {}
    if len(offices) > 1:
        yield Plan(T3, Kind.QUARTER, tuple(offices), Form.RATE, tuple(offices.values()))


def beginning(
    frame: Frame, categories: Mapping[str, int], day: date
) -> Iterator[tuple[Plan, Period]]:
    """The tables of which a period begins on a day."""
    for plan in plans(frame, categories):
        period = containing(plan.kind, day)
        if period.first == day:
            yield plan, period


def bands(heads: int) -> tuple[str, ...]:
    """The bands of hours: the night, and 4 hours each, 2 in a large organisation."""
    step = 2 if heads >= TWO_HOURS else 4
    return ("20-08", *(f"{hour:02}-{hour + step:02}" for hour in range(8, 20, step)))


def _offices(frame: Frame) -> dict[str, int]:
    """Heads by cell; none where the offices that are too small are too few people together, nor
    where offices have more heads than there are: one of the figures is wrong then.
    """
    found = {one.id: one.heads for one in frame.offices if one.heads >= OFFICE_HEADS}
    rest = frame.heads - sum(found.values())
    if rest and rest < OFFICE_HEADS:
        return {}
    return found | ({OTHER_OFFICES: rest} if rest > 0 else {})


def shares(table: str, cells: tuple[str, ...], day: Contributions) -> Mapping[str, int]:
    """What a day adds to each cell of a table."""
    added = dict.fromkeys(cells, 0)
    if table == TM.id:
        return {TOTAL: day.monitored}
    for (hour, office, category), count in day.enforced.items():
        cell = _cell(table, cells, hour, office, category)
        if cell is not None:
            added[cell] += count
    return added


def _cell(table: str, cells: tuple[str, ...], hour: int, office: str, category: str) -> str | None:
    """The cell an event counts in; None: this table has none for it."""
    if table == T0.id:
        return TOTAL
    if table == T1.id:
        return category if category in cells else OTHER
    if table == T2.id:
        return cells[0] if not 8 <= hour < 20 else cells[1 + (hour - 8) * (len(cells) - 1) // 12]
    if office in cells:
        return office
    return OTHER_OFFICES if OTHER_OFFICES in cells else None


def yearly_band(value: int) -> str:
    """The band of a year's noisy total."""
    return next((name for limit, name in _YEARLY_BANDS if value < limit), _MOST)


def rates(values: Mapping[str, int], weights: tuple[int, ...]) -> Mapping[str, str]:
    """Each office's noisy rate against that of all, as a word."""
    total, heads = sum(values.values()), sum(weights)
    found = {}
    for (cell, value), weight in zip(values.items(), weights, strict=True):
        ratio = Fraction(value * heads, weight * total) if total > 0 else Fraction(1)
        found[cell] = BELOW if ratio < _LOW_RATE else ABOVE if ratio > _HIGH_RATE else SIMILAR
    return found
