"""`blockfilter simulate`: a whole organisation's year, in a folder that every command reads."""

import math
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.progress import progressing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blockfilter.policy.decide import Policy
    from blockfilter.simulation.visits import Plan, Visit

# As simulation.visits has them; that is not imported for the help.
HEADS, OFFICES, WEEKS, RATE = 200_000, 200, 520, 5.25
QUARTER = 13  # weeks: before the first is over there is nothing that a page is made of


def _number(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    """nan lies outside of no range, and is no number all the same."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is no number")
    return value


@click.command(short_help="Make a simulated organisation's year, to look at.")
@click.option("-o", "--output", "into", required=True, type=click.Path(path_type=Path),
              metavar="DIR", help="The folder to make: a state directory.")  # fmt: skip
@click.option("--headcount", type=click.IntRange(1, HEADS), default=1200, show_default=True,
              help="People at the organisation.")  # fmt: skip
@click.option("--offices", type=click.IntRange(1, OFFICES),
              help="Offices, of the same size.  [default: 3]")  # fmt: skip
@click.option("--weeks", type=click.IntRange(1, WEEKS), default=53, show_default=True,
              help="Weeks, the first of which is 2026-W01.")  # fmt: skip
@click.option("--rate", type=click.FloatRange(0, RATE), default=0.02, show_default=True,
              callback=_number, help="Device-days with an attempt, a head and week.")  # fmt: skip
@click.option("--training-week", metavar="WEEK",
              help="Week of the training: 26, or 2026-W26.  [default: none]")  # fmt: skip
@click.option("--effect", type=click.FloatRange(-1, 4), default=None, show_default="-0.4",
              callback=_number, help="How attempts change after it; -0.4: 40 % fewer.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True,
              help="Fixes the visits, and never the noise.")  # fmt: skip
@click.option("--visits", "visits_file", type=click.Path(path_type=Path, dir_okay=False),
              metavar="FILE", help="Replay these visits instead: CSV with at,client,qname.")  # fmt: skip
def simulate(
    into: Path,
    headcount: int,
    offices: int | None,
    weeks: int,
    rate: float,
    training_week: str | None,
    effect: float | None,
    seed: int,
    visits_file: Path | None,
) -> None:
    """Live through an organisation's year in seconds: real policy, hits, day close, releases.

    The folder is a state directory that "report", "counts" and "programme" read with --state.
    Its truth.json has the true figures, which only a simulation can have. Office 1 has the
    addresses 10.1.0.0/16, office 2 10.2.0.0/16, and so on; local time is UTC.

    \b
    Examples:
      blockfilter simulate --training-week 26 -o year
      blockfilter report build --state year --format html -o .
      blockfilter simulate --headcount 3000 --offices 4 --rate 0.05 --weeks 26 -o half
      blockfilter simulate --visits seen.csv --weeks 4 -o replay
    """
    from blockfilter.simulation import pipeline, replay, truth, visits

    plan = visits.Plan(
        headcount=headcount,
        offices=offices or visits.usual_offices(headcount),
        weeks=weeks,
        rate=rate,
        training_week=_week(training_week, weeks),
        effect=_effect(effect, training_week),
        seed=seed,
    )
    _check(plan)
    policy = _policy()
    found: Iterable[Visit]
    if visits_file:
        found = replay.read(visits_file, plan)
    else:
        found = visits.generated(plan, visits.listed(policy))
    with progressing() as told:
        done = pipeline.run(into, plan, found, policy, told)
    click.echo(
        f"simulated: {_many(done.visits, 'visit')} in {_many(weeks, 'week')}, "
        f"{_many(done.published, 'published period')}; state directory {into}"
    )
    click.echo(f"the truth behind the figures: {into / truth.FILE}")
    state = f"--state {shlex.quote(str(into))}"
    ready = weeks >= QUARTER
    click.echo(f"next: blockfilter report {f'build {state} -o .' if ready else f'show {state}'}")


def _check(plan: "Plan") -> None:
    """What no option alone says."""
    from blockfilter.simulation.visits import MOST_IN_OFFICE, MOST_RATE

    if plan.offices > plan.headcount:
        raise click.BadParameter("there are more offices than people", param_hint="--offices")
    if max(plan.office_heads()) > MOST_IN_OFFICE:
        raise click.BadParameter(
            f"an office has addresses for {MOST_IN_OFFICE:,} people; say more offices",
            param_hint="--offices",
        )
    if plan.rate_of(plan.last) > MOST_RATE:
        raise click.BadParameter(
            f"the rate after the training would be more than {MOST_RATE} device-days a head and "
            "week: everybody, every day",
            param_hint="--effect",
        )


def _effect(effect: float | None, training_week: str | None) -> float:
    """Of the training; without one there is none."""
    if training_week is None:
        if effect:
            raise click.UsageError("--effect is that of a training: name its --training-week, too")
        return 0.0
    return -0.4 if effect is None else effect


def _week(text: str | None, weeks: int) -> int | None:
    """The number of a week, counted from 1."""
    if text is None:
        return None
    from blockfilter.counts import calendar
    from blockfilter.simulation.visits import START

    number = 0
    with suppress(ValueError):  # which is told below
        if text.isdecimal():
            number = int(text)
        elif (period := calendar.parse(text)).kind is calendar.Kind.WEEK:
            number = (period.first - START).days // 7 + 1
    if not 1 <= number <= weeks:
        raise click.BadParameter(
            f"{text} is none of the {weeks} simulated weeks; write 26 or 2026-W26",
            param_hint="--training-week",
        )
    return number


def _policy() -> "Policy":
    """The curated list that comes with blockfilter."""
    from blockfilter.catalog import store
    from blockfilter.catalog.snapshots import Inputs
    from blockfilter.cli import policies

    return policies.opened(Inputs((str(store.shipped()),), (), ()), None, lambda _: None)


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
