"""The command line: parse arguments, call one function, print. One file a command.

A command's module is imported when the command runs and not for the list of commands, and what a
module needs beyond click it imports inside its function: help must not wait for libraries.
Exit codes: 0 done, 1 failed, 2 wrong use.
"""

from importlib import import_module
from typing import Any

import click

from blockfilter import __version__
from blockfilter.errors import BlockfilterError, ConfigError

COMMANDS = {  # name: the line `blockfilter --help` shows
    "serve": "Answer DNS queries.",
    "check": "Say what would happen to names, and why.",
    "config": "Check, show and describe the configuration.",
    "health": "Ask a running server whether it does its work.",
}


class Failure(click.ClickException):
    """An error a person can put right: its lines on stderr, and exit code 1."""

    def __init__(self, error: BlockfilterError) -> None:
        super().__init__(str(error))
        self.problems = error.problems if isinstance(error, ConfigError) else (str(error),)

    def show(self, file: Any = None) -> None:  # noqa: ANN401  # click's own signature
        """Print one line for each problem."""
        for problem in self.problems:
            click.echo(f"blockfilter: {problem}", file=file, err=file is None)


class Commands(click.Group):
    """The commands of `COMMANDS`, each imported from the module of its name when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of the table, which is that of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # click's own signature
        """Run a command; its errors end up as lines, not as tracebacks."""
        try:
            return super().invoke(ctx)
        except BlockfilterError as error:
            raise Failure(error) from error


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
    """
