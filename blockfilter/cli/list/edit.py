"""`blockfilter list edit`: other values for an entry, by options or in an editor."""

import sys
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blockfilter.cli.list import shared, values
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.site import Entry
    from blockfilter.catalog.suffixes import Wide

_OF_LISTS, _OF_SITES = ("mode",), ("add", "criterion", "evidence")
_KEYS = {"subtree": "names", "exact": "exact", "site-name": "site-names", "pattern": "patterns"}
_LISTED = (*_KEYS.values(), "except")


@click.command(short_help="Change an entry.")
@click.argument("id_", metavar="ID")
@click.option("--add", multiple=True, metavar="NAME", help="List this, too; may be repeated.")
@click.option(
    "--remove", multiple=True, metavar="NAME", help="List or except this no longer; repeatable."
)
@click.option(
    "--trigger",
    type=click.Choice(list(_KEYS)),
    default="subtree",
    show_default=True,
    help="What the added names are.",
)
@click.option(
    "--except",
    "exceptions",
    multiple=True,
    metavar="NAME",
    help="Keep this open, and all below; may be repeated.",
)
@click.option("--category", help="Another category.")
@click.option(
    "--site", callback=values.words, help="How the business writes itself; of a list its title."
)
@click.option("--criterion", callback=values.words, help="Which criterion it meets.")
@click.option(
    "--evidence",
    multiple=True,
    callback=values.words,
    metavar="TEXT|file:PATH",
    help="One more attestation; may be repeated.",
)
@click.option("--source", callback=values.words, help="Where the names come from.")
@click.option("--licence", callback=values.words, help="Under which terms they may be passed on.")
@click.option("--mode", type=click.Choice(["enforce", "monitor"]), help="Of a list.")
@click.option(
    "--expires",
    callback=values.day_to_come,
    metavar="DATE",
    help="When it retires by itself: 2027-01-31, 90d or 26w.",
)
@click.option("--review", callback=values.day_to_come, metavar="DATE", help="When to look again.")
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
    the version before. Notes, review dates, sources and licences change at once. In the editor, a
    line that is taken out is a value that is taken away.

    \b
    Examples:
      blockfilter list edit example-ads --catalog own --as ada --add mirror.example \\
        --evidence "linked from its front page"
      blockfilter list edit example-ads --catalog own --as ada --review 26w --note "still there"
      blockfilter list edit example-ads --catalog own --as ada
    """
    from blockfilter.catalog import store

    kept = shared.kept(catalog, name, key_file, new=False)
    entry = kept.opened.read().entry(id_)
    if entry is None:
        raise ListError(f'no entry has the id "{id_}"; blockfilter list find TEXT looks for one')
    before = store.plain(entry)
    if not any(value for key, value in options.items() if key != "trigger"):
        changes = _edited(entry, kept.opened.wide)
    else:
        changes = _changes(before, options)
    after = kept.keeper.edit(id_, changes, reason)
    facts = {"entry": shared.entry_facts(after), "by": kept.actor.name}
    lines = [f"edited by {kept.actor.name}: {shared.told(after)}"]
    if after.state == "proposed":
        keeps = "; until then the version before stays as it is" if after.approved else ""
        lines.append(f"{shared.approval(kept.opened, id_)}{keeps}")
    shared.tell(kept.opened, facts, lines, as_json=as_json)


def _changes(before: Mapping[str, object], options: Mapping[str, Any]) -> dict[str, object]:
    """The keys that the options change, in plain form."""
    _refuse_foreign(before, options)
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
        for key in (*_LISTED, "evidence")
    }
    touched = {_KEYS[options["trigger"]]} if options["add"] else set()
    lists[_KEYS[options["trigger"]]] += options["add"]
    if options["exceptions"]:
        touched.add("except")
        lists["except"] += options["exceptions"]
    for text in options["remove"]:
        meant = {text, values.canonical(text)}
        holding = [key for key in _LISTED if not meant.isdisjoint(lists[key])]
        if not holding:
            raise click.UsageError(
                f"--remove {text}: the entry does not list it; list show shows what it does"
            )
        for key in holding:
            lists[key] = [one for one in lists[key] if one not in meant]
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


def _refuse_foreign(before: Mapping[str, object], options: Mapping[str, Any]) -> None:
    """A UsageError for what an entry of this kind does not have."""
    is_list = before["kind"] == "list"
    for key in _OF_SITES if is_list else _OF_LISTS:
        if options[key]:
            kind, other = ("a list", "a dossier") if is_list else ("a dossier", "a list")
            raise click.UsageError(f"--{key}: {before['id']} is {kind}; only {other} has that.")


def _edited(entry: "Entry", wide: "Wide") -> dict[str, object]:
    """The keys that differ after the entry was in the person's editor.

    On a terminal, what the editor left can be mended before it is given up.
    """
    from blockfilter.catalog import edit as blocks

    text = blocks.updated(None, entry).decode()
    while True:
        try:
            saved = click.edit(text, extension=".toml")
        except click.ClickException as error:
            raise ListError(
                f"{error.message}; name your editor in EDITOR, or use options"
            ) from error
        if saved is None:
            raise click.UsageError("The editor was left without saving; nothing was changed.")
        try:
            return _differences(entry, saved, wide)
        except ListError as error:
            if not sys.stdin.isatty() or not click.confirm(f"{error}\nEdit it again?", err=True):
                raise
        text = saved


def _differences(entry: "Entry", text: str, wide: "Wide") -> dict[str, object]:
    """What an edited text says otherwise, in plain form; ListError where it cannot be read."""
    from blockfilter.catalog import store

    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ListError(
            f"what the editor saved is not TOML ({error}); nothing was changed"
        ) from error
    before = store.plain(entry)
    blocks = tree.get(str(before["kind"]), [])
    if len(blocks) != 1 or len(tree) != 1:
        raise ListError(
            f"the editor left something else than one block [[{before['kind']}]]; nothing was changed"
        )
    after = _plain(blocks[0]) | {"kind": before["kind"]}
    store.from_plain(after, f"entry {entry.id}", wide)
    return {key: after.get(key) for key in {*before, *after} if after.get(key) != before.get(key)}


def _plain(value: Any) -> Any:  # noqa: ANN401  # TOML
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
