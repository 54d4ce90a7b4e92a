"""What the employer did, as a report needs it: read once from `programme.db`, where there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from blockfilter.counts.calendar import Period
from blockfilter.programme import practice
from blockfilter.programme.activity import CHANNELS, Activity, Kind
from blockfilter.programme.reached import Reached, reached
from blockfilter.programme.store import Store
from blockfilter.reports import words
from blockfilter.reports.windows import Training

NAMELESS = "This organisation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Efforts:
    """A programme's records; empty where none was begun."""

    organisation: str = NAMELESS
    heads: int | None = None  # on the period's last day
    reached: Reached | None = None
    activities: tuple[Activity, ...] = ()  # that ended in the period, oldest first
    trainings: tuple[tuple[Training, str], ...] = ()  # all there ever were, with their labels
    scores: tuple[tuple[date, int | None], ...] = ()  # of the self-assessment, over time
    offices: Mapping[str, str] = field(default_factory=dict)  # names by id


def efforts(store: Store, period: Period) -> Efforts:
    """What is on record, for a period. ProgrammeError where nothing was begun."""
    organisation, answers = store.organisation(), store.answers()
    held = [one for one in store.activities() if not one.retracted]
    return Efforts(
        organisation=organisation.name,
        heads=organisation.heads_at(period.last),
        reached=reached(organisation, held, answers, period.first, period.last),
        activities=tuple(sorted((one for one in held if one.last in period), key=_order)),
        trainings=tuple((_training(one), label(one)) for one in held if one.kind is Kind.TRAINED),
        scores=practice.course(answers, period.last),
        offices={one.id: one.name for one in organisation.offices},
    )


def label(one: Activity) -> str:
    """A training as a report names it: "all staff, 4 May 2026"."""
    audience = CHANNELS[one.kind].get(one.channel, one.channel)
    return f"{audience}, {words.span(one.first, one.last)}"


def _order(one: Activity) -> tuple[date, date, str]:
    return one.first, one.last, one.id


def _training(one: Activity) -> Training:
    return Training(one.id, one.first, one.last, one.people)
