"""How much of the traffic was looked at, week by week: facts that tell of nobody.

A count is worth nothing if half the company goes round the filter. Queries served are cached and
forwarded ones, never blocked ones, and only to three significant digits: beside a total from
elsewhere an exact figure would give the blocked ones away.
"""

from typing import NamedTuple

_DIGITS = 3


class Coverage(NamedTuple):
    """One ISO week."""

    week: str
    served: int  # cached and forwarded, three significant digits
    days_up: int
    uptime: float  # share of the week, 0..1
    list_age: int | None  # days from the list's release to the week's end
    release: str
    offices_seen: float | None  # share of offices that sent any query; None: there are none
    canaries: bool  # browsers that ask whether a filter is here are told so


def rounded(served: int) -> int:
    """To three significant digits."""
    step: int = 10 ** max(0, len(str(served)) - _DIGITS)
    return (served + step // 2) // step * step
