"""After a crash, or with a file that is not the one it was: both databases are made to agree.

Nothing is ever drawn again. What has no accumulators, or was opened without the ledger knowing of
it, is lost; what is published already needs its accumulators no more. A killed process leaves either
file one step behind; a file from a backup may be any number of days behind, and shows it in the
last closed day.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from blockfilter.counts import calendar, tables
from blockfilter.counts.accumulators import Accumulators, Key
from blockfilter.counts.calendar import Kind
from blockfilter.counts.frame import Facts, Frame
from blockfilter.counts.ledger import LOST, Ledger
from blockfilter.counts.tables import TABLES, Plan

_DAY = timedelta(days=1)


def repair(kept: Ledger, open_: Accumulators, facts: Facts) -> list[Key]:
    """Make them agree; the periods that are lost by it. May be interrupted anywhere."""
    following, told = open_.next, kept.closed
    lost = []
    if following and told and told >= following:
        lost += list(_give_up(kept, open_))
        open_.begin(told + _DAY)
    elif following and told and told < following - _DAY:
        lost += list(_missed(kept, facts, told + _DAY, following))
    lost += list(_without_cells(kept, open_))
    lost += list(_without_period(kept, open_, facts))
    following = open_.next
    if following and following - _DAY != told:
        kept.note_closed(following - _DAY)
    return lost


def _give_up(kept: Ledger, open_: Accumulators) -> Iterator[Key]:
    """The accumulators are an older copy: days are missing in every cell."""
    for one in kept.opened():
        kept.end(one.key, LOST)
        yield one.key
    for key in sorted(open_.keys()):
        open_.drop(key)


def _missed(kept: Ledger, facts: Facts, first: date, until: date) -> Iterator[Key]:
    """The ledger is an older copy: what began since then was opened, and is known no more."""
    day = first
    while day < until:
        frame = _frame(kept, facts, day)
        for plan, period in tables.beginning(frame, facts.categories, day):
            if not kept.overlaps(plan.table, period):
                kept.open(plan, period, frame, LOST)
                yield plan.table.id, period.name
        day += _DAY


def _without_cells(kept: Ledger, open_: Accumulators) -> Iterator[Key]:
    """Open periods whose accumulators are gone."""
    for one in kept.opened():
        if set(open_.values(one.key)) != set(one.cells):
            kept.end(one.key, LOST)
            yield one.key


def _without_period(kept: Ledger, open_: Accumulators, facts: Facts) -> Iterator[Key]:
    """Accumulators of no open period: just begun, just published, or unknown to an older ledger."""
    following = open_.next
    known = {one.key for one in kept.opened()}
    for key in sorted(open_.keys() - known):
        period = calendar.parse(key[1])
        if not kept.knows(key) and (following is None or period.first < following):
            plan = Plan(TABLES[key[0]], period.kind, tuple(sorted(open_.values(key))))
            kept.open(plan, period, _frame(kept, facts, period.first), LOST)
            yield key
        open_.drop(key)


def _frame(kept: Ledger, facts: Facts, day: date) -> Frame:
    """What was frozen for a day's quarter, or would be: for the record of what is lost."""
    quarter = calendar.containing(Kind.QUARTER, day).name
    return kept.frame(quarter) or facts.frame(quarter)
