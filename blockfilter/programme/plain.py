"""Values of a programme as JSON has them: what ``--json`` prints and `export --json` writes."""

from dataclasses import asdict
from datetime import date
from typing import Any

from blockfilter.programme import practice
from blockfilter.programme.activity import Activity
from blockfilter.programme.organisation import Headcount, Office, Organisation
from blockfilter.programme.reached import Reach, Reached

SCHEMA = "blockfilter.programme/1"

Facts = dict[str, Any]


def activity(one: Activity) -> Facts:
    """An activity in one of its versions; no office is null."""
    facts = {"id": one.id, "version": one.version, **asdict(one.entry())}
    facts |= {"first": one.first.isoformat(), "last": one.last.isoformat()}
    facts |= {"kind": str(one.kind), "topics": list(one.topics), "office": one.office or None}
    return facts | {
        "retracted": one.retracted,
        "reason": one.reason,
        "recorded": asdict(one.recorded),
    }


def headcount(one: Headcount) -> Facts:
    """A headcount; `confirmed_by` is null while it waits for a second person."""
    return {
        "date": one.day.isoformat(),
        "heads": one.heads,
        "recorded": asdict(one.recorded),
        "confirmed_by": one.confirmed_by or None,
    }


def office(one: Office, day: date) -> Facts:
    """An office, with its headcount on a day."""
    return {
        "id": one.id,
        "name": one.name,
        "prefixes": list(one.prefixes),
        "time_zone": one.time_zone,
        "heads": one.heads_at(day),
        "headcounts": [headcount(each) for each in one.headcounts],
        "opened": one.opened.isoformat(),
        "retired": one.retired.isoformat() if one.retired else None,
        "added": asdict(one.added),
        "confirmed_by": one.confirmed_by or None,
    }


def organisation(one: Organisation, day: date) -> Facts:
    """The organisation without its offices, with its headcount on a day."""
    return {
        "name": one.name,
        "time_zone": one.time_zone,
        "heads": one.heads_at(day),
        "headcounts": [headcount(each) for each in one.headcounts],
        "founded": asdict(one.founded),
    }


def answer(one: practice.Answer) -> Facts:
    """An answer of the self-assessment."""
    return {
        "question": one.question,
        "answer": str(one.given),
        "date": one.day.isoformat(),
        "evidence": one.evidence,
        "next": one.next,
        "recorded": asdict(one.recorded),
    }


def score(one: practice.Score) -> Facts:
    """A score; `score` is null where nothing was answered."""
    return asdict(one) | {"score": one.score}


def reach(one: Reach) -> Facts:
    """A sum; `share` is null where the headcount is not known or the sum is more."""
    return {
        "kind": str(one.kind),
        "people": one.people,
        "records": one.records,
        "counted": "people" if one.distinct else "attendances",
        "heads": one.heads,
        "share": None if one.share is None else round(one.share, 4),
        "channels": dict(one.channels),
    }


def reached(one: Reached) -> Facts:
    """What was done in a period, and up to its end."""
    return {
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
        "period": [reach(each) for each in one.period],
        "cumulative": [reach(each) for each in one.cumulative],
        "practices": [asdict(each) for each in one.practices],
    }
