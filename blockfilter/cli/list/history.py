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
        raise ListError(
            f'the journal has nothing about "{id_}"; list blame NAME takes a name, and list find TEXT '
            "looks for an id"
        )
    facts = {"lines": [_facts(line) for line in found]}
    shared.tell(opened, facts, [_told(line) for line in found], as_json=as_json)


@click.command(short_help="Who brought a name onto the list.")
@click.argument("name")
@shared.catalog_option
def blame(name: str, catalog: Path | None, as_json: bool) -> None:
    """Show who proposed, approved and released what speaks of a name, and why.

    Imported lists are looked through, too. Each release follows what it brought into force.

    \b
    Examples:
      blockfilter list blame rubmaps.com
      blockfilter list blame www.rubmaps.net --json
    """
    from blockfilter.catalog import changelog, mentions

    opened = shared.opened(catalog)
    there = opened.read()
    entries = [entry.id for entry in there.by_name(name)]
    entries += [one.entry.id for one in mentions.mentions(opened.path, there, name)]
    if not entries:
        raise ListError(
            f'no entry speaks of "{name}"; blockfilter check NAME --trace looks at all that a server '
            "uses"
        )
    lines = changelog.read(opened.path)
    ids = list(dict.fromkeys(entries))
    found = [line for id_ in ids for line in _brought(lines, id_)]
    facts = {"entries": ids, "lines": [_facts(line) for line in found]}
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

    What waits for a second person is no part of the next release, and is named.

    \b
    Examples:
      blockfilter list diff
      blockfilter list diff 1 --json
    """
    from blockfilter.catalog import changes

    opened = shared.opened(catalog)
    waiting = [one.id for one in opened.read().entries() if one.state == "proposed"]
    found = changes.since(opened.path, opened.wide, serial, shared.now())
    facts = {
        "since": found.since,
        "lists": [
            {"id": one.id, "added": list(one.added), "removed": list(one.removed)}
            for one in found.lists
        ],
        "waiting": waiting,
    }
    lines = []
    for one in found.lists:
        if not (one.added or one.removed):
            continue
        lines.append(f"{one.id}: {len(one.added)} added, {len(one.removed)} removed")
        shown = [*(f"  + {text}" for text in one.added), *(f"  - {text}" for text in one.removed)]
        lines += shown[:SHOWN]
        if len(shown) > SHOWN:
            lines.append(f"  … {len(shown) - SHOWN} more; --json has all of them")
    if not lines:
        lines.append("nothing would change" if serial is None else "nothing has changed")
    if waiting and serial is None:
        lines.append(f"waiting for a second person: {', '.join(waiting)}")
    shared.tell(opened, facts, lines, as_json=as_json)


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
    why = f": {shared.one_line(line.why)}" if line.why else ""
    return f"{line.at} {line.by} {line.what}{about}{why}{_more(line)}"


def _more(line: "Line") -> str:
    facts: Mapping[str, object] = line.facts
    if line.what in ("release", "rollback") and "serial" in facts:
        return f" (serial {facts['serial']})"
    if line.what in ("propose", "edit") and isinstance(line.entry, Mapping):
        listed = [str(text) for key in _NAMED for text in line.entry.get(key, ())]
        return f" ({', '.join(listed)})" if listed else ""
    return ""
