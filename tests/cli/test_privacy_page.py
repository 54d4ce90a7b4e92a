"""`blockfilter privacy`: the promise as this configuration and this state keep it."""

import json
import os

import pytest

from blockfilter.counts import tables
from tests.reports import books
from tests.reports.books import Ledgered, programme
from tests.reports.reading import Page


@pytest.fixture
def promise(desk, tmp_path):
    """What the page says, in one line."""

    def run(*words, state=tmp_path / "state", form="txt", **more):
        ended = desk.run("privacy", "--format", form, "--state", state, *words, **more)
        return " ".join(ended.stdout.split())

    return run


def test_without_any_state_it_is_told_from_the_closed_list_of_tables(promise, tmp_path):
    text = promise()
    assert "This organisation: What this filter stores about people" in text
    assert "at best 77 times in 100" in text
    assert "Nothing is published yet." in text
    assert "National Human Trafficking Hotline: call 1-888-373-7888" in text
    assert "the curated list, release " in text
    assert "Whether the day’s codes stay in memory is not known here" in text


def test_it_is_told_from_the_ledger_where_there_is_one(promise, tmp_path):
    with Ledgered(tmp_path, heads=400) as book:
        book.put(tables.T0, "2026-Q1-P1", {"total": 30})
        book.kept.charge(books.BEGAN, 2)
    programme(tmp_path, "Small Corp").close()
    text = promise(state=tmp_path)
    assert text.startswith("Small Corp: What this filter stores")
    assert "For 400 people, as of 2026-Q1:" in text
    assert "a device may have counted as 2" in text
    assert "T3" not in text


def test_the_configuration_in_force_is_in_it(promise, desk, tmp_path):
    (desk.place / "own.txt").write_text("ads.example\n")
    (desk.place / "blockfilter.toml").write_text(
        '[counts]\naddresses_per_device = 2\n[blocked]\nanswer = "nodata"\n'
        '[[list]]\nfile = "own.txt"\nmode = "monitor"\n'
        '[help]\nname = "Our Line"\nphone = "0800 1234"\nweb = "help.example"\n'
    )
    text = promise("--config", "blockfilter.toml")
    assert "IPv6 is counted, with 2 addresses for a device" in text
    assert "answered as a name without an address" in text
    assert "1 list is only watched" in text
    assert "Our Line: call 0800 1234 or see help.example" in text


def test_what_the_running_server_says_of_its_memory_is_believed(promise, tmp_path):
    status = {"pid": os.getpid(), "runtime": {"ram_backed": False}}
    (tmp_path / "status.json").write_text(json.dumps(status))
    assert "The runtime directory is not in memory" in promise(state=tmp_path)


def test_a_configured_runtime_directory_is_looked_at(promise, tmp_path):
    runtime = tmp_path / "on-disk"
    runtime.mkdir()
    text = promise(env={"BLOCKFILTER_SERVER__RUNTIME": str(runtime)})
    assert "is not known here" not in text


def test_where_counting_is_off_nothing_is_kept(promise):
    text = promise(env={"BLOCKFILTER_COUNTS__ENABLED": "false"})
    assert "Nothing is recorded of it, and nothing is counted." in text


def test_the_page_needs_nothing_else(desk, tmp_path):
    ended = desk.run("privacy", "--format", "html", "--state", tmp_path)
    page = Page(ended.stdout)
    assert page.loads() == []
    assert page.count("script") == 0
    assert page.count("h1") == 1
    assert desk.run("privacy", "--state", tmp_path).stdout.startswith("# This organisation: ")


def test_a_simulated_state_says_so(promise, tmp_path):
    books.a_year(tmp_path, simulated=True)
    text = promise(state=tmp_path)
    assert "Simulated. These figures were made up" in text
    assert "berlin" not in text.partition("What this protects")[2]


def test_a_damaged_ledger_is_told_and_no_promise_is_made(desk, tmp_path):
    (tmp_path / "counts.db").write_bytes(b"no database" * 100)
    ended = desk.run("privacy", "--state", tmp_path, code=1)
    assert ended.stdout == ""
    assert "counts.db" in ended.stderr


def test_a_state_that_is_not_there_is_not_made(promise, tmp_path):
    promise(state=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_state_that_cannot_be_read_is_told(desk, tmp_path):
    state = tmp_path / ("long" * 100)  # an error that root has, too
    ended = desk.run("privacy", "--state", state, code=1)
    assert f"{state}: cannot be read (File name too long); run this as its owner" in ended.stderr
    assert ended.stdout == ""
