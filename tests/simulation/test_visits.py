"""A seed fixes who asks for what, when; it keeps to the plan and looks like working life."""

from collections import Counter
from datetime import date, timedelta
from ipaddress import IPv4Address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts import calendar
from blockfilter.policy.rule import Mode, Role
from blockfilter.simulation import visits
from blockfilter.simulation.visits import MOST_IN_OFFICE, MOST_RATE, START, Plan, generated
from tests.policy import rules
from tests.simulation import world

NAMES = {"escort-ads": world.ESCORTS, "massage-ads": world.MASSAGE, "review-board": world.REVIEWS}


def device_days(found):
    """(day, client) of each."""
    return {(one.at.date(), one.client) for one in found}


def week_of(day):
    return (day - START).days // 7 + 1


def test_the_calendar_begins_with_the_first_week_of_2026():
    assert calendar.containing(calendar.Kind.WEEK, START).name == "2026-W01"
    assert START.weekday() == 0
    assert Plan(weeks=1).last == date(2026, 1, 4)
    assert Plan().last == date(2027, 1, 3)  # of an ISO year of 53 weeks


def test_a_seed_fixes_the_visits():
    def made(**plan):
        return list(generated(Plan(**{"weeks": 4} | plan), NAMES))

    assert made(seed=7) == made(seed=7)
    assert made(seed=7) != made(seed=8)
    reordered = dict(reversed(NAMES.items()))
    assert list(generated(Plan(weeks=4, seed=7), reordered)) == made(seed=7)


def test_visits_come_in_order_from_the_addresses_of_offices_for_listed_names():
    plan = Plan(weeks=6, headcount=600, offices=3, rate=0.5)
    found = list(generated(plan, NAMES))
    assert all(before <= after for before, after in pairwise(found))
    assert all(START <= one.at.date() <= plan.last for one in found)
    offices = [ip_network(visits.prefix(number)) for number in range(3)]
    clients = {one.client for one in found}
    assert len(clients) <= 600
    for office in offices:
        assert 100 < sum(IPv4Address(one) in office for one in clients) <= 200
    asked = {one.qname for one in found}
    assert asked <= {name for names in NAMES.values() for name in names}
    assert len(asked) > 60


def test_a_device_that_tries_asks_for_a_few_names_within_minutes():
    found = list(generated(Plan(weeks=8, rate=0.5), NAMES))
    by_device_day: dict[tuple[date, str], list[visits.Visit]] = {}
    for one in found:
        by_device_day.setdefault((one.at.date(), one.client), []).append(one)
    assert {len(tries) for tries in by_device_day.values()} == {1, 2, 3}
    for tries in by_device_day.values():
        assert max(tries).at - min(tries).at <= timedelta(minutes=10)


def test_the_rate_is_device_days_a_head_and_week():
    weeks = Counter(
        week_of(day)
        for day, _ in device_days(generated(Plan(weeks=10, headcount=5000, rate=0.2), NAMES))
    )
    assert set(weeks) == set(range(1, 11))
    assert all(abs(count - 1000) < 6 * 1000**0.5 for count in weeks.values())


@pytest.mark.parametrize(("effect", "after"), [(-0.4, 600), (1.0, 2000), (0.0, 1000), (-1.0, 0)])
def test_the_effect_sets_in_after_the_training_week(effect, after):
    plan = Plan(weeks=10, headcount=5000, rate=0.2, training_week=5, effect=effect)
    weeks = Counter(week_of(day) for day, _ in device_days(generated(plan, NAMES)))
    for week in range(1, 11):
        expected = 1000 if week <= 5 else after
        assert abs(weeks[week] - expected) <= 6 * expected**0.5, week


def test_nobody_tries_at_a_rate_of_zero_and_everybody_on_working_days_at_the_highest():
    assert list(generated(Plan(weeks=2, rate=0), NAMES)) == []
    days = Counter(
        day for day, _ in device_days(generated(Plan(weeks=1, headcount=50, rate=MOST_RATE), NAMES))
    )
    assert [days[START + timedelta(days=number)] for number in range(5)] == [50] * 5
    assert 0 < days[START + timedelta(days=5)] < 30


def test_a_rate_too_small_for_floats_still_ends():
    assert list(generated(Plan(weeks=2, rate=5e-324), NAMES)) == []


def test_most_is_tried_in_the_early_afternoon_of_working_days():
    found = list(generated(Plan(weeks=10, headcount=2000, rate=0.5), NAMES))
    hours = Counter(one.at.hour for one in found)
    assert hours.most_common(1)[0][0] in (13, 14, 15)
    assert hours[14] > 2 * hours[9] > 10 * hours[3] > 0
    days = Counter(one.at.weekday() for one in found)
    assert max(days[5], days[6]) < 0.25 * min(days[number] for number in range(5))


@given(st.integers(1, 200_000), st.integers(1, 200))
def test_offices_are_as_equal_as_can_be(headcount, offices):
    heads = Plan(headcount=headcount, offices=offices).office_heads()
    assert len(heads) == offices
    assert sum(heads) == headcount
    assert max(heads) - min(heads) <= 1


@given(st.integers(1, 200_000))
def test_where_nobody_says_how_many_offices_there_are_everybody_has_an_address(headcount):
    offices = visits.usual_offices(headcount)
    heads = Plan(headcount=headcount, offices=offices).office_heads()
    assert 1 <= min(heads) <= max(heads) <= MOST_IN_OFFICE
    assert offices == 3 or headcount < 3 or headcount > 3 * MOST_IN_OFFICE


def test_everybody_in_the_largest_office_has_an_address_of_its_prefix():
    clients = set(visits._clients(0, MOST_IN_OFFICE))
    assert len(clients) == MOST_IN_OFFICE
    assert all(IPv4Address(one) in ip_network(visits.prefix(0)) for one in clients)


def test_the_last_of_two_hundred_offices_has_its_own_prefix():
    assert visits.prefix(0) == "10.1.0.0/16"
    assert visits.prefix(visits.MOST_OFFICES - 1) == "10.200.0.0/16"


def test_names_are_those_that_are_recorded_under_their_categories():
    assert visits.listed(world.policy()) == {
        "escort-ads": sorted(world.ESCORTS),
        "massage-ads": sorted(world.MASSAGE),
        "review-board": sorted(world.REVIEWS),
        "trial": sorted(world.WATCHED),
    }


def test_names_that_pass_or_are_not_recorded_are_not_tried():
    block = rules.blocking(
        rules.rule("subtree", "ads.example"),
        rules.rule("exact", "open.example"),
        rules.rule("exact", "quiet.example", counted=False),
        rules.rule("exact", "tried.example", "trial", mode=Mode.MONITOR),
    )
    allow = rules.blocking(
        rules.rule("subtree", "open.example", ""), role=Role.ALLOW, id_="local-allow"
    )
    decider = rules.policy([block, allow], ["example", "co.example"])
    assert visits.listed(decider) == {"escort": ["ads.example"], "trial": ["tried.example"]}
