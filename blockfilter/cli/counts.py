"""`blockfilter counts`: how the counting is, close days that are due, verify what was published."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from blockfilter.cli import places

F = TypeVar("F", bound=Callable[..., object])
FOUND = 1


@click.group(short_help="See how the counting is; close days; verify.")
def counts() -> None:
    """See how the counting is, close days that are due, verify what was published.

    A running server closes its days by itself, an hour after midnight. What was published is shown
    by "blockfilter report"; no command shows a number before it is.

    \b
    Examples:
      blockfilter counts status
      blockfilter counts close --day 2026-11-24
      blockfilter counts verify --state /var/lib/blockfilter
    """


@counts.command(short_help="Periods, the next figures, privacy spent.")
@places.state_option
@places.runtime_option
@places.config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(
    config_file: Path | None, state: Path | None, runtime: Path | None, as_json: bool
) -> None:
    """Show which periods are open and closed, when the next figures come, and the privacy spent.

    \b
    Examples:
      blockfilter counts status
      blockfilter counts status --state /var/lib/blockfilter --json
    """
    from blockfilter.cli import status_of
    from blockfilter.counts.reader import Reader

    settings = places.settings(config_file, state, runtime)
    place = places.state_of(settings)
    reader = Reader(place)
    degraded = [] if reader.simulated else status_of.degraded(settings, place)
    facts = status_of.facts(reader, degraded)
    if as_json:
        click.echo(json.dumps(facts))
        return
    for line in status_of.lines(facts):
        click.echo(line)


@counts.command(short_help="Count and remove the hits of days that are over.")
@places.state_option
@places.runtime_option
@places.config_option
@click.option("--day", metavar="DAY", help="Up to this day, 2026-11-24.  [default: all due]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def close(
    config_file: Path | None,
    state: Path | None,
    runtime: Path | None,
    day: str | None,
    as_json: bool,
) -> None:
    """Count and remove the hits of every day that is over, and publish the periods that ended.

    Days are closed in their order, each once: what is closed already stays as it is. Where a server
    runs, it does this by itself, and this command says so.

    \b
    Examples:
      blockfilter counts close
      blockfilter counts close --day 2026-11-24
    """
    from blockfilter.daemon import closing

    until, settings = _day(day), places.settings(config_file, state, runtime)
    if _is_simulated(places.state_of(settings)):  # no hit of people is ever counted there
        done = closing.Done((), (), (), None)
    else:
        done = closing.close(settings, until, datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(done._asdict()))
    else:
        click.echo("\n".join(done.lines()))


def _is_simulated(place: Path) -> bool:
    """Whether its days are; StateError where there is no state: hits closed into it would be gone."""
    from blockfilter.counts.database import COUNTS
    from blockfilter.counts.reader import Reader
    from blockfilter.errors import StateError
    from blockfilter.reports.making import has

    begun = has(place, COUNTS)
    if not place.is_dir():
        raise StateError(f"{place}: is not there; name the server's state with --state DIR")
    return begun and Reader(place).simulated


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text} is no day; write 2026-11-24", param_hint="--day"
        ) from None


@counts.command(short_help="Whether the published figures are as they were written.")
@places.state_option
@places.runtime_option
@places.config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(
    config_file: Path | None, state: Path | None, runtime: Path | None, as_json: bool
) -> None:
    """Check the audit chain, and the ledger and every figure against it; exit code 1 on a finding.

    \b
    Examples:
      blockfilter counts verify
      blockfilter counts verify --state /var/lib/blockfilter --json
    """
    from blockfilter.counts import verify as verifying
    from blockfilter.counts.reader import Reader

    place = places.state_of(places.settings(config_file, state, runtime))
    faults = verifying.faults(place)
    facts: dict[str, Any] = {"faults": faults, "published": None, "head": None, "simulated": None}
    if not faults:  # what was tampered with need not be readable
        reader = Reader(place)
        published = sum(one.state == "released" for one in reader.periods())
        facts |= {"published": published, "head": reader.head, "simulated": reader.simulated}
    if as_json:
        click.echo(json.dumps(facts))
    elif faults:
        click.echo("\n".join(faults))
    else:
        mark = " (simulated)" if reader.simulated else ""
        click.echo(
            f"verified: {facts['published']} published periods{mark}, audit head {reader.head[:16]}"
        )
    if faults:
        raise SystemExit(FOUND)
