"""What the tests of reports share: a year of one organisation, made once."""

from pathlib import Path

import pytest

from tests.reports import books


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of `books.a_year`; nobody changes it."""
    place = tmp_path_factory.mktemp("year")
    books.a_year(place)
    return place
