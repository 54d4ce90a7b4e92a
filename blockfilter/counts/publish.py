"""What is published once its time is over: the periods' figures, and the coverage of weeks.

A figure is drawn here, once: the fresh draw joins the accumulators before anything is published, so
that whoever is interrupted, or finds an older ledger, publishes the same again. It is written in one
transaction with its period's new state and the audit line; only then its accumulators go. A period
with a day that nobody closed is lost. Without any time up it is not measured; up for less than nine
tenths of it, it is published with a flag.
"""

from collections.abc import Mapping
from datetime import tzinfo

from blockfilter.counts import accumulators, calendar, ledger, tables
from blockfilter.counts.accumulators import Accumulators, Key
from blockfilter.counts.calendar import Kind, Period
from blockfilter.counts.coverage import Coverage, rounded, share
from blockfilter.counts.frame import Facts
from blockfilter.counts.law import half_width
from blockfilter.counts.ledger import Figure, Ledger, Opened
from blockfilter.counts.noise import laplace

FLAGGED_BELOW = 0.9  # of a period's time up, or of its days counted in time


def publish(kept: Ledger, open_: Accumulators, zone: tzinfo) -> dict[Key, str]:
    """Publish every period all of whose days are closed; what became of each."""
    following = open_.next
    ended = {}
    for one in kept.opened():
        if following is not None and one.period.last < following:
            ended[one.key] = _end(kept, open_, one, zone)
            open_.drop(one.key)
    return ended


def _end(kept: Ledger, open_: Accumulators, one: Opened, zone: tzinfo) -> str:
    first, last = one.period.first, one.period.last
    known = open_.closed(first, last)
    if len(known) < one.period.days:
        state = ledger.LOST
    elif not share(one.period, known, zone):
        state = ledger.NOT_MEASURED
    else:
        counted = share(one.period, known, zone, without=open_.late(first, last))
        drawn = open_.end(one.key, {cell: laplace(one.epsilon) for cell in one.cells})
        kept.release(one, _figures(one, drawn), flagged=counted < FLAGGED_BELOW)
        return ledger.RELEASED
    kept.end(one.key, state)
    return state


def _figures(one: Opened, values: Mapping[str, int]) -> dict[str, Figure]:
    """What is published of a period's noisy values, in the order of its cells."""
    drawn = {cell: values[cell] for cell in one.cells}
    if one.form is tables.Form.RATE:
        return {cell: Figure(word) for cell, word in tables.rates(drawn, one.weights).items()}
    if one.form is tables.Form.BAND:
        return {cell: Figure(tables.yearly_band(value)) for cell, value in drawn.items()}
    width = half_width((2 * one.epsilon, one.epsilon))
    return {cell: Figure(value, value - width, value + width) for cell, value in drawn.items()}


def cover(kept: Ledger, open_: Accumulators, facts: Facts, zone: tzinfo) -> None:
    """Publish the coverage of weeks that are over; forget days that nothing open needs."""
    following, oldest = open_.next, open_.oldest
    if following is None or oldest is None:
        return
    covered = kept.covered()
    week = calendar.containing(Kind.WEEK, oldest)
    while week.last < following:
        if week.name not in covered:
            _cover(kept, open_, facts, week, zone)
        week = calendar.following(week)
    firsts = [one.period.first for one in kept.opened()]
    open_.forget(min([week.first, *firsts]))


def _cover(kept: Ledger, open_: Accumulators, facts: Facts, week: Period, zone: tzinfo) -> None:
    known = open_.closed(week.first, week.last)
    if len(known) < week.days:
        return  # a week of which only some days were closed here
    whole = accumulators.total(list(known.values()))
    frame = kept.frame(calendar.containing(Kind.QUARTER, week.first).name)
    offices = {one.id for one in frame.offices} if frame else set()
    age = max(0, (week.last - facts.released).days) if facts.released else None
    kept.cover(
        Coverage(
            week.name,
            rounded(whole.served),
            sum(up.seconds > 0 for up in known.values()),
            round(share(week, known, zone), 3),
            age,
            facts.release,
            len(whole.offices & offices) / len(offices) if offices else None,
            facts.canaries,
        )
    )
