"""Every command explains itself, shows an example that is accepted, and stands in the README."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from blockfilter.cli import main
from blockfilter.cli.lazy import LazyGroup
from tests.cli.examples import ALL, examples_of, help_of

README = Path(__file__).parents[2] / "README.md"


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
def test_every_command_shows_examples_that_its_parser_accepts(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seen.txt").touch()  # a parser may open what it is to read
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
        parsed.make_context(name, words).close()  # raises a UsageError where the example is wrong


@pytest.mark.parametrize("path", [p for p in ALL if isinstance(ALL[p], LazyGroup)])
def test_the_list_of_commands_says_what_the_commands_say(path):
    group = ALL[path]
    assert isinstance(group, LazyGroup)
    for name, told in group.table.items():
        assert ALL[f"{path} {name}"].get_short_help_str(limit=100).startswith(told.line)


def test_the_help_is_the_same_by_its_short_option():
    assert CliRunner().invoke(main, ["-h"], prog_name="blockfilter").output == help_of(
        "blockfilter"
    )


@pytest.mark.parametrize("path", [path for path in ALL if " " in path])
def test_every_command_stands_in_the_readme(path):
    if not README.exists() or "blockfilter serve" not in README.read_text("utf-8"):
        pytest.skip("the README speaks of no command")
    readme = README.read_text("utf-8")
    if path.startswith("blockfilter list "):  # its table names them shorter
        _, _, keeping = readme.partition("\n## Keep the list\n")
        chapter = keeping.partition("\n## ")[0]
        assert re.search(rf"[`| ]{path.split()[-1]}[`| \\]", chapter)
    else:
        assert path in readme
