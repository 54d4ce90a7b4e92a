"""`blockfilter check`: load the policy that is in force for these settings, explain, print."""

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.errors import FormatError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from blockfilter.catalog.snapshots import Compiled, Inputs
    from blockfilter.config.settings import Settings
    from blockfilter.policy.decide import Policy

NOT_A_NAME = 2


@click.command(short_help="Say what would happen to names, and why.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read names from standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file; without it the one that serve would read.",
)
@click.option(
    "--list",
    "list_files",
    multiple=True,
    metavar="FILE",
    help="Block what this file lists, too; may be repeated.",
)
@click.option("--state", metavar="DIR", help="State directory, for the compiled policy.")
def check(
    names: tuple[str, ...],
    from_stdin: bool,
    as_json: bool,
    config_file: Path | None,
    list_files: tuple[str, ...],
    state: str | None,
) -> None:
    """Say what would happen to names, and why: rule, list, site, category and release.

    Nothing is asked over the network and nothing is recorded. Case and a final dot do not matter.
    Exit code 2 if one of the names is none; the others are decided all the same.

    \b
    Examples:
      blockfilter check backpage.com www.rubmaps.net
      blockfilter check --list own.txt --json example.com
      blockfilter check --stdin < names.txt
    """
    if bool(names) == from_stdin:
        raise click.UsageError("Give names or --stdin, one of the two.")
    policy = _policy(config_file, list_files, state)
    sys.exit(_answer(policy, _lines() if from_stdin else enumerate(names, 1), as_json=as_json))


def _policy(config_file: Path | None, list_files: tuple[str, ...], state: str | None) -> "Policy":
    """The policy that serve would load, compiled if it is not there yet."""
    import mmap

    from blockfilter.config.load import read
    from blockfilter.policy.decide import Policy
    from blockfilter.policy.snapshot import Snapshot

    loaded = read(config_file, {}, os.environ)
    _warn(loaded.warnings)
    with ExitStack() as until_mapped:
        compiled = _compiled(loaded.settings, list_files, state, until_mapped)
        _warn(compiled.report.sentences())
        with compiled.path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Policy(Snapshot(memoryview(mapped)))


def _compiled(
    settings: "Settings", list_files: tuple[str, ...], state: str | None, until_mapped: ExitStack
) -> "Compiled":
    from blockfilter.catalog import snapshots
    from blockfilter.config.directories import state_directory

    inputs = _inputs(settings, list_files)
    place = Path(state) if state is not None else settings.server.state
    try:
        return snapshots.current(inputs, state_directory(place, os.environ))
    except StateError:  # another user's, or a full disk: what is asked needs no state
        temporary = until_mapped.enter_context(tempfile.TemporaryDirectory(prefix="blockfilter-"))
        return snapshots.current(inputs, Path(temporary))


def _inputs(settings: "Settings", list_files: tuple[str, ...]) -> "Inputs":
    """As serve has them, for the snapshot to be the same; the options need no validation."""
    from blockfilter.catalog.snapshots import Inputs, OwnList
    from blockfilter.policy.rule import Mode

    try:
        given = [Path.cwd() / Path(file).expanduser() for file in list_files]
    except RuntimeError as error:
        raise click.UsageError(f"--list: {error} Write the path out.") from error
    configured = [OwnList(str(one.file), Mode(one.mode)) for one in settings.list]
    return Inputs(
        curated=settings.policy.curated,
        lists=(*configured, *(OwnList(str(path), Mode.ENFORCE) for path in given)),
        allow=settings.policy.allow,
    )


def _lines() -> "Iterator[tuple[int, str]]":
    lines = (line.decode("utf-8", "replace").strip() for line in sys.stdin.buffer)
    return ((place, line) for place, line in enumerate(lines, 1) if line)


def _answer(policy: "Policy", asked: "Iterable[tuple[int, str]]", *, as_json: bool) -> int:
    """Print the decisions in the order of the questions, which have their places; the exit code."""
    from blockfilter.message import name as names

    code = 0
    for place, text in asked:
        try:
            name = names.from_text(text)
        except FormatError as error:
            told = f"blockfilter: number {place}, {json.dumps(text)}, is no name: {error}"
            click.echo(told, err=True)
            code = NOT_A_NAME
            continue
        facts = {"name": names.to_text(name), **policy.explain(name)._asdict()}
        facts["release"] = policy.snapshot.release
        click.echo(json.dumps(facts) if as_json else _in_words(facts))
    return code


def _in_words(facts: "Mapping[str, object]") -> str:
    verdict = "blocked" if facts["blocked"] else "not blocked"
    first = f"{facts['name']}: {verdict}, {facts['why']}"
    if facts["rule"] is None:
        return first
    source = ", ".join(f"{key} {facts[key]}" for key in ("list", "site", "category") if facts[key])
    return f"{first}\n  rule: {facts['rule']} ({source}, release {facts['release']})"


def _warn(warnings: "Iterable[str]") -> None:
    for warning in warnings:
        click.echo(f"blockfilter: warning: {warning}", err=True)
