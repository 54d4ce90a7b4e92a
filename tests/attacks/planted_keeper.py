"""blockfilter with a planted defect: a day's key is kept with the settings, too."""

from datetime import date

from blockfilter.hits.pseudonym import DayKey
from tests.attacks import searchable  # noqa: F401  # its memory may be read, too

SETTINGS: dict[str, bytes] = {}
_make, _read = DayKey._make, DayKey._read


def _make_and_keep(self: DayKey, day: date) -> None:
    _make(self, day)
    SETTINGS[f"key of {day}"] = bytes(self._key)


def _read_and_keep(self: DayKey) -> None:
    _read(self)
    SETTINGS[f"key of {self.day}"] = bytes(self._key)


DayKey._make, DayKey._read = _make_and_keep, _read_and_keep  # type: ignore[method-assign]
