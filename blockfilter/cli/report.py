"""`blockfilter report`: what was published, and the quarterly page that is made of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from blockfilter.cli import places

if TYPE_CHECKING:
    from blockfilter.counts.calendar import Period

F = TypeVar("F", bound=Callable[..., object])

TABLES = ("T0", "T1", "T2", "T3", "TM")  # as counts.tables has them
FORMATS = ("html", "csv", "json", "md")  # as reports.making has them


@click.group(short_help="Show what was published; make the quarterly page.")
def report() -> None:
    """Show what was published, and make the quarterly page of it.

    Every figure was blurred by chance once, before it was stored, and comes with its 95 % interval.
    An open period has no figure.

    \b
    Examples:
      blockfilter report show
      blockfilter report show --table T1 --period 2026-Q4 --csv
      blockfilter report build --period 2026-Q4 --format html --format json -o reports
    """


def _any_period(_ctx: click.Context, _param: click.Parameter, text: str | None) -> "Period | None":
    from blockfilter.counts import calendar

    try:
        return calendar.parse(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _long_period(_ctx: click.Context, _param: click.Parameter, text: str | None) -> "Period | None":
    from blockfilter.reports import asked

    try:
        return asked.parsed(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@report.command(short_help="Print a table of what was published.")
@click.option(
    "--table",
    type=click.Choice(TABLES, case_sensitive=False),
    default="T0",
    show_default=True,
    metavar="[T0|T1|T2|T3|TM]",
    help="T0 total, T1 categories, T2 hours, T3 offices, TM monitored rules.",
)
@click.option(
    "--period",
    callback=_any_period,
    metavar="PERIOD",
    help="2026-W14, 2026-Q2-P1, 2026-Q2 or 2026.  [default: all there ever were]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@places.state_option
@places.config_option
def show(
    table: str,
    period: "Period | None",
    as_json: bool,
    as_csv: bool,
    state: Path | None,
    config_file: Path | None,
) -> None:
    """Print a table of what was published, with the 95 % interval of each figure.

    A figure of zero or less means about 0. Exit code 1 where there are no counts, or the period is
    open or was over before counting began.

    \b
    Examples:
      blockfilter report show
      blockfilter report show --table T2 --period 2026-Q4 --json
      blockfilter report show --table T1 --csv --state /var/lib/blockfilter > categories.csv
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    from blockfilter.counts.reader import Reader
    from blockfilter.reports import single
    from blockfilter.reports import table as tables
    from blockfilter.reports.attempts import Book

    book = Book(Reader(places.state_of(places.settings(config_file, state))))
    found, simulated = single.select(book, table, period), book.reader.simulated
    if as_json:
        click.echo(tables.shown(table, found.rows, found.missing, simulated=simulated))
    elif as_csv:
        click.echo(tables.shown_csv(found.rows, simulated=simulated), nl=False)
    else:
        click.echo("\n".join(single.lines(found, simulated=simulated)))


@report.command(short_help="Make the page of a quarter or year.")
@click.option(
    "--period",
    callback=_long_period,
    metavar="PERIOD",
    help="2026-Q4 or 2026.  [default: the last complete quarter]",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=("html",),
    show_default=True,
    help="What to write; may be repeated.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the working directory",
    metavar="DIR",
    help="Folder for the files; made if it is not there.",
)
@places.state_option
@places.config_option
def build(
    period: "Period | None",
    formats: tuple[str, ...],
    folder: Path,
    state: Path | None,
    config_file: Path | None,
) -> None:
    """Make the page of a quarter or year: what was done, attempts, before and after each training.

    HTML is one file that needs nothing else, to be printed or handed on; CSV and JSON are for
    programs (schema blockfilter.report/1), md is Markdown. The same figures make the same files.
    The newest quarter is told by the ledger and not by the clock.

    \b
    Examples:
      blockfilter report build
      blockfilter report build --period 2026-Q4 --format html --format csv -o reports
      blockfilter report build --period 2026 --format json -o . --state /var/lib/blockfilter
    """
    from blockfilter.cli import blocked
    from blockfilter.reports import files, making

    settings = places.settings(config_file, state)
    place = places.state_of(settings)
    made = making.make(
        place,
        period,
        partial(blocked.blocked, settings),
        today=datetime.now(UTC).astimezone().date(),
        counting=settings.counts.enabled,
    )
    for form in dict.fromkeys(formats):
        path = files.write(folder, making.file_name(made, form), making.FORMATS[form](made))
        click.echo(path)
