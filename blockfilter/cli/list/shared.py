"""What the commands that keep a catalogue have in common: options, opening it, telling the result.

Text is for people and ends with "unsigned" where no maintainer has a key; `--json` prints one
object, with `unsigned` in it. Progress is shown on a terminal only.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from blockfilter.errors import ListError, RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.finding import Finding
    from blockfilter.catalog.identity import Actor
    from blockfilter.catalog.keeper import Keeper
    from blockfilter.catalog.progress import Progress
    from blockfilter.catalog.site import Entry
    from blockfilter.catalog.store import Catalog
    from blockfilter.catalog.suffixes import Wide

F = TypeVar("F", bound=Callable[..., object])
Command = Callable[[F], F]

UNSIGNED = "unsigned: no maintainer of this catalogue has a key, so names are believed"
FOUND = 1  # the exit code of a check that found something
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DIGITS = 7  # of a span with its unit; more would be centuries


def catalog_option(function: F) -> F:
    """--catalog and --json, which every command has."""
    function = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)
    return click.option(
        "--catalog",
        envvar="BLOCKFILTER_CATALOG",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="The catalogue's folder.  [default: the one that comes with blockfilter]",
    )(function)


def actor_options(function: F) -> F:
    """--as and --key, which every command has that changes something."""
    function = click.option(
        "--key",
        "key_file",
        envvar="BLOCKFILTER_KEY",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Your secret key (env BLOCKFILTER_KEY); needed once a maintainer has one.",
    )(function)
    return click.option(
        "--as",
        "name",
        envvar="BLOCKFILTER_MAINTAINER",
        metavar="NAME",
        help="Who you are (env BLOCKFILTER_MAINTAINER).  [default: your login name]",
    )(function)


def reason_option(*, required: bool) -> Command[Any]:
    """--reason."""
    return click.option(
        "--reason", required=required, default=None if required else "", help="Why; journalled."
    )


def now() -> datetime:
    """The time of an act."""
    return datetime.now(UTC)


class Opened(NamedTuple):
    """A catalogue that is there, and whether its acts are signed."""

    path: Path
    wide: "Wide"
    signed: bool

    def read(self) -> "Catalog":
        """Its entries."""
        from blockfilter.catalog import store

        return store.read(self.path, self.wide)


def opened(catalog: Path | None) -> Opened:
    """A catalogue to look at. ListError where there is none."""
    from blockfilter.catalog import identity, store, suffixes

    path = catalog if catalog is not None else store.shipped()
    if not (path / store.TAXONOMY_FILE).is_file():
        raise ListError(
            f"{path}: is no catalogue (it has no {store.TAXONOMY_FILE}); the first command that "
            "proposes or imports something makes one"
        )
    wide = suffixes.read(suffixes.suffix_file()).icann
    return Opened(path, wide, identity.read(path).signed)


class Kept(NamedTuple):
    """A catalogue that somebody is about to change."""

    opened: Opened
    keeper: "Keeper"
    actor: "Actor"


def kept(
    catalog: Path | None, name: str | None, key_file: Path | None, *, quietly: bool = False
) -> Kept:
    """A catalogue to change, made if it is not there, in the hands of who says so."""
    from blockfilter.catalog import folder, identity, keeper, store

    if catalog is None:
        _refuse_installed(store.shipped())
    elif not (catalog / store.TAXONOMY_FILE).exists():
        folder.create(catalog, store.initial_files())
        if not quietly:
            click.echo(f"blockfilter: made the catalogue {catalog}", err=True)
    found = opened(catalog)
    password = os.environ.get("BLOCKFILTER_KEY_PASSWORD")
    actor = identity.actor(identity.read(found.path), name, key_file, password)
    return Kept(found, keeper.Keeper(found.path, found.wide, actor, now), actor)


def _refuse_installed(path: Path) -> None:
    if "site-packages" in path.parts or not os.access(path, os.W_OK):
        raise RefusedError(
            f"{path}: is replaced by the next update of blockfilter; keep entries of your own in a "
            "catalogue of your own: --catalog DIR, and catalog.local in the configuration"
        )


def tell(
    catalog: Opened, facts: Mapping[str, object], lines: Sequence[str], *, as_json: bool
) -> None:
    """Print the result, as text or as JSON."""
    if as_json:
        click.echo(json.dumps({**facts, "unsigned": not catalog.signed}, ensure_ascii=False))
        return
    for line in lines:
        click.echo(line)
    if not catalog.signed:
        click.echo(UNSIGNED)


def entry_facts(entry: "Entry") -> dict[str, object]:
    """An entry as JSON shows it."""
    from blockfilter.catalog import store

    return store.plain(entry)


def told(entry: "Entry") -> str:
    """An entry in a line."""
    from blockfilter.catalog.site import Dossier, ImportedList

    if isinstance(entry, Dossier):
        what = f"{entry.site}: {', '.join(entry.triggers())}"
    elif isinstance(entry, ImportedList):
        what = f"{entry.title}: {entry.rules} rules, {entry.mode}"
    else:
        what = ""
    return f"{entry.id}  {entry.state}  {entry.category}  {what}"


def findings(found: "Sequence[Finding]") -> tuple[list[dict[str, str]], list[str]]:
    """Findings as JSON and as lines."""
    return [dict(one._asdict()) for one in found], [str(one) for one in found]


def day(_context: click.Context, option: click.Parameter, text: str | None) -> date | None:
    """A date, as an option's callback."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f'"{text}" is no date like 2027-01-31', param=option) from error


def moment(_context: click.Context, option: click.Parameter, text: str) -> datetime:
    """A time to come: a date, a time in UTC or a span from now such as 2h; an option's callback."""
    unit = _UNITS.get(text[-1:])
    if unit and text[:-1].isdecimal() and len(text) <= _DIGITS:
        return now() + int(text[:-1]) * unit
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f'"{text}" is neither 2027-01-31, 2027-01-31T18:00Z nor a span like 30m, 2h, 5d, 1w',
            param=option,
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextmanager
def progress(*, as_json: bool = False) -> "Iterator[Progress]":
    """Shows how far long work is, on a terminal; elsewhere nothing."""
    from blockfilter.catalog.progress import silent

    if as_json or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}
    with bar:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total or None)
            bar.update(tasks[what], completed=done, total=total or None)

        yield show
