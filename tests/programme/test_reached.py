"""Sums for reports: people only where every record says so, attendances otherwise."""

from datetime import date
from pathlib import Path

import pytest

from blockfilter.programme.activity import Kind
from blockfilter.programme.practice import Given, question_of
from blockfilter.programme.reached import Reach, Reached, reached
from blockfilter.programme.store import Store
from tests.programme.records import entry, keeper, programme

FIRST, LAST = date(2026, 3, 30), date(2026, 6, 28)


def sums(store: Store, first: date = FIRST, last: date = LAST) -> Reached:
    return reached(store.organisation(), store.activities(), store.answers(), first, last)


def reach(people: int, heads: int | None, *, distinct: bool = False) -> Reach:
    return Reach(Kind.TRAINED, people, 1, distinct, heads, ())


def test_a_period_and_everything_up_to_its_end(store):
    keep = keeper(store)
    for people, day in (
        (100, date(2026, 1, 10)),
        (20, FIRST),
        (3, LAST),
        (4000, date(2026, 6, 29)),
    ):
        keep.record(entry(people=people, first=day))
    keep.record(entry(Kind.TRAINED, 40, first=date(2026, 5, 1)))
    found = sums(store)
    assert [(one.kind, one.people, one.records) for one in found.period] == [
        (Kind.INFORMED, 23, 2),
        (Kind.TRAINED, 40, 1),
        (Kind.EVENT, 0, 0),
    ]
    assert [one.people for one in found.cumulative] == [123, 40, 0]


def test_periods_add_up_for_a_span_belongs_where_it_ended(store):
    keeper(store).record(entry(people=50, first=date(2026, 3, 20), last=date(2026, 4, 2)))
    before = sums(store, date(2025, 12, 29), date(2026, 3, 29))
    assert (before.period[0].people, before.cumulative[0].people) == (0, 0)
    assert sums(store).period[0].people == 50


def test_a_sum_counts_people_only_where_every_record_is_distinct(store):
    keep = keeper(store)
    keep.record(entry(people=10, distinct=True))
    keep.record(entry(people=20, first=date(2026, 5, 1), distinct=True))
    assert sums(store).cumulative[0].distinct
    keep.record(entry(people=30, first=date(2026, 5, 2)))
    found = sums(store)
    assert not found.cumulative[0].distinct
    assert not found.period[0].distinct
    assert sums(store, date(2026, 1, 1), date(2026, 3, 29)).period[0].distinct


def test_what_was_corrected_counts_as_corrected_and_what_was_taken_back_not_at_all(store):
    keep = keeper(store)
    keep.record(entry(people=100))
    keep.record(entry(people=7))
    keep.correct("a1", "counted again", people=90)
    keep.retract("a2", "twice")
    assert sums(store).cumulative[0].people == 90


def test_the_share_is_of_the_headcount_at_the_end(store):
    keep = keeper(store)
    keep.record(entry(people=300))
    assert sums(store).cumulative[0].share == pytest.approx(0.25)
    keep.set_headcount(600, date(2026, 6, 1))
    assert sums(store).cumulative[0].share == pytest.approx(0.5)
    assert sums(store, last=date(2026, 5, 31)).cumulative[0].share == pytest.approx(0.25)


def test_without_a_headcount_there_is_no_share(tmp_path: Path):
    with programme(tmp_path, heads=None) as store:
        keeper(store).record(entry(people=300))
        found = sums(store).cumulative[0]
    assert (found.heads, found.share) == (None, None)
    assert found.words() == "300 attendances"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (reach(0, 100), "nobody"),
        (reach(1, None), "1 attendance"),
        (reach(1, 100, distinct=True), "1 person (1 % of 100)"),
        (reach(40, 100), "40 attendances (at most 40 % of 100)"),
        (reach(40, 100, distinct=True), "40 people (40 % of 100)"),
        (reach(100, 100), "100 attendances (at most 100 % of 100)"),
        (reach(101, 100), "101 attendances (headcount 100)"),
        (reach(101, 100, distinct=True), "101 people (headcount 100)"),
        (reach(4, 5000), "4 attendances (under 1 % of 5000)"),
    ],
)
def test_a_sum_in_words_never_says_more_than_is_known(made, said):
    assert made.words() == said


def test_a_sum_is_told_by_channel_too(store):
    keep = keeper(store)
    keep.record(entry(people=10, channel="handbook"))
    keep.record(entry(people=20, channel="e-mail-notice"))
    keep.record(entry(people=5, channel="handbook"))
    found = sums(store).cumulative[0]
    assert found.channels == (("e-mail-notice", 20), ("handbook", 15))


def test_practices_are_as_they_stood_at_the_end(store):
    keep = keeper(store)
    keep.answer(question_of("policies-1"), Given.YES, date(2026, 6, 1), "", "")
    keep.answer(question_of("policies-2"), Given.YES, date(2026, 7, 1), "", "")
    keep.answer(question_of("policies-3"), Given.NOT_APPLICABLE, date(2026, 6, 1), "", "")
    found = sums(store)
    assert found.answered
    policies = next(one for one in found.practices if one.area == "policies")
    assert (policies.yes, policies.partly, policies.applicable, policies.score) == (1, 0, 5, 20)
    assert (found.practices[-1].area, found.practices[-1].yes) == ("", 1)
    assert not sums(store, last=date(2026, 5, 31)).answered
