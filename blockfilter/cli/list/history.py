"""`blockfilter list log|blame|diff`: what happened, told from the journal and the releases."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.list import shared
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.changelog import Line

SHOWN = 50  # changed rules a person reads; JSON has them all
_NAMED = ("names", "exact", "site-names", "patterns")


@click.command(short_help="Who changed what, when and why.")
@click.argument("id_", required=False, metavar="[ID]")
@shared.catalog_option
def log(id_: str | None, catalog: Path | None, as_json: bool) -> None:
    """Show the journal, the oldest line first; with ID the lines of one entry.

    \b
    Examples:
      blockfilter list log
      blockfilter list log rubmaps --json
    """
    from blockfilter.catalog import changelog

    opened = shared.opened(catalog)
    found = [line for line in changelog.read(opened.path) if id_ in (None, line.id)]
    if id_ is not None and not found:
        raise ListError(f'the journal has nothing about "{id_}"')
    facts = {"lines": [_facts(line) for line in found]}
    shared.tell(opened, facts, [_told(line) for line in found], as_json=as_json)


@click.command(short_help="Who brought a name onto the list.")
@click.argument("name")
@shared.catalog_option
def blame(name: str, catalog: Path | None, as_json: bool) -> None:
    """Show who proposed, approved and released what speaks of a name, and why.

    \b
    Examples:
      blockfilter list blame rubmaps.com
      blockfilter list blame www.rubmaps.net --json
    """
    from blockfilter.catalog import changelog

    opened = shared.opened(catalog)
    entries = opened.read().by_name(name)
    if not entries:
        raise ListError(
            f'no entry speaks of "{name}"; check NAME --trace looks at imported lists, too'
        )
    lines = changelog.read(opened.path)
    found = [line for entry in entries for line in _brought(lines, entry.id)]
    facts = {"entries": [entry.id for entry in entries], "lines": [_facts(line) for line in found]}
    shared.tell(opened, facts, [_told(line) for line in found], as_json=as_json)


def _brought(lines: "Iterable[Line]", id_: str) -> "list[Line]":
    """The lines about an entry, and the release that followed each time it became active."""
    found, waiting = [], False
    for line in lines:
        if line.id == id_:
            found.append(line)
            waiting = waiting or line.what == "activate"
        elif waiting and line.what == "release":
            found.append(line)
            waiting = False
    return found


@click.command(short_help="What changed since a release.")
@click.argument("serial", required=False, type=click.IntRange(min=1))
@shared.catalog_option
def diff(serial: int | None, catalog: Path | None, as_json: bool) -> None:
    """Show what the next release would change; with SERIAL what changed since that release.

    \b
    Examples:
      blockfilter list diff
      blockfilter list diff 3 --json
    """
    from blockfilter.catalog import changes

    opened = shared.opened(catalog)
    found = changes.since(opened.path, opened.wide, serial, shared.now())
    facts = {
        "since": found.since,
        "lists": [
            {"id": one.id, "added": list(one.added), "removed": list(one.removed)}
            for one in found.lists
        ],
    }
    lines = []
    for one in found.lists:
        lines.append(f"{one.id}: {len(one.added)} added, {len(one.removed)} removed")
        shown = [*(f"  + {text}" for text in one.added), *(f"  - {text}" for text in one.removed)]
        lines += shown[:SHOWN]
        if len(shown) > SHOWN:
            lines.append(f"  … {len(shown) - SHOWN} more; --json has all of them")
    shared.tell(opened, facts, lines or ["nothing would change"], as_json=as_json)


def _facts(line: "Line") -> dict[str, object]:
    facts: dict[str, object] = {
        "line": line.number,
        "at": line.at,
        "by": line.by,
        "what": line.what,
        "id": line.id,
        "why": line.why,
        "signed": line.signature is not None,
    }
    return facts | {"entry": line.entry, "facts": dict(line.facts)}


def _told(line: "Line") -> str:
    about = f" {line.id}" if line.id else ""
    why = f": {line.why}" if line.why else ""
    return f"{line.at} {line.by} {line.what}{about}{why}{_more(line)}"


def _more(line: "Line") -> str:
    facts: Mapping[str, object] = line.facts
    if line.what in ("release", "rollback") and "serial" in facts:
        return f" (serial {facts['serial']})"
    if line.what in ("propose", "edit") and isinstance(line.entry, Mapping):
        listed = [str(text) for key in _NAMED for text in line.entry.get(key, ())]
        return f" ({', '.join(listed)})" if listed else ""
    return ""
