"""`blockfilter programme record|activities|correct`: figures, and what became of them."""

import pytest

from tests.cli.employer import tomorrow

TRAINED = (
    *("--kind", "trained", "--people", "40", "--date", "2026-03-02", "--span", "2026-03-06"),
    *("--channel", "supervisors", "--topic", "recognise", "--topic", "respond"),
)
EVENT = ("record", "--kind", "event", "--people", "85", "--date", "2026-01-11")


def test_what_happened_is_recorded(employer):
    employer("office", "add", "berlin")
    (line,) = employer.lines("record", *TRAINED, "--office", "berlin", "--source", "sheet, counted")
    assert line == (
        "recorded by ada: a1  2026-03-02 to 2026-03-06  about 40 trained, supervisors: recognise "
        "and respond, office berlin, source: sheet, counted"
    )
    facts = employer.facts(*EVENT, "--note", "film and talk", "--distinct", who="hr")
    assert facts["by"] == "hr"
    found = facts["activity"]
    recorded = found.pop("recorded")
    assert (recorded["by"], len(recorded["at"])) == ("hr", 20)
    assert found == {
        "id": "a2",
        "version": 1,
        "kind": "event",
        "channel": "special-event",
        "people": 85,
        "first": "2026-01-11",
        "last": "2026-01-11",
        "office": None,
        "topics": [],
        "distinct": True,
        "source": "",
        "note": "film and talk",
        "retracted": False,
        "reason": "",
    }


def test_more_distinct_people_than_there_are_are_recorded_with_a_warning(employer):
    words = ("record", "--kind", "trained", "--people", 4000, "--date", "2026-03-02")
    assert employer(*words).stderr == ""
    ended = employer(*words, "--distinct")
    assert "recorded by ada: a2  2026-03-02  about 4000 trained" in ended.stdout
    assert "warning: a2: 4000 distinct people are more than the headcount of 1200; " in ended.stderr


@pytest.mark.parametrize(
    ("kind", "words", "channel"),
    [
        ("informed", ["--channel", "e-mail notice"], "e-mail-notice"),
        ("informed", ["--channel", "Annual Compliance Training"], "annual-compliance-training"),
        ("informed", [], "other"),
        ("trained", ["--audience", "new hires"], "new-hires"),
        ("trained", ["--channel", "exposed"], "exposed-staff"),
        ("trained", ["--office", "all"], "all-staff"),
    ],
)
def test_channels_and_audiences_are_written_as_people_write(employer, kind, words, channel):
    facts = employer.facts(
        *("record", "--kind", kind, "--people", 5, "--date", "2026-03-02"), *words
    )
    assert (facts["activity"]["channel"], facts["activity"]["office"]) == (channel, None)


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        (["--people", "0"], 2, "from 1 to 10000000"),
        (["--people", "10000001"], 2, "from 1 to 10000000"),
        (["--people", "-5"], 2, "digits only"),
        (["--people", "about forty"], 2, "digits only"),
        (["--date", "2026-02-30"], 2, "like 2026-11-20"),
        (["--date", "0206-02-03"], 2, "correct the year"),
        (["--date", str(tomorrow())], 3, "what is planned is not recorded; record it when it has"),
        (["--span", str(tomorrow())], 3, "is planned"),
        (["--span", "2026-01-10"], 2, "swap the dates"),
        (["--date", "2024-01-11", "--span", "2026-01-11"], 2, "record each year apart"),
        (["--channel", "handbook"], 2, "no channel of what is event"),
        (["--topic", "respond"], 2, "belong to a training"),
        (["--kind", "taught"], 2, "is not one of"),
        (["--office", "paris"], 1, 'no office "paris"; the offices are: none yet'),
        (["--note", "asked ada@example.org"], 2, "never a person"),
        (["--note", "two\nlines"], 2, "line end"),
        (["--source", "=cmd()"], 2, "begin with a word"),
        (["--as", "Ada!"], 2, "no name of a-z"),
    ],
)
def test_what_is_wrong_is_not_recorded(employer, changed, code, said):
    assert said in employer.refusal(*EVENT, *changed, code=code)
    assert employer.lines("activities") == ["nothing is recorded"]


