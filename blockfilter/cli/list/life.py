"""`blockfilter list alive|review`: whether listed names still exist, and what waits for a person."""

import asyncio
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli import places
from blockfilter.cli.list import shared
from blockfilter.cli.progress import progressing

if TYPE_CHECKING:
    from blockfilter.catalog.alive import Summary

MAX_PACE = 3600.0  # seconds; with more a look at a short list would outlast its week


def _number(_context: click.Context, option: click.Parameter, pace: float | None) -> float | None:
    """Not "nan", which no range leaves out."""
    if pace is not None and math.isnan(pace):
        raise click.BadParameter("is no number; write seconds, like 0.5", param=option)
    return pace


@click.command(short_help="Look whether listed names still exist.")
@click.option(
    "--upstream",
    multiple=True,
    metavar="ADDR[:PORT]",
    help="Ask this resolver; may be repeated.  [default: the configured ones]",
)
@places.config_option
@click.option(
    "--pace",
    type=click.FloatRange(min=0.0, max=MAX_PACE),
    callback=_number,
    metavar="SECONDS",
    help="Seconds before each question.  [default: 1]",
)
@shared.catalog_option
def alive(
    upstream: tuple[str, ...],
    config_file: Path | None,
    pace: float | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Look, slowly, whether the names of dossiers in force still exist.

    What was looked at within the last six days is left out. Only what is seen again and again over
    weeks reaches "list review", and a site that a name leads to by now is proposed there; nothing is
    ever removed by it. Servers do this by themselves, once a week. The names asked for are the
    list's own; no client has any part in it.

    Exit code 1 if something waits in the review queue, or no upstream answers.

    \b
    Examples:
      blockfilter list alive --catalog own
      blockfilter list alive --upstream 192.0.2.53 --json
    """
    from blockfilter.catalog import alive as life
    from blockfilter.daemon import looking

    opened = shared.opened(catalog)
    if catalog is None:
        shared.refuse_installed(opened.path)
    with progressing(as_json=as_json) as progress:

        async def look() -> life.Summary:
            async with looking.exchange(config_file, upstream) as exchange:
                return await life.look(
                    opened.path,
                    opened.wide,
                    exchange,
                    now=shared.now,
                    pace=life.PACE if pace is None else pace,
                    progress=progress,
                )

        summary = asyncio.run(look())
    shared.tell(opened, summary._asdict(), _told(opened, summary), as_json=as_json)
    sys.exit(shared.FOUND if summary.findings or summary.proposed else 0)


def _told(opened: shared.Opened, summary: "Summary") -> list[str]:
    """A run in words."""
    names = shared.counted(summary.names, "name")
    rest = f"{summary.recent} looked at lately, {summary.unanswered} nobody could tell of"
    lines = [f"looked at {summary.looked} of {names}: {rest}"]
    if summary.unnamed:
        lines.append(
            f"not looked at: {summary.unnamed} site-names and patterns, which are no names"
        )
    lines += [f"proposed by the system: {id_}" for id_ in summary.proposed]
    if summary.findings or summary.proposed:
        review = shared.command(opened, "review")
        lines.append(f"next: {review}  ({summary.findings} seen by looks)")
    return lines


@click.command(short_help="What waits for a person.")
@shared.catalog_option
def review(catalog: Path | None, as_json: bool) -> None:
    """Show what waits for a person, the most urgent first, each with the command to run.

    \b
    Examples:
      blockfilter list review
      blockfilter list review --catalog own --json
    """
    from blockfilter.catalog import review as queue

    opened = shared.opened(catalog)
    items = queue.queue(opened.path, opened.wide, shared.now())
    facts = {"items": [one._asdict() for one in items]}
    lines = [f"{one.sentence}\n  {one.command}" for one in items]
    shared.tell(opened, facts, lines or ["nothing waits"], as_json=as_json)
