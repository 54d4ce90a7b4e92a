"""The self-assessment: questions in seven areas, dated answers, and a score from 0 to 100.

``questions.toml`` holds the questions. A question is known by its area and number ("policies-2"),
so questions are only ever added at an area's end. *yes* counts 1, *partly* a half, *no* and no
answer nothing; what is not applicable is left out. The newest answer up to a day is the one that
holds on it.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from blockfilter.programme import values
from blockfilter.programme.organisation import Act


class Given(StrEnum):
    """What may be answered."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    id: str  # "policies-2"
    text: str


@dataclass(frozen=True, slots=True)
class Area:
    """One of the seven areas."""

    id: str
    title: str
    about: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered on a day, the evidence for it, and what is done next."""

    question: str
    given: Given
    day: date
    evidence: str
    next: str
    recorded: Act


@dataclass(frozen=True, slots=True)
class Score:
    """How an area, or everything, stood on a day."""

    area: str  # "" for everything
    title: str
    yes: int
    partly: int
    no: int
    not_applicable: int
    unanswered: int

    @property
    def score(self) -> int | None:
        """0 to 100; None where nothing was answered, or nothing applies."""
        applicable = self.yes + self.partly + self.no + self.unanswered
        if not self.yes + self.partly + self.no:
            return None
        halves = 2 * self.yes + self.partly
        return (100 * halves + applicable) // (2 * applicable)  # rounded, a half upwards


@cache
def areas() -> tuple[Area, ...]:
    """The seven areas with their questions."""
    text = (files("blockfilter.programme") / "questions.toml").read_text("utf-8")
    return tuple(
        Area(
            one["id"],
            one["title"],
            one["about"],
            tuple(Question(f"{one['id']}-{at}", q) for at, q in enumerate(one["questions"], 1)),
        )
        for one in tomllib.loads(text)["area"]
    )


def question_of(text: str) -> Question:
    """The question of an id; ValueError where there is none."""
    every = {one.id: one for area in areas() for one in area.questions}
    found = every.get(text.strip().casefold())
    if found is None:
        ids = ", ".join(f"{area.id}-1 to {len(area.questions)}" for area in areas())
        raise ValueError(f"{values.shown(text)} is no question; the questions are {ids}")
    return found


def given_of(text: str) -> Given:
    """What was answered, as it is written; "n/a" is not applicable."""
    meant = Given.NOT_APPLICABLE if text.strip().casefold() in ("n/a", "na") else text
    return Given(values.chosen(meant, tuple(Given), "answer"))


def latest(answers: Sequence[Answer], day: date) -> dict[str, Answer]:
    """The answer that holds on a day, by question; of two of one day the one given last."""
    held = [one for one in answers if one.day <= day]
    held.sort(key=lambda one: one.day)  # stable: the order they were given stays
    return {one.question: one for one in held}


def scores(answers: Sequence[Answer], day: date) -> tuple[Score, ...]:
    """How each area stood on a day, and last everything."""
    held = latest(answers, day)
    found = [_score(area.id, area.title, area.questions, held) for area in areas()]
    every = [one for area in areas() for one in area.questions]
    return (*found, _score("", "all areas", every, held))


def course(answers: Sequence[Answer], day: date) -> tuple[tuple[date, int | None], ...]:
    """The score of everything on each day up to `day` on which it was answered anew."""
    days = sorted({one.day for one in answers if one.day <= day})
    return tuple((one, scores(answers, one)[-1].score) for one in days)


def _score(id_: str, title: str, questions: Sequence[Question], held: dict[str, Answer]) -> Score:
    given = [held[one.id].given for one in questions if one.id in held]
    yes, partly, no, none = (given.count(one) for one in Given)
    return Score(id_, title, yes, partly, no, none, len(questions) - len(given))
