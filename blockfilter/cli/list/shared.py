"""What the commands that keep a catalogue have in common: options, opening it, telling the result.

Text is for people and ends with "unsigned" where no maintainer has a key; `--json` prints one
object, with `unsigned` in it. Progress is shown on a terminal only.
"""

import json
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from blockfilter.cli.list import values
from blockfilter.errors import ListError, RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.finding import Finding
    from blockfilter.catalog.identity import Actor
    from blockfilter.catalog.keeper import Keeper
    from blockfilter.catalog.site import Entry
    from blockfilter.catalog.store import Catalog
    from blockfilter.catalog.suffixes import Wide

F = TypeVar("F", bound=Callable[..., object])
Command = Callable[[F], F]

UNSIGNED = "unsigned: no maintainer of this catalogue has a key, so names are believed"
FOUND = 1  # the exit code of a check that found something


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
    """--reason; where it is required it says something."""
    if required:
        return click.option(
            "--reason", required=True, callback=values.words, help="Why; journalled."
        )
    return click.option("--reason", default="", callback=values.line, help="Why; journalled.")


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
    catalog: Path | None,
    name: str | None,
    key_file: Path | None,
    *,
    new: bool = True,
    quietly: bool = False,
) -> Kept:
    """A catalogue to change, in the hands of who says so; `new`: it is made if it is not there."""
    from blockfilter.catalog import identity, keeper, store

    if catalog is None:
        refuse_installed(store.shipped())
    elif new and not (catalog / store.TAXONOMY_FILE).exists():
        _make(catalog, quietly=quietly)
    found = opened(catalog)
    password = os.environ.get("BLOCKFILTER_KEY_PASSWORD")
    actor = identity.actor(identity.read(found.path), name, key_file, password)
    return Kept(found, keeper.Keeper(found.path, found.wide, actor, now), actor)


def _make(path: Path, *, quietly: bool) -> None:
    """A new catalogue; one that has lost its categories is not given others unseen."""
    from blockfilter.catalog import folder, store

    if (path / folder.JOURNAL).exists():
        raise ListError(
            f"{path}: has a journal and no {store.TAXONOMY_FILE}; take that file back from a copy "
            "or from git"
        )
    folder.create(path, store.initial_files())
    if not quietly:
        click.echo(f"blockfilter: made the catalogue {path}", err=True)


def refuse_installed(path: Path) -> None:
    """RefusedError where what is written would be lost."""
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
    for text in lines:
        click.echo(_harmless(text))
    if not catalog.signed:
        click.echo(UNSIGNED)


def _harmless(text: str) -> str:
    """A text without what a terminal would obey: others wrote parts of it."""
    return "".join(
        one if one in "\n\t" or unicodedata.category(one) != "Cc" else f"\\x{ord(one):02x}"
        for one in text
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 rule", "2 rules"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """A text that people wrote, in a line."""
    return " ".join(text.split())


def command(catalog: Opened, words: str) -> str:
    """A command to run next, upon the same catalogue."""
    from blockfilter.catalog import review

    return f"blockfilter list {words}{review.place(catalog.path)}"


def approval(catalog: Opened, id_: str) -> str:
    """The line that says who does what next with a proposal."""
    runs = command(catalog, f'approve {id_} --reason "..."')
    return f"next: a second person runs  {runs}"


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
        what = f"{entry.title}: {counted(entry.rules, 'rule')}, {entry.mode}"
    else:
        what = ""
    return f"{entry.id}  {entry.state}  {entry.category}  {one_line(what)}"


def findings(found: "Sequence[Finding]") -> tuple[list[dict[str, str]], list[str]]:
    """Findings as JSON and as lines."""
    return [dict(one._asdict()) for one in found], [str(one) for one in found]
