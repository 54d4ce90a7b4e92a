"""`blockfilter list import`: a published list as one imported list, or CSV rows as dossiers."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import click

from blockfilter.catalog.formats import FORMATS
from blockfilter.cli.list import shared
from blockfilter.cli.progress import progressing
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.formats.listing import Cause
    from blockfilter.catalog.progress import Progress
    from blockfilter.cli.list.incoming import Incoming

_NEVER_COPIED = ("rules", "releases", ".lock", ".staged", ".committed")


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
    cause; a file that is no list is refused whole (exit code 1).

    CSV with the columns "site" and "category" becomes dossiers, a site each; others are names,
    exact, site-names, patterns, except (apart from each other by spaces), criterion, evidence,
    evidence-date (by " | "), source, licence, review, expires and note. "list export --format csv"
    writes such a file.

    \b
    Examples:
      blockfilter list import ads.txt --catalog own --category escort-ads --licence MIT
      blockfilter list import https://lists.example/hosts.txt --mode monitor --dry-run
      blockfilter list import dossiers.csv --catalog own --as ada
    """
    from blockfilter.catalog import imported
    from blockfilter.cli.list.incoming import incoming

    with ExitStack() as stack:
        progress = stack.enter_context(progressing(as_json=as_json))
        file = stack.enter_context(
            incoming(what, plain_http=plain_http, private=private_address, progress=progress)
        )
        dossiers = imported.holds_dossiers(file.path, format_)
        kept = stack.enter_context(_kept(catalog, name, key_file, dry_run=dry_run))
        if dossiers:
            told = _dossiers(kept, file, source, licence)
        else:
            told = _list(
                kept,
                file,
                _Wanted(format_, category, title, id_, source, licence, mode, trigger or ""),
                progress,
            )
    _tell(kept, told, dry_run=dry_run, as_json=as_json)


@contextmanager
def _kept(
    catalog: Path | None, name: str | None, key_file: Path | None, *, dry_run: bool
) -> Iterator[shared.Kept]:
    """The catalogue to change; in a dry run a copy, which is gone at the end."""
    from blockfilter.catalog import store

    if not dry_run:
        yield shared.kept(catalog, name, key_file)
        return
    path = catalog or store.shipped()
    with TemporaryDirectory(prefix="blockfilter-") as place:
        copy = Path(place) / "catalogue"
        if (path / store.TAXONOMY_FILE).exists():
            shutil.copytree(path, copy, ignore=shutil.ignore_patterns(*_NEVER_COPIED))
        yield shared.kept(copy, name, key_file, quietly=True)


class _Wanted(NamedTuple):
    """What a list is to be."""

    format: str
    category: str
    title: str | None
    id: str
    source: str
    licence: str
    mode: str
    trigger: str


class _Told(NamedTuple):
    """What came of it."""

    done: str  # "imported", "proposed"
    facts: Mapping[str, object]
    lines: Sequence[str]
    refused: int
    causes: "Sequence[Cause]"
    first: Sequence[tuple[int, str]]


def _list(kept: shared.Kept, file: "Incoming", wanted: _Wanted, progress: "Progress") -> _Told:
    """One imported list."""
    from blockfilter.catalog import imported
    from blockfilter.policy.rule import Mode, Trigger

    mode = Mode(wanted.mode)
    brought = imported.bring(
        file.path,
        kept.opened.path,
        format=wanted.format,
        trigger=Trigger(wanted.trigger) if wanted.trigger else None,
        category=wanted.category,
        mode=mode,
        wide=kept.opened.wide,
        progress=progress,
    )
    try:
        entry = kept.keeper.bring(
            brought,
            id_=wanted.id,
            title=wanted.title or file.name,
            category=wanted.category,
            source=wanted.source or file.name,
            licence=wanted.licence,
            mode=mode,
            trigger=wanted.trigger,
        )
    finally:
        brought.file.unlink(missing_ok=True)  # where it was taken, it has moved
    return _Told(
        "imported",
        {"entry": shared.entry_facts(entry), "format": brought.format, "rules": brought.rules},
        [
            f"{shared.told(entry)} (read as {brought.format})",
            shared.approval(kept.opened, entry.id),
        ],
        brought.refused,
        brought.causes,
        brought.first,
    )


def _dossiers(kept: shared.Kept, file: "Incoming", source: str, licence: str) -> _Told:
    """A dossier a row."""
    from blockfilter.catalog import keeper, rows
    from blockfilter.catalog.formats.listing import Refused

    refused = Refused()
    today = keeper.today(shared.now())
    found = rows.read(
        file.path, kept.opened.wide, refused, today=today, source=source, licence=licence
    )
    proposed, wrong = kept.keeper.propose_all(list(found))
    for number, cause in wrong:
        refused.note(number, cause)
    if not proposed:
        number, cause = min(refused.first, default=(1, "no row below the header"))
        raise ListError(
            f"{file.path}: has no usable row (line {number}: {cause}); nothing was stored"
        )
    return _Told(
        "proposed",
        {"entries": [shared.entry_facts(one) for one in proposed], "format": "csv"},
        [
            *map(shared.told, proposed),
            f"{shared.approval(kept.opened, 'ID')}  for each",
        ],
        refused.count,
        refused.table,
        sorted(refused.first),
    )


def _tell(kept: shared.Kept, told: _Told, *, dry_run: bool, as_json: bool) -> None:
    """The result, with the table of what was refused."""
    facts = {
        **told.facts,
        "by": kept.actor.name,
        "dry_run": dry_run,
        "refused": told.refused,
        "causes": [{"cause": o.cause, "lines": o.times, "first": o.lines} for o in told.causes],
        "first": [{"line": line, "cause": cause} for line, cause in told.first],
    }
    done = f"would be {told.done}" if dry_run else told.done
    lines = [f"{done} by {kept.actor.name}: {told.lines[0]}"]
    lines += told.lines[1:-1] if dry_run else told.lines[1:]
    if told.refused:
        width = len(str(told.causes[0].times))
        lines.append(f"refused: {shared.counted(told.refused, 'line')}")
        lines += [f"  {one.times:>{width}}  {one.cause} ({_where(one)})" for one in told.causes]
    shared.tell(kept.opened, facts, lines, as_json=as_json)


def _where(cause: "Cause") -> str:
    """The lines that a cause has, or the first of them."""
    lines = ", ".join(map(str, cause.lines))
    more = ", ..." if cause.times > len(cause.lines) else ""
    return f"{'line' if cause.times == 1 else 'lines'} {lines}{more}"
