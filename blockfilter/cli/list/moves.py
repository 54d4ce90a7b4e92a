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


def _move(what: str, line: str, text: str, *, why: str, reasoned: bool) -> click.Command:
    def run(
        id_: str,
        reason: str,
        name: str | None,
        key_file: Path | None,
        catalog: Path | None,
        as_json: bool,
    ) -> None:
        kept = shared.kept(catalog, name, key_file, new=False)
        entry = kept.keeper.move(id_, what, reason)
        facts = {"entry": shared.entry_facts(entry), "by": kept.actor.name}
        done, after = _told(what, entry.state)
        if (what, entry.state) == ("approve", "approved"):
            after += f":  {shared.command(kept.opened, 'release')}"
        lines = [f"{done} by {kept.actor.name}: {shared.told(entry)}", f"next: {after}"]
        shared.tell(kept.opened, facts, lines, as_json=as_json)

    run.__doc__ = f"""{line}

    {text}

    \b
    Examples:
      blockfilter list {what} example-ads --catalog own --as ben --reason "{why}"
      blockfilter list {what} example-ads --catalog own --as ben --key ben.key --reason "{why}" --json
    """
    for decorate in (
        shared.catalog_option,
        shared.actor_options,
        shared.reason_option(required=reasoned),
        click.argument("id_", metavar="ID"),
    ):
        run = decorate(run)
    return click.command(what, short_help=line)(run)


def _told(what: str, state: str) -> tuple[str, str]:
    """What was done, and what comes of it."""
    if what == "approve" and state == "proposed":
        return "adopted, for the system proposed it,", "a second person approves it"
    if what == "reject" and state != "rejected":
        return "the edit was rejected", "nothing: the version before stays as it is"
    return _DONE[what], _NEXT[state]


approve = _move(
    "approve",
    "Approve what somebody else proposed.",
    "The second person looks at the names, the criterion and the evidence. Who proposed or last "
    "edited an entry cannot approve it (exit code 3).",
    why="seen the same",
    reasoned=False,
)
reject = _move(
    "reject",
    "Reject a proposal.",
    "It stays in the catalogue with its reason, so that nobody proposes it unknowingly again.",
    why="no evidence",
    reasoned=True,
)
activate = _move(
    "activate",
    "End a dispute in favour of the entry.",
    "An approved entry becomes active by the next release; this also says so beforehand.",
    why="it was another site",
    reasoned=False,
)
dispute = _move(
    "dispute",
    "Watch an entry only, at once, until it is settled.",
    "Running servers answer its names normally within a second and count them as would-block. It "
    "needs no second person and no release: an entry that does harm must not wait for one.",
    why="blocks a clinic",
    reasoned=True,
)
reopen = _move(
    "reopen",
    "Propose again what was rejected or retired.",
    "It waits for a second person, as if it were new.",
    why="it is back",
    reasoned=True,
)
retire = _move(
    "retire",
    "Take an entry off the list.",
    "Running servers only watch it from then on; the next release drops it. Its id is never given "
    "again.",
    why="it is gone",
    reasoned=True,
)
