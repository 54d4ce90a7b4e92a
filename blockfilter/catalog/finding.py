"""What a check of a catalogue found: which rule, where, what, and the remedy."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """An error keeps a release from being made; a warning is for people to weigh."""

    ERROR = "error"
    WARNING = "warning"


class Finding(NamedTuple):
    """One finding. `rule` is its stable id, as `list lint` and README name it."""

    rule: str
    severity: Severity
    place: str  # "sites/rubmaps.toml: rubmaps", "journal.jsonl: line 12"
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.severity} [{self.rule}]: {self.sentence}; {self.remedy}"
