"""`blockfilter list allow|disallow`: exceptions that end by themselves."""

from datetime import datetime
from pathlib import Path

import click

from blockfilter.cli.list import shared, values


@click.command(short_help="Keep a name open for a time, at once.")
@click.argument("site", metavar="NAME")
@click.option(
    "--until",
    required=True,
    callback=values.moment,
    metavar="TIME",
    help="When it ends: 2h, 5d, 1w, 2027-01-31 or 2027-01-31T18:00Z.",
)
@shared.reason_option(required=True)
@shared.actor_options
@shared.catalog_option
def allow(
    site: str,
    until: datetime,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Keep a name and all below it open until a time, whatever lists it.

    It takes effect in running servers within a second, needs no second person, and ends by itself:
    a date at its first minute (UTC), and no later than 90 days from now. "list show NAME" and
    "list find" show exceptions, too.

    \b
    Examples:
      blockfilter list allow clinic.example --until 2d --reason "ticket 4711" --catalog own --as ada
      blockfilter list allow shop.example --until 6w --reason "under review" --catalog own --json
    """
    kept = shared.kept(catalog, name, key_file)
    allowed = kept.keeper.allow(site, until, reason)
    lines = [f"allowed by {allowed.by} until {allowed.until}: {allowed.name} and all below"]
    shared.tell(kept.opened, {"allowed": allowed._asdict()}, lines, as_json=as_json)


@click.command(short_help="End such an exception.")
@click.argument("site", metavar="NAME")
@shared.reason_option(required=True)
@shared.actor_options
@shared.catalog_option
def disallow(
    site: str,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """End an exception before its time, at once.

    \b
    Examples:
      blockfilter list disallow clinic.example --reason "entry retired" --catalog own --as ada
      blockfilter list disallow shop.example --reason "reviewed" --catalog own --json
    """
    kept = shared.kept(catalog, name, key_file, new=False)
    ended = values.canonical(site)
    kept.keeper.disallow(ended, reason)
    facts = {"disallowed": ended, "by": kept.actor.name}
    lines = [f"no longer allowed, by {kept.actor.name}: {ended}"]
    shared.tell(kept.opened, facts, lines, as_json=as_json)
