"""`blockfilter list`: keep a catalogue. One file a group of commands that belong together.

Every command takes the catalogue's folder, and every one that changes it the name and the key of
who does. `shared` has what they have in common; what they do is done in `blockfilter.catalog`.
"""

import click

from blockfilter.cli.lazy import LazyGroup, Told

_HERE = "blockfilter.cli.list"


class Commands(LazyGroup):
    """What `blockfilter list --help` lists."""

    table = {  # noqa: RUF012  # it is never changed
        "propose": Told("Propose an entry, with its evidence.", f"{_HERE}.propose"),
        "approve": Told("Approve what somebody else proposed.", f"{_HERE}.moves"),
        "reject": Told("Reject a proposal.", f"{_HERE}.moves"),
        "activate": Told("End a dispute in favour of the entry.", f"{_HERE}.moves"),
        "dispute": Told("Watch an entry only, at once, until it is settled.", f"{_HERE}.moves"),
        "reopen": Told("Propose again what was rejected or retired.", f"{_HERE}.moves"),
        "retire": Told("Take an entry off the list.", f"{_HERE}.moves"),
        "edit": Told("Change an entry.", f"{_HERE}.edit"),
        "show": Told("Show an entry, by its id or one of its names.", f"{_HERE}.show"),
        "find": Told("Find entries by a text in them.", f"{_HERE}.show"),
        "stats": Told("Count what there is.", f"{_HERE}.show"),
        "log": Told("Who changed what, when and why.", f"{_HERE}.history"),
        "blame": Told("Who brought a name onto the list.", f"{_HERE}.history"),
        "diff": Told("What changed since a release.", f"{_HERE}.history"),
        "import": Told("Bring in a published list, or dossiers from CSV.", f"{_HERE}.bring"),
        "export": Told("Write the release in force in another format.", f"{_HERE}.export"),
        "lint": Told("Say what is wrong or risky.", f"{_HERE}.judge"),
        "verify": Told("Check journal, signatures and the two-person rule.", f"{_HERE}.judge"),
        "simulate": Told("What the next release would change for names seen.", f"{_HERE}.simulate"),
        "release": Told("Bring what is approved into force.", f"{_HERE}.release"),
        "releases": Told("List the releases.", f"{_HERE}.release"),
        "rollback": Told("Go back to an earlier release.", f"{_HERE}.release"),
        "subscribe": Told("Propose a list that is fetched again and again.", f"{_HERE}.subscribe"),
        "subscriptions": Told("How the subscriptions are.", f"{_HERE}.subscribe"),
        "refresh": Told("Fetch subscriptions now.", f"{_HERE}.subscribe"),
        "alive": Told("Look whether listed names still exist.", f"{_HERE}.life"),
        "review": Told("What waits for a person.", f"{_HERE}.life"),
        "allow": Told("Keep a name open for a time, at once.", f"{_HERE}.allow"),
        "disallow": Told("End such an exception.", f"{_HERE}.allow"),
        "keygen": Told("Make a key pair.", f"{_HERE}.maintainers"),
        "maintainer": Told("Who may change the catalogue, and their keys.", f"{_HERE}.maintainers"),
    }


@click.group("list", cls=Commands, short_help="Keep the list: propose, review, release, roll back.")
def list_() -> None:
    """Keep the list: propose, review, release and roll back entries, with evidence.

    A catalogue is a folder of TOML files; without --catalog (or BLOCKFILTER_CATALOG) it is the one
    that comes with blockfilter. Who changes it says so by --as and --key (or
    BLOCKFILTER_MAINTAINER and BLOCKFILTER_KEY).

    Exit codes: 0 done, 1 something was found or failed, 2 wrong use, 3 refused by a rule.

    \b
    Examples:
      blockfilter list find rubmaps
      blockfilter list propose ads.example --catalog own --as ada --site "Example Ads" \\
        --category escort-ads --criterion "lists escorts by city" \\
        --evidence "front page seen on 2026-11-20" --source "own research" --licence facts
      blockfilter list approve example-ads --catalog own --as ben --reason "seen the same"
      blockfilter list release --catalog own --as ben --notes "the first one"
    """
