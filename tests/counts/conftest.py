"""Fixtures: an organisation of 1,200 on a RAM-backed directory, where fsync() costs nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.counts.world import YEAR, World

RAM = Path("/dev/shm")


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for what is done a hundred times."""
    if not RAM.is_dir():
        yield tmp_path_factory.mktemp("disk")
        return
    with TemporaryDirectory(dir=RAM) as path:
        yield Path(path)


@pytest.fixture
def quick(memory: Path) -> Iterator[Path]:
    """Such a directory for one test."""
    with TemporaryDirectory(dir=memory) as path:
        yield Path(path)


@pytest.fixture
def world(quick: Path) -> World:
    return World(quick / "world")


@pytest.fixture
def worlds(quick: Path) -> Callable[..., World]:
    """Makes organisations with other facts."""
    count = iter(range(100))

    def make(**facts: Any) -> World:
        return World(quick / f"world-{next(count)}", **facts)

    return make


@pytest.fixture
def begun(world):
    """On the Monday that a year and all its periods begin."""
    world.begin(YEAR)
    world.advance(world.at(f"{YEAR} 00:01"))
    return world
