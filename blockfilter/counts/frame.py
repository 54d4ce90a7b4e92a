"""What the counts of a quarter stand in: sizes, offices and zone, frozen at its start.

`Facts` is what is known today; `Frame` is what was frozen. Headcounts are public, so they decide
what is published; nothing secret ever does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from blockfilter.counts import audit

ELSEWHERE = "elsewhere"  # the office of clients that no prefix speaks for


@dataclass(frozen=True, slots=True)
class FramedOffice:
    """An office, its headcount, and the prefixes its clients have."""

    id: str
    heads: int
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What holds for a whole quarter."""

    quarter: str
    heads: int
    offices: tuple[FramedOffice, ...] = ()
    zone: str = "UTC"
    addresses_per_device: int = 1  # how many addresses one device may have: scales the noise

    def text(self) -> str:
        """Its canonical JSON."""
        offices = [[one.id, one.heads, list(one.prefixes)] for one in self.offices]
        facts = {key: getattr(self, key) for key in _KEYS}
        return audit.canonical(facts | {"offices": offices})

    @classmethod
    def read(cls, text: str) -> "Frame":
        """The frame of its JSON."""
        facts: dict[str, Any] = json.loads(text)
        offices = tuple(
            FramedOffice(id_, heads, tuple(prefixes)) for id_, heads, prefixes in facts["offices"]
        )
        return cls(offices=offices, **{key: facts[key] for key in _KEYS})


_KEYS = ("quarter", "heads", "zone", "addresses_per_device")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known today, handed over by whoever runs the close."""

    heads: int = 0  # 0: not known, and then nothing is counted
    offices: tuple[FramedOffice, ...] = ()
    categories: Mapping[str, int] = field(
        default_factory=dict
    )  # enforced names in force, by category
    zone: str = "UTC"
    addresses_per_device: int = 1
    release: str = ""  # of the list in force
    released: date | None = None  # when that release was made
    canaries: bool = True  # whether queries that test for a filter are answered so that it stays

    def frame(self, quarter: str) -> Frame:
        """What of it is frozen for a quarter."""
        return Frame(
            quarter=quarter,
            heads=self.heads,
            offices=self.offices,
            zone=self.zone,
            addresses_per_device=self.addresses_per_device,
        )
