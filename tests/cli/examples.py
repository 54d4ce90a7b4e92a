"""The commands, and the examples that their help texts show."""

import re
import shlex
from collections.abc import Iterator

import click
from click.testing import CliRunner

from blockfilter.cli import main


def walk(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with its path."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from walk(found, *path, name)


ALL = dict(walk(main, "blockfilter"))


def help_of(path: str) -> str:
    shown = CliRunner().invoke(main, [*path.split()[1:], "--help"], prog_name="blockfilter")
    assert shown.exit_code == 0
    return shown.output


def examples_of(path: str) -> list[list[str]]:
    """The command lines under "Examples:", as a shell would split them, up to a pipe."""
    _, found, text = help_of(path).partition("Examples:\n")
    assert found, f"{path} --help shows no example"
    lines = re.sub(r"\\\n\s+", "", text.split("\n\n")[0]).splitlines()
    commands = []
    for line in lines:
        for part in line.strip().split("  ")[0].split(" | "):
            words = shlex.split(part.partition(" > ")[0].partition(" < ")[0], comments=True)
            while words and "=" in words[0]:
                words.pop(0)  # a variable for this command
            if words[:1] == ["blockfilter"]:
                commands.append(words[1:])
    return commands
