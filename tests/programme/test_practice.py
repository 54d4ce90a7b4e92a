"""Seven areas, dated answers, and a score that says what it is made of."""

import re
from datetime import date

import pytest

from blockfilter.programme import practice
from blockfilter.programme.organisation import Act
from blockfilter.programme.practice import Answer, Given

ACT = Act("ada", "2026-11-20T12:00:00Z")
DAY = date(2026, 6, 1)
POLICIES = [f"policies-{n}" for n in range(1, 7)]


def answer(question: str, given: str, day: date = DAY) -> Answer:
    return Answer(question, Given(given), day, "", "", ACT)


def policies(*given: str) -> practice.Score:
    answers = [answer(q, g) for q, g in zip(POLICIES, given, strict=False) if g]
    return next(one for one in practice.scores(answers, DAY) if one.area == "policies")


def test_the_areas_are_the_guides_seven_with_four_to_six_questions_each():
    titles = [one.title for one in practice.areas()]
    assert titles == [
        *("Assess the impact", "Demonstrate leadership", "Adopt policies", "Educate employees"),
        *("Align suppliers", "Involve customers", "Use what only you can do"),
    ]
    for area in practice.areas():
        assert area.about.endswith(".")
        assert 4 <= len(area.questions) <= 6
        for number, question in enumerate(area.questions, 1):
            assert question.id == f"{area.id}-{number}"
            assert question.text.endswith("?")
            assert len(question.text) <= 180


def test_every_question_is_another():
    texts = [question.text for area in practice.areas() for question in area.questions]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("given", "score"),
    [
        ((), None),
        (("not-applicable",) * 6, None),
        (("yes",) * 6, 100),
        (("no",) * 6, 0),
        (("partly",) * 6, 50),
        (("yes",), 17),  # unanswered ones count as no
        (("yes", "not-applicable", "not-applicable", "not-applicable", "no", "partly"), 50),
        (("yes", "yes", "yes", "partly", "no", "no"), 58),
    ],
)
def test_the_score_is_of_what_applies(given, score):
    assert policies(*given).score == score


def test_a_score_says_what_it_is_made_of():
    found = policies("yes", "partly", "no", "not-applicable")
    assert (found.yes, found.partly, found.no) == (1, 1, 1)
    assert (found.not_applicable, found.unanswered) == (1, 2)


def test_the_whole_is_the_sum_of_the_areas():
    answers = [answer("policies-1", "yes"), answer("impact-1", "partly")]
    *parts, whole = practice.scores(answers, DAY)
    assert whole.area == ""
    assert whole.yes == sum(one.yes for one in parts) == 1
    assert whole.unanswered == sum(one.unanswered for one in parts) == 33
    assert whole.score == 4  # 1.5 of 35


def test_the_newest_answer_up_to_a_day_holds():
    answers = [
        answer("policies-1", "yes", date(2026, 9, 1)),
        answer("policies-1", "no", date(2026, 1, 1)),
        answer("policies-1", "partly", date(2026, 9, 1)),
    ]
    assert practice.latest(answers, date(2025, 12, 31)) == {}
    assert practice.latest(answers, date(2026, 8, 31))["policies-1"].given is Given.NO
    assert practice.latest(answers, date(2026, 9, 1))["policies-1"].given is Given.PARTLY


def test_the_course_has_the_days_on_which_something_was_answered():
    answers = [
        answer("policies-1", "no", date(2026, 1, 1)),
        answer("policies-1", "yes", date(2026, 5, 1)),
        answer("policies-2", "yes", date(2026, 5, 1)),
        answer("policies-3", "yes", date(2027, 1, 1)),
    ]
    assert practice.course(answers, date(2026, 12, 31)) == (
        (date(2026, 1, 1), 0),
        (date(2026, 5, 1), 6),
    )


def test_an_answer_to_a_question_that_is_no_more_counts_nothing():
    assert practice.scores([answer("gone-1", "yes")], DAY)[-1].score is None


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("yes", "yes"),
        ("Partly", "partly"),
        ("NO", "no"),
        ("n/a", "not-applicable"),
        ("not applicable", "not-applicable"),
    ],
)
def test_an_answer_is_read_as_people_write_it(text, given):
    assert practice.given_of(text) is Given(given)


def test_what_is_no_answer_or_question_is_refused_with_what_is_one():
    with pytest.raises(ValueError, match="write one of yes, partly, no, not-applicable"):
        practice.given_of("maybe")
    assert practice.question_of(" Policies-1 ").id == "policies-1"
    with pytest.raises(ValueError, match=re.escape("policies-1 to 6")):
        practice.question_of("policies-7")
