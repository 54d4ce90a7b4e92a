"""People at the command line of `blockfilter list`, in a folder of their own.

    desk("propose", "ads.example", *SITE, who="ada")

Every command gets `--catalog own` unless it names a catalogue, or takes none.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from blockfilter.catalog import store
from blockfilter.cli import main

SITE = (
    *("--site", "Example Ads", "--category", "escort-ads", "--criterion", "lists escorts by city"),
    *("--evidence", "front page seen on 2026-11-20", "--source", "own research"),
    *("--licence", "facts"),
)
REASON = ("--reason", "seen the same")
UNSIGNED = "unsigned: no maintainer of this catalogue has a key, so names are believed"
KEPT = {  # variables of whoever runs the tests that would change what they see
    "BLOCKFILTER_CATALOG": None,
    "BLOCKFILTER_MAINTAINER": None,
    "BLOCKFILTER_KEY": None,
    "BLOCKFILTER_KEY_PASSWORD": None,
}


class Desk:
    """Runs commands in this process; the folder is the working directory (see `conftest`)."""

    def __init__(self, place: Path, copies: Path) -> None:
        self.place = place
        self.catalog = place / "own"
        self._copies = copies

    def __call__(
        self,
        *words: object,
        who: str = "",
        code: int = 0,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        command = ["list", *map(str, words)]
        if "--catalog" not in command and words[0] != "keygen":
            command += ["--catalog", "own"]
        if who:
            command += ["--as", who]
            if Path(f"{who}.key").exists():
                command += ["--key", f"{who}.key"]
        return self.run(*command, code=code, stdin=stdin, env=env)

    def run(
        self,
        *words: object,
        code: int = 0,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Any command of blockfilter."""
        ended = CliRunner().invoke(
            main,
            list(map(str, words)),
            input=stdin,
            env=KEPT | dict(env or {}),
            prog_name="blockfilter",
        )
        crashed = ended.exception if not isinstance(ended.exception, SystemExit) else None
        assert crashed is None, (words, crashed)
        assert ended.exit_code == code, (words, ended.output)
        return ended

    def facts(self, *words: object, who: str = "", code: int = 0, **more: Any) -> Any:
        """What it says with --json, which is one object."""
        ended = self(*words, "--json", who=who, code=code, **more)
        (line,) = ended.stdout.splitlines()
        return json.loads(line)

    def refusal(self, *words: object, code: int, who: str = "", **more: Any) -> str:
        """What it says on stderr, having printed nothing: a line a mistake; 2 comes with usage."""
        ended = self(*words, who=who, code=code, **more)
        assert ended.stdout == ""
        lines = ended.stderr.splitlines()
        if code == 2:
            assert lines[0].startswith("Usage: blockfilter list"), lines
            assert lines[-1].startswith("Error: ")
            return lines[-1].removeprefix("Error: ")
        assert all(line.startswith("blockfilter: ") for line in lines), lines
        return "\n".join(line.removeprefix("blockfilter: ") for line in lines)

    def proposed(self, title: str = "Example Ads", *names: str) -> str:
        """A dossier by ada; its id."""
        return self._begun("proposed", title, *names)

    def approved(self, title: str = "Example Ads", *names: str) -> str:
        """A dossier by ada, approved by ben; its id."""
        return self._begun("approved", title, *names)

    def released(self, title: str = "Example Ads", *names: str) -> str:
        """A dossier in force; its id."""
        return self._begun("released", title, *names)

    def _begun(self, state: str, title: str, *names: str) -> str:
        """A dossier; where it is the first of a catalogue, a copy of what was made before."""
        copy = self._copies / f"{state}-{hash((title, names))}"
        first = not self.catalog.exists()
        if first and copy.exists():
            shutil.copytree(copy, self.catalog)
            return store.new_id(title, ())
        listed = names or ("ads.example",)
        made = self.facts("propose", *listed, *SITE, "--site", title, who="ada")
        id_: str = made["entry"]["id"]
        if state != "proposed":
            self("approve", id_, *REASON, who="ben")
        if state == "released":
            self("release", "--notes", f"with {id_}", who="ben")
        if first:
            shutil.copytree(self.catalog, copy)
        return id_
