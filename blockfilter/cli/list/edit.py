"""`blockfilter list edit`: other values for an entry, by options or in an editor."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from blockfilter.cli.list import shared
from blockfilter.errors import ListError

_KEYS = {"subtree": "names", "exact": "exact", "site-name": "site-names", "pattern": "patterns"}


@click.command(short_help="Change an entry.")
@click.argument("id_", metavar="ID")
@click.option("--add", multiple=True, metavar="NAME", help="List this, too; may be repeated.")
@click.option("--remove", multiple=True, metavar="NAME", help="List this no longer.")
@click.option(
    "--trigger",
    type=click.Choice(list(_KEYS)),
    default="subtree",
    show_default=True,
    help="What the added names are.",
)
@click.option(
    "--except", "exceptions", multiple=True, metavar="NAME", help="Keep this open, and all below."
)
@click.option("--category", help="Another category.")
@click.option("--site", help="How the business writes itself; of a list its title.")
@click.option("--criterion", help="Which criterion it meets.")
@click.option("--evidence", multiple=True, metavar="TEXT|file:PATH", help="One more attestation.")
@click.option("--source", help="Where the names come from.")
@click.option("--licence", help="Under which terms they may be passed on.")
@click.option("--mode", type=click.Choice(["enforce", "monitor"]), help="Of a list.")
@click.option("--expires", callback=shared.day, metavar="DATE", help="When it retires by itself.")
@click.option("--review", callback=shared.day, metavar="DATE", help="When to look again.")
@click.option("--note", help="For those who come later.")
@shared.reason_option(required=False)
@shared.actor_options
@shared.catalog_option
def edit(
    id_: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
    reason: str,
    **options: Any,  # noqa: ANN401  # one for each value that may change
) -> None:
    """Change an entry; without a changing option in your editor ($EDITOR).

    What changes its rules waits for a second person again; until then the release in force keeps
    the version before. Notes, review dates, sources and licences change at once.

    \b
    Examples:
      blockfilter list edit rubmaps --add rubmaps.example --evidence "linked from its front page"
      blockfilter list edit rubmaps --review 2027-06-01 --note "still there"
      blockfilter list edit rubmaps
    """
    from blockfilter.catalog import store

    kept = shared.kept(catalog, name, key_file)
    entry = kept.opened.read().entry(id_)
    if entry is None:
        raise ListError(f'no entry has the id "{id_}"; blockfilter list find TEXT looks for one')
    before = store.plain(entry)
    if not any(value for key, value in options.items() if key != "trigger"):
        changes = _edited(id_, before)
    else:
        changes = _changes(before, options)
    after = kept.keeper.edit(id_, changes, reason)
    facts = {"entry": shared.entry_facts(after), "by": kept.actor.name}
    lines = [f"edited by {kept.actor.name}: {shared.told(after)}"]
    if after.state == "proposed":
        lines.append(
            f"next: a second person runs  blockfilter list approve {id_} --reason ...; until then "
            "the release in force keeps the version before"
        )
    shared.tell(kept.opened, facts, lines, as_json=as_json)


def _changes(before: Mapping[str, object], options: Mapping[str, Any]) -> dict[str, object]:
    """The keys that the options change, in plain form."""
    changes: dict[str, object] = {}
    for key in ("category", "criterion", "source", "licence", "mode", "note"):
        if options[key] is not None:
            changes[key] = options[key]
    for key in ("expires", "review"):
        if options[key] is not None:
            changes[key] = options[key].isoformat()
    if options["site"] is not None:
        changes["site" if "site" in before else "title"] = options["site"]
    lists: dict[str, list[Any]] = {
        key: list(before.get(key, []))  # type: ignore[call-overload]  # plain form: a list
        for key in (*_KEYS.values(), "except", "evidence")
    }
    touched = {_KEYS[options["trigger"]]} if options["add"] else set()
    lists[_KEYS[options["trigger"]]] += options["add"]
    if options["exceptions"]:
        touched.add("except")
        lists["except"] += options["exceptions"]
    for text in options["remove"]:
        holding = [key for key, values in lists.items() if text in values]
        if not holding:
            raise click.UsageError(f"--remove {text}: the entry does not list it")
        for key in holding:
            lists[key].remove(text)
            touched.add(key)
    if options["evidence"]:
        touched.add("evidence")
        lists["evidence"] += _evidence(options["evidence"])
    return changes | {key: lists[key] or None for key in touched}


def _evidence(texts: tuple[str, ...]) -> list[dict[str, str]]:
    from blockfilter.cli.list.propose import evidences

    return [
        {"reference": one.reference, "date": one.date.isoformat()}
        | ({"sha256": one.sha256} if one.sha256 else {})
        for one in evidences(texts, None)
    ]


def _edited(id_: str, before: Mapping[str, object]) -> dict[str, object]:
    """The keys that differ after the entry was in the person's editor."""
    from blockfilter.catalog import edit as blocks
    from blockfilter.catalog import store, suffixes

    wide = suffixes.read(suffixes.suffix_file()).icann
    entry = store.from_plain(before, f"entry {id_}", wide)
    text = click.edit(blocks.updated(None, entry).decode(), extension=".toml")
    if text is None:
        raise click.UsageError("The editor was left without saving; nothing was changed.")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ListError(
            f"what the editor saved is not TOML ({error}); nothing was changed"
        ) from error
    found = [block for key in ("site", "list") for block in tree.get(key, [])]
    if len(found) != 1:
        raise ListError(f"the editor left {len(found)} blocks where one was; nothing was changed")
    after = _plain(found[0])
    kept = ("kind", "id", "state", "proposed", "approved", "changed")
    return {
        key: after.get(key)
        for key in {*before, *after}
        if key not in kept and after.get(key) != before.get(key)
    }


def _plain(value: Any) -> Any:  # noqa: ANN401  # TOML
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
