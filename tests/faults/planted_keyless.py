"""blockfilter with a planted defect: the day's key is kept in memory alone."""

from blockfilter.cli import main
from blockfilter.hits.pseudonym import DayKey


def _forget(self: DayKey) -> None:
    self._persisted = True


if __name__ == "__main__":
    DayKey.persist = _forget  # type: ignore[method-assign]
    main(prog_name="blockfilter")
