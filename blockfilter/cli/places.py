"""Where a command finds things: the configuration, and the directories of a server."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from blockfilter.config.settings import Settings

F = TypeVar("F", bound=Callable[..., object])


def config_option(function: F) -> F:
    """--config."""
    return click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration file; without it the one that serve would read.",
    )(function)


def state_option(function: F) -> F:
    """--state."""
    return _directory(function, "--state", "State directory; without it the server's.")


def runtime_option(function: F) -> F:
    """--runtime."""
    return _directory(function, "--runtime", "Directory of hits; without it the server's.")


def _directory(function: F, name: str, text: str) -> F:
    """What cannot be read is said by whoever reads it, with what to do."""
    place = click.Path(path_type=Path, file_okay=False, readable=False)
    return click.option(name, type=place, metavar="DIR", help=text)(function)


def settings(
    config_file: Path | None, state: Path | None = None, runtime: Path | None = None
) -> "Settings":
    """The settings in force, with these directories in place of theirs."""
    from blockfilter.config.load import load

    given = {"server.state": state, "server.runtime": runtime}
    return load(config_file, {key: str(path) for key, path in given.items() if path}, os.environ)


def state_of(found: "Settings") -> Path:
    """Where the state directory is or would be; nothing is made."""
    from blockfilter.config.directories import state_place

    return state_place(found.server.state, os.environ)