def test_a_correction_keeps_what_it_corrects(employer):
    employer("record", *TRAINED)
    (line,) = employer.lines(
        *("correct", "a1", "--people", 35, "--distinct", "--reason", "counted again"), who="ben"
    )
    assert line.startswith("corrected by ben: a1  2026-03-02 to 2026-03-06  about 35 trained, ")
    assert [one["people"] for one in employer.facts("activities")["activities"]] == [35]
    versions = employer.facts("activities", "--history")["activities"]
    assert [(one["version"], one["people"], one["reason"]) for one in versions] == [
        (1, 40, ""),
        (2, 35, "counted again"),
    ]
    lines = employer.lines("activities", "--history")
    assert lines[1].startswith("  version 1, recorded by ada 20")
    assert lines[3].startswith("  version 2, corrected by ben 20")
    assert lines[3].endswith(": counted again")


def test_every_field_may_be_corrected(employer):
    employer("office", "add", "berlin")
    employer("record", *TRAINED, "--note", "hall", "--distinct")
    facts = employer.facts(
        *("correct", "a1", "--reason", "all of it", "--date", "2026-04-01", "--span", "2026-04-02"),
        *("--channel", "new hires", "--topic", "respond", "--office", "berlin", "--not-distinct"),
        *("--source", "payroll", "--note", "", "--people", "7"),
    )
    found = facts["activity"]
    assert (found["first"], found["last"], found["people"]) == ("2026-04-01", "2026-04-02", 7)
    assert (found["channel"], found["topics"]) == ("new-hires", ["respond"])
    assert (found["office"], found["distinct"]) == ("berlin", False)
    assert (found["source"], found["note"]) == ("payroll", "")
    facts = employer.facts("correct", "a1", "--office", "all", "--reason", "everywhere")
    assert facts["activity"]["office"] is None


def test_what_is_taken_back_stays_readable(employer):
    employer(*EVENT)
    (line,) = employer.lines("correct", "a1", "--retract", "--reason", "twice")
    assert line.startswith("taken back by ada: a1  ")
    assert employer.lines("activities")[0].endswith("  taken back")
    assert "  version 2, taken back by ada " in employer.lines("activities", "--history")[-1]
    assert "record it anew" in employer.refusal(
        *("correct", "a1", "--people", 5, "--reason", "x"), code=3
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["a1", "--people", "5"], 2, "Missing option '--reason'"),
        (["a1", "--people", "5", "--reason", " "], 2, "says nothing"),
        (["a1", "--reason", "x"], 2, "Name what to change, or --retract"),
        (["a1", "--retract", "--people", "5", "--reason", "x"], 2, "one of the two"),
        (["a1", "--people", "85", "--reason", "x"], 2, "says exactly this already"),
        (["a9", "--people", "5", "--reason", "x"], 1, 'no activity "a9"'),
        (["\x1b[31m", "--people", "5", "--reason", "x"], 1, r'no activity "\u001b[31m"'),
        (["a1", "--date", str(tomorrow()), "--reason", "x"], 3, "is planned"),
        (["a1", "--topic", "respond", "--reason", "x"], 2, "belong to a training"),
        (["a1", "--office", "paris", "--reason", "x"], 1, 'no office "paris"'),
    ],
)
def test_a_correction_obeys_the_same_rules(employer, words, code, said):
    employer(*EVENT)
    assert said in employer.refusal("correct", *words, code=code)
    assert len(employer.facts("activities", "--history")["activities"]) == 1


def test_activities_are_found_by_kind_and_office(employer):
    employer("office", "add", "berlin")
    employer(*EVENT)
    employer("record", *TRAINED, "--office", "berlin")
    ids = [one["id"] for one in employer.facts("activities", "--kind", "trained")["activities"]]
    assert ids == ["a2"]
    ids = [one["id"] for one in employer.facts("activities", "--office", "berlin")["activities"]]
    assert ids == ["a2"]
    assert employer.lines("activities", "--kind", "informed") == ["nothing is recorded"]
