"""`blockfilter list subscribe|subscriptions|refresh`: lists that are fetched again and again."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.catalog.formats import FORMATS
from blockfilter.cli.list import shared
from blockfilter.cli.progress import progressing
from blockfilter.errors import RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.refresh import Status


@click.command(short_help="Propose a list that is fetched again and again.")
@click.argument("url")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY|FILE",
    help="The source's minisign public key; a file with a secret key is taken as your own.",
)
@click.option("--category", default="other", show_default=True, help="Of all its rules.")
@click.option("--title", help="What the list is called.  [default: the URL's host and file]")
@click.option("--id", "id_", default="", help="Its id.  [default: made from the title]")
@click.option("--licence", default="", help="Under which terms it may be passed on.")
@click.option(
    "--mode",
    type=click.Choice(["enforce", "monitor"]),
    default="enforce",
    show_default=True,
    help="Block, or only count what would be blocked.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["auto", *FORMATS]),
    default="auto",
    show_default=True,
    help="What it is written in.",
)
@click.option("--trigger", type=click.Choice(["exact", "subtree"]), help="Read every name as this.")
@click.option("--plain-http", is_flag=True, help="It may be fetched without TLS.")
@click.option("--private-address", is_flag=True, help="It may come from a private address.")
@click.option(
    "--as",
    "name",
    envvar="BLOCKFILTER_MAINTAINER",
    metavar="NAME",
    help="Who you are (env BLOCKFILTER_MAINTAINER); your key may stand in BLOCKFILTER_KEY.",
)
@shared.catalog_option
def subscribe(
    url: str,
    keys: tuple[str, ...],
    category: str,
    title: str | None,
    id_: str,
    licence: str,
    mode: str,
    format_: str,
    trigger: str | None,
    plain_http: bool,
    private_address: bool,
    name: str | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Propose a list that is fetched from a URL again and again. Its first copy is fetched now.

    A second person approves it and a release brings it into force; from then on servers fetch it
    once a day, and each new copy passes the gate by itself. A source that fails, shrinks or turns
    into something else keeps its last good copy. With a key, what is not signed by it is refused.

    \b
    Examples:
      blockfilter list subscribe https://lists.example/ads.txt --category escort-ads \\
        --licence MIT --catalog own --as ada
      blockfilter list subscribe https://lists.example/ads.rules --mode monitor \\
        --key source.pub --catalog own --as ada
    """
    from blockfilter.catalog import refresh as subscriptions

    public, own = _told_apart(keys)
    kept = shared.kept(catalog, name, own)
    known = [one.id for one in kept.opened.read().categories]
    if category not in known:  # before anything is fetched for it
        told = ", ".join(known)
        raise RefusedError(f'there is no category "{category}"; the categories are {told}')
    with progressing(as_json=as_json) as progress:
        entry = subscriptions.subscribe(
            kept.keeper,
            url,
            key=public,
            id_=id_,
            title=title,
            category=category,
            licence=licence,
            mode=mode,
            format_=format_,
            trigger=trigger or "",
            plain_http=plain_http,
            private=private_address,
            progress=progress,
        )
    facts = {"entry": shared.entry_facts(entry), "by": kept.actor.name}
    lines = [
        f"subscribed by {kept.actor.name}: {shared.told(entry)}",
        shared.approval(kept.opened, entry.id),
    ]
    shared.tell(kept.opened, facts, lines, as_json=as_json)


def _told_apart(keys: tuple[str, ...]) -> tuple[str, Path | None]:
    """The source's public key, "" if there is none, and the file of one's own secret key."""
    from blockfilter.catalog import identity
    from blockfilter.cli.list.maintainers import public_key

    environment = os.environ.get("BLOCKFILTER_KEY")
    public, own = "", Path(environment) if environment else None
    for key in keys:
        if identity.is_secret(Path(key)):
            own = Path(key)
        elif public:
            raise click.UsageError("--key: two public keys; a source has one.")
        else:
            public = public_key(key, "--key")
    return public, own


@click.command(short_help="How the subscriptions are.")
@shared.catalog_option
def subscriptions(catalog: Path | None, as_json: bool) -> None:
    """Show every subscription: its state, when it was fetched, and why it was not.

    \b
    Examples:
      blockfilter list subscriptions --catalog own
      blockfilter list subscriptions --catalog own --json
    """
    from blockfilter.catalog import refresh as sources

    opened = shared.opened(catalog)
    found = sources.status(opened.path, opened.wide, shared.now())
    facts = {"subscriptions": [one._asdict() for one in found]}
    shared.tell(opened, facts, [*map(_shown, found)] or ["no subscriptions"], as_json=as_json)


def _shown(one: "Status") -> str:
    """A subscription in two lines: how it went the last time, and how old the copy is we have."""
    words = [one.id, one.state, one.mode, one.outcome, shared.counted(one.rules, "rule")]
    if one.age is not None:
        words.append(f"a copy of {_span(one.age)} ago")
    if one.last_checked:
        words.append(f"checked {one.last_checked}")
    if one.reason:
        words.append(f"({one.reason})")
    return "  ".join(words) + f"\n  {one.url}"


def _span(seconds: int) -> str:
    """A time in the largest unit that it fills."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return shared.counted(seconds // length, unit)
    return shared.counted(seconds, "second")


@click.command(short_help="Fetch subscriptions now.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--due", is_flag=True, help="Only those whose last check is a day old.")
@click.option("--resume", is_flag=True, help="Go on with refreshing after a roll-back.")
@shared.reason_option(required=False)
@shared.actor_options
@shared.catalog_option
def refresh(
    ids: tuple[str, ...],
    due: bool,
    resume: bool,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Fetch subscriptions now: those named, or all. It needs no key: the gate is asked by itself.

    Exit code 1 if one of them failed; its last good copy stays in force.

    \b
    Examples:
      blockfilter list refresh --catalog own
      blockfilter list refresh ads-list --catalog own --json
      blockfilter list refresh --resume --catalog own --as ada --reason "the source was mended"
    """
    from blockfilter.catalog import refresh as sources
    from blockfilter.catalog import release
    from blockfilter.catalog.folder import Folder

    if resume:
        kept = shared.kept(catalog, name, key_file, new=False)
        release.resume(kept.keeper.folder, kept.actor, shared.now(), reason)
    opened = shared.opened(catalog)
    wanted = ids or (sources.due(opened.path, opened.wide, shared.now()) if due else None)
    with progressing(as_json=as_json) as progress:
        outcomes = sources.run(
            Folder(opened.path), opened.wide, wanted, now=shared.now, progress=progress
        )
    facts = {"outcomes": [one._asdict() for one in outcomes]}
    lines = [f"{o.id}: {o.outcome}{f': {o.reason}' if o.reason else ''}" for o in outcomes]
    shared.tell(opened, facts, lines or ["nothing is due"], as_json=as_json)
    sys.exit(shared.FOUND if any(o.outcome in ("failed", "refused") for o in outcomes) else 0)
