"""Keeping the list, from an empty catalogue to a roll-back: two people, their keys, a server.

Every command is the one a person types, in a process of its own; the server is asked over a socket.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.story.test_blocked import blocked
from tests.world import ROOT, Server, World, environ, wait_until

REASON = ("--reason", "seen the same")
SITE = (
    *("--site", "Example Ads", "--category", "escort-ads", "--criterion", "lists escorts by city"),
    *("--evidence", "front page seen on 2026-11-20", "--source", "own research"),
    *("--licence", "facts"),
)
# Seconds within which a running server has a release: a tenth of one where nothing else runs, and the
# promise of one second with room for a machine that has other work.
IN_FORCE = 5.0


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        return json.loads(self.out)


class Keepers:
    """Two maintainers of one catalogue, at their command line."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.catalog = place / "own"
        self._environ = environ(place, {})

    def __call__(self, *words: str, who: str = "", code: int = 0) -> Done:
        command = [sys.executable, "-m", "blockfilter", "list", *words]
        if "--catalog" not in words and words[0] != "keygen":
            command += ["--catalog", str(self.catalog)]
        if who:
            command += ["--as", who]
            if (key := self.place / f"{who}.key").exists():
                command += ["--key", str(key)]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        done = Done(ended.returncode, ended.stdout, ended.stderr)
        assert done.code == code, (words, done)
        assert "Traceback" not in done.err
        return done

    def enrol(self, who: str, by: str = "") -> None:
        self("keygen", "--key", str(self.place / f"{who}.key"))
        public = str(self.place / f"{who}.key.pub")
        self("maintainer", "add", who, "--public", public, who=by or who)


@pytest.fixture(scope="module")
def keepers(tmp_path_factory: pytest.TempPathFactory) -> Keepers:
    return Keepers(tmp_path_factory.mktemp("keep"))


@pytest.fixture(scope="module")
def served(world: World, keepers: Keepers) -> Iterator[Server]:
    keepers("propose", "unrelated.example", *SITE[2:], "--site", "Unrelated", who="ada")
    with world.server("--catalog", str(keepers.catalog)) as server:
        yield server


def takes_effect(server: Server, name: str, *, is_blocked: bool) -> float:
    """Seconds until the server says so."""
    began = time.monotonic()
    wait_until(lambda: blocked(server.ask(name)) is is_blocked, "another answer")
    return time.monotonic() - began


def test_the_story_of_an_entry(keepers: Keepers, served: Server) -> None:
    assert not blocked(served.ask("www.ads.example"))
    # Two people make keys; from then on everything is signed.
    keepers.enrol("ada")
    keepers.enrol("ben", by="ada")
    proposed = keepers("propose", "ads.example", *SITE, "--json", who="ada")
    id_ = proposed.facts["entry"]["id"]
    assert proposed.facts["unsigned"] is False
    assert keepers("show", "www.ads.example", "--json").facts["entries"][0]["id"] == id_
    # The second person must be another one.
    refused = keepers("approve", id_, *REASON, who="ada", code=3)
    assert "second person" in refused.err
    keepers("release", who="ben", code=3)  # nothing is approved yet
    keepers("approve", id_, *REASON, who="ben")
    first = keepers("release", "--notes", "the first", "--json", who="ben").facts["release"]
    assert takes_effect(served, "www.ads.example", is_blocked=True) < IN_FORCE
    # A dispute is watched only, at once.
    keepers("dispute", id_, "--reason", "blocks a clinic", who="ada")
    assert takes_effect(served, "www.ads.example", is_blocked=False) < IN_FORCE
    keepers("activate", id_, "--reason", "it was another site", who="ben")
    assert takes_effect(served, "www.ads.example", is_blocked=True) < IN_FORCE
    # One site more, and back.
    other = keepers("propose", "more.example", *SITE[2:], "--site", "More", "--json", who="ben")
    keepers("approve", other.facts["entry"]["id"], *REASON, who="ada")
    keepers("release", who="ada")
    assert takes_effect(served, "more.example", is_blocked=True) < IN_FORCE
    keepers("rollback", str(first["serial"]), "--reason", "too early", who="ada")
    assert takes_effect(served, "more.example", is_blocked=False) < IN_FORCE
    assert blocked(served.ask("ads.example"))
    assert keepers("verify", "--json").facts["findings"] == []


