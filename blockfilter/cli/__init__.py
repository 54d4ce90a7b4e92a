"""The command line: parse arguments, call one function, print. One file a command.

A command's module is imported when the command runs and not for the list of commands, and what a
module needs beyond click it imports inside its function: help must not wait for libraries.
Exit codes: 0 done, 1 failed or found something, 2 wrong use, 3 refused by a rule.
"""

import click

from blockfilter import __version__
from blockfilter.cli.lazy import LazyGroup, Told


class Commands(LazyGroup):
    """What `blockfilter --help` lists."""

    table = {  # noqa: RUF012  # it is never changed
        "serve": Told("Answer DNS queries.", "blockfilter.cli.serve"),
        "check": Told("Say what would happen to names, and why.", "blockfilter.cli.check"),
        "config": Told("Check, show and describe the configuration.", "blockfilter.cli.config"),
        "health": Told("Ask a running server whether it does its work.", "blockfilter.cli.health"),
        "list": Told("Keep the list: propose, review, release, roll back.", "blockfilter.cli.list"),
        "programme": Told(
            "Keep what the employer did: informed, trained, events, practices.",
            "blockfilter.cli.programme",
        ),
        "counts": Told("See how the counting is; close days; verify.", "blockfilter.cli.counts"),
        "report": Told(
            "Show what was published; make the quarterly page.", "blockfilter.cli.report"
        ),
        "privacy": Told(
            "Say what is stored about people, and what is not.", "blockfilter.cli.privacy"
        ),
        "simulate": Told(
            "Make a simulated organisation's year, to look at.", "blockfilter.cli.simulate"
        ),
    }


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="blockfilter")
def main() -> None:
    """A DNS forwarder that refuses names on a curated list and counts attempts namelessly.

    Names on the list are answered as the standards say a blocked name is answered; all others are
    forwarded to the resolvers you have. Nothing that is kept names a person or a device.

    \b
    Examples:
      blockfilter serve                      serve on 127.0.0.1:5335
      blockfilter check example.com          what would happen to a name
      blockfilter config show                every setting, explained
      blockfilter health                     is it working?
      blockfilter list find rubmaps          what the list says of a site
      blockfilter programme show             whom the employer reached
    """
