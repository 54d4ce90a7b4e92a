"""Given visits are read strictly: wrong lines by number, nothing of a file that has any."""

from datetime import datetime

import pytest

from blockfilter.errors import StateError
from blockfilter.simulation import replay
from blockfilter.simulation.visits import Plan, Visit

HEAD = "at,client,qname\n"
RIGHT = "2026-01-05T14:03:00,10.1.0.1,ads.example\n"
PLAN = Plan(weeks=2)


def read(tmp_path, text, plan=PLAN):
    file = tmp_path / "seen.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return replay.read(file, plan)


def refused(tmp_path, text, plan=PLAN):
    """What it says, a line a sentence, the file's name cut off."""
    with pytest.raises(StateError) as error:
        read(tmp_path, text, plan)
    head = f"{tmp_path / 'seen.csv'}: "
    told = str(error.value).splitlines()
    assert all(line.startswith(head) for line in told)
    return [line.removeprefix(head) for line in told]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + RIGHT,
        "\ufeff" + HEAD + RIGHT,
        (HEAD + RIGHT).replace("\n", "\r\n"),
        HEAD + "\n" + RIGHT + "\n\n",
        (HEAD + RIGHT).removesuffix("\n"),
        "qname, client ,at\nads.example, 10.1.0.1 ,2026-01-05T14:03:00\n",
        HEAD + '"2026-01-05 14:03","10.1.0.1","ads.example"\n',
    ],
)
def test_a_file_of_visits(tmp_path, text):
    at = datetime.fromisoformat("2026-01-05T14:03")
    assert read(tmp_path, text) == [Visit(at, "10.1.0.1", "ads.example")]


def test_visits_come_in_order_of_time_and_the_same_one_may_come_twice(tmp_path):
    text = HEAD + RIGHT + "2025-12-29T00:00,10.1.0.2,b.example\n" + RIGHT
    assert [one.client for one in read(tmp_path, text)] == ["10.1.0.2", "10.1.0.1", "10.1.0.1"]


def test_a_file_may_have_no_visit(tmp_path):
    assert read(tmp_path, HEAD) == []


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("yesterday,10.1.0.1,ads.example", "at is no time; write 2026-01-05T14:03:00"),
        (",10.1.0.1,ads.example", "at is no time"),
        ("2026-01-05,10.1.0.1,ads.example", "at is no time"),
        ("2026-01-05T25:00,10.1.0.1,ads.example", "at is no time"),
        ("2026-01-05T14:03Z,10.1.0.1,ads.example", "at has a time zone; write the local time"),
        ("2026-01-05T14:03+01:00,10.1.0.1,ads.example", "at has a time zone"),
        ("2025-12-28T23:59:59,10.1.0.1,ads.example", "at lies outside 2025-12-29 to 2026-01-11"),
        ("2026-01-12T00:00,10.1.0.1,ads.example", "at lies outside 2025-12-29 to 2026-01-11"),
        ("2026-01-05T14:03,fd00::1,ads.example", "client is no IPv4 address"),
        ("2026-01-05T14:03,10.1.0.256,ads.example", "client is no IPv4 address"),
        ("2026-01-05T14:03,10.1.0.01,ads.example", "client is no IPv4 address"),
        ("2026-01-05T14:03,,ads.example", "client is no IPv4 address"),
        ("2026-01-05T14:03,10.1.0.1,", "qname is no domain name: an empty text is no name"),
        ("2026-01-05T14:03,10.1.0.1,a..example", "qname is no domain name: a label holds 1 to 63"),
        ("2026-01-05T14:03,10.1.0.1,a b.example", "qname is no domain name"),
        ("2026-01-05T14:03,10.1.0.1", "has 2 fields; 3 are needed"),
        ("2026-01-05T14:03,10.1.0.1,ads.example,A", "has 4 fields; 3 are needed"),
    ],
)
def test_a_wrong_line_is_told_by_its_number_and_cause(tmp_path, line, cause):
    told = refused(tmp_path, f"{HEAD}{RIGHT}{line}\n{RIGHT}")
    assert told[0].startswith(f"line 3: {cause}")
    assert told[1:] == ["nothing was replayed: 1 of 3 visits are wrong"]
    for secret in ("10.1", "ads.example"):
        assert secret not in told[0]


def test_every_wrong_line_is_told_and_a_field_may_hold_line_breaks(tmp_path):
    text = HEAD + "x,10.1.0.1,a.example\n" + RIGHT + '"y\n",10.1.0.1,a.example\n' + "\nz,1,b\n"
    assert [line.partition(":")[0] for line in refused(tmp_path, text)] == [
        "line 2",
        "line 5",
        "line 7",
        "nothing was replayed",
    ]


def test_of_a_file_of_another_kind_only_the_first_wrong_lines_are_told(tmp_path):
    told = refused(tmp_path, HEAD + "x,y,z\n" * 100)
    assert len(told) == replay.SHOWN + 1
    assert told[-1] == "nothing was replayed: 100 of 100 visits are wrong (80 more are not shown)"


@pytest.mark.parametrize(
    "first",
    ["", "\n", RIGHT, "at,client\n", "at,client,qname,at\n", "at;client;qname\n", "AT,x,y\n"],
)
def test_the_first_line_names_the_columns(tmp_path, first):
    assert refused(tmp_path, first + RIGHT) == [
        "its first line must name the columns: at,client,qname"
    ]


@pytest.mark.parametrize("octets", [HEAD.encode() + b"\xff\xfe\n", (HEAD + RIGHT).encode("utf-16")])
def test_a_file_that_is_no_utf8_is_refused(tmp_path, octets):
    assert refused(tmp_path, octets) == ["is no CSV file in UTF-8"]


def test_a_field_without_an_end_is_refused(tmp_path):
    assert refused(tmp_path, HEAD + '"' + "x" * 200_000) == ["is no CSV file in UTF-8"]


def test_a_file_of_too_many_visits_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(replay, "MOST_VISITS", 3)
    assert len(read(tmp_path, HEAD + RIGHT * 3)) == 3
    assert refused(tmp_path, HEAD + RIGHT * 4) == ["has more than 3 visits; replay fewer"]


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    for path, cause in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(StateError) as error:
            replay.read(path, PLAN)
        assert str(error.value).startswith(f"{path}: cannot be read ({cause}")
