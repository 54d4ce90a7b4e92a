"""What is blocked by these settings, as reports and the privacy page tell it."""

import os
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.config.directories import state_place
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blockfilter.catalog.snapshots import Inputs
    from blockfilter.config.settings import Settings
    from blockfilter.reports.figures import Blocked

_CALLED = ("the curated list", "the organisation’s own list")


def blocked(settings: "Settings") -> "Blocked":
    """The releases in force, and how many names of each category they enforce. ListError."""
    from blockfilter.daemon import assembly
    from blockfilter.reports.figures import Blocked, Category

    inputs = assembly.inputs(settings)
    names = _names(inputs, state_place(settings.server.state, os.environ))
    folders = [Path(one) for one in inputs.catalogs]
    titles: dict[str, str] = {}
    for folder in reversed(folders):
        titles |= _titles(folder)
    called = _CALLED if inputs.curated else _CALLED[1:]
    return Blocked(
        tuple(_releases(folders, called)),
        tuple(Category(one, titles.get(one, ""), names[one]) for one in sorted(names)),
    )


def _names(inputs: "Inputs", state: Path) -> dict[str, int]:
    """Enforced names by category. Who only looks makes no state directory."""
    from blockfilter.cli import policies

    with tempfile.TemporaryDirectory(prefix="blockfilter-") as temporary:
        place = state if state.is_dir() else temporary
        return policies.opened(inputs, place, _quiet).snapshot.names_by_category()


def _releases(folders: list[Path], called: tuple[str, ...]) -> "Iterator[str]":
    from blockfilter.catalog import manifest
    from blockfilter.reports import words

    for folder, name in zip(folders, called, strict=False):
        found = manifest.in_force(folder)
        yield (
            f"{name}, release {found.serial} of {words.stamped(found.date)}"
            if found
            else (f"{name}, not yet released")
        )


def _titles(folder: Path) -> dict[str, str]:
    """Categories of a catalogue in words."""
    from blockfilter.catalog.store import TAXONOMY_FILE

    path = folder / TAXONOMY_FILE
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
        return {one["id"]: one["title"] for one in found["category"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ListError(
            f"{path}: cannot be read; blockfilter list lint says what is wrong"
        ) from error


def _quiet(_warning: str) -> None:
    """What a list has to warn of is told by the server and by `list lint`."""
