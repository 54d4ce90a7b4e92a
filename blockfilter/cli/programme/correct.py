"""`blockfilter programme correct`: other values for what was recorded, or none."""

from datetime import date
from pathlib import Path

import click

from blockfilter.cli.programme import record, shared


@click.command(short_help="Correct what was recorded, or take it back.")
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, callback=shared.read_by("words"), help="Why; kept.")
@click.option("--retract", is_flag=True, help="Take it back: no sum holds it any more.")
@click.option(
    "--people", callback=shared.read_by("people"), metavar="N", help="How many people it was."
)
@click.option(
    "--date", "day", callback=shared.read_by("day"), metavar="DATE", help="When, or its first day."
)
@click.option("--span", callback=shared.read_by("day"), metavar="DATE", help=record.SPAN)
@click.option("--channel", "--audience", metavar="NAME", help=record.CHANNEL)
@click.option("--topic", "topics", multiple=True, metavar="NAME", help=record.TOPIC)
@click.option("--office", metavar="ID", help='Where; "all": everywhere.')
@click.option("--distinct/--not-distinct", default=None, help=record.DISTINCT)
@click.option("--source", callback=shared.read_by("line"), help=record.SOURCE)
@click.option("--note", callback=shared.read_by("line"), help=record.NOTE)
@shared.actor_option
@shared.place_options
@shared.json_option
def correct(
    id_: str,
    reason: str,
    retract: bool,
    people: int | None,
    day: date | None,
    span: date | None,
    channel: str | None,
    topics: tuple[str, ...],
    office: str | None,
    distinct: bool | None,
    source: str | None,
    note: str | None,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Correct what was recorded: what you name is changed, the rest stays, and so does the former.

    "programme activities" shows ids, and with --history what was corrected, when and why.

    \b
    Examples:
      blockfilter programme correct a1 --people 1150 --reason "left out the branch that is closed"
      blockfilter programme correct a2 --date 2026-03-03 --span 2026-03-07 --reason "wrong week"
      blockfilter programme correct a3 --retract --reason "recorded twice"
    """
    given = {
        "people": people,
        "first": day,
        "last": span,
        "channel": channel,
        "topics": topics or None,
        "office": office,
        "distinct": distinct,
        "source": source,
        "note": note,
    }
    changed = {key: value for key, value in given.items() if value is not None}
    if retract == bool(changed):
        raise click.UsageError("Name what to change, or --retract; one of the two.")
    with shared.keeping(state, config_file, who) as kept:
        if retract:
            record.tell("taken back", kept.who, kept.keeper.retract(id_, reason), as_json=as_json)
        else:
            found = kept.keeper.correct(id_, reason, **changed)
            record.tell("corrected", kept.who, found, as_json=as_json)