def test_one_octet_of_the_journal_is_missed(keepers: Keepers, served: Server) -> None:
    journal = keepers.catalog / "journal.jsonl"
    octets = journal.read_bytes()
    lines = octets.splitlines(keepends=True)
    try:
        changed = lines[5].replace(b'"why":"', b'"why":" ', 1)
        assert changed != lines[5]
        journal.write_bytes(b"".join([*lines[:5], changed, *lines[6:]]))
        found = keepers("verify", "--json", code=1).facts["findings"]
        assert "line 6" in found[0]["place"]
    finally:
        journal.write_bytes(octets)
    keepers("verify")


def test_an_exception_is_in_force_at_once_and_ends_by_itself(
    keepers: Keepers, served: Server
) -> None:
    assert takes_effect(served, "www.ads.example", is_blocked=True) < IN_FORCE
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6))
    keepers("allow", "ads.example", "--until", until, "--reason", "a ticket", who="ada")
    assert takes_effect(served, "www.ads.example", is_blocked=False) < IN_FORCE
    assert takes_effect(served, "www.ads.example", is_blocked=True) < 8


def test_without_keys_names_are_believed_and_every_output_says_so(tmp_path: Path) -> None:
    keepers = Keepers(tmp_path)
    proposed = keepers("propose", "ads.example", *SITE, who="ada")
    assert "unsigned" in proposed.out
    assert "second person" in keepers("approve", "example-ads", *REASON, who="ada", code=3).err
    changing: tuple[tuple[str, ...], ...] = (("approve", "example-ads", *REASON), ("release",))
    for words in changing:
        assert "unsigned" in keepers(*words, who="ben").out
    for words in (("show", "ads.example"), ("log",), ("stats",), ("releases",), ("verify",)):
        assert "unsigned" in keepers(*words).out
    assert keepers("stats", "--json").facts["unsigned"] is True


def typed(block: str) -> Iterator[tuple[str, int]]:
    """The lines of the README's shell, each whole, with the exit code that its comment tells."""
    for line in block.replace("\\\n", " ").splitlines():
        command, _, comment = line.partition("  #")
        code = re.search(r"exit code (\d)", comment)
        yield command.strip(), int(code[1]) if code else 0


def test_the_chapter_of_the_readme_is_what_a_person_can_type(tmp_path: Path) -> None:
    _, _, chapter = (ROOT / "README.md").read_text("utf-8").partition("\n## Keep the list\n")
    blocks = re.findall(r"```sh\n(.*?)```", chapter.partition("\n## ")[0], re.DOTALL)
    told = ["set -eu"]
    for command, code in (one for block in blocks for one in typed(block)):
        if command.startswith("bf()"):
            command = f'bf() {{ {shlex.quote(sys.executable)} -m blockfilter "$@"; }}'
        elif command.startswith("bf serve"):
            continue  # asked in the stories above
        elif command.startswith("minisign") and not shutil.which("minisign"):
            continue
        if code:
            command = f"if {command}; then exit 99; else test $? = {code}; fi"
        told.append(command)
    ended = subprocess.run(
        ["bash", "-c", "\n".join(told)],
        cwd=tmp_path,
        env=environ(tmp_path, {}),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended
    assert ended.stderr.count("needs a second person") == 1
    assert "verified: " in ended.stdout
    assert (tmp_path / "own/releases/3.json.minisig").is_file()


def test_two_branches_that_add_different_entries_merge(tmp_path: Path) -> None:
    keepers = Keepers(tmp_path)
    keepers("propose", "first.example", *SITE[2:], "--site", "First", who="ada")

    def git(*words: str) -> None:
        identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
        subprocess.run(
            ["git", *identity, *words], cwd=keepers.catalog, check=True, capture_output=True
        )

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "other")
    keepers("propose", "second.example", *SITE[2:], "--site", "Second", who="ada")
    git("add", "-A")
    git("commit", "-qm", "two")
    git("checkout", "-q", "main")
    keepers("propose", "third.example", *SITE[2:], "--site", "Third", who="ben")
    git("add", "-A")
    git("commit", "-qm", "three")
    git("merge", "-q", "--no-edit", "other")
    keepers("verify")
    keepers("approve", "second", *REASON, who="ben")
    keepers("verify")
