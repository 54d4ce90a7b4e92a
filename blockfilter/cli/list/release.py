"""`blockfilter list release|releases|rollback`: what is in force, and the way back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.list import shared, values
from blockfilter.cli.progress import progressing

if TYPE_CHECKING:
    from blockfilter.catalog.release import Manifest


@click.command(short_help="Bring what is approved into force.")
@click.option("--notes", default="", callback=values.line, help="What this release is about.")
@click.option(
    "--force",
    is_flag=True,
    help="Although a list changes more than usual: two people say so, each with a reason.",
)
@shared.reason_option(required=False)
@shared.actor_options
@shared.catalog_option
def release(
    notes: str,
    force: bool,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Bring what two people approved into force, if the gate lets it pass.

    The gate is lint without errors, no list more than 10 % shorter or 25 % longer than before,
    protected and popular names untouched, and a self-test of the compiled policy. Running servers
    take the release within a second, or the one before stays. Exit code 3 if it is refused; --json
    then prints what was found.

    \b
    Examples:
      blockfilter list release --catalog own --as ada --notes "three sites more"
      blockfilter list release --catalog own --as ada --force --reason "the list was split"
    """
    from blockfilter.catalog import release as releases
    from blockfilter.catalog.finding import FoundError

    if force and not reason:
        raise click.UsageError("--force needs --reason: the journal tells why.")
    kept = shared.kept(catalog, name, key_file, new=False)
    try:
        with progressing(as_json=as_json) as progress:
            made = releases.make(
                kept.keeper.folder,
                kept.opened.wide,
                kept.actor,
                notes=notes,
                force_reason=reason if force else None,
                now=shared.now(),
                progress=progress,
            )
    except FoundError as error:
        if as_json:
            found, _ = shared.findings(error.findings)
            shared.tell(kept.opened, {"release": None, "findings": found}, (), as_json=True)
        raise
    facts = {"release": _facts(made, in_force=made.serial)}
    lines = [f"release {made.serial} by {made.by} is in force: {_counted(made)}"]
    lines.append(f"sha256 {made.sha256}")
    shared.tell(kept.opened, facts, lines, as_json=as_json)


@click.command(short_help="List the releases.")
@shared.catalog_option
def releases(catalog: Path | None, as_json: bool) -> None:
    """List the releases, the newest last; the one in force is marked.

    \b
    Examples:
      blockfilter list releases
      blockfilter list releases --catalog own --json
    """
    from blockfilter.catalog import release as made

    opened = shared.opened(catalog)
    in_force = made.in_force(opened.path)
    serial = in_force.serial if in_force else None
    every = [made.read(opened.path, one) for one in made.serials(opened.path)]
    paused = made.standing(opened.path).paused
    facts = {"releases": [_facts(one, in_force=serial) for one in every], "paused": paused}
    lines = [
        f"{'*' if one.serial == serial else ' '} {one.serial}  {one.date}  {one.by}  "
        f"{_counted(one)}{f'  {one.notes}' if one.notes else ''}"
        for one in every
    ]
    if paused:
        resume = shared.command(opened, "refresh --resume")
        lines.append(f"refreshing is paused since a roll-back; {resume}  goes on")
    shared.tell(opened, facts, lines or ["no release yet"], as_json=as_json)


@click.command(short_help="Go back to an earlier release.")
@click.argument("serial", type=click.IntRange(min=1))
@shared.reason_option(required=False)
@shared.actor_options
@shared.catalog_option
def rollback(
    serial: int,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Put an earlier release in force again, with the copies of sources it had.

    Running servers take it within a second. Subscriptions are not refreshed any more until
    "list refresh --resume" says so. The entries stay as they are: what is to stay off the list is
    disputed or retired before the next release.

    \b
    Examples:
      blockfilter list rollback 1 --catalog own --as ada --reason "blocks a clinic"
      blockfilter list rollback 1 --catalog own --as ben --key ben.key --reason "too early" --json
    """
    from blockfilter.catalog import release as releases

    kept = shared.kept(catalog, name, key_file, new=False)
    back = releases.rollback(
        kept.keeper.folder, kept.opened.wide, kept.actor, serial, reason, shared.now()
    )
    facts = {"release": _facts(back, in_force=serial), "paused": True}
    lines = [
        f"release {serial} is in force again: {_counted(back)}",
        f"refreshing is paused; {shared.command(kept.opened, 'refresh --resume')}  goes on",
    ]
    shared.tell(kept.opened, facts, lines, as_json=as_json)


def _facts(manifest: "Manifest", *, in_force: int | None) -> dict[str, object]:
    return {
        "serial": manifest.serial,
        "in_force": manifest.serial == in_force,
        "date": manifest.date,
        "by": manifest.by,
        "notes": manifest.notes,
        "previous": manifest.previous,
        "forced": manifest.forced and manifest.forced._asdict(),
        "sha256": manifest.sha256,
        "lists": [one._asdict() for one in manifest.lists],
    }


def _counted(manifest: "Manifest") -> str:
    return ", ".join(f"{one.id} {shared.counted(one.rules, 'rule')}" for one in manifest.lists)
