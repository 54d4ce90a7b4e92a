"""Trainings out of a real ledger: the verdicts, and the sentences that are said of them."""

from datetime import date

import pytest

from blockfilter.counts import tables
from blockfilter.counts.reader import Reader
from blockfilter.reports import trainings
from blockfilter.reports.attempts import Book
from blockfilter.reports.beforeafter import Verdict
from blockfilter.reports.windows import Training
from tests.reports.books import Ledgered

UNTIL = date(2027, 1, 3)
JUNE = Training("a1", date(2026, 6, 22), date(2026, 6, 26), 960)
LEVEL = [20, 24, 17, 22, 19, 23, 18, 21, 25, 16, 20, 22, 19]


def judged(place, *every, until=UNTIL):
    totals = trainings.totals(Book(Reader(place)))
    return trainings.judged([(one, f"training {one.id}") for one in every], totals, until)


def weeks(place, *values, **more):
    with Ledgered(place, **more) as book:
        book.weeks("2026-W13", values)


def test_a_fall_is_said_with_its_size_and_interval(tmp_path):
    weeks(tmp_path, *LEVEL, 20, *(value // 2 for value in LEVEL))
    (found,) = judged(tmp_path, JUNE)
    assert found.verdict is Verdict.FELL
    assert found.sentence.startswith("attempts fell by 51 % (between 4")
    assert found.sentence.endswith(" %, at 95 %)")


def test_a_rise_is_said_as_one(tmp_path):
    weeks(tmp_path, *LEVEL, 20, *(value * 2 for value in LEVEL))
    (found,) = judged(tmp_path, JUNE)
    assert found.verdict is Verdict.ROSE
    assert found.sentence.startswith("attempts rose by 100 %")


def test_no_change_that_can_be_told_from_chance_is_a_sentence(tmp_path):
    weeks(tmp_path, *LEVEL, 20, *reversed(LEVEL))
    (found,) = judged(tmp_path, JUNE)
    assert found.verdict is Verdict.UNCLEAR
    assert found.sentence == "no change can be told from chance"


def test_too_early_says_what_is_missing(tmp_path):
    weeks(tmp_path, *LEVEL, 20, 10, 11, 9)
    (found,) = judged(tmp_path, JUNE)
    assert found.verdict is Verdict.TOO_EARLY
    assert found.sentence == ("it is too early to tell: 3 complete weeks after it, 6 are needed")


def test_too_little_before_can_never_be_compared(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W20", [20] * 30)
    (found,) = judged(tmp_path, JUNE)
    assert found.sentence == "nothing can be compared: 6 complete weeks before it, 8 are needed"


def test_a_later_training_ends_the_time_after(tmp_path):
    weeks(tmp_path, *LEVEL, 20, *LEVEL)
    later = Training("a2", date(2026, 7, 20), date(2026, 7, 20), 900)
    earlier = Training("a0", date(2026, 4, 20), date(2026, 4, 20), 900)
    found = {one.training.id: one for one in judged(tmp_path, earlier, JUNE, later)}
    assert found["a1"].windows.together == ("a2",)
    assert found["a0"].sentence == (
        "nothing can be compared: 4 complete weeks before it, 8 are needed"
    )


def test_without_any_totals_nothing_can_be_compared(tmp_path):
    with Ledgered(tmp_path, heads=120) as book:
        book.put(tables.T0, "2026", {"total": 43})
    (found,) = judged(tmp_path, JUNE)
    assert found.verdict is Verdict.TOO_EARLY
    assert "there are no totals of weeks around it" in found.sentence


def test_flagged_weeks_and_bands_are_no_totals_to_compare(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W13", LEVEL)
        book.put(tables.T0, "2026-W26", {"total": 9}, flagged=True)
        book.put(tables.T0, "2026-W27", {"total": "<10"})
    totals = trainings.totals(Book(Reader(tmp_path)))
    assert [one.usable for one in totals] == [True] * 13 + [False]


def test_trainings_are_told_newest_first_and_none_that_is_still_to_come(tmp_path):
    weeks(tmp_path, *LEVEL)
    every = [
        JUNE,
        Training("a2", date(2026, 2, 2), date(2026, 2, 2), 50),
        Training("a3", date(2027, 2, 1), date(2027, 2, 1), 50),
    ]
    assert [one.training.id for one in judged(tmp_path, *every)] == ["a1", "a2"]


def test_trainings_judged_together_are_one_phase(tmp_path):
    weeks(tmp_path, *LEVEL, 20, 19, *(value // 2 for value in LEVEL))
    second = Training("a2", date(2026, 6, 29), date(2026, 6, 30), 500)
    found = judged(tmp_path, JUNE, second)
    assert {one.verdict for one in found} == {Verdict.FELL}
    assert [[one.training.id for one in group] for group in trainings.phases(found)] == [
        ["a2", "a1"]
    ]


@pytest.mark.parametrize("heads", [400, 900])
def test_four_week_totals_are_compared_where_there_are_no_weeks(tmp_path, heads):
    with Ledgered(tmp_path, heads=heads, began=date(2024, 12, 30)) as book:
        for year, level in ((2025, 80), (2026, 40)):
            for quarter in range(1, 5):
                for part in range(1, 4):
                    value = level + 3 * quarter - 5 * part + (level // 5) * (part == 3)
                    book.put(tables.T0, f"{year}-Q{quarter}-P{part}", {"total": value})
    january = Training("a1", date(2026, 1, 6), date(2026, 1, 6), 350)
    (found,) = judged(tmp_path, january)
    assert found.verdict is Verdict.FELL
    assert (len(found.windows.before), len(found.windows.after)) == (12, 11)
    late = Training("a1", date(2026, 11, 2), date(2026, 11, 2), 350)
    (found,) = judged(tmp_path, late)
    assert found.sentence == (
        "it is too early to tell: 1 complete 4-week period after it, 6 are needed"
    )
