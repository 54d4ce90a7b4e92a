"""`blockfilter simulate`: a whole organisation's year, in a folder that every command reads."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.progress import progressing

if TYPE_CHECKING:
    from blockfilter.policy.decide import Policy


@click.command(short_help="Make a simulated organisation's year, to look at.")
@click.option("-o", "--output", "into", required=True, type=click.Path(path_type=Path),
              metavar="DIR", help="The folder to make: a state directory.")  # fmt: skip
@click.option("--headcount", type=click.IntRange(1, 200_000), default=1200, show_default=True,
              help="People at the organisation.")  # fmt: skip
@click.option("--offices", type=click.IntRange(1, 200), default=3, show_default=True,
              help="Offices, of the same size.")  # fmt: skip
@click.option("--weeks", type=click.IntRange(1, 520), default=53, show_default=True,
              help="Weeks, the first of which is 2026-W01.")  # fmt: skip
@click.option("--rate", type=click.FloatRange(0, 5.25), default=0.02, show_default=True,
              help="Device-days with an attempt, a head and week.")  # fmt: skip
@click.option("--training-week", metavar="WEEK",
              help="Week of the training: 26, or 2026-W26.  [default: none]")  # fmt: skip
@click.option("--effect", type=click.FloatRange(-1, 4), default=-0.4, show_default=True,
              help="How attempts change after it; -0.4: 40 % fewer.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True,
              help="Fixes the visits, and never the noise.")  # fmt: skip
@click.option("--visits", "visits_file", type=click.Path(path_type=Path, dir_okay=False),
              metavar="FILE", help="Replay these visits instead: CSV with at,client,qname.")  # fmt: skip
def simulate(
    into: Path,
    headcount: int,
    offices: int,
    weeks: int,
    rate: float,
    training_week: str | None,
    effect: float,
    seed: int,
    visits_file: Path | None,
) -> None:
    """Live through an organisation's year in seconds: real policy, hits, day close, releases.

    The folder is a state directory that "report", "counts" and "programme" read with --state.
    Beside it, truth.json has the true figures, which only a simulation can have. Office 1 has the
    addresses 10.1.0.0/16, office 2 10.2.0.0/16, and so on; local time is UTC.

    \b
    Examples:
      blockfilter simulate --training-week 26 -o year
      blockfilter report build --state year --format html -o .
      blockfilter simulate --headcount 3000 --offices 4 --rate 0.05 --weeks 26 -o half
      blockfilter simulate --visits seen.csv --weeks 4 -o replay
    """
    from blockfilter.simulation import pipeline, visits

    plan = visits.Plan(
        headcount=headcount,
        offices=offices,
        weeks=weeks,
        rate=rate,
        training_week=_week(training_week, weeks),
        effect=effect if training_week else 0.0,
        seed=seed,
    )
    if offices > headcount:
        raise click.BadParameter("there are more offices than people", param_hint="--offices")
    policy, names = _listed()
    found = visits.read(visits_file, plan) if visits_file else visits.generated(plan, names)
    with progressing() as told:
        done = pipeline.run(into, plan, found, policy, told)
    click.echo(f"simulated: {done.visits} visits in {done.weeks} weeks; state directory {into}")
    click.echo(f"next: blockfilter report build --state {into} --format html -o .")


def _week(text: str | None, weeks: int) -> int | None:
    """The number of a week, counted from 1."""
    if text is None:
        return None
    from blockfilter.counts import calendar
    from blockfilter.simulation.visits import START

    try:
        number = (
            int(text) if text.isdecimal() else (calendar.parse(text).first - START).days // 7 + 1
        )
    except ValueError:
        number = 0
    if not 1 <= number <= weeks:
        raise click.BadParameter(
            f"{text} is none of the {weeks} simulated weeks; write 26 or 2026-W26",
            param_hint="--training-week",
        )
    return number


def _listed() -> "tuple[Policy, dict[str, list[str]]]":
    """The curated list that comes with blockfilter, and its names by category."""
    from blockfilter.catalog import store, suffixes
    from blockfilter.catalog.site import IN_FORCE
    from blockfilter.catalog.snapshots import Inputs
    from blockfilter.cli import policies

    shipped = store.shipped()
    policy = policies.opened(Inputs((str(shipped),), (), ()), None, lambda _: None)
    wide = suffixes.read(suffixes.suffix_file()).icann
    found: dict[str, list[str]] = {}
    for entry in store.read(shipped, wide).dossiers:
        if entry.state in IN_FORCE:
            found.setdefault(entry.category, []).extend(entry.names)
    return policy, found
