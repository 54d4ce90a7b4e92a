"""`blockfilter programme init|show`: begin it, and see how it stands."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.programme import shared

if TYPE_CHECKING:
    from blockfilter.programme.organisation import Organisation
    from blockfilter.programme.reached import Reached
    from blockfilter.programme.store import Store


@click.command(short_help="Begin a programme.")
@click.option(
    "--name",
    required=True,
    callback=shared.read_by("name"),
    help="What the organisation is called.",
)
@click.option(
    "--headcount",
    callback=shared.read_by("people"),
    metavar="N",
    help="How many people work there; shares are of it, and it decides what counts are published.",
)
@shared.date_option("The day from which the headcount holds")
@click.option(
    "--time-zone",
    default="",
    callback=shared.read_by("time_zone"),
    metavar="ZONE",
    help="Zone of the organisation's dates, like Europe/Berlin.  [default: this machine's]",
)
@shared.actor_option
@shared.place_options
@shared.json_option
def init(
    name: str,
    headcount: int | None,
    day: date | None,
    time_zone: str,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Begin a programme: the organisation's name and, best, its headcount.

    Date the headcount back to the first activity you will record, or shares before it are unknown.

    \b
    Examples:
      blockfilter programme init --name "Example Corp" --headcount 1200 --date 2026-01-01
      blockfilter programme init --name "Example Corp" --time-zone Europe/Berlin --state here
    """
    from blockfilter.programme import plain

    with shared.keeping(state, config_file, who, new=True) as kept:
        found = kept.keeper.found(name, time_zone, headcount, day or kept.today)
        facts = {"organisation": plain.organisation(found, kept.today), "by": kept.who}
        lines = [f"begun by {kept.who}: {_headline(found, kept.today)}", f"file: {kept.store.path}"]
        lines.append(
            "next: blockfilter programme record --help, blockfilter programme office --help"
        )
    shared.tell(facts, lines, as_json=as_json)


@click.command(short_help="Show how it stands.")
@shared.place_options
@shared.json_option
def show(state: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Show how it stands: headcount, offices, people reached this quarter and so far, practices.

    \b
    Examples:
      blockfilter programme show
      blockfilter programme show --state /var/lib/blockfilter --json
    """
    from blockfilter.counts import calendar
    from blockfilter.programme import plain
    from blockfilter.programme.reached import reached

    with shared.reading(state, config_file) as store:
        found, day = store.organisation(), shared.today(store)
        quarter = calendar.containing(calendar.Kind.QUARTER, day)
        sums = reached(found, store.activities(), store.answers(), quarter.first, day)
        waits = waiting(found)
        facts = {
            "schema": plain.SCHEMA,
            "organisation": plain.organisation(found, day),
            "offices": [plain.office(one, day) for one in found.offices],
            "waiting": waits,
            "quarter": quarter.name,
            **plain.reached(sums),
        }
        lines = [_headline(found, day), _offices(found, day)]
        lines += _sums(sums, quarter.name, store)
    lines += [f"waits: {one}" for one in waits]
    shared.tell(facts, lines, as_json=as_json)


def waiting(organisation: "Organisation") -> list[str]:
    """What waits for a second person, each with the command to run."""
    found = []
    for office in (one for one in organisation.offices if not one.retired):
        command = f"blockfilter programme office confirm {office.id} --as NAME"
        if not office.confirmed_by:
            found.append(f"office {office.id}, added by {office.added.by}: {command}")
        elif any(not one.confirmed_by for one in office.headcounts):
            found.append(f"a headcount of office {office.id}: {command}")
    found += [
        f"headcount {one.heads} since {one.day}, by {one.recorded.by}: blockfilter programme "
        f"headcount set --people {one.heads} --date {one.day} --as NAME"
        for one in organisation.headcounts
        if not one.confirmed_by
    ]
    return found


def _headline(organisation: "Organisation", day: date) -> str:
    heads = organisation.heads_at(day)
    people = "headcount not known" if heads is None else f"headcount {heads}"
    zone = f", time zone {organisation.time_zone}" if organisation.time_zone else ""
    return f"{organisation.name}: {people}{zone}"


def _offices(organisation: "Organisation", day: date) -> str:
    open_ = [one.id for one in organisation.offices if one.open_at(day)]
    return f"offices: {', '.join(open_) or 'none'}"


def _sums(sums: "Reached", quarter: str, store: "Store") -> list[str]:
    from blockfilter.programme.reached import done

    lines = []
    for title, reaches in ((f"in {quarter} up to today", sums.period), ("so far", sums.cumulative)):
        lines.append(f"{title}:")
        lines += [
            f"  {done(one.kind)}: {one.words()}"
            + (f", {shared.counted(one.records, 'record')}" if one.records else "")
            for one in reaches
        ]
    whole = sums.practices[-1]
    if sums.answered:
        lines.append(
            f"practices: {whole.yes} of {whole.applicable} in place, score {whole.score} of 100"
        )
    else:
        lines.append("practices: not assessed; see  blockfilter programme assess")
    retracted = sum(one.retracted for one in store.activities())
    return [*lines, f"taken back: {retracted}"] if retracted else lines
