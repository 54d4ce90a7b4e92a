"""`blockfilter list export`: the release in force, written for other resolvers."""

import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import click

from blockfilter.catalog.formats import FORMATS
from blockfilter.cli.list import shared
from blockfilter.cli.progress import progressing
from blockfilter.errors import StateError

_MODE = 0o644  # other resolvers run as other users


@click.command(short_help="Write the release in force in another format.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    required=True,
    help="What to write it in.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to; it is replaced whole.  [default: standard output]",
)
@click.option("--release", "serial", type=click.IntRange(min=1), help="Another release, by serial.")
@click.option("--without", multiple=True, metavar="ID", help="Leave an entry out; may be repeated.")
@shared.catalog_option
def export(
    format_: str,
    output: Path | None,
    serial: int | None,
    without: tuple[str, ...],
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Write the release in force in another format, for resolvers that are there already.

    It blocks what a server would block by this catalogue alone: modes, exceptions and protected
    names are worked out. What the format cannot say is left out and counted, on standard error
    and in the file's head. Exit code 3 if names may not be passed on.

    \b
    Examples:
      blockfilter list export --format rpz -o rpz.zone
      blockfilter list export --format unbound --catalog own --release 3 > own.conf
      blockfilter list export --format csv -o dossiers.csv
    """
    from blockfilter.catalog import exported

    if as_json and output is None:
        raise click.UsageError("--json needs -o FILE: standard output can hold one of them.")
    opened = shared.opened(catalog)
    with progressing(as_json=as_json) as progress, tempfile.TemporaryFile() as file:
        done = exported.export(
            opened.read(),
            opened.path,
            format_,
            file,
            now=shared.now(),
            serial=serial,
            without=without,
            progress=progress,
        )
        file.seek(0)
        if output is None:
            _copy(file, sys.stdout.buffer)
        else:
            _replace(output, file)
    what = {"csv": "dossier", "rules": "rule"}.get(format_, "name")
    lines = [f"release {done.serial} as {format_}: {shared.counted(done.blocked, what)}"]
    if done.opened:
        lines[0] += f", {shared.counted(done.opened, 'exception')}"
    lines += [f"left out: {reason}: {count}" for reason, count in sorted(done.left.items())]
    facts = {
        "release": done.serial,
        "format": format_,
        "blocked": done.blocked,
        "excepted": done.opened,
        "left_out": [{"reason": r, "count": c} for r, c in sorted(done.left.items())],
    }
    if as_json:
        shared.tell(opened, facts, lines, as_json=True)
        return
    for line in lines:
        click.echo(line, err=True)


def _replace(path: Path, file: BinaryIO) -> None:
    """The file at `path`, whole and durable, or what was there before."""
    from blockfilter.catalog import folder

    try:
        with folder.replacing(path, _MODE) as target:
            _copy(file, target)
    except OSError as error:
        raise StateError(
            f"{path}: cannot be written ({error.strerror}); check the folder and the space left"
        ) from error


def _copy(file: BinaryIO, out: BinaryIO) -> None:
    while piece := file.read(1 << 20):
        out.write(piece)
