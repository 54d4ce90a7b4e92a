"""The simulated employer is on record as a real one: what it is, whom it reached, its practices."""

from datetime import timedelta
from ipaddress import ip_network
from itertools import combinations

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


@pytest.mark.parametrize("weeks", [1, 53, 110])
def test_practices_are_assessed_at_both_ends_and_better_at_the_last(tmp_path, weeks):
    with built(tmp_path, weeks=weeks) as store:
        answers = store.answers()
    last = START + timedelta(weeks=weeks, days=-1)
    assert {one.day for one in answers} == {START, last}
    (_, before), *_, (day, after) = practice.course(answers, last)
    assert day == last
    assert before is not None
    assert after is not None
    assert after > before


def test_what_was_done_was_recorded_on_a_simulated_day(tmp_path):
    with built(tmp_path, weeks=4) as store:
        assert store.organisation().founded.at[:10] == START.isoformat()
        assert {one.recorded.at[:10] for one in store.history()} == {"2026-01-25"}
