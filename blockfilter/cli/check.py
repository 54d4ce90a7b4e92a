"""`blockfilter check`: load the policy that is in force for these settings, explain, print."""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from blockfilter.errors import FormatError, ListError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from blockfilter.catalog.snapshots import Inputs
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
@click.option(
    "--catalog",
    envvar="BLOCKFILTER_CATALOG",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Use this curated catalogue (env BLOCKFILTER_CATALOG).  [default: the one that comes with "
    "blockfilter]",
)
@click.option(
    "--draft",
    is_flag=True,
    help="Decide as the next release would if everything proposed were approved.",
)
@click.option(
    "--trace",
    is_flag=True,
    help="Show every rule met, in the order of precedence, and the release that brought it.",
)
@click.option("--state", metavar="DIR", help="State directory, for the compiled policy.")
def check(
    names: tuple[str, ...],
    from_stdin: bool,
    as_json: bool,
    config_file: Path | None,
    list_files: tuple[str, ...],
    catalog: Path | None,
    draft: bool,
    trace: bool,
    state: str | None,
) -> None:
    """Say what would happen to names, and why: rule, list, site, category and release.

    Nothing is asked over the network and nothing is recorded. Case and a final dot do not matter.
    Exit code 2 if one of the names is none; the others are decided all the same.

    \b
    Examples:
      blockfilter check backpage.com www.rubmaps.net
      blockfilter check --list own.txt --json example.com
      blockfilter check --catalog own --draft example.com
      blockfilter check --trace www.rubmaps.net
      blockfilter check --stdin < names.txt
    """
    if bool(names) == from_stdin:
        raise click.UsageError("Give names or --stdin, one of the two.")
    from blockfilter.cli import policies

    settings = _settings(config_file, catalog, state)
    inputs = _inputs(settings, list_files)
    with ExitStack() as until_mapped:
        meant = _drafted(inputs, until_mapped) if draft else inputs
        policy = policies.opened(meant, settings.server.state, _warn)
    asked = _lines() if from_stdin else enumerate(names, 1)
    told = _Told(inputs if trace else None, as_json=as_json, draft=draft)
    sys.exit(_answer(policy, asked, told))


def _settings(config_file: Path | None, catalog: Path | None, state: str | None) -> "Settings":
    """As serve would have them, with the options on top."""
    from blockfilter.config.load import read

    given = {"catalog.folder": str(catalog.absolute()) if catalog else None, "server.state": state}
    overrides = {key: value for key, value in given.items() if value}
    loaded = read(config_file, overrides, os.environ)
    for warning in loaded.warnings:
        _warn(warning)
    return loaded.settings


def _inputs(settings: "Settings", list_files: tuple[str, ...]) -> "Inputs":
    """As serve has them, for the snapshot to be the same; the options need no validation."""
    from blockfilter.catalog import store
    from blockfilter.catalog.snapshots import Inputs, OwnList
    from blockfilter.policy.rule import Mode

    try:
        given = [Path.cwd() / Path(file).expanduser() for file in list_files]
    except RuntimeError as error:
        raise click.UsageError(f"--list: {error} Write the path out.") from error
    configured = [OwnList(str(one.file), Mode(one.mode)) for one in settings.list]
    curated = [settings.catalog.folder or store.shipped()] if settings.policy.curated else []
    local = [settings.catalog.local] if settings.catalog.local else []
    return Inputs(
        catalogs=tuple(map(str, (*curated, *local))),
        lists=(*configured, *(OwnList(str(path), Mode.ENFORCE) for path in given)),
        allow=settings.policy.allow,
        curated=settings.policy.curated,
    )


def _drafted(inputs: "Inputs", until_mapped: ExitStack) -> "Inputs":
    """The same with the next release of each catalogue in the place of the one in force."""
    from blockfilter.catalog import store, suffixes
    from blockfilter.cli import policies

    wide = suffixes.read(suffixes.suffix_file()).icann
    for one in inputs.catalogs:
        if not (Path(one) / store.TAXONOMY_FILE).is_file():
            raise ListError(f"{one}: is no catalogue; name a folder that is one")
    drafts = [policies.drafted(Path(one), wide, until_mapped) for one in inputs.catalogs]
    return inputs._replace(catalogs=tuple(map(str, drafts)))


def _lines() -> "Iterator[tuple[int, str]]":
    lines = (line.decode("utf-8", "replace").strip() for line in sys.stdin.buffer)
    return ((place, line) for place, line in enumerate(lines, 1) if line)


class _Told(NamedTuple):
    """What is told of a name besides the decision, and how."""

    traced: "Inputs | None"
    as_json: bool
    draft: bool


def _answer(policy: "Policy", asked: "Iterable[tuple[int, str]]", told: _Told) -> int:
    """Print the decisions in the order of the questions, which have their places; the exit code."""
    from blockfilter.message import name as names

    code = 0
    for place, text in asked:
        try:
            name = names.from_text(text)
        except FormatError as error:
            wrong = f"blockfilter: number {place}, {json.dumps(text)}, is no name: {error}"
            click.echo(wrong, err=True)
            code = NOT_A_NAME
            continue
        facts: dict[str, object] = {"name": names.to_text(name), **policy.explain(name)._asdict()}
        facts["release"] = policy.snapshot.release
        met = []
        if told.traced is not None:
            from blockfilter.catalog import trace

            met = [one._asdict() for one in trace.rules(policy, name, told.traced)]
            facts["trace"] = met
        if told.as_json:
            click.echo(json.dumps(facts))
        else:
            click.echo("\n".join([_in_words(facts, draft=told.draft), *map(_met, met)]))
    return code


def _in_words(facts: "Mapping[str, object]", *, draft: bool) -> str:
    verdict = "blocked" if facts["blocked"] else "not blocked"
    first = f"{facts['name']}: {verdict}, {facts['why']}"
    if facts["rule"] is None:
        return first
    source = ", ".join(f"{key} {facts[key]}" for key in ("list", "site", "category") if facts[key])
    release = f"{'draft of ' if draft else ''}release {facts['release']}"
    return f"{first}\n  rule: {facts['rule']} ({source}, {release})"


def _met(rule: "Mapping[str, object]") -> str:
    """A rule of a trace: its place in the order of precedence, and where it comes from."""
    site = f", site {rule['site']}" if rule["site"] else ""
    since = f", since release {rule['since']}" if rule["since"] else ""
    return (
        f"  {rule['place']}. {rule['action']} ({rule['mode']}) {rule['rule']}: "
        f"list {rule['list']}{site}, category {rule['category']}{since}"
    )


def _warn(warning: str) -> None:
    click.echo(f"blockfilter: warning: {warning}", err=True)
