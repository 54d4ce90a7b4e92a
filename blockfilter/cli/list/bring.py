"""`blockfilter list import`: a published list as one imported list, or CSV rows as dossiers."""

from pathlib import Path

import click

from blockfilter.catalog.formats import FORMATS
from blockfilter.cli.list import shared


@click.command("import", short_help="Bring in a published list, or dossiers from CSV.")
@click.argument("what", metavar="FILE|URL|-")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["auto", *FORMATS]),
    default="auto",
    show_default=True,
    help="What the file is written in.",
)
@click.option("--category", default="other", show_default=True, help="Of all its rules.")
@click.option("--title", help="What the list is called.  [default: the file's name]")
@click.option("--id", "id_", default="", help="Its id.  [default: made from the title]")
@click.option("--source", default="", help="Who publishes it.  [default: the file's name or URL]")
@click.option("--licence", default="", help="Under which terms it may be passed on.")
@click.option(
    "--mode",
    type=click.Choice(["enforce", "monitor"]),
    default="enforce",
    show_default=True,
    help="Block, or only count what would be blocked.",
)
@click.option(
    "--trigger",
    type=click.Choice(["exact", "subtree"]),
    help="Read every name as this, whatever the format means by it.",
)
@click.option("--plain-http", is_flag=True, help="The URL may be fetched without TLS.")
@click.option("--private-address", is_flag=True, help="The URL may lead to a private address.")
@click.option("--dry-run", is_flag=True, help="Say what would be stored, and store nothing.")
@shared.actor_options
@shared.catalog_option
def import_(
    what: str,
    format_: str,
    category: str,
    title: str | None,
    id_: str,
    source: str,
    licence: str,
    mode: str,
    trigger: str | None,
    plain_http: bool,
    private_address: bool,
    dry_run: bool,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Bring a published list in as one entry, which waits for a second person like any other.

    Its rules stay together in one file. Lines that cannot be used are skipped and told with their
    cause; a file that is no list is refused whole (exit code 1). CSV with the columns "site" and
    "category" becomes dossiers, a site each.

    \b
    Examples:
      blockfilter list import ads.txt --catalog own --category escort-ads --licence MIT
      blockfilter list import https://lists.example/hosts.txt --mode monitor --dry-run
      blockfilter list import dossiers.csv --catalog own --as ada
    """
    from blockfilter.catalog import imported
    from blockfilter.policy.rule import Mode, Trigger

    kept = shared.kept(catalog, name, key_file)
    with shared.progress(as_json=as_json) as progress:
        file = _fetched(what, kept, plain_http, private_address, progress)
        try:
            if imported.holds_dossiers(file.path, format_):
                _dossiers(kept, file, dry_run=dry_run, as_json=as_json)
                return
            brought = imported.bring(
                file.path,
                kept.opened.path,
                format=format_,
                trigger=Trigger(trigger) if trigger else None,
                category=category,
                mode=Mode(mode),
                wide=kept.opened.wide,
                progress=progress,
            )
        finally:
            file.close()
    if dry_run:
        brought.file.unlink(missing_ok=True)
        _tell(kept, brought, {}, f"would store {brought.rules} rules", as_json=as_json)
        return
    entry = kept.keeper.bring(
        brought,
        id_=id_,
        title=title or file.name,
        category=category,
        source=source or file.name,
        licence=licence,
        mode=Mode(mode),
        trigger=trigger or "",
    )
    _tell(
        kept,
        brought,
        {"entry": shared.entry_facts(entry), "by": kept.actor.name},
        f"imported by {kept.actor.name}: {shared.told(entry)}",
        as_json=as_json,
    )
