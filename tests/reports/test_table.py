"""Figures for programs: JSON by its schema, CSV that a spreadsheet may open."""

import csv
import io
import json
from importlib.resources import files

import pytest

from blockfilter.counts import calendar, tables
from blockfilter.counts.reader import Reader
from blockfilter.reports import making, single, table
from blockfilter.reports.attempts import Book
from blockfilter.reports.figures import Blocked, Category
from tests.reports import schema
from tests.reports.books import TODAY, Ledgered, programme, record

SCHEMA = json.loads(
    (files("blockfilter.reports") / "templates/report.schema.json").read_text("utf-8")
)
BLOCKED = Blocked(("the curated list, release 12 of 4 May 2026",), (Category("other", "", 5),))


def made(place, name=None):
    period = calendar.parse(name) if name else None
    return making.make(place, period, lambda: BLOCKED, today=TODAY, counting=True)


def shown(place, id_, name=None):
    book = Book(Reader(place))
    found = single.select(book, id_, calendar.parse(name) if name else None)
    return json.loads(table.shown(id_, found.rows, found.missing, simulated=book.reader.simulated))


@pytest.fixture(scope="module")
def whole(year):
    return json.loads(table.whole(made(year, "2026-Q4")))


@pytest.mark.parametrize("id_", list(tables.TABLES))
def test_every_table_is_as_the_schema_says(year, id_):
    facts = shown(year, id_)
    assert schema.faults(facts, SCHEMA, SCHEMA) == []
    assert list(facts)[:4] == ["schema", "table", "simulated", "rows"]
    assert facts["schema"] == "blockfilter.report/1"
    assert facts["rows"]


@pytest.mark.parametrize("name", ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2026"])
def test_every_report_is_as_the_schema_says(year, name):
    assert schema.faults(json.loads(table.whole(made(year, name))), SCHEMA, SCHEMA) == []


@pytest.mark.parametrize("heads", [12, 30, 120, 400])
def test_reports_of_small_organisations_are_too(tmp_path, heads):
    with Ledgered(tmp_path, heads=heads) as book:
        book.frame(calendar.parse("2026-Q4"))
        book.cover("2026-W01", 53, list_age=None, offices_seen=None)
        if heads in (30, 120):
            book.put(tables.T0, "2026", {"total": 43 if heads == 120 else "10-39"})
    with programme(tmp_path, heads=heads) as store:
        record(store, "trained", 10, "2026-02-03")
    facts = json.loads(table.whole(made(tmp_path, "2026-Q4")))
    assert schema.faults(facts, SCHEMA, SCHEMA) == []
    assert [one["verdict"] for one in facts["before_after"]] == ["too-early"]
    assert facts["detail"] == {12: "nothing", 30: "bands", 120: "years", 400: "parts"}[heads]


def test_a_wrong_document_is_found_to_be_wrong(whole):
    assert schema.faults({**whole, "schema": "blockfilter.report/2"}, SCHEMA, SCHEMA)
    assert schema.faults({**whole, "before_after": [{"training": "a1"}]}, SCHEMA, SCHEMA)
    assert schema.faults({"schema": "blockfilter.report/1", "simulated": False}, SCHEMA, SCHEMA)


def test_a_figure_has_its_interval_and_a_band_none(year):
    assert shown(year, "T0", "2026-W14")["rows"] == [
        {"period": "2026-W14", "cell": "total", "value": 20, "low": 12, "high": 28}
    ]
    assert shown(year, "T3", "2026-Q4")["rows"][1] == {
        "period": "2026-Q4",
        "cell": "paris",
        "value": "above",
    }


def test_what_is_below_nothing_is_published_as_it_is(year):
    rows = shown(year, "T0", "2026-W33")["rows"]
    assert [one["value"] for one in rows] == [-2]


def test_flagged_and_missing_periods_are_told_beside_the_rows(year):
    facts = shown(year, "T0", "2026")
    assert facts["flagged"] == ["2026-W53"]
    assert facts["missing"] == [{"period": "2026-W09", "state": "lost"}]
    assert len(facts["rows"]) == 52


def test_before_and_after_has_what_the_schema_promises(whole):
    later, earlier = whole["before_after"]
    assert list(earlier)[:6] == ["training", "ratio", "low", "high", "p", "verdict"]
    assert (earlier["training"], earlier["verdict"], later["verdict"]) == ("a2", "fell", "unclear")
    assert 0.3 < earlier["low"] < earlier["ratio"] < earlier["high"] < 0.7
    assert earlier["p"] < 1e-6
    assert earlier["before"] == [f"2026-W{n}" for n in range(13, 26)]


def test_a_report_holds_its_rows_its_sums_and_the_head_they_stand_in(year, whole):
    assert len(whole["tables"]["T0"]) == 14
    assert whole["totals"]["T0"] == [
        {"cell": "total", "value": 143, "low": 114, "high": 172, "periods": 14, "due": 14}
    ]
    assert whole["head"] == Reader(year).head
    assert whole["newest"] == "2027-01-03"
    assert whole["reached"]["so_far"][0]["share"] == pytest.approx(1150 / 1200, rel=1e-5)
    assert whole["privacy"]["per_device_day"] == "6/5"


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_of_a_table_has_a_line_for_each_figure(year):
    book = Book(Reader(year))
    lines = read(table.shown_csv(single.select(book, "T0", None).rows, simulated=True))
    assert len(lines) == 52
    assert lines[0] == {
        "table": "T0",
        "period": "2026-W01",
        "cell": "total",
        "value": "22",
        "low": "14",
        "high": "30",
        "flagged": "",
        "simulated": "yes",
    }
    assert lines[-1]["flagged"] == "yes"


def test_csv_of_a_report_has_all_figures_in_one_table(year):
    lines = read(table.whole_csv(made(year, "2026-Q4")))
    sections = list(dict.fromkeys(one["section"] for one in lines))
    assert sections == [
        *("report", "reached", "practices", "figures", "totals", "before_after"),
        *("coverage", "blocked"),
    ]
    figures = [one for one in lines if one["section"] == "figures" and one["table"] == "T0"]
    assert [one["value"] for one in figures][-1] == "11"
    assert {"-3"} == {one["value"] for one in lines if one["section"] == "totals"} & {"-3"}
    (total,) = [one for one in lines if one["section"] == "totals" and one["table"] == "T0"]
    assert (total["value"], total["low"], total["high"]) == ("143", "114", "172")


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@SUM(A1)", "\t=1"])
def test_a_text_that_a_spreadsheet_would_run_is_none_in_csv(name):
    assert table._field(name) == f"'{name}"
    assert table._field(-3) == -3
    assert table._field(None) == ""
    assert table._field("a=b") == "a=b"
