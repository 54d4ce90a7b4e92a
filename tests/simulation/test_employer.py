"""The simulated employer is on record as a real one: what it is, whom it reached, its practices."""

from ipaddress import ip_network
from itertools import combinations, pairwise

import pytest

from blockfilter.counts import calendar
from blockfilter.programme import facts, practice
from blockfilter.programme.activity import Kind
from blockfilter.programme.store import NAME, Store
from blockfilter.simulation import employer
from blockfilter.simulation.visits import START, Plan, usual_offices


def built(tmp_path, **more):
    """The programme of a plan."""
    offices = {"offices": usual_offices(more.get("headcount", 1200))}
    employer.build(tmp_path, Plan(**offices | more))
    return Store.readonly(tmp_path / NAME)


def test_the_organisation_is_what_the_plan_says_from_the_first_day(tmp_path):
    with built(tmp_path, headcount=1000, offices=3) as store:
        organisation = store.organisation()
    assert "simulated" in organisation.name
    assert organisation.heads_at(START) == 1000
    found = facts.facts(organisation, START)
    assert (found.heads, found.zone) == (1000, "UTC")
    assert [(one.id, one.heads, one.prefixes) for one in found.offices] == [
        ("office-1", 334, ("10.1.0.0/16",)),
        ("office-2", 333, ("10.2.0.0/16",)),
        ("office-3", 333, ("10.3.0.0/16",)),
    ]


def test_two_hundred_offices_are_apart(tmp_path):
    with built(tmp_path, headcount=60_000, offices=200) as store:
        offices = store.offices()
    assert sum(one.heads_at(START) or 0 for one in offices) == 60_000
    networks = [ip_network(prefix) for one in offices for prefix in one.prefixes]
    assert len(networks) == 200
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


def test_everybody_is_told_trained_and_invited(tmp_path):
    plan = Plan(training_week=26)
    with built(tmp_path, training_week=26) as store:
        found = store.activities()
    assert [one.kind for one in found] == ["informed", "informed", "trained", "event"]
    training = next(one for one in found if one.kind is Kind.TRAINED)
    week = calendar.parse("2026-W26")
    assert training.first in week
    assert training.last in week
    assert set(training.topics) == {"recognise", "respond"}
    for one in found:
        assert 0 < one.people <= plan.headcount
        assert START < one.first <= one.last <= plan.last
        assert (one.source, one.recorded.by) == ("simulated", "simulation")
        assert not one.distinct  # who was told by e-mail comes to the meeting too


@pytest.mark.parametrize(
    ("plan", "kinds"),
    [
        ({}, ["informed", "informed"]),
        ({"weeks": 1}, []),
        ({"weeks": 1, "training_week": 1}, ["trained"]),
        ({"weeks": 2}, ["informed", "informed"]),
        ({"weeks": 26, "training_week": 26}, ["informed", "informed", "trained"]),
        ({"headcount": 1, "training_week": 26}, ["informed"]),
        ({"headcount": 9, "training_week": 26}, ["informed", "informed", "trained"]),
    ],
)
def test_only_what_has_happened_by_the_last_day_is_on_record(tmp_path, plan, kinds):
    with built(tmp_path, **plan) as store:
        assert [one.kind for one in store.activities()] == kinds


@pytest.mark.parametrize(
    ("weeks", "days"),
    [
        (1, ["2025-12-29", "2026-01-04"]),
        (13, ["2025-12-29", "2026-03-29"]),
        (14, ["2025-12-29", "2026-03-29", "2026-04-05"]),
        (53, ["2025-12-29", "2026-03-29", "2026-06-28", "2026-09-27", "2027-01-03"]),
    ],
)
def test_practices_are_assessed_at_the_beginning_and_at_quarters_ends(tmp_path, weeks, days):
    with built(tmp_path, weeks=weeks) as store:
        course = practice.course(store.answers(), Plan(weeks=weeks).last)
    assert [day.isoformat() for day, _ in course] == days
    scores = [score or 0 for _, score in course]
    assert all(before < after for before, after in pairwise(scores))


def test_years_later_the_practices_stay_as_good(tmp_path):
    with built(tmp_path, weeks=110) as store:
        course = practice.course(store.answers(), Plan(weeks=110).last)
    assert len(course) == 10
    assert {score for _, score in course[4:]} == {course[4][1]}


def test_what_was_done_was_recorded_on_its_day(tmp_path):
    with built(tmp_path, training_week=26) as store:
        assert store.organisation().founded.at == "2025-12-29T12:00:00Z"
        for one in store.history():
            assert one.recorded.at[:10] == one.last.isoformat()
