"""`blockfilter programme record|activities`: what happened, in figures."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.programme import shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from blockfilter.programme.activity import Activity

NOTE = "Anything else, in a line; figures and functions, never a person."
SOURCE = "Where the figure comes from, like: sign-in sheet, counted."
TOPIC = "Topic of a training: recognise, respond; may be repeated."
CHANNEL = (
    "How they were informed: e-mail-notice, web-notice, verbal-notice, handbook, staff-meeting, "
    "annual-compliance-training, other. Or who was trained: all-staff, new-hires, human-resources, "
    "supervisors, exposed-staff (hospitality, transport, property)."
)
SPAN = "The last day, where it took several."
DISTINCT = "Each person is counted once, and in no other record of this kind."


def kind_option(*, required: bool) -> "Callable[[shared.F], shared.F]":
    """--kind."""
    from blockfilter.programme.activity import Kind

    return click.option(
        "--kind",
        required=required,
        type=click.Choice([str(one) for one in Kind]),
        help="What was done.",
    )


@click.command(short_help="Record people informed or trained, or an event.")
@kind_option(required=True)
@click.option(
    "--people",
    required=True,
    callback=shared.read_by("people"),
    metavar="N",
    help="How many people, approximately.",
)
@shared.date_option("When it was, or its first day", required=True)
@click.option("--span", callback=shared.read_by("day"), metavar="DATE", help=SPAN)
@click.option("--channel", "--audience", default="", metavar="NAME", help=CHANNEL)
@click.option("--topic", "topics", multiple=True, metavar="NAME", help=TOPIC)
@click.option("--office", default="all", metavar="ID", help="Where.  [default: everywhere]")
@click.option("--distinct", is_flag=True, help=DISTINCT)
@click.option("--source", default="", callback=shared.read_by("line"), help=SOURCE)
@click.option("--note", default="", callback=shared.read_by("line"), help=NOTE)
@shared.actor_option
@shared.place_options
@shared.json_option
def record(
    kind: str,
    people: int,
    day: date,
    span: date | None,
    channel: str,
    topics: tuple[str, ...],
    office: str,
    distinct: bool,
    source: str,
    note: str,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Record how many people were informed or trained, or came to an event. Nothing that is planned.

    Without --channel people were informed in another way, and a training was for all staff.

    \b
    Examples:
      blockfilter programme record --kind informed --people 1200 --date 2026-02-02 \\
        --channel e-mail-notice --distinct --source "mailing list, counted"
      blockfilter programme record --kind trained --people 40 --date 2026-03-02 \\
        --span 2026-03-06 --channel supervisors --topic recognise --topic respond --office berlin
      blockfilter programme record --kind event --people 85 --date 2026-01-11 --note "film and talk"
    """
    from blockfilter.programme.activity import Kind, made

    with shared.keeping(state, config_file, who) as kept:
        entry = made(
            kind=Kind(kind),
            people=people,
            first=day,
            last=span,
            channel=channel,
            office=office,
            topics=topics,
            distinct=distinct,
            source=source,
            note=note,
            today=kept.today,
        )
        stored = kept.keeper.record(entry)
        _warn(stored, kept.store.organisation().heads_at(stored.last))
    tell("recorded", kept.who, stored, as_json=as_json)


def _warn(one: "Activity", heads: int | None) -> None:
    """Of more people than there are, each cannot have been counted once, or the headcount is old."""
    if one.distinct and heads is not None and one.people > heads:
        click.echo(
            f"blockfilter: warning: {one.id}: {one.people} distinct people are more than the "
            f"headcount of {heads}; put the headcount right, or say  blockfilter programme correct "
            f"{one.id} --not-distinct --reason ...",
            err=True,
        )


@click.command(short_help="List what was recorded.")
@kind_option(required=False)
@click.option("--office", metavar="ID", help="Only this office's.")
@click.option("--history", is_flag=True, help="Every version, those that were corrected too.")
@shared.place_options
@shared.json_option
def activities(
    kind: str | None,
    office: str | None,
    history: bool,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """List what was recorded, each activity as it was last corrected, with its id.

    \b
    Examples:
      blockfilter programme activities
      blockfilter programme activities --kind trained --history
      blockfilter programme activities --json
    """
    from blockfilter.programme import plain

    with shared.reading(state, config_file) as store:
        store.organisation()
        every = store.history() if history else store.activities()
    found = [one for one in every if kind in (None, one.kind) and office in (None, one.office)]
    lines = [_line(one, history=history) for one in found]
    facts = {"activities": [plain.activity(one) for one in found]}
    shared.tell(facts, lines or ["nothing is recorded"], as_json=as_json)


def tell(done: str, who: str, one: "Activity", *, as_json: bool) -> None:
    """What came of an activity."""
    from blockfilter.programme import plain

    shared.tell(
        {"activity": plain.activity(one), "by": who},
        [f"{done} by {who}: {one.words()}"],
        as_json=as_json,
    )


def _line(one: "Activity", *, history: bool) -> str:
    state = "  taken back" if one.retracted else ""
    if not history:
        return one.words() + state
    why = f": {one.reason}" if one.reason else ""
    verb = "recorded" if one.version == 1 else "taken back" if one.retracted else "corrected"
    return f"{one.words()}\n  version {one.version}, {verb} by {one.recorded.by} {one.recorded.at}{why}"
