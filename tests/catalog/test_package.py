"""The package's docstring is a map of all of its parts."""

import re
from pathlib import Path

from blockfilter import catalog


def test_every_part_stands_on_the_map_once_and_nothing_else():
    here = Path(catalog.__file__).parent
    parts = {path.stem for path in here.iterdir() if path.name[0] not in "_."}
    named = re.findall(r":mod:`([a-z_]+)`", catalog.__doc__ or "")
    assert sorted(named) == sorted(parts)
