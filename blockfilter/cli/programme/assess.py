"""`blockfilter programme assess`: the self-assessment, its answers and its score."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.programme import shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from blockfilter.programme.practice import Answer, Given, Question, Score


@click.command(short_help="Answer the self-assessment; see its score.")
@click.option(
    "--answer",
    "given",
    multiple=True,
    metavar="AREA-N=ANSWER",
    help="Answer a question: yes, partly, no or not-applicable; may be repeated.",
)
@click.option(
    "--evidence",
    default="",
    callback=shared.read_by("line"),
    help="What shows it, for all --answer of this command.",
)
@click.option(
    "--next", "following", default="", callback=shared.read_by("line"), help="What is done next."
)
@shared.date_option("The day on which it is so")
@shared.actor_option
@shared.place_options
@shared.json_option
def assess(
    given: tuple[str, ...],
    evidence: str,
    following: str,
    day: date | None,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Answer the self-assessment; without --answer list its questions, answers and score.

    Seven areas, some questions each. "yes" counts 1, "partly" a half; the score is of 100, of the
    questions that apply, and unanswered ones count as "no". Every answer is dated and kept; the
    newest up to a date holds on it. With --date and no --answer it is shown as it was then.

    \b
    Examples:
      blockfilter programme assess
      blockfilter programme assess --answer policies-1=yes --evidence "handbook, page 12"
      blockfilter programme assess --answer employees-2=partly --next "add it to the first week"
      blockfilter programme assess --date 2026-06-30 --json
    """
    with shared.used_rightly():
        answers = [_read(one) for one in given]
        _once(one.id for one, _ in answers)
    if not answers:
        if evidence or following:
            raise click.UsageError("--evidence and --next go with --answer.")
        _show(day, state, config_file, as_json=as_json)
        return
    from blockfilter.programme import plain
    from blockfilter.programme.practice import scores

    with shared.keeping(state, config_file, who) as kept:
        when = day or kept.today
        stored = kept.keeper.answer_all(answers, when, evidence, following)
        whole = scores(kept.store.answers(), kept.today)[-1]
    facts = {"answers": [plain.answer(one) for one in stored], "score": whole.score}
    lines = [f"answered by {one.recorded.by}: {one.question} {one.given}" for one in stored]
    shared.tell(facts, [*lines, f"score: {whole.score} of 100"], as_json=as_json)


def _read(text: str) -> "tuple[Question, Given]":
    from blockfilter.programme import practice, values

    question, found, answer = text.partition("=")
    if not found:
        raise ValueError(f"--answer {values.shown(text)}: write one like policies-1=yes")
    return practice.question_of(question), practice.given_of(answer)


def _once(questions: "Iterable[str]") -> None:
    seen = set()
    for one in questions:
        if one in seen:
            raise ValueError(f'--answer: "{one}" is answered twice; say which answer holds')
        seen.add(one)


def _show(day: date | None, state: Path | None, config_file: Path | None, *, as_json: bool) -> None:
    from blockfilter.programme import plain, practice

    with shared.reading(state, config_file) as store:
        store.organisation()
        when, answers = day or shared.today(store), store.answers()
    scores, held = practice.scores(answers, when), practice.latest(answers, when)
    course = practice.course(answers, when)
    facts = {
        "date": when.isoformat(),
        "areas": [
            plain.score(score)
            | {"questions": [_question(one, held.get(one.id)) for one in area.questions]}
            for area, score in zip(practice.areas(), scores[:-1], strict=True)
        ],
        "all": plain.score(scores[-1]),
        "course": [{"date": one.isoformat(), "score": score} for one, score in course],
    }
    lines = []
    for area, score in zip(practice.areas(), scores[:-1], strict=True):
        lines += [f"{area.title}: {_score(score)}", f"  {area.about}"]
        for one in area.questions:
            lines += _lines(one, held.get(one.id))
    lines.append(f"all areas: {_score(scores[-1])}")
    lines += _course(course)
    shared.tell(facts, lines, as_json=as_json)


def _question(question: "Question", answer: "Answer | None") -> dict[str, object]:
    from blockfilter.programme import plain

    held = plain.answer(answer) if answer else None
    return {"id": question.id, "text": question.text, "answer": held}


def _lines(question: "Question", answer: "Answer | None") -> list[str]:
    lines = [f"  {question.id}  [{answer.given if answer else ' '}]  {question.text}"]
    if answer:
        said = [f"{answer.day} by {answer.recorded.by}"]
        said += [f"evidence: {answer.evidence}"] if answer.evidence else []
        said += [f"next: {answer.next}"] if answer.next else []
        lines.append(f"      {'; '.join(said)}")
    return lines


def _score(score: "Score") -> str:
    answered = score.yes + score.partly + score.no + score.not_applicable
    of = f"{answered} of {answered + score.unanswered} answered"
    return f"{'not assessed' if score.score is None else f'{score.score} of 100'}, {of}"


def _course(course: "Sequence[tuple[date, int | None]]") -> list[str]:
    if len(course) < 2:
        return []
    return ["over time: " + ", ".join(f"{day} {score}" for day, score in course)]
