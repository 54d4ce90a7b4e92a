"""CSV both ways: every wrong line is told with its number and causes, and nothing is guessed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.errors import ProgrammeError
from blockfilter.programme import table, values
from blockfilter.programme.activity import CHANNELS, TOPICS, Entry, Kind
from blockfilter.programme.table import COLUMNS, Read, Wrong
from tests.programme.records import TODAY, entry

HEAD = "kind,people,date"


def read(text: str | bytes, offices: tuple[str, ...] = ("berlin",)) -> Read:
    return table.read(text.encode() if isinstance(text, str) else text, offices, TODAY)


def wrong(text: str) -> list[Wrong]:
    found = read(text)
    assert found.wrong
    return list(found.wrong)


FULL = (
    "kind,people,date,span_end,channel,office,topics,distinct,source,note\n"
    'trained,40,2026-03-02,2026-03-06,supervisors,berlin,recognise respond,yes,"sheet, counted",two\n'
)


def test_a_whole_line_is_read():
    (line,) = read(FULL).lines
    assert line.number == 2
    assert line.entry == entry(
        Kind.TRAINED,
        40,
        first=date(2026, 3, 2),
        last=date(2026, 3, 6),
        channel="supervisors",
        office="berlin",
        topics=("recognise", "respond"),
        distinct=True,
        source="sheet, counted",
        note="two",
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\ninformed,100,2026-03-02\n",
        f"\ufeff{HEAD}\r\ninformed,100,2026-03-02\r\n",
        f"{HEAD}\rinformed,100,2026-03-02\r",
        f"{HEAD}\ninformed,100,2026-03-02",
        "kind;people;date\ninformed;100;2026-03-02\n",
        "kind\tpeople\tdate\ninformed\t100\t2026-03-02\n",
        "Date , KIND,People\n2026-03-02, Informed , 100 \n",
        '"kind","people","date"\n"informed","100","2026-03-02"\n',
        "kind,people,date,,\ninformed,100,2026-03-02,,\n",
        "kind,people,date,channel,distinct\ninformed,100,2026-03-02\n",
        f"{HEAD}\n\n,,\ninformed,100,2026-03-02\n\n",
    ],
)
def test_what_spreadsheets_write_is_read(text):
    assert [line.entry for line in read(text).lines] == [entry(people=100)]
    assert read(text).wrong == ()


def test_every_wrong_line_is_told_by_its_number_with_all_its_causes():
    text = (
        f"{HEAD},span_end,channel,office,topics,distinct,note\n"
        "informed,100,2026-03-02\n"
        "taught,many,02.03.2026,soon,handbook,paris,,maybe,ask a@b.example\n"
        "\n"
        "informed,5,2026-03-02,2026-03-01\n"
        "informed,5,2026-12-24\n"
        "event,5,2026-03-02,,,,respond\n"
        "trained,5,2026-03-02,,handbook\n"
        "informed,5,2026-03-02,,,,,,,,,more\n"
    )
    found = dict(wrong(text))
    assert list(found) == [3, 5, 6, 7, 8, 9]
    assert found[3].split("; ")[::2][0].startswith('kind: "taught" is no kind')
    for column in ("people", "date", "span_end", "office", "distinct", "note"):
        assert f"; {column}: " in found[3]
    assert "swap the dates" in found[5]
    assert "what is planned is not recorded" in found[6]
    assert "topics belong to a training" in found[7]
    assert found[8].startswith('channel: "handbook" is no audience of a training')
    assert found[9] == "has 12 fields, more than the first line has columns"


def test_lines_are_counted_as_an_editor_does():
    text = f'{HEAD},note\r\n\r\ninformed,5,2026-03-02,"two\r\nlines"\r\ninformed,x,2026-03-02\r\n'
    assert [number for number, _ in wrong(text)] == [3, 5]


def test_quotes_that_do_not_close_are_told_and_the_lines_before_are_read():
    found = read(f'{HEAD},note\ninformed,5,2026-03-02,"a"b\ninformed,6,2026-03-02,"open\n')
    assert [number for number, _ in found.wrong] == [2, 3]
    assert all(cause.startswith("is no CSV: ") for _, cause in found.wrong)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "names no column kind, people, date"),
        (b"\n", "names no column kind, people, date"),
        (b"kind,people\n", "line 1 names no column date; "),
        (b"kind,people,date,who\n", 'line 1 names "who", which is no column'),
        (b"kind,people,date,kind\n", "names a column twice"),
        (b"kind|people|date\n", "names no column"),
        (b"PK\x03\x04 a spreadsheet's own file\n", "names no column"),
        (b"kind,people,date\ninformed,5,2026-03-02\nb\xfcro", "line 3 is not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(octets, said):
    with pytest.raises(ProgrammeError) as refused:
        read(octets)
    assert said in str(refused.value)


def test_there_are_bounds(monkeypatch):
    monkeypatch.setattr(table, "MOST_LINES", 2)
    with pytest.raises(ProgrammeError, match="more than 2 lines"):
        read(f"{HEAD}\n" + "informed,5,2026-03-02\n" * 3)
    monkeypatch.setattr(table, "MOST_BYTES", 10)
    with pytest.raises(ProgrammeError, match="import it in parts"):
        read(f"{HEAD}\n")


@pytest.mark.parametrize(
    ("text", "truth"), [("yes", True), ("No", False), ("", False), ("TRUE", True), ("0", False)]
)
def test_whether_figures_are_distinct(text, truth):
    (line,) = read(f"{HEAD},distinct\ninformed,5,2026-03-02,{text}\n").lines
    assert line.entry.distinct is truth


def texts() -> st.SearchStrategy[str]:
    return st.text(max_size=40).map(str.strip).filter(_is_line)


def _is_line(text: str) -> bool:
    try:
        return values.line(text) == text
    except ValueError:
        return False


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind = draw(st.sampled_from(Kind))
    first = draw(st.dates(date(2025, 1, 1), TODAY))
    last = draw(st.dates(first, min(TODAY, date.fromordinal(first.toordinal() + 366))))
    topics = draw(st.sets(st.sampled_from(list(TOPICS)))) if kind is Kind.TRAINED else set()
    return entry(
        kind,
        draw(st.integers(1, values.MOST_PEOPLE)),
        first=first,
        last=last,
        channel=draw(st.sampled_from(list(CHANNELS[kind]))),
        office=draw(st.sampled_from(["", "berlin"])),
        topics=topics,
        distinct=draw(st.booleans()),
        source=draw(texts()),
        note=draw(texts()),
    )


@given(st.lists(entries(), max_size=5))
def test_what_is_written_reads_back_to_the_same(some):
    written = table.write(some)
    assert written.splitlines()[0] == ",".join(COLUMNS)
    found = read(written)
    assert found.wrong == ()
    assert [line.entry for line in found.lines] == some


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: f"{HEAD}\n{t}".encode()))
def test_no_file_does_anything_but_be_read_or_be_refused(octets):
    try:
        read(octets)
    except ProgrammeError as refused:
        assert str(refused)
