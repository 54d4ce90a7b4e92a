"""Fixtures: a runtime directory on disk and in memory, and a recorder that can be killed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from blockfilter.hits.recorder import Recorder
from tests.hits.world import BERLIN, Clock, Runtime, abandon

RAM = Path("/dev/shm")


@pytest.fixture(params=["disk", "memory"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    if request.param == "disk":
        yield Runtime(tmp_path)
    elif RAM.is_dir():
        with TemporaryDirectory(dir=RAM) as path:
            yield Runtime(Path(path))
    else:
        pytest.skip("no RAM-backed directory on this machine")


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A directory for what is done a hundred times: in memory, where fsync() costs nothing."""
    if not RAM.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=RAM) as path:
        yield Path(path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(runtime: Runtime, clock: Clock) -> Iterator[Callable[..., Recorder]]:
    """Starts a server's recorder; one started before is abandoned as if it had been killed."""
    running: list[Recorder] = []

    def stop() -> None:
        while running:
            abandon(running.pop())

    def begin(addresses_per_device: int = 1) -> Recorder:
        stop()
        running.append(
            Recorder(runtime.path, BERLIN, clock=clock, addresses_per_device=addresses_per_device)
        )
        running[-1].open()
        return running[-1]

    yield begin
    stop()
