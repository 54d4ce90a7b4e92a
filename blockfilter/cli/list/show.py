"""`blockfilter list show|find|stats`: what there is. Proposals are shown like all else."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from blockfilter.catalog.site import Allowed, Dossier, Entry, ImportedList
from blockfilter.cli.list import shared, values
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.mentions import Mention
    from blockfilter.catalog.store import Catalog, Protected


@click.command(short_help="Show an entry, by its id or one of its names.")
@click.argument("what", metavar="ID|NAME")
@shared.catalog_option
def show(what: str, catalog: Path | None, as_json: bool) -> None:
    """Show an entry whole: by its id or its site, or whatever speaks of a name.

    Proposals are shown like all else, and so are imported lists with the rule that speaks of the
    name, exceptions for a time and protected names. "check NAME --trace" says what is in force.

    \b
    Examples:
      blockfilter list show rubmaps
      blockfilter list show www.rubmaps.net --json
    """
    from blockfilter.catalog import edit

    opened = shared.opened(catalog)
    found = _meant(opened, what)
    if not any(found):
        raise ListError(
            f'no entry has the id, the site or a rule for "{what}"; blockfilter list find TEXT looks '
            "for parts of them"
        )
    rules = {one.entry.id: one.rule for one in reversed(found.mentions)}
    lines = []
    for entry in found.entries:
        lines.append(edit.updated(None, entry).decode().rstrip() + "\n")
        if entry.id in rules:
            lines.append(f"# its rule: {rules[entry.id]}\n")
    lines += [*map(_allowed_told, found.allowed), *map(_protected_told, found.protected)]
    facts = {
        "entries": [shared.entry_facts(entry) for entry in found.entries],
        "rules": [{"list": one.entry.id, "rule": one.rule} for one in found.mentions],
        "allowed": [one._asdict() for one in found.allowed],
        "protected": [one._asdict() for one in found.protected],
    }
    shared.tell(opened, facts, lines, as_json=as_json)


class _Found(NamedTuple):
    """What an id, a site or a name leads to."""

    entries: Sequence[Entry]
    mentions: "Sequence[Mention]" = ()  # rules of lists, which are among the entries
    allowed: Sequence[Allowed] = ()
    protected: "Sequence[Protected]" = ()


def _meant(opened: shared.Opened, what: str) -> _Found:
    from blockfilter.catalog import mentions

    there, folded = opened.read(), what.casefold()
    if entry := there.entry(folded):
        return _Found([entry])
    ruled = mentions.mentions(opened.path, there, what)
    lists = dict.fromkeys(one.entry for one in ruled)
    found = _Found(
        (*there.by_name(what), *lists),
        ruled,
        [one for one in there.allowed if _covers(one.name, what)],
        [one for one in _protected(opened, there) if _covers(one.name, what)],
    )
    if any(found):
        return found
    return _Found([site for site in there.dossiers if site.site.casefold() == folded])


def _protected(opened: shared.Opened, there: "Catalog") -> "Sequence[Protected]":
    """The protected names of a catalogue, and those that come with blockfilter and hold for all."""
    from blockfilter.catalog import store

    if opened.path == store.shipped():
        return there.protected
    shipped = store.read(store.shipped(), opened.wide).protected
    return tuple({one.name: one for one in (*shipped, *there.protected)}.values())


def _covers(name: str, what: str) -> bool:
    """Whether a text is a name, or stands below it."""
    return f".{values.canonical(what)}".endswith(f".{name}")


def _allowed_told(one: Allowed) -> str:
    word = "allowed" if _lasts(one) else "was allowed"
    return f"{one.name}  {word} until {one.until} by {one.by}: {shared.one_line(one.reason)}"


def _lasts(one: Allowed) -> bool:
    """Whether an exception has not ended yet."""
    from blockfilter.catalog.manifest import stamp

    return one.until > stamp(shared.now())


def _protected_told(one: "Protected") -> str:
    return f"{one.name}  protected ({one.kind}): {shared.one_line(one.reason)}"


@click.command(short_help="Find entries by a text in them.")
@click.argument("text")
@shared.catalog_option
def find(text: str, catalog: Path | None, as_json: bool) -> None:
    """Find entries with a text in their id, site, names, category, criterion, source or notes.

    Exceptions for a time are found by their name and reason. An empty text finds everything. Exit
    code 1 if there is nothing.

    \b
    Examples:
      blockfilter list find rubmaps
      blockfilter list find "massage" --json
      blockfilter list find "" --catalog own
    """
    opened = shared.opened(catalog)
    there, wanted = opened.read(), text.casefold()
    found = [entry for entry in there.entries() if wanted in _said(entry).casefold()]
    allowed = [one for one in there.allowed if wanted in f"{one.name}\n{one.reason}".casefold()]
    lines = [*map(shared.told, found), *map(_allowed_told, allowed)]
    facts = {
        "entries": [shared.entry_facts(entry) for entry in found],
        "allowed": [one._asdict() for one in allowed],
    }
    shared.tell(opened, facts, lines or [f'nothing has "{text}" in it'], as_json=as_json)
    if not lines:
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
        "exceptions": sum(map(_lasts, there.allowed)),
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
