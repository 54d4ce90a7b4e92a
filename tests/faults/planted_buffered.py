"""blockfilter with a planted defect: journal lines are collected and written 4 kB at a time."""

from datetime import date

from blockfilter.cli import main
from blockfilter.hits.journal import Journal

_append = Journal.append
_collected: list[bytes] = []


def _collect(self: Journal, day: date, lines: bytes) -> None:
    _collected.append(lines)
    if not lines or sum(map(len, _collected)) >= 4096:  # no lines: the fold asks for all there is
        _append(self, day, b"".join(_collected))
        _collected.clear()


if __name__ == "__main__":
    Journal.append = _collect  # type: ignore[method-assign]
    main(prog_name="blockfilter")
