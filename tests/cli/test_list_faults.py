"""Catalogues that are missing, broken or not one's own: one clear line each, and nothing changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blockfilter.catalog import snapshots, store
from tests.cli.keeping import REASON, SITE

LOOKING = [
    *(("show", "x"), ("find", "x"), ("stats",), ("log",), ("blame", "x.example"), ("diff",)),
    *(("lint",), ("verify",), ("releases",), ("subscriptions",), ("refresh",)),
    ("maintainer", "list"),
]
CHANGING = [
    *((what, "x", *REASON) for what in ("approve", "reject", "activate", "dispute", "retire")),
    *(("edit", "x", "--note", "y"), ("release",), ("rollback", "1"), ("refresh", "--resume")),
    ("disallow", "x.example", *REASON),
    ("maintainer", "remove", "ada", *REASON),
]
PROPOSE = ("propose", "b.example", *SITE, "--site", "B")


@pytest.mark.parametrize("command", [*LOOKING, *CHANGING], ids=" ".join)
def test_a_catalogue_that_is_not_there_is_told_and_not_made(desk, command):
    told = desk.refusal(*command, code=1)
    assert told == (
        "own: is no catalogue (it has no taxonomy.toml); the first command that proposes or imports "
        "something makes one"
    )
    assert not desk.catalog.exists()


def test_a_catalogue_that_is_not_there_is_made_by_the_first_act(desk):
    ended = desk("allow", "clinic.example", "--until", "2d", *REASON, who="ada")
    assert ended.stderr == "blockfilter: made the catalogue own\n"
    assert (desk.catalog / "taxonomy.toml").read_bytes() == (
        store.shipped() / "taxonomy.toml"
    ).read_bytes()


def test_a_catalogue_that_lost_its_categories_is_not_given_others(desk):
    desk.proposed()
    (desk.catalog / "taxonomy.toml").unlink()
    told = desk.refusal(*PROPOSE, who="ada", code=1)
    assert told.startswith("own: has a journal and no taxonomy.toml; take that file back from")


def test_a_catalogue_that_is_a_file_is_wrong_use(desk):
    (desk.place / "own").touch()
    assert "Directory 'own' is a file" in desk.refusal("stats", code=2)


@pytest.mark.parametrize(
    "command", [("show", "x"), ("find", "x"), ("stats",), ("diff",), ("lint",), PROPOSE], ids=str
)
def test_a_broken_file_is_named(desk, command):
    desk.released()
    file = desk.catalog / "sites/example-ads.toml"
    file.write_text(file.read_text() + "x = [\n")
    told = desk.refusal(*command, code=1)
    assert told.startswith("own/sites/example-ads.toml: is not TOML (")
    assert told.endswith("; correct that place")


def test_each_mistake_is_a_line(desk):
    desk.released()
    file = desk.catalog / "sites/example-ads.toml"
    file.write_text(file.read_text().replace("site =", "sitt =").replace('"active"', '"alive"'))
    lines = desk.refusal("stats", code=1).splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("own/sites/example-ads.toml: ") for line in lines)


@pytest.mark.parametrize(
    ("place", "octets", "command"),
    [
        ("journal.jsonl", b"{}\n", ("log",)),
        ("journal.jsonl", b"\xff\n", ("stats",)),
        ("releases/current", b"foo\n", ("releases",)),
        ("releases/1.json", b"{}", ("releases",)),
        ("standing.json", b"{", ("diff",)),
        ("maintainers.toml", b"[[maintainer]]\n", ("stats",)),
        ("taxonomy.toml", b"x", ("stats",)),
        ("allow.toml", b"[[allow]]\n", ("stats",)),
    ],
)
def test_whatever_is_broken_is_named(desk, place, octets, command):
    desk.released()
    (desk.catalog / place).write_bytes(octets)
    assert desk.refusal(*command, code=1).startswith(f"own/{place}: ")


def test_rules_that_are_gone_are_named(desk):
    (desk.place / "ads.txt").write_text("a.example.com\n")
    desk("import", "ads.txt", "--title", "Ads", who="ada")
    shutil.rmtree(desk.catalog / "rules")
    for command in (("show", "a.example.com"), ("blame", "a.example.com")):
        assert "take the file back from a copy or from git" in desk.refusal(*command, code=1)


def _capabilities() -> list[str]:
    """How to run a program that permissions count for, though it is root's."""
    drop = "--bounding-set=-dac_override,-dac_read_search"
    return ["setpriv", drop] if shutil.which("setpriv") else []


def test_a_folder_that_cannot_be_written_is_told(desk):
    desk.released()
    for path in (*desk.catalog.rglob("*"), desk.catalog):
        path.chmod(0o500 if path.is_dir() else 0o400)
    environ = {k: v for k, v in snapshots.environment().items() if "BLOCKFILTER" not in k}
    ended = subprocess.run(
        [
            *_capabilities(),
            *(sys.executable, "-m", "blockfilter", "list", *PROPOSE),
            *("--catalog", "own", "--as", "ada"),
        ],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    for path in (desk.catalog, *desk.catalog.rglob("*")):
        path.chmod(0o700)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "blockfilter: own: cannot be written (Permission denied); check its owner and the space "
        "left; nothing was changed\n"
    )


def test_the_installed_catalogue_is_not_written(desk, monkeypatch):
    desk.proposed()
    place = desk.place / "site-packages/blockfilter/lists"
    shutil.copytree(desk.catalog, place)
    monkeypatch.setattr(store, "shipped", lambda: place)
    ended = desk.run("list", *PROPOSE, "--as", "ada", code=3)
    assert "is replaced by the next update of blockfilter" in ended.stderr
    assert "--catalog DIR, and catalog.local in the configuration" in ended.stderr
    assert not list(Path(place).glob("sites/b.toml"))
