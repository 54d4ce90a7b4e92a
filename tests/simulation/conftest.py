"""What tests of simulations share: one organisation's year."""

import pytest

from tests.simulation.world import YEAR, Simulated, simulated


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """The year that a newcomer makes, with a training in the middle."""
    return simulated(tmp_path_factory.mktemp("year"), **YEAR)
