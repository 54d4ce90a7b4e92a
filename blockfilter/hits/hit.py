"""What is recorded. Never an address, a name, a port, a list's entry or a minute."""

from typing import NamedTuple

ELSEWHERE = "elsewhere"  # the office of a client that no office's prefix speaks for


class Cell(NamedTuple):
    """What a query met: a category, and whether the rule is "enforced" or only "monitored"."""

    category: str
    mode: str


class Hit(NamedTuple):
    """One row: that some device met a category at least once in an hour of a local day."""

    day: str  # ISO 8601
    hour: int  # 0..23, local
    office: str
    category: str
    mode: str
    token: bytes  # 16 octets, made with the day's key
