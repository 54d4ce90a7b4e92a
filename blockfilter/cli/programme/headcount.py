"""`blockfilter programme headcount`: headcounts, with their dates."""

from datetime import date
from pathlib import Path

import click

from blockfilter.cli.programme import shared


@click.group(short_help="Headcounts, with their dates.")
def headcount() -> None:
    """Headcounts, with their dates: of the whole organisation, and of offices.

    A headcount holds from its date until a later one; a later one never changes what was before.
    "programme show" and "programme office list" show them.

    \b
    Examples:
      blockfilter programme headcount set --people 1200 --date 2026-01-01
      blockfilter programme headcount set --people 310 --office berlin
    """


@headcount.command("set", short_help="Set a headcount from a date on.")
@click.option(
    "--people",
    required=True,
    callback=shared.read_by("people"),
    metavar="N",
    help="How many people there are.",
)
@shared.date_option("The day from which it holds")
@click.option(
    "--office", default="all", metavar="ID", help="Of this office.  [default: the organisation]"
)
@shared.actor_option
@shared.place_options
@shared.json_option
def set_(
    people: int,
    day: date | None,
    office: str,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Set a headcount from a date on, of the whole organisation or of an office.

    Headcounts decide how much of the counts is published. So, once counting has begun, one that is
    raised waits until a second person runs the same command; as a denominator it serves at once.

    \b
    Examples:
      blockfilter programme headcount set --people 1200 --date 2026-01-01
      blockfilter programme headcount set --people 310 --office berlin --as ada
      blockfilter programme headcount set --people 310 --office berlin --as ben --json
    """
    from blockfilter.programme import plain

    with shared.keeping(state, config_file, who) as kept:
        when = day or kept.today
        found = kept.keeper.set_headcount(people, when, "" if office == "all" else office)
        whose = "the organisation" if office == "all" else f"office {office}"
        lines = [f"set by {kept.who}: {whose} has {people} people from {when} on"]
        if not found.confirmed_by:
            option = "" if office == "all" else f" --office {office}"
            lines.append(
                "it serves as a denominator now; the counts take it once a second person runs  "
                f"blockfilter programme headcount set --people {people} --date {when}{option}"
            )
        elif found.recorded.by != kept.who:
            lines[0] = f"confirmed by {kept.who}: {whose} has {people} people from {when} on"
        if kept.begun and found.confirmed_by:
            lines.append(f"the counts take it {shared.next_quarter(kept.today)}")
        facts = {"office": None if office == "all" else office, **plain.headcount(found)}
    shared.tell(facts, lines, as_json=as_json)
