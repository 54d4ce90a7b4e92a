"""What a check of a catalogue found: which rule, where, what, and the remedy."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from blockfilter.errors import RefusedError


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


class FoundError(RefusedError):
    """An act is refused because of what was found; `findings` are told one a line."""

    def __init__(self, sentence: str, findings: Sequence[Finding], *, after: str = "") -> None:
        super().__init__("\n".join(filter(None, (sentence, *map(str, findings), after))))
        self.findings = tuple(findings)
