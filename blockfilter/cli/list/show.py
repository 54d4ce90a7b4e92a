"""`blockfilter list show|find|stats`: what there is. Proposals are shown like all else."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.catalog.site import Dossier, Entry, ImportedList
from blockfilter.cli.list import shared
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.store import Catalog


@click.command(short_help="Show an entry, by its id or one of its names.")
@click.argument("what", metavar="ID|NAME")
@shared.catalog_option
def show(what: str, catalog: Path | None, as_json: bool) -> None:
    """Show an entry whole: by its id, or every entry that speaks of a name, proposed ones too.

    \b
    Examples:
      blockfilter list show rubmaps
      blockfilter list show www.rubmaps.net --json
    """
    from blockfilter.catalog import edit

    opened = shared.opened(catalog)
    found = _meant(opened.read(), what)
    if not found:
        raise ListError(f'no entry has the id or speaks of the name "{what}"')
    lines = [edit.updated(None, entry).decode().rstrip() + "\n" for entry in found]
    facts = {"entries": [shared.entry_facts(entry) for entry in found]}
    shared.tell(opened, facts, lines, as_json=as_json)


def _meant(catalog: "Catalog", what: str) -> list[Entry]:
    if entry := catalog.entry(what):
        return [entry]
    return list(catalog.by_name(what))


@click.command(short_help="Find entries by a text in them.")
@click.argument("text")
@shared.catalog_option
def find(text: str, catalog: Path | None, as_json: bool) -> None:
    """Find entries with a text in their id, site, names, criterion, source or notes.

    Exit code 1 if there is none.

    \b
    Examples:
      blockfilter list find rubmaps
      blockfilter list find "massage" --json
    """
    opened = shared.opened(catalog)
    wanted = text.casefold()
    found = [entry for entry in opened.read().entries() if wanted in _said(entry).casefold()]
    lines = [shared.told(entry) for entry in found] or [f'nothing has "{text}" in it']
    facts = {"entries": [shared.entry_facts(entry) for entry in found]}
    shared.tell(opened, facts, lines, as_json=as_json)
    if not found:
        raise SystemExit(shared.FOUND)


def _said(entry: Entry) -> str:
    texts = [entry.id, entry.category, entry.source, entry.note, entry.reason]
    if isinstance(entry, Dossier):
        texts += [entry.site, entry.criterion, *entry.triggers()]
    if isinstance(entry, ImportedList):
        texts += [entry.title, entry.url]
    return "\n".join(texts)


@click.command(short_help="Count what there is.")
@shared.catalog_option
def stats(catalog: Path | None, as_json: bool) -> None:
    """Count entries by state and category, rules by trigger, and what is in force.

    \b
    Examples:
      blockfilter list stats
      blockfilter list stats --catalog own --json
    """
    from blockfilter.catalog import changelog, release

    opened = shared.opened(catalog)
    there = opened.read()
    in_force = release.in_force(opened.path)
    facts: dict[str, object] = {
        "sites": len(there.dossiers),
        "lists": len(there.imported),
        "states": dict(Counter(str(entry.state) for entry in there.entries())),
        "categories": dict(Counter(entry.category for entry in there.entries())),
        "rules": {
            "subtree": sum(len(site.names) for site in there.dossiers),
            "exact": sum(len(site.exact) for site in there.dossiers),
            "site-name": sum(len(site.site_names) for site in there.dossiers),
            "pattern": sum(len(site.patterns) for site in there.dossiers),
            "imported": sum(one.rules for one in there.imported),
        },
        "protected": len(there.protected),
        "exceptions": len(there.allowed),
        "release": in_force.serial if in_force else None,
        "journal": len(changelog.read(opened.path)),
    }
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{count} {name}" for name, count in value.items() if count)
        else:
            shown = "none" if value is None else str(value)
        lines.append(f"{key}: {shown or 'none'}")
    shared.tell(opened, facts, lines, as_json=as_json)
