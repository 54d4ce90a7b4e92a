"""blockfilter with a planted defect: one key for ever, made when it is installed."""

import os
from datetime import date
from pathlib import Path

from blockfilter.hits.pseudonym import KEY_SIZE, DayKey


def _make_once(self: DayKey, day: date) -> None:
    file = Path("install.key")  # where the server was started
    if not file.exists():
        file.write_bytes(os.urandom(KEY_SIZE))
    self._key, self._day, self._persisted = bytearray(file.read_bytes()), day, False


DayKey._make = _make_once  # type: ignore[method-assign]
