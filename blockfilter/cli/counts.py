"""`blockfilter counts`: how the counting is, close days that are due, verify what was published."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from blockfilter.config.settings import Settings
    from blockfilter.counts.reader import PeriodFact, Reader

F = TypeVar("F", bound=Callable[..., object])
FOUND = 1


def _places(function: F) -> F:
    """--state, --runtime and --config, which every command has."""
    for name, text in (
        ("--runtime", "Directory of hits; without it the server's."),
        ("--state", "State directory; without it the server's."),
    ):
        function = click.option(
            name, type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help=text
        )(function)
    return click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration file; without it the one that serve would read.",
    )(function)


def _settings(config_file: Path | None, state: Path | None, runtime: Path | None) -> "Settings":
    from blockfilter.config.load import load

    given = {"server.state": state, "server.runtime": runtime}
    return load(config_file, {key: str(path) for key, path in given.items() if path}, os.environ)


def _state(settings: "Settings") -> Path:
    from blockfilter.config.directories import state_place

    return state_place(settings.server.state, os.environ)


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
@_places
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
    from blockfilter.config.directories import ram_backed, runtime_directory
    from blockfilter.counts.reader import Reader

    settings = _settings(config_file, state, runtime)
    place = _state(settings)
    reader = Reader(place)
    degraded = [] if reader.simulated else _degraded(
        ram_backed(runtime_directory(settings.server.runtime, os.environ, place)), settings
    )  # fmt: skip
    facts = _facts(reader, degraded)
    if as_json:
        click.echo(json.dumps(facts))
        return
    for line in _lines(facts):
        click.echo(line)


def _degraded(in_memory: bool, settings: "Settings") -> list[str]:
    found = []
    if not in_memory:
        found.append("the runtime directory is not RAM-backed: hits of the day are on a disk")
    if not settings.counts.enabled:
        found.append("counting is switched off (counts.enabled)")
    return found


def _facts(reader: "Reader", degraded: list[str]) -> dict[str, Any]:
    from blockfilter.counts.tables import TABLES, plans

    budget, frames = reader.budget(), list(reader.frames().values())
    periods = reader.periods()
    planned = {one.table.id for one in plans(frames[-1], {})} if frames else set(TABLES)
    return {
        "began": reader.began.isoformat() if reader.began else None,
        "simulated": reader.simulated,
        "quarter": frames[-1].quarter if frames else None,
        "headcount": frames[-1].heads if frames else None,
        "offices": [one.id for one in frames[-1].offices] if frames else [],
        "tables": [
            {"table": id_, "title": table.title, "of_this_size": id_ in planned}
            | _periods([one for one in periods if one.table == id_])
            for id_, table in TABLES.items()
        ],
        "privacy": {
            "epsilon_per_device_day": float(budget.per_device_day),
            "keys_of_a_day": budget.epochs,
            "guess": round(budget.guess, 3),
        },
        "degraded": degraded,
        "head": reader.head,
    }


def _periods(periods: "list[PeriodFact]") -> dict[str, Any]:
    open_ = [one for one in periods if one.state == "open"]
    ended = [one for one in periods if one.state != "open"]
    count = {state: sum(one.state == state for one in ended) for state in ("released", "lost")}
    return {
        "open": open_[0].period if open_ else None,
        "next": open_[0].last.isoformat() if open_ else None,
        "newest": next((one.period for one in reversed(ended) if one.state == "released"), None),
        "not_measured": sum(one.state == "not measured" for one in ended),
        **count,
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    lines = ["simulated: none of this was counted at people"] if facts["simulated"] else []
    began = facts["began"] or "not yet: the headcount is not known"
    lines.append(f"counting since {began}")
    if facts["quarter"]:
        offices = ", ".join(facts["offices"]) or "none"
        lines.append(
            f"frozen for {facts['quarter']}: headcount {facts['headcount']:,}, offices: {offices}"
        )
    lines += [f"{one['table']} {one['title']}: {_became(one)}" for one in facts["tables"]]
    privacy = facts["privacy"]
    lines.append(
        f"privacy spent: epsilon {privacy['epsilon_per_device_day']:g} a device and day, so the "
        f"best guess at one is right {round(100 * privacy['guess'])} times in 100 at most"
    )
    if privacy["keys_of_a_day"] > 1:
        lines.append("on a day the key was lost, a device counted as two: that is in the figure")
    lines += [f"degraded: {one}" for one in facts["degraded"]]
    return lines


def _became(one: dict[str, Any]) -> str:
    """What became of a table's periods, and what comes next."""
    parts = [f"{one['released']} published"]
    parts += [f"{one['lost']} lost"] if one["lost"] else []
    parts += [f"{one['not_measured']} not measured"] if one["not_measured"] else []
    if not one["of_this_size"]:
        nothing = parts == ["0 published"]
        return "; ".join([*([] if nothing else parts), "not for an organisation of this size"])
    parts += [f"newest {one['newest']}"] if one["newest"] else []
    waits = f"open {one['open']}, its figure comes after {one['next']}"
    return "; ".join([*parts, waits if one["open"] else "none is open yet"])


@counts.command(short_help="Count and remove the hits of days that are over.")
@_places
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

    done = closing.close(_settings(config_file, state, runtime), _day(day), datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(done._asdict()))
    else:
        click.echo("\n".join(done.lines()))


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
@_places
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

    place = _state(_settings(config_file, state, runtime))
    faults = verifying.faults(place)
    facts: dict[str, Any] = {"faults": faults, "published": None, "head": None}
    if not faults:  # what was tampered with need not be readable
        reader = Reader(place)
        published = sum(one.state == "released" for one in reader.periods())
        facts |= {"published": published, "head": reader.head}
    if as_json:
        click.echo(json.dumps(facts))
    elif faults:
        click.echo("\n".join(faults))
    else:
        click.echo(
            f"verified: {facts['published']} published periods, audit head {reader.head[:16]}"
        )
    if faults:
        raise SystemExit(FOUND)
