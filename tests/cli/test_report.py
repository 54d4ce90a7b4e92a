"""`blockfilter report show|build`: what is printed and written, and every reason why not."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from blockfilter.cli import report as command
from blockfilter.counts import ledger, tables
from blockfilter.reports import making
from tests.reports import books
from tests.reports.books import Ledgered, programme
from tests.reports.reading import Page

SUFFIXES = ("html", "csv", "json", "md")


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    place = tmp_path_factory.mktemp("year")
    books.a_year(place, simulated=True)
    return place


@pytest.fixture
def report(desk, year):
    """Runs a command on the year."""

    def run(*words, state=year, **more):
        return desk.run("report", *words, "--state", state, **more)

    return run


def test_show_prints_the_totals(report):
    lines = report("show").stdout.splitlines()
    assert lines[0] == "T0 organisation, total (simulated)"
    assert lines[2].split() == ["2026-W01", "total", "22", "14", "to", "30"]
    assert any(line.startswith("2026-W53") for line in lines)


def test_show_prints_one_json_object(report):
    facts = json.loads(report("show", "--table", "T0", "--period", "2026-W14", "--json").stdout)
    assert facts["schema"] == "blockfilter.report/1"
    assert (facts["table"], facts["simulated"]) == ("T0", True)
    assert facts["rows"] == [
        {"period": "2026-W14", "cell": "total", "value": 20, "low": 12, "high": 28}
    ]
    facts = json.loads(report("show", "--table", "t3", "--json").stdout)
    assert {one["value"] for one in facts["rows"]} == {"below", "similar", "above"}
    assert all(set(one) == {"period", "cell", "value"} for one in facts["rows"])


def test_show_prints_csv(report):
    text = report("show", "--table", "T2", "--period", "2026", "--csv").stdout
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(lines) == 16
    assert lines[2]["cell"] == "12-16"
    assert lines[2]["value"] == "110"


def test_json_and_csv_exclude_each_other(report):
    assert "--json and --csv exclude" in report("show", "--json", "--csv", code=2).stderr


@pytest.mark.parametrize("what", ["show", "build"])
@pytest.mark.parametrize("name", ["2026-Q9", "last", "2026-13", ""])
def test_what_is_no_period_is_wrong_use(report, what, name):
    ended = report(what, "--period", name, code=2)
    assert "is no period; write 2026-W14, 2026-Q2" in ended.stderr


def test_a_report_takes_quarters_and_years_only(report):
    ended = report("build", "--period", "2026-W14", code=2)
    assert "a report is about a quarter or a year" in ended.stderr


def test_help_names_the_formats_and_tables_that_there_are():
    assert tuple(making.FORMATS) == command.FORMATS
    assert sorted(tables.TABLES) == sorted(command.TABLES)


def test_an_unknown_table_is_wrong_use(report):
    assert "'T9' is not one of" in report("show", "--table", "T9", code=2).stderr


def test_build_writes_the_page_of_the_last_complete_quarter(report, desk):
    ended = report("build")
    assert ended.stdout == "blockfilter-2026-Q4.html\n"
    page = Page((desk.place / "blockfilter-2026-Q4.html").read_text())
    assert "Example Corp" in page.shown()
    assert "Escort ads" in page.shown()  # of the list that comes with blockfilter
    assert page.loads() == []
    assert next(text for path, text in page.texts if "body" in path) == "Simulated"


def test_build_writes_every_format_asked_for_into_a_folder(report, desk):
    words = [word for one in SUFFIXES for word in ("--format", one)]
    ended = report("build", "--period", "2026-Q2", *words, "-o", "out/q2")
    names = [f"blockfilter-2026-Q2.{one}" for one in SUFFIXES]
    assert ended.stdout.splitlines() == [f"out/q2/{name}" for name in names]
    assert sorted(os.listdir(desk.place / "out/q2")) == sorted(names)
    facts = json.loads((desk.place / "out/q2/blockfilter-2026-Q2.json").read_text())
    (training,) = facts["before_after"]
    assert training["verdict"] == "fell"
    assert facts["blocked"]["releases"][0].startswith("the curated list, release ")
    assert {one["id"] for one in facts["blocked"]["categories"]} >= {"escort-ads", "massage-ads"}


def test_the_same_state_makes_the_same_files(report, desk):
    words = [word for one in SUFFIXES for word in ("--format", one)]
    for folder in ("one", "two"):
        report("build", *words, "-o", folder)
    for name in os.listdir(desk.place / "one"):
        first, second = ((desk.place / one / name).read_bytes() for one in ("one", "two"))
        assert first == second


def test_without_counts_the_error_says_how_they_begin(report, tmp_path):
    for what in ("show", "build"):
        ended = report(what, state=tmp_path / "none", code=1)
        assert "there are no counts yet" in ended.stderr
        assert ended.stdout == ""
    assert not (tmp_path / "none").exists()


def test_an_open_period_has_no_figure(report, tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 14)
        book.put(tables.T0, "2026-W15", {"total": 0}, state=ledger.OPEN)
    ended = report("show", "--period", "2026-W15", state=tmp_path, code=1)
    assert "T0 2026-W15: is still open; its figure comes after 12 April 2026" in ended.stderr
    ended = report("build", "--period", "2026-Q3", state=tmp_path, code=1)
    assert "2026-Q3: begins on 29 June 2026" in ended.stderr
    assert "the newest complete quarter is 2026-Q1" in ended.stderr
    report("build", "--period", "2026-Q2", "--format", "json", state=tmp_path)
    facts = json.loads(Path("blockfilter-2026-Q2.json").read_text())
    assert facts["complete"] is False
    assert facts["findings"][0] == (
        "This quarter ends on 28 June 2026; figures are in it up to 5 April 2026."
    )
    assert report("build", state=tmp_path).stdout == "blockfilter-2026-Q1.html\n"


def test_before_counting_began_there_is_nothing(report):
    for what in ("show", "build"):
        ended = report(what, "--period", "2025-Q2", code=1)
        assert "was over before counting began on 29 December 2025" in ended.stderr


def test_a_folder_that_cannot_be_written_is_told(report, desk):
    (desk.place / "file").write_text("")
    ended = report("build", "-o", "file/x", code=1)
    assert "blockfilter-2026-Q4.html: cannot be written" in ended.stderr
    assert "-o" in ended.stderr


def test_a_small_organisation_has_a_report_without_counts(report, desk, tmp_path):
    programme(tmp_path, "Small & Sons", heads=12).close()
    name = report("build", state=tmp_path).stdout.strip()
    shown = Page((desk.place / name).read_text()).shown()
    assert "Small & Sons" in shown
    assert "For fewer than 25 people nothing is counted" in shown


def test_where_counting_is_switched_off_the_programme_is_reported(report, desk, tmp_path):
    programme(tmp_path).close()
    assert "there are no counts yet" in report("build", state=tmp_path, code=1).stderr
    off = {"BLOCKFILTER_COUNTS__ENABLED": "false"}
    name = report("build", state=tmp_path, env=off).stdout.strip()
    assert "Counting is switched off" in (desk.place / name).read_text()


def test_the_organisation_s_own_list_is_told_of(report, desk):
    desk.released()
    own = {"BLOCKFILTER_CATALOG__LOCAL": str(desk.catalog)}
    report("build", "--format", "json", env=own)
    facts = json.loads((desk.place / "blockfilter-2026-Q4.json").read_text())
    assert facts["blocked"]["releases"][1].startswith("the organisation’s own list, release 1 of ")
    assert {"other": 1}.items() <= {
        one["id"]: one["entries"] for one in facts["blocked"]["categories"]
    }.items()


def test_a_damaged_ledger_is_told_and_not_reported(report, tmp_path):
    (tmp_path / "counts.db").write_bytes(b"no database" * 100)
    ended = report("build", state=tmp_path, code=1)
    assert "counts.db" in ended.stderr
    assert "Traceback" not in ended.output
