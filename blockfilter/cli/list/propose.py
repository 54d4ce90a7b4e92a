"""`blockfilter list propose`: a new dossier."""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.list import shared, values

if TYPE_CHECKING:
    from blockfilter.catalog.site import Evidence

_FILE = "file:"


@click.command(short_help="Propose an entry, with its evidence.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--site", required=True, callback=values.words, help="The business, as it writes itself."
)
@click.option("--category", required=True, help="One of taxonomy.toml's categories.")
@click.option(
    "--criterion",
    required=True,
    callback=values.words,
    help="Which of its criteria the site meets, and how.",
)
@click.option(
    "--evidence",
    required=True,
    multiple=True,
    callback=values.words,
    metavar="TEXT|file:PATH",
    help="Where that is attested; of a file only its name and SHA-256 are kept. May be repeated.",
)
@click.option(
    "--evidence-date",
    callback=values.day,
    metavar="DATE",
    help="Of the evidence.  [default: today]",
)
@click.option("--source", required=True, callback=values.words, help="Where the names come from.")
@click.option(
    "--licence",
    required=True,
    callback=values.words,
    help="Under which terms they may be passed on.",
)
@click.option(
    "--trigger",
    type=click.Choice(["exact", "subtree", "site-name", "pattern"]),
    default="subtree",
    show_default=True,
    help="What the names are: the name alone, it and all below, one label left of any public "
    "suffix, or an RE2 expression.",
)
@click.option(
    "--expires",
    callback=values.day_to_come,
    metavar="DATE",
    help="When it retires by itself: 2027-01-31, 90d or 26w.",
)
@click.option(
    "--review",
    callback=values.day_to_come,
    metavar="DATE",
    help="When to look again.  [default: in 180 days]",
)
@click.option("--note", default="", help="For those who come later.")
@shared.reason_option(required=False)
@shared.actor_options
@shared.catalog_option
def propose(
    names: tuple[str, ...],
    site: str,
    category: str,
    criterion: str,
    evidence: tuple[str, ...],
    evidence_date: date | None,
    source: str,
    licence: str,
    trigger: str,
    expires: date | None,
    review: date | None,
    note: str,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Propose an entry: a site, its names, and what attests that it belongs on the list.

    It waits for the approval of a second person and reaches no server before a release. A
    catalogue that is not there yet is made, with the categories that come with blockfilter.

    \b
    Examples:
      blockfilter list propose ads.example www.ads.test --site "Example Ads" \\
        --category escort-ads --criterion "advertises escorts by city" \\
        --evidence "front page, seen on 2026-11-20" --source "own research" --licence facts
      blockfilter list propose exampleads --trigger site-name --site "Example Ads" \\
        --category escort-ads --criterion "the same site under many suffixes" \\
        --evidence "front page, seen on 2026-11-20" --evidence-date 2026-11-20 \\
        --source "own research" --licence facts --expires 52w --catalog own --as ada
    """
    from blockfilter.policy.rule import Trigger

    kept = shared.kept(catalog, name, key_file)
    entry = kept.keeper.propose(
        site,
        {Trigger(trigger): names},
        category=category,
        criterion=criterion,
        evidence=evidences(evidence, evidence_date),
        source=source,
        licence=licence,
        expires=expires,
        review=review,
        note=note,
        reason=reason,
    )
    facts = {"entry": shared.entry_facts(entry), "by": kept.actor.name}
    lines = [f"proposed by {kept.actor.name}: {shared.told(entry)}"]
    lines.append(shared.approval(kept.opened, entry.id))
    shared.tell(kept.opened, facts, lines, as_json=as_json)


def evidences(texts: Sequence[str], day: date | None) -> "list[Evidence]":
    """Evidence as it is typed; of a file the name and the digest."""
    from blockfilter.catalog import keeper
    from blockfilter.catalog.site import Evidence

    when = day or keeper.today(shared.now())
    found = []
    for text in texts:
        if not text.startswith(_FILE):
            found.append(Evidence(reference=text, date=when))
            continue
        path = Path(text.removeprefix(_FILE))
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise click.UsageError(f"--evidence {text}: {error.strerror}; name a file") from error
        found.append(Evidence(reference=path.name, date=when, sha256=digest))
    return found
