"""A group whose commands are imported when they run, not for the list of commands."""

import errno
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from blockfilter.errors import BlockfilterError, RefusedError, StateError

FAILED, REFUSED = 1, 3  # exit codes; 2, wrong use, is click's own
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)  # of standard output, where it is a file


class Told(NamedTuple):
    """A command: the line a list of commands shows, and the module it stands in."""

    line: str
    module: str


class Failure(click.ClickException):
    """An error a person can put right: its lines on stderr, and exit code 1."""

    exit_code = FAILED

    def __init__(self, error: BlockfilterError) -> None:
        super().__init__(str(error))
        self.problems = tuple(str(error).splitlines())

    def show(self, file: Any = None) -> None:  # noqa: ANN401  # click's own signature
        """Print one line for each problem."""
        for problem in self.problems:
            click.echo(f"blockfilter: {problem}", file=file, err=file is None)


class Refused(Failure):
    """A rule of the catalogue forbids it."""

    exit_code = REFUSED


class LazyGroup(click.Group):
    """The commands of a table, in its order, which is that of use."""

    table: Mapping[str, Told]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command: in its module it has its name, with underscores."""
        if cmd_name not in self.table:
            return None
        module = import_module(self.table[cmd_name].module)
        name = cmd_name.replace("-", "_")
        found: click.Command = getattr(module, name, None) or getattr(module, f"{name}_")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, told.line) for name, told in self.table.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # click's own signature
        """Run a command; its errors end up as lines, not as tracebacks."""
        try:
            return super().invoke(ctx)
        except RefusedError as error:
            raise Refused(error) from error
        except BlockfilterError as error:
            raise Failure(error) from error
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            said = f"the output cannot be written ({error.strerror}); make room"
            raise Failure(StateError(said)) from error
