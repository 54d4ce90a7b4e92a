"""`blockfilter programme`: keep what the employer did. One file a group of commands.

Every command takes the state directory, and every one that changes something the name of who does.
`shared` has what they have in common; what they do is done in `blockfilter.programme`.
"""

import click

from blockfilter.cli.lazy import LazyGroup, Told

_HERE = "blockfilter.cli.programme"


class Commands(LazyGroup):
    """What `blockfilter programme --help` lists."""

    table = {  # noqa: RUF012  # it is never changed
        "init": Told("Begin a programme.", f"{_HERE}.begin"),
        "show": Told("Show how it stands.", f"{_HERE}.begin"),
        "office": Told("Offices: add, list, confirm, retire.", f"{_HERE}.office"),
        "headcount": Told("Headcounts, with their dates.", f"{_HERE}.headcount"),
        "record": Told("Record people informed or trained, or an event.", f"{_HERE}.record"),
        "activities": Told("List what was recorded.", f"{_HERE}.record"),
        "correct": Told("Correct what was recorded, or take it back.", f"{_HERE}.correct"),
        "import": Told("Record activities from a CSV file.", f"{_HERE}.table"),
        "export": Told("Write activities as CSV, or everything as JSON.", f"{_HERE}.table"),
        "assess": Told("Answer the self-assessment; see its score.", f"{_HERE}.assess"),
        "notice": Told("Write a notice for staff, suppliers or walls.", f"{_HERE}.notice"),
    }


@click.group(
    cls=Commands, short_help="Keep what the employer did: informed, trained, events, practices."
)
def programme() -> None:
    """Keep what the employer did: people informed and trained, events, practices; in figures only.

    It is kept in programme.db in the state directory. Numbers of people are approximate and have
    their source; corrections keep what they correct; a sum is one of attendances unless its records
    say that they are distinct. Nobody who was informed or trained is ever named. Who records is
    named by --as (or BLOCKFILTER_MAINTAINER): a login name, or a function like hr.

    Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused by a rule.

    \b
    Examples:
      blockfilter programme init --name "Example Corp" --headcount 1200 --date 2026-01-01
      blockfilter programme office add berlin --name Berlin --prefix 10.1.0.0/16 --headcount 300
      blockfilter programme record --kind trained --people 40 --date 2026-03-02 \\
        --channel supervisors --topic respond --source "sign-in sheet, counted"
      blockfilter programme show
    """
