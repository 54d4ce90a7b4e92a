"""`blockfilter programme assess|notice`: what is in place, and what people are told."""

import pytest

from blockfilter.programme import practice
from blockfilter.programme.notice import TEMPLATES
from tests.cli.employer import today, tomorrow

NOTICE = ("notice", "--template", "all-staff-notice")


def test_the_questions_are_listed_with_their_answers_and_score(employer):
    lines = employer.lines("assess")
    questions = [one for area in practice.areas() for one in area.questions]
    for one in questions:
        assert f"  {one.id}  [ ]  {one.text}" in lines
    assert lines[0] == "Assess the impact: not assessed, 0 of 5 answered"
    assert lines[-1] == f"all areas: not assessed, 0 of {len(questions)} answered"


def test_a_question_is_answered_once_in_a_command(employer):
    twice = ("assess", "--answer", "policies-1=yes", "--answer", "policies-1=no")
    assert '"policies-1" is answered twice' in employer(*twice, code=2).stderr
    assert employer.lines("assess")[-1].startswith("all areas: not assessed, 0 of ")


def test_an_answer_has_evidence_next_step_date_and_author(employer):
    said = employer.lines(
        *("assess", "--answer", "policies-1=partly", "--evidence", "handbook, page 12"),
        *("--next", "ask the board", "--date", "2026-05-01"),
    )
    assert said == ["answered by ada: policies-1 partly", "score: 1 of 100"]
    lines = employer.lines("assess")
    at = next(n for n, line in enumerate(lines) if "policies-1  [partly]" in line)
    assert lines[at + 1] == (
        "      2026-05-01 by ada; evidence: handbook, page 12; next: ask the board"
    )
    assert "Adopt policies: 8 of 100, 1 of 6 answered" in lines
    facts = employer.facts("assess")
    policies = next(one for one in facts["areas"] if one["area"] == "policies")
    answer = policies["questions"][0]["answer"]
    assert (answer["answer"], answer["date"], answer["next"]) == (
        *("partly", "2026-05-01"),
        "ask the board",
    )
    assert facts["all"]["score"] == 1


def test_several_are_answered_at_once_or_none(employer):
    facts = employer.facts("assess", "--answer", "policies-1=yes", "--answer", "impact-2=n/a")
    assert [(one["question"], one["answer"]) for one in facts["answers"]] == [
        ("policies-1", "yes"),
        ("impact-2", "not-applicable"),
    ]
    employer.refusal("assess", "--answer", "policies-2=yes", "--answer", "x-1=yes", code=2)
    assert employer.facts("assess")["all"]["yes"] == 1


def test_the_score_is_shown_over_time_and_as_it_was(employer):
    employer("assess", "--answer", "policies-1=yes", "--date", "2026-02-01")
    employer("assess", "--answer", "policies-2=yes", "--answer", "policies-3=yes")
    day = today()
    assert employer.lines("assess")[-1] == f"over time: 2026-02-01 3, {day} 9"
    facts = employer.facts("assess", "--date", "2026-02-01")
    assert (facts["date"], facts["all"]["score"]) == ("2026-02-01", 3)
    assert facts["course"] == [{"date": "2026-02-01", "score": 3}]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--answer", "policies-1"], 2, "write one like policies-1=yes"),
        (["--answer", "policies-1=maybe"], 2, "yes, partly, no, not-applicable"),
        (["--answer", "policies-9=yes"], 2, "policies-1 to 6"),
        (["--evidence", "x"], 2, "go with --answer"),
        (["--answer", "policies-1=yes", "--evidence", "a@b.example"], 2, "never a person"),
        (["--answer", "policies-1=yes", "--date", str(tomorrow())], 3, "is planned"),
    ],
)
def test_what_is_wrong_is_not_answered(employer, words, code, said):
    assert said in employer.refusal("assess", *words, code=code)
    assert employer.facts("assess")["all"]["score"] is None


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("form", ["md", "html", "txt"])
def test_every_notice_is_written_in_every_form(employer, template, form):
    text = employer("notice", "--template", template, "--format", form).stdout
    assert "Example Corp" in text
    assert "1-888-373-7888" in text
    assert text.startswith("<!DOCTYPE html>") is (form == "html")


def test_a_notice_goes_into_a_file_and_names_whom_to_ask(employer, tmp_path):
    ended = employer(*NOTICE, "--format", "html", "--contact", "purchasing", "-o", "x.html")
    assert ended.stdout == ""
    assert "purchasing" in (tmp_path / "x.html").read_text("utf-8")


def test_a_notice_says_what_holds_by_the_configuration(employer, tmp_path):
    def said(toml):
        (tmp_path / "x.toml").write_text(toml)
        return " ".join(employer(*NOTICE, "--config", "x.toml").stdout.split())

    refused, counted = "are refused on our network", "such websites are counted"
    assert refused in said("")
    assert counted in said("")
    watching = "[policy]\ncurated = false\n"
    assert refused not in said(watching)
    listed = f'{watching}[[list]]\nfile = "own.txt"\nmode = '
    assert refused in said(f'{listed}"enforce"\n')
    assert refused not in said(f'{listed}"monitor"\n')
    assert refused in said('[policy]\ncurated = false\n[catalog]\nlocal = "own"\n')
    assert counted not in said("[counts]\nenabled = false\n")


def test_a_notice_names_the_configured_help_line_and_warns_of_an_old_one(employer, tmp_path):
    (tmp_path / "x.toml").write_text(
        '[help]\nname = "Hilfetelefon"\nphone = "116 016"\nweb = "hilfetelefon.example"\n'
        'text = "233733"\nlast_verified = 2020-01-31\n'
    )
    ended = employer(*NOTICE, "--config", "x.toml")
    for part in ("Hilfetelefon", "116 016", "hilfetelefon.example", "233733", "2020-01-31"):
        assert part in ended.stdout
    assert ended.stderr.startswith(
        "blockfilter: warning: help.last_verified = 2020-01-31 is more than a year ago; call 116 016"
    )
    today_is = f"last_verified = {today()}"
    (tmp_path / "x.toml").write_text(f"[help]\n{today_is}\n")
    assert employer(*NOTICE, "--config", "x.toml").stderr == ""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["notice"], 2, "Missing option '--template'"),
        (["notice", "--template", "song"], 2, "is not one of"),
        ([*NOTICE, "--format", "pdf"], 2, "is not one of"),
        ([*NOTICE, "--contact", "ada@example.org"], 2, "never a person"),
        ([*NOTICE, "--config", "none.toml"], 1, "No such file"),
        ([*NOTICE, "-o", "none/x.md"], 1, "cannot be written"),
    ],
)
def test_what_is_wrong_is_not_written(employer, words, code, said):
    assert said in employer.refusal(*words, code=code)
