"""Fixtures: a directory for attacks that close hundreds of days."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import memory


@pytest.fixture
def quick() -> Iterator[Path]:
    """A directory for what is done a hundred times."""
    with memory.directory() as path:
        yield path
