"""What the tests share. Starting a server takes a second, so the story has one for all its parts."""

from collections.abc import Iterator

import pytest

from tests.world import Server, World, Zone


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An upstream that can be told what to answer, and servers that forward to it."""
    with World(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="session")
def server(world: World) -> Iterator[Server]:
    """The server most of the story is told with: the curated list, `LISTED`, one open name."""
    config = '[policy]\nallow = ["open.listed.example"]\n'
    with world.server(config=config) as running:
        yield running


@pytest.fixture
def zone(world: World) -> Zone:
    """What the upstream knows."""
    return world.zone
