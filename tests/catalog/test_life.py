"""Signs over weeks: what makes one a finding, what clears it, and what a person's act settles."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.catalog.life import DAYS, LOOKS, Past, Seen, Sight, Sign, after, findings, judged
from tests.strategies import examples

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
OLD, NEW = ("ns1.old.example", "ns2.old.example"), ("ns1.new.example",)
HERE = Sight(servers=OLD)
NOTHING = Past()
GONE, EMPTY = Sight({Sign.GONE: ""}), Sight({Sign.EMPTY: ""}, OLD)


def at(days):
    return (START + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def lived(*looks, past=NOTHING):
    """What is known after looks, each with its day."""
    for day, sight in looks:
        past = after(past, sight, at(day))
    return past


def found(past, by_then=""):
    return [sign for sign, _ in findings(past, by_then)]


def leads(target):
    return Sight({Sign.ALIAS: target}, OLD)


@pytest.mark.parametrize(
    ("sign", "sight"),
    [
        (Sign.GONE, GONE),
        (Sign.EMPTY, EMPTY),
        (Sign.ALIAS, leads("new.example")),
        (Sign.SERVERS, Sight(servers=NEW)),
    ],
)
def test_a_sign_counts_when_it_was_seen_for_weeks(sign, sight):
    past = lived((0, HERE), (7, sight), (14, sight))
    assert not found(past)
    past = lived((21, sight), past=past)
    assert found(past) == [sign]
    assert past.seen[sign] == Seen(
        how=sight.signs.get(sign, "ns1.new.example"),
        first=at(7),
        last=at(21),
        looks=3,
        ripe=at(21),
    )
    later = lived((28, sight), past=past)
    assert later.seen[sign] == past.seen[sign]._replace(last=at(28), looks=4)  # ripe since then


def test_many_looks_in_a_few_days_do_not_count():
    assert not found(lived(*((day, GONE) for day in range(DAYS))))
    assert found(lived(*((day, GONE) for day in range(DAYS + 1)))) == [Sign.GONE]


def test_few_looks_over_many_days_do_not_count():
    assert not found(lived((0, GONE), (100, GONE)))
    assert LOOKS == 3


@pytest.mark.parametrize("other", [HERE, EMPTY, Sight(servers=NEW), Sight()])
def test_a_look_that_does_not_see_it_clears_it(other):
    past = lived((0, GONE), (7, GONE), (14, GONE))
    assert found(past) == [Sign.GONE]
    past = lived((21, other), past=past)
    assert Sign.GONE not in past.seen
    assert not found(lived((28, GONE), (35, GONE), past=past))
    assert found(lived((28, GONE), (35, GONE), (42, GONE), past=past)) == [Sign.GONE]


def test_what_is_seen_in_another_way_begins_anew():
    past = lived((0, leads("a.example")), (7, leads("a.example")), (14, leads("b.example")))
    assert past.seen[Sign.ALIAS] == Seen("b.example", at(14), at(14), 1)
    turning = [(7 * n, Sight(servers=(f"ns{n}.example",))) for n in range(20)]
    assert not found(lived(*turning))  # a pool of servers that are told in turn


def test_name_servers_that_nobody_could_tell_change_nothing():
    past = lived((0, HERE), (7, Sight(servers=NEW)), (14, Sight(servers=NEW)))
    blind = lived((21, Sight()), (28, GONE), past=past)
    assert blind.seen[Sign.SERVERS] == past.seen[Sign.SERVERS]
    assert blind.servers == OLD
    assert found(lived((35, Sight(servers=NEW)), past=blind)) == [Sign.SERVERS]
    assert found(lived((35, HERE), past=blind)) == []


def test_a_domain_that_comes_back_under_another_owner_is_seen():
    past = lived((0, HERE), (7, GONE), (14, GONE), (21, GONE))
    assert found(past) == [Sign.GONE]
    bought = [(28 + 7 * n, Sight(servers=NEW)) for n in range(3)]
    assert found(lived(*bought, past=past)) == [Sign.SERVERS]


def test_a_person_who_was_at_the_entry_has_judged():
    past = lived(*((7 * n, GONE) for n in range(4)))
    assert found(past, at(13)) == [Sign.GONE]
    assert found(past, at(14)) == []  # ripe since then
    assert found(past, at(15)) == []
    assert found(lived((28, GONE), past=past), at(15)) == []  # it stays as it was judged
    anew = lived((28, HERE), (35, GONE), (42, GONE), (49, GONE), past=past)
    assert found(anew, at(15)) == [Sign.GONE]


def test_name_servers_that_a_person_has_judged_are_the_right_ones():
    past = lived((0, HERE), *((7 * n, Sight(servers=NEW)) for n in (1, 2, 3)))
    assert judged(past, at(20)) == past
    settled = judged(past, at(22))
    assert settled.servers == NEW
    assert not settled.seen
    assert found(lived((28, Sight(servers=NEW)), past=settled)) == []
    back = lived(*((28 + 7 * n, HERE) for n in range(3)), past=settled)
    assert found(back) == [Sign.SERVERS]


def test_what_is_not_ripe_is_judged_by_nobody():
    past = lived((0, HERE), (7, Sight(servers=NEW)), (14, Sight(servers=NEW)))
    assert judged(past, at(30)) == past
    gone = lived((0, GONE), (7, GONE), (14, GONE))
    assert judged(gone, at(30)) == gone


SIGHTS = st.sampled_from([HERE, GONE, EMPTY, leads("a.example"), leads("b.example"), Sight()])


@examples(200)
@given(st.lists(st.tuples(st.integers(0, 10), SIGHTS), max_size=20))
def test_a_finding_was_seen_alike_at_each_of_the_last_looks_over_two_weeks(steps):
    day, past, looks = 0, Past(), []
    for step, sight in steps:
        day += step
        looks.append((day, sight))
        past = after(past, sight, at(day))
    for sign, seen in findings(past, ""):
        run = [d for d, sight in looks if at(d) >= seen.first]
        assert all(s.signs.get(sign) == seen.how for d, s in looks[-seen.looks :])
        assert len(run) >= seen.looks >= LOOKS
        assert datetime.fromisoformat(seen.last) - datetime.fromisoformat(seen.first) >= timedelta(
            days=DAYS
        )
