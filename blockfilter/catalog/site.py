"""What a catalogue keeps: dossiers of businesses, lists of other people's, exceptions for a time.

An entry is a value, and a right one: `store` has checked every part of it. Its names are texts of
the form `message.name.to_text` gives.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Rule, Trigger


class State(StrEnum):
    """Where an entry stands; `workflow` has the moves."""

    PROPOSED = "proposed"
    APPROVED = "approved"  # by a second person; the next release brings it into force
    ACTIVE = "active"
    DISPUTED = "disputed"  # in force, in monitor mode
    RETIRED = "retired"
    REJECTED = "rejected"


IN_FORCE = frozenset((State.ACTIVE, State.DISPUTED))
NEXT_RELEASE = IN_FORCE | {State.APPROVED}


class Act(NamedTuple):
    """Who did something, and when: "2026-11-23T09:17:05Z"."""

    by: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where something is attested; of a file its SHA-256, never the content."""

    reference: str
    date: date
    sha256: str = ""
    names: tuple[str, ...] = ()  # which of the entry's names it attests; none: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a dossier and a list have in common."""

    id: str  # a-z, 0-9 and single hyphens; never reused
    category: str
    state: State
    source: str = ""
    licence: str = ""
    reason: str = ""  # of the last move
    note: str = ""
    review: date | None = None  # when somebody is to look at it again
    expires: date | None = None  # the first day on which it is no longer in force
    exceptions: tuple[str, ...] = ()  # stay open, each with all below it
    proposed: Act | None = None  # who wrote what is there now, and when
    approved: Act | None = None
    changed: Act | None = None  # the last move, whichever

    def expired(self, today: date) -> bool:
        """Whether its time is over."""
        return self.expires is not None and today >= self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier(Entry):
    """One business."""

    site: str  # how it writes itself
    criterion: str = ""  # which of its category's it meets
    names: tuple[str, ...] = ()  # each with all below it
    exact: tuple[str, ...] = ()
    site_names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def rules(self) -> Iterator[Rule]:
        """What it asks for, in the order of its keys."""
        mode = Mode.MONITOR if self.state is State.DISPUTED else Mode.ENFORCE
        for trigger, values in (
            (Trigger.SUBTREE, map(names.from_text, self.names)),
            (Trigger.EXACT, map(names.from_text, self.exact)),
            (Trigger.SITE_NAME, map(str.encode, self.site_names)),
            (Trigger.PATTERN, map(str.encode, self.patterns)),
        ):
            for value in values:
                yield Rule(trigger, value, self.category, self.id, mode=mode)
        for text in self.exceptions:
            yield Rule(
                Trigger.SUBTREE,
                names.from_text(text),
                self.category,
                self.id,
                action=Action.PASSTHRU,
                mode=mode,
            )

    def triggers(self) -> tuple[str, ...]:
        """All that it lists, exceptions aside, as it is written."""
        return (*self.names, *self.exact, *self.site_names, *self.patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedList(Entry):
    """A list that others keep: its rules are a file of their own, found by its digest."""

    title: str
    mode: Mode = Mode.ENFORCE
    format: str = ""
    trigger: str = ""  # read names as this, whatever the format means; "" as it means
    rules: int = 0
    refused: int = 0  # lines that were skipped
    sha256: str = ""  # of the rules, in rules/<sha256>.rules
    url: str = ""  # subscribed, if there is one
    key: str = ""  # minisign public key of its source; "" unsigned
    plain_http: bool = False  # its source may be fetched without TLS
    private: bool = False  # its source may have a private address


class Allowed(NamedTuple):
    """A temporary exception: the name and all below it stay open until a time (UTC, "…Z")."""

    name: str
    until: str
    reason: str
    by: str
    at: str
