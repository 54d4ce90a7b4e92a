"""`blockfilter list import`: from a file, a pipe or a URL; a list, or dossiers; and what is told."""

import json

import pytest
from click.testing import CliRunner

from blockfilter.catalog import changelog, store, suffixes
from blockfilter.cli import main


@pytest.fixture
def catalog(tmp_path):
    return tmp_path / "own"


@pytest.fixture
def run(catalog):
    def run(*words, code=0, who="ada", stdin=None):
        command = ["list", *map(str, words), "--catalog", str(catalog)]
        if words[0] in ("import", "approve"):
            command += ["--as", who]
        ended = CliRunner().invoke(main, command, input=stdin)
        assert ended.exit_code == code, ended.output
        return ended

    return run


@pytest.fixture
def listing(tmp_path):
    path = tmp_path / "ads.txt"
    path.write_text("0.0.0.0 a.example.com\ncom\nhttps://b.example.com/x\nc.example.com\n")
    return path


def entries(catalog):
    return store.read(catalog, suffixes.read(suffixes.suffix_file()).icann).entries()


def test_a_list_is_one_entry_one_file_and_one_journal_line(run, catalog, listing):
    told = run("import", listing, "--category", "escort-ads", "--licence", "MIT").stdout
    assert "imported by ada: ads-txt  proposed  escort-ads  ads.txt: 2 rules, enforce" in told
    assert "blockfilter list approve ads-txt" in told
    assert "refused: 2 lines" in told
    assert "1  a URL, where a name belongs (line 3)" in told
    assert "example.com" not in told
    assert "unsigned" in told
    assert len(list((catalog / "rules").iterdir())) == 1
    assert [line.what for line in changelog.read(catalog)] == ["import"]
    (entry,) = entries(catalog)
    assert (entry.id, entry.licence, entry.source) == ("ads-txt", "MIT", "ads.txt")


def test_it_is_told_in_json(run, listing):
    facts = json.loads(run("import", listing, "--json", "--mode", "monitor").stdout)
    assert facts["entry"]["state"] == "proposed"
    assert facts["entry"]["mode"] == "monitor"
    assert (facts["format"], facts["rules"], facts["refused"]) == ("domains", 2, 2)
    url = {"cause": "a URL, where a name belongs", "lines": 1, "first": [3]}
    assert url in facts["causes"]
    assert facts["first"][0]["line"] == 2
    assert (facts["by"], facts["dry_run"], facts["unsigned"]) == ("ada", False, True)


def test_a_dry_run_stores_nothing(run, catalog, listing):
    assert "would be imported" in run("import", listing, "--dry-run").stdout
    assert not catalog.exists()
    run("import", listing)
    before = {path: path.read_bytes() for path in catalog.rglob("*") if path.is_file()}
    assert json.loads(run("import", listing, "--dry-run", "--json").stdout)["rules"] == 2
    assert {path: path.read_bytes() for path in catalog.rglob("*") if path.is_file()} == before


def test_standard_input_is_read(run, catalog):
    run("import", "-", "--title", "Piped", stdin="||a.example.com^\n||b.example.com^$popup\n")
    (entry,) = entries(catalog)
    assert (entry.id, entry.rules, entry.refused) == ("piped", 1, 1)


def test_the_proposer_cannot_approve_it(run, listing):
    run("import", listing)
    run("approve", "ads-txt", "--reason", "mine", code=3)
    run("approve", "ads-txt", "--reason", "seen", who="ben")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nowhere.txt",), 1, "cannot be read"),
        (("http://lists.example.com/x",), 1, "http"),
        (("https://127.0.0.1:1/x",), 1, "private"),
        (("ads.txt", "--category", "none-such"), 3, "there is no category"),
    ],
)
def test_what_cannot_be_had_is_told_in_one_line_and_nothing_is_left(
    run, catalog, listing, monkeypatch, words, code, told
):
    monkeypatch.chdir(listing.parent)
    ended = run("import", *words, code=code)
    said = [line for line in ended.stderr.splitlines() if "made the catalogue" not in line]
    assert len(said) == 1
    assert told in said[0]
    assert not list(catalog.glob("rules/*"))
    assert not list(catalog.glob("imported/*"))


def test_rows_become_dossiers_and_wrong_ones_are_told(run, catalog, tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(
        "site,category,names,criterion,evidence,source,licence\n"
        "Example Ads,escort-ads,a.example.com,lists escorts,front page,own,facts\n"
        "Example Ads,escort-ads,b.example.com,the same again,front page,own,facts\n"
        "Other,no-category,c.example.com,,,,\n"
        "Third,escort-ads,not a name!,,,,\n"
        "Last Ads,massage-ads,d.example.com,lists massages,front page,own,facts\n"
    )
    told = run("import", path).stdout
    assert "refused: 3 lines" in told
    for number in (3, 4, 5):
        assert f"(line {number})\n" in told
    assert [entry.id for entry in entries(catalog)] == ["example-ads", "last-ads"]
    assert [line.what for line in changelog.read(catalog)] == ["propose", "propose"]
    ended = run("import", path, code=1)
    assert "has no usable row (line 2:" in ended.stderr
