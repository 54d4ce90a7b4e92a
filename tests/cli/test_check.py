"""`blockfilter check`: what a person and a script see, and what it does without."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from blockfilter.catalog import snapshots, store
from blockfilter.catalog.snapshots import Inputs, OwnList
from blockfilter.cli.check import _inputs
from blockfilter.config.load import load, read
from blockfilter.daemon import assembly
from blockfilter.policy.rule import Mode

KEYS = ["name", "blocked", "mode", "rule", "list", "site", "category", "why", "release"]
HEAVY = ("pydantic", "tldextract", "sqlite_utils", "apscheduler", "asyncio")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One state directory for the file: the curated list is compiled once."""
    home = tmp_path_factory.mktemp("home")
    snapshots.current(
        Inputs((str(store.shipped()),), lists=(), allow=()), home / "state/blockfilter"
    )
    return home


@pytest.fixture
def run(home, tmp_path):
    def run(*arguments, code=0, python=("-m", "blockfilter"), **more):
        environ = {k: v for k, v in snapshots.environment().items() if "BLOCKFILTER" not in k}
        options: dict[str, Any] = {"text": True, "input": ""} | more
        ended = subprocess.run(
            [sys.executable, *python, "check", *map(str, arguments)],
            env=environ | {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")},
            cwd=tmp_path,
            capture_output=True,
            check=False,
            **options,
        )
        assert ended.returncode == code, ended.stderr
        return ended

    return run


def objects(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_a_blocked_name_is_explained_in_json(run):
    (found,) = objects(run("--json", "WWW.RubMaps.NET."))
    assert list(found) == KEYS
    assert found["release"] == "1"
    del found["release"]
    assert found == {
        "name": "www.rubmaps.net",
        "blocked": True,
        "mode": "enforced",
        "rule": "rubmaps under any public suffix",
        "list": "curated",
        "site": "rubmaps",
        "category": "massage-ads",
        "why": "on the list",
    }


def test_what_does_not_apply_is_null(run):
    (found,) = objects(run("--json", "example.com"))
    assert list(found) == KEYS
    assert found["blocked"] is False
    assert [found[key] for key in KEYS[2:7]] == [None] * 5


def test_a_monitored_name_is_not_blocked(run):
    (found,) = objects(run("--json", "sfbay.craigslist.org"))
    assert (found["blocked"], found["mode"], found["site"]) == (False, "monitored", "craigslist")


def test_names_are_decided_in_the_order_of_the_input(run):
    names = ["b.example", "backpage.com", "A.example."]
    expected = ["b.example", "backpage.com", "a.example"]
    assert [one["name"] for one in objects(run("--json", *names))] == expected
    ended = run("--stdin", "--json", input="\n".join(names) + "\n\n")
    assert [one["name"] for one in objects(ended)] == expected


def test_what_is_no_name_is_an_error_and_the_others_are_decided(run):
    ended = run("--json", "a..b", "backpage.com", "x" * 64, code=2)
    assert [one["name"] for one in objects(ended)] == ["backpage.com"]
    first, second = ended.stderr.splitlines()
    assert first.startswith('blockfilter: number 1, "a..b", is no name: a label holds')
    assert second.startswith(f'blockfilter: number 3, "{"x" * 64}", is no name: ')
    ended = run("--stdin", "--json", input=b"\xff\xfe.example\nbackpage.com\n".decode("latin-1"))
    assert len(objects(ended)) == 2


def test_standard_input_that_is_not_utf8_is_no_name(run):
    ended = run("--stdin", text=False, input=b"\xff\xfe.example\nbackpage.com\n", code=2)
    assert ended.stdout.startswith(b"backpage.com: blocked")
    assert b"number 1, " in ended.stderr


def test_on_standard_input_a_name_is_counted_by_its_line(run):
    ended = run("--stdin", "--json", input="backpage.com\n\n  a..b \n", code=2)
    assert 'number 3, "a..b", is no name' in ended.stderr


def test_text_says_what_would_happen_and_why(run):
    lines = run("backpage.com", "example.com", "rainn.org").stdout.splitlines()
    assert lines[0] == "backpage.com: blocked, on the list"
    assert lines[1].startswith("  rule: backpage.com and all below (list curated, site backpage")
    assert lines[2] == "example.com: not blocked, on no list"
    assert lines[3] == "rainn.org: not blocked, protected: no list may block it"


def test_a_list_of_ones_own_is_added_and_its_wrong_lines_are_told(run, tmp_path):
    (tmp_path / "own.txt").write_text("a.example\nco.uk\n")
    ended = run("--list", "own.txt", "--json", "www.a.example")
    (found,) = objects(ended)
    assert (found["blocked"], found["category"], found["site"]) == (True, "other", None)
    assert found["list"] == str(tmp_path / "own.txt")
    assert "1 line was refused and skipped (line 2: a public suffix" in ended.stderr


def test_a_list_that_is_none_is_an_error(run, tmp_path):
    (tmp_path / "page.html").write_text("<!doctype html>")
    ended = run("--list", "page.html", "--list", "none.txt", "a.example", code=1)
    assert "is a web page" in ended.stderr
    assert "none.txt: cannot be read" in ended.stderr
    assert ended.stdout == ""


def test_a_home_that_nobody_has_is_wrong_use(run):
    ended = run("--list", "~nobody-of-that-name/own.txt", "a.example", code=2)
    assert "Write the path out." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("given", ["own.txt", "./own.txt", "sub/../own.txt", "~/own.txt"])
def test_its_lists_are_those_serve_has_for_the_same_options(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.txt").write_text("a.example\n")
    (tmp_path / "sub").mkdir()
    config = tmp_path / "blockfilter.toml"
    config.write_text('[policy]\nallow = ["X.example"]\n[[list]]\nfile = "mine.txt"\n')
    served = load(config, {"list": [{"file": given}]}, {})
    assert _inputs(read(config, {}, {}).settings, (given,)) == assembly.inputs(served)


def test_the_configuration_counts(run, tmp_path):
    (tmp_path / "own.txt").write_text("a.example\n")
    (tmp_path / "blockfilter.toml").write_text(
        '[policy]\ncurated = false\nallow = ["x.a.example"]\n'
        '[[list]]\nfile = "own.txt"\nmode = "monitor"\n'
    )
    found = objects(
        run("--config", "blockfilter.toml", "--json", "a.example", "x.a.example", "backpage.com")
    )
    assert [one["mode"] for one in found] == ["monitored", None, None]
    assert found[1]["list"] == "local-allow"


def test_the_snapshot_is_the_one_that_serve_uses(run, tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("a.example\n")
    run("--list", "own.txt", "--state", tmp_path / "state", "a.example")
    made = list((tmp_path / "state/policy").glob("*.snapshot"))
    inputs = Inputs((str(store.shipped()),), (OwnList(str(own), Mode.ENFORCE),), ())
    assert [path.stem for path in made] == [snapshots.digest(inputs, datetime.now(UTC)).hex()]


def test_a_state_directory_that_cannot_be_written_is_done_without(run, tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "temporary"
    place.mkdir()
    environ = snapshots.environment() | {"TMPDIR": str(place)}
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "blockfilter",
            "check",
            "--state",
            tmp_path / "file",
            "backpage.com",
        ],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout.partition("\n")[0]) == (
        0,
        "backpage.com: blocked, on the list",
    )
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("--stdin", "a.example")])
def test_names_come_from_one_place(run, arguments):
    assert "Give names or --stdin" in run(*arguments, code=2).stderr


def test_what_it_does_not_need_it_does_not_import(run):
    code = (
        "import sys\nfrom blockfilter.cli import main\n"
        "main(['check', 'backpage.com'], standalone_mode=False, prog_name='x')"
    )
    told = f"\nfinally:\n print([m for m in {HEAVY!r} if m in sys.modules])"
    wrapped = code.replace("main([", "try:\n main([") + told
    ended = run(python=("-c", wrapped), code=0)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_with_a_snapshot_it_answers_in_under_a_third_of_a_second(run):
    best = 60.0
    for _ in range(5):
        began = os.times()
        run("backpage.com")
        ended = os.times()
        spent = ended.children_user + ended.children_system
        best = min(best, spent - began.children_user - began.children_system)
    assert best < 0.3
