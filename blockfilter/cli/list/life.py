"""`blockfilter list alive|review`: whether listed names still exist, and what waits for a person."""

import asyncio
from pathlib import Path

import click

from blockfilter.cli.list import shared


@click.command(short_help="Look whether listed names still exist.")
@click.option(
    "--upstream",
    multiple=True,
    metavar="ADDR[:PORT]",
    help="Ask this resolver; may be repeated.  [default: the configured ones]",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file; without it the one that serve would read.",
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0.0),
    metavar="SECONDS",
    help="Seconds between two questions.  [default: 1]",
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
    weeks reaches "list review"; nothing is ever removed by it. Servers do this by themselves.

    \b
    Examples:
      blockfilter list alive --catalog own
      blockfilter list alive --upstream 192.0.2.53 --json
    """
    from blockfilter.catalog import alive as life
    from blockfilter.daemon import looking

    opened = shared.opened(catalog)
    with shared.progress(as_json=as_json) as progress:

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
    facts = dict(summary._asdict())
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    shared.tell(opened, facts, lines, as_json=as_json)


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
