"""What the tests of a programme share: one that was begun."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from blockfilter.programme.store import Store
from tests.programme.records import programme


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A programme of 1200 people."""
    with programme(tmp_path) as begun:
        yield begun
