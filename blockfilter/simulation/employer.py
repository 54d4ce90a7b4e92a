"""What the simulated employer is and did: a real programme.db, written through the real keeper.

Everybody is told of the policy at the beginning, nine in ten are trained in the training week, and
one in ten comes to an event in the week after. The practices are assessed at the beginning and at
each quarter's end, a little better every time. Each is recorded on the day it happened.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from pathlib import Path

from blockfilter.counts import calendar
from blockfilter.counts.calendar import Kind
from blockfilter.programme import practice
from blockfilter.programme.activity import Entry, made
from blockfilter.programme.activity import Kind as Done
from blockfilter.programme.keeper import Keeper, NewOffice
from blockfilter.programme.practice import Given
from blockfilter.programme.store import NAME, Store
from blockfilter.simulation.visits import START, Plan, prefix

WHO = "simulation"
ORGANISATION = "Example Organisation (simulated)"
_SOURCE = "simulated"


# What is answered at the beginning and at each quarter's end, in turn question by question.
_COURSE = (
    (Given.PARTLY, Given.NO),
    (Given.PARTLY, Given.PARTLY, Given.NO),
    (Given.YES, Given.PARTLY, Given.NO),
    (Given.YES, Given.PARTLY),
    (Given.YES, Given.YES, Given.PARTLY),
)


def build(state: Path, plan: Plan) -> None:
    """Write the programme of a plan. ProgrammeError or StateError."""
    with Store.create(state / NAME) as store:
        keeper = _keeper(store, START)
        keeper.found(ORGANISATION, "UTC", plan.headcount, START)
        for number, heads in enumerate(plan.office_heads()):
            keeper.add_office(
                NewOffice(
                    id=f"office-{number + 1}",
                    name=f"Office {number + 1}",
                    prefixes=(prefix(number),),
                    heads=heads,
                    opened=START,
                )
            )
        for entry in _activities(plan):
            _keeper(store, entry.last).record(entry)
        for number, day in enumerate(_assessed(plan)):
            _assess(_keeper(store, day), day, _COURSE[min(number, len(_COURSE) - 1)])


def _assessed(plan: Plan) -> Iterator[date]:
    """The first day, the end of each quarter, and the last day."""
    quarter, day = calendar.containing(Kind.QUARTER, START), START
    while day < plan.last:
        yield day
        quarter, day = calendar.following(quarter), min(quarter.last, plan.last)
    yield plan.last


def _keeper(store: Store, day: date) -> Keeper:
    """Acts on a simulated day; nothing waits for a second person before counting has begun."""
    moment = datetime.combine(day, time(12), UTC)
    return Keeper(store, WHO, now=lambda: moment, today=day, begun=False)


def _activities(plan: Plan) -> list[Entry]:
    told = START + timedelta(days=8)
    found = [
        _entry(plan, Done.INFORMED, "e-mail-notice", plan.headcount, told),
        _entry(plan, Done.INFORMED, "staff-meeting", plan.headcount * 3 // 5, told + timedelta(2)),
    ]
    if plan.training_week is not None:
        week = START + timedelta(weeks=plan.training_week - 1)
        found.append(_entry(plan, Done.TRAINED, "all-staff", plan.headcount * 9 // 10, week, 4))
        event = week + timedelta(days=8)
        found.append(_entry(plan, Done.EVENT, "special-event", plan.headcount // 10, event))
    return [one for one in found if one.people and one.last <= plan.last]


def _entry(plan: Plan, kind: Done, channel: str, people: int, first: date, days: int = 0) -> Entry:
    return made(
        kind=kind,
        channel=channel,
        people=people,
        first=first,
        last=first + timedelta(days=days),
        topics=("recognise", "respond") if kind is Done.TRAINED else (),
        source=_SOURCE,
        today=max(plan.last, first + timedelta(days=days)),
    )


def _assess(keeper: Keeper, day: date, given: tuple[Given, ...]) -> None:
    """Answer every question, in turn with each of these answers."""
    questions = (question for area in practice.areas() for question in area.questions)
    keeper.answer_all(list(zip(questions, cycle(given), strict=False)), day, "simulated", "")
