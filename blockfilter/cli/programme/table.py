"""`blockfilter programme import|export`: activities as CSV, both ways, and everything as JSON."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.programme import shared
from blockfilter.errors import ProgrammeError

if TYPE_CHECKING:
    from blockfilter.programme.known import Brought
    from blockfilter.programme.store import Store
    from blockfilter.programme.table import Read


@click.command("import", short_help="Record activities from a CSV file.")
@click.argument("file", metavar="FILE|-")
@click.option("--dry-run", is_flag=True, help="Say what would be recorded, and record nothing.")
@shared.actor_option
@shared.place_options
@shared.json_option
def import_(
    file: str,
    dry_run: bool,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Record activities from a CSV file: all of its lines, or none where any is wrong (exit code 1).

    The first line names the columns, in any order: kind, people, date; and where there is more to
    say span_end, channel, office, topics, distinct (yes or no), source, note. Commas, semicolons or
    tabs separate. Every wrong line is told with its number and cause. A line that is on record
    already is told and left out, so the same file may be imported again when it has grown.

    \b
    Examples:
      blockfilter programme import trainings.csv --dry-run
      blockfilter programme import trainings.csv --as hr
      blockfilter programme export | blockfilter programme import - --state other
    """
    from blockfilter.programme import table

    octets = _octets(file)
    with shared.keeping(state, config_file, who) as kept:
        offices = [one.id for one in kept.store.organisation().offices]
        try:
            read = table.read(octets, offices, kept.today)
        except ProgrammeError as error:
            raise ProgrammeError(f"{file}: {error}") from error
        if read.wrong:
            _refuse(file, read, as_json=as_json)
        brought = kept.keeper.bring(read.lines, dry_run=dry_run)
        _tell(brought, kept.who, dry_run=dry_run, as_json=as_json)


@click.command(short_help="Write activities as CSV, or everything as JSON.")
@shared.output_option
@shared.place_options
@click.option("--json", "as_json", is_flag=True, help="Write everything, with every version.")
def export(
    output: Path | None, state: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Write activities as CSV that "programme import" reads; with --json everything on record.

    CSV holds each activity as it was last corrected, without those that were taken back.

    \b
    Examples:
      blockfilter programme export -o activities.csv
      blockfilter programme export --json > programme.json
    """
    from blockfilter.programme import table

    with shared.reading(state, config_file) as store:
        store.organisation()
        if as_json:
            text = json.dumps(_everything(store), indent=1, ensure_ascii=False) + "\n"
        else:
            text = table.write(one.entry() for one in store.activities() if not one.retracted)
    shared.write(text, output)


def _octets(file: str) -> bytes:
    from blockfilter.programme.table import MOST_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise ProgrammeError(f"{file}: cannot be read ({error.strerror}); name another") from error


def _refuse(file: str, read: "Read", *, as_json: bool) -> None:
    """End with every wrong line."""
    if as_json:
        wrong = [{"line": number, "cause": cause} for number, cause in read.wrong]
        click.echo(json.dumps({"recorded": [], "wrong": wrong}, ensure_ascii=False))
        raise SystemExit(1)
    lines = [f"{file}: line {number}: {cause}" for number, cause in read.wrong]
    lines.append(
        f"{file}: nothing was recorded: {shared.counted(len(read.wrong), 'line')} of "
        f"{len(read.wrong) + len(read.lines)} wrong; put them right and import it again"
    )
    raise ProgrammeError("\n".join(lines))


def _tell(brought: "Brought", who: str, *, dry_run: bool, as_json: bool) -> None:
    facts = {
        "dry_run": dry_run,
        "by": who,
        "recorded": [{"line": number, "id": id_ or None} for number, id_ in brought.added],
        "known": [
            {"line": number, "id": one.id, "retracted": one.retracted}
            for number, one in brought.known
        ],
        "wrong": [],
    }
    done = "would be recorded" if dry_run else "recorded"
    lines = [f"{done} by {who}: {_activities(len(brought.added))}"]
    if brought.added and not dry_run:
        ids = dict.fromkeys((brought.added[0][1], brought.added[-1][1]))
        lines[0] += f", {' to '.join(ids)}"
    for number, one in brought.known:
        since = " (taken back since)" if one.retracted else " (corrected since)"
        lines.append(f"line {number} is {one.id} already{since if one.version > 1 else ''}")
    shared.tell(facts, lines, as_json=as_json)


def _activities(number: int) -> str:
    return f"{number} activity" if number == 1 else f"{number} activities"


def _everything(store: "Store") -> dict[str, object]:
    from blockfilter.programme import plain

    found, day = store.organisation(), shared.today(store)
    return {
        "schema": plain.SCHEMA,
        "organisation": plain.organisation(found, day),
        "offices": [plain.office(one, day) for one in found.offices],
        "activities": [plain.activity(one) for one in store.history()],
        "answers": [plain.answer(one) for one in store.answers()],
    }
