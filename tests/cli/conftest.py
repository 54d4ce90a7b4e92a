"""What the tests of the command line share: a desk to keep a list at, and quick compiling."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalogs import compiling_here
from tests.cli.employer import BEGUN, Employer
from tests.cli.keeping import Desk


@pytest.fixture(scope="module")
def quickly() -> Iterator[None]:
    """Suffixes are read once, and releases compiled here."""
    with compiling_here():
        yield


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Catalogues that many tests begin with."""
    return tmp_path_factory.mktemp("catalogues")


@pytest.fixture
def desk(tmp_path: Path, copies: Path, monkeypatch: pytest.MonkeyPatch, quickly: None) -> Desk:
    """A folder of one's own, in which no catalogue is yet."""
    place = tmp_path / "desk"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Desk(place, copies)


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Employer:
    """Somebody who has not begun a programme yet."""
    return Employer(tmp_path, monkeypatch)


@pytest.fixture
def employer(stranger: Employer) -> Employer:
    """Somebody who has begun one: 1200 people since 2026-01-01."""
    stranger("init", *BEGUN)
    return stranger
