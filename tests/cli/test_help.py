"""Every command explains itself, shows an example that is accepted, and stands in the README."""

import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from blockfilter.cli import COMMANDS, main

README = Path(__file__).parents[2] / "README.md"


def walk(command: click.Command, *path: str):
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
    lines = [line.strip() for line in text.split("\n\n")[0].splitlines()]
    commands = []
    for line in lines:
        for part in line.split("  ")[0].split("|"):
            words = shlex.split(part.partition(" > ")[0].partition(" < ")[0], comments=True)
            while words and "=" in words[0]:
                words.pop(0)  # a variable for this command
            if words[:1] == ["blockfilter"]:
                commands.append(words[1:])
    return commands


@pytest.mark.parametrize("path", ALL)
def test_every_command_says_what_it_does_in_a_sentence(path):
    text = ALL[path].help or ""
    assert text.partition("\n")[0].rstrip().endswith((".", ".", ":")), text
    assert help_of(path).startswith(f"Usage: {path}")


@pytest.mark.parametrize("path", ALL)
def test_every_option_has_its_help(path):
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("path", ALL)
def test_every_command_shows_examples_that_its_parser_accepts(path):
    own = path.split()[1:]
    examples = examples_of(path)
    assert any(words[: len(own)] == own for words in examples)
    for words in examples:
        parsed: click.Command = main
        name = "blockfilter"
        while isinstance(parsed, click.Group):
            assert words, f"{name} needs a command"
            name, *words = words
            found = parsed.get_command(click.Context(parsed), name)
            assert found is not None, name
            parsed = found
        parsed.make_context(name, words)  # raises a UsageError where the example is wrong


def test_the_list_of_commands_says_what_the_commands_say():
    for name, line in COMMANDS.items():
        assert ALL[f"blockfilter {name}"].get_short_help_str(limit=100) == line


def test_the_help_is_the_same_by_its_short_option():
    assert CliRunner().invoke(main, ["-h"], prog_name="blockfilter").output == help_of(
        "blockfilter"
    )


@pytest.mark.parametrize("path", [path for path in ALL if " " in path])
def test_every_command_stands_in_the_readme(path):
    if not README.exists() or "blockfilter serve" not in README.read_text("utf-8"):
        pytest.skip("the README speaks of no command")
    assert path in README.read_text("utf-8")
