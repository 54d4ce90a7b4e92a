"""The moves of an entry: `blockfilter list approve|reject|activate|dispute|reopen|retire`."""

from pathlib import Path

import click

from blockfilter.cli.list import shared

_DONE = {
    "approve": "approved",
    "reject": "rejected",
    "activate": "activated",
    "dispute": "disputed",
    "reopen": "reopened",
    "retire": "retired",
}
_NEXT = {
    "approved": "the next release brings it into force",
    "active": "in force with the next release, or already",
    "disputed": "running servers only watch it from now on",
    "retired": "running servers only watch it, and the next release drops it",
    "proposed": "it waits for a second person",
    "rejected": "reopen proposes it again",
}


def _move(what: str, line: str, text: str, *, reasoned: bool) -> click.Command:
    def run(
        id_: str,
        reason: str,
        name: str | None,
        key_file: Path | None,
        catalog: Path | None,
        as_json: bool,
    ) -> None:
        kept = shared.kept(catalog, name, key_file)
        entry = kept.keeper.move(id_, what, reason)
        adopted = what == "approve" and entry.state == "proposed"
        done = "adopted, for the system proposed it" if adopted else _DONE[what]
        facts = {"entry": shared.entry_facts(entry), "by": kept.actor.name}
        lines = [
            f"{done} by {kept.actor.name}: {shared.told(entry)}",
            f"next: {_NEXT[entry.state]}",
        ]
        shared.tell(kept.opened, facts, lines, as_json=as_json)

    run.__doc__ = f"""{line}

    {text}

    \b
    Examples:
      blockfilter list {what} rubmaps --as ada --reason "..."
      blockfilter list {what} rubmaps --catalog own --as ada --key ada.key --reason "..." --json
    """
    for decorate in (
        shared.catalog_option,
        shared.actor_options,
        shared.reason_option(required=reasoned),
        click.argument("id_", metavar="ID"),
    ):
        run = decorate(run)
    return click.command(what, short_help=line)(run)


approve = _move(
    "approve",
    "Approve what somebody else proposed.",
    "The second person looks at the names, the criterion and the evidence. Who proposed or last "
    "edited an entry cannot approve it (exit code 3).",
    reasoned=False,
)
reject = _move(
    "reject",
    "Reject a proposal.",
    "It stays in the catalogue with its reason, so that nobody proposes it unknowingly again.",
    reasoned=True,
)
activate = _move(
    "activate",
    "End a dispute in favour of the entry.",
    "An approved entry becomes active by the next release; this also says so beforehand.",
    reasoned=False,
)
dispute = _move(
    "dispute",
    "Watch an entry only, at once, until it is settled.",
    "Running servers answer its names normally within a second and count them as would-block. It "
    "needs no second person and no release: an entry that does harm must not wait for one.",
    reasoned=True,
)
reopen = _move(
    "reopen",
    "Propose again what was rejected or retired.",
    "It waits for a second person, as if it were new.",
    reasoned=True,
)
retire = _move(
    "retire",
    "Take an entry off the list.",
    "Running servers only watch it from then on; the next release drops it. Its id is never given "
    "again.",
    reasoned=True,
)
