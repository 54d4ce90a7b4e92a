"""`blockfilter programme import|export`: all lines or none, nothing twice, and all of it back."""

import json
import stat

import pytest

HEAD = "kind,people,date,span_end,channel,office,topics,distinct,source,note"
FILE = f"""{HEAD}
informed,1200,2026-02-02,,e-mail-notice,,,yes,mailing list,
trained,40,2026-03-02,2026-03-06,supervisors,berlin,recognise respond,no,"sheet, counted",
event,85,2026-01-11,,,,,,,film and talk
"""


@pytest.fixture
def berlin(employer):
    employer("office", "add", "berlin")
    return employer


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="x.csv"):
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    return to_file


def ids(employer):
    return [one["id"] for one in employer.facts("activities")["activities"]]


def test_a_file_is_recorded(berlin, write):
    lines = berlin.lines("import", write(FILE), who="hr")
    assert lines == ["recorded by hr: 3 activities, a1 to a3"]
    assert ids(berlin) == ["a1", "a2", "a3"]
    assert {one["recorded"]["by"] for one in berlin.facts("activities")["activities"]} == {"hr"}


def test_what_is_exported_imports_to_the_same(berlin, write):
    berlin("import", write(FILE))
    exported = berlin("export").stdout
    assert exported.splitlines()[0] == HEAD
    assert exported == FILE.replace("01-11,,,,,,,", "01-11,,special-event,,,no,,")
    berlin("init", "--name", "Other", "--state", "other")
    berlin("office", "add", "berlin", "--state", "other")
    assert "3 activities" in berlin.lines("import", "-", "--state", "other", stdin=exported)[0]
    assert berlin("export", "--state", "other").stdout == exported


def test_the_same_file_again_adds_nothing_and_says_which_lines_are_there(berlin, write):
    name = write(FILE)
    berlin("import", name)
    berlin("correct", "a1", "--people", 1150, "--reason", "counted again")
    berlin("correct", "a2", "--retract", "--reason", "twice")
    assert berlin.lines("import", name) == [
        "recorded by ada: 0 activities",
        "line 2 is a1 already (corrected since)",
        "line 3 is a2 already (taken back since)",
        "line 4 is a3 already",
    ]
    write(f"{FILE}event,7,2026-02-01,,,,,,,\n")
    facts = berlin.facts("import", name)
    assert facts["recorded"] == [{"line": 5, "id": "a4"}]
    assert [(one["line"], one["id"], one["retracted"]) for one in facts["known"]] == [
        (2, "a1", False),
        (3, "a2", True),
        (4, "a3", False),
    ]


def test_a_dry_run_records_nothing(berlin, write):
    name = write(FILE)
    assert berlin.lines("import", name, "--dry-run") == ["would be recorded by ada: 3 activities"]
    facts = berlin.facts("import", name, "--dry-run")
    assert facts["dry_run"] is True
    assert facts["recorded"] == [{"line": line, "id": None} for line in (2, 3, 4)]
    assert ids(berlin) == []


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_wrong_lines_are_told_by_number_and_nothing_is_recorded(berlin, write, dry):
    text = FILE + "taught,x,2026-02-30,,,paris,,,,\n\nevent,5,2099-01-01,,,,,,,\n"
    told = berlin.refusal("import", write(text), *dry, code=1).splitlines()
    assert len(told) == 3
    assert told[0].startswith('x.csv: line 5: kind: "taught" is no kind; write one of informed, ')
    for part in ("; people: ", "; date: ", '; office: "paris" is no office'):
        assert part in told[0]
    assert told[1].startswith("x.csv: line 7: 2099-01-01 is after today, ")
    assert told[2].startswith("x.csv: nothing was recorded: 2 lines of 5 wrong; ")
    assert ids(berlin) == []
    ended = berlin("import", "x.csv", "--json", *dry, code=1)
    facts = json.loads(ended.stdout)
    assert (facts["recorded"], [one["line"] for one in facts["wrong"]]) == ([], [5, 7])


@pytest.mark.parametrize(
    "text",
    [
        FILE.replace("\n", "\r\n"),
        f"\ufeff{FILE}",
        "kind;people;date\nevent;5;2026-03-02\nevent;6;2026-03-02\nevent;7;2026-03-02\n",
    ],
)
def test_what_spreadsheets_write_is_read(berlin, write, text):
    assert len(berlin.facts("import", write(text))["recorded"]) == 3


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "x.csv: line 1 names no column kind, people, date"),
        (b"kind,people,date,name\n", 'x.csv: line 1 names "name", which is no column'),
        (b"kind,people,date\n\xff\n", "x.csv: line 2 is not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_told(berlin, write, octets, said):
    assert said in berlin.refusal("import", write(octets), code=1)


def test_a_file_that_is_not_there_is_told(berlin):
    assert "none.csv: cannot be read (No such file" in berlin.refusal("import", "none.csv", code=1)
    assert "cannot be read (Is a directory)" in berlin.refusal("import", ".", code=1)


def test_an_export_goes_into_a_file_whole(berlin, write, tmp_path):
    berlin("import", write(FILE))
    assert berlin("export", "-o", "out.csv").stdout == ""
    assert (tmp_path / "out.csv").read_text("utf-8") == berlin("export").stdout
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o644
    assert "cannot be written" in berlin.refusal("export", "-o", "none/out.csv", code=1)


def test_what_was_taken_back_is_in_no_csv(berlin, write):
    berlin("import", write(FILE))
    berlin("correct", "a3", "--retract", "--reason", "twice")
    assert "event" not in berlin("export").stdout


def test_json_has_everything_on_record(berlin, write):
    berlin("import", write(FILE))
    berlin("correct", "a1", "--people", 5, "--reason", "counted again")
    berlin("assess", "--answer", "policies-1=yes", "--evidence", "page 12")
    facts = json.loads(berlin("export", "--json").stdout)
    assert list(facts) == ["schema", "organisation", "offices", "activities", "answers"]
    assert facts["schema"] == "blockfilter.programme/1"
    assert [(one["id"], one["version"]) for one in facts["activities"]] == [
        *(("a1", 1), ("a1", 2), ("a2", 1), ("a3", 1)),
    ]
    assert facts["answers"][0]["evidence"] == "page 12"
    assert facts["offices"][0]["id"] == "berlin"
