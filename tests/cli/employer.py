"""Somebody at the command line of `blockfilter programme`, with a state directory of their own.

employer("record", "--kind", "event", "--people", 5, "--date", "2026-03-02")
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from blockfilter.cli import main
from blockfilter.config import load as loading

BEGUN = ("--name", "Example Corp", "--headcount", "1200", "--date", "2026-01-01")


def today() -> date:
    """As a command sees it, on a machine of this machine's zone."""
    return datetime.now(UTC).astimezone().date()


def tomorrow() -> date:
    return today() + timedelta(days=1)


class Employer:
    """Runs commands in this process, as ada."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.state = home / "state/blockfilter"
        monkeypatch.chdir(home)
        monkeypatch.setattr(loading, "SYSTEM_FILE", home / "none.toml")
        self._environ: dict[str, str | None] = {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": "",
            "STATE_DIRECTORY": None,
            "BLOCKFILTER_MAINTAINER": "ada",
        }

    def __call__(
        self,
        *words: object,
        who: str = "",
        code: int = 0,
        stdin: str | bytes | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        command = ["programme", *map(str, words)]
        ended = CliRunner().invoke(
            main,
            [*command, "--as", who] if who else command,
            input=stdin,
            env={**self._environ, **(env or {})},
            prog_name="blockfilter",
        )
        crashed = ended.exception if not isinstance(ended.exception, SystemExit) else None
        assert crashed is None, (words, crashed)
        assert ended.exit_code == code, (words, ended.output)
        return ended

    def facts(self, *words: object, **more: Any) -> Any:
        """What it says with --json."""
        return json.loads(self(*words, "--json", **more).stdout)

    def lines(self, *words: object, **more: Any) -> list[str]:
        """What it prints."""
        return self(*words, **more).stdout.splitlines()

    def refusal(self, *words: object, code: int, **more: Any) -> str:
        """What it says on stderr, having printed nothing: a line a mistake; 2 comes with usage."""
        ended = self(*words, code=code, **more)
        assert ended.stdout == ""
        lines = ended.stderr.splitlines()
        if code == 2:
            assert lines[0].startswith("Usage: blockfilter programme"), lines
            at = next(n for n, line in enumerate(lines) if line.startswith("Error: "))
            return "\n".join(lines[at:]).removeprefix("Error: ")
        assert all(line.startswith("blockfilter: ") for line in lines), lines
        return "\n".join(line.removeprefix("blockfilter: ") for line in lines)

    def counting_begins(self) -> None:
        """As a server does that has a headcount: there are counts from then on."""
        (self.state / "counts.db").touch()
