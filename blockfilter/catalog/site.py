"""A dossier: what is known of one business, and the rules that follow from it.

A dossier is a value, and a right one: `store` has checked every part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Rule, Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where a dossier stands."""

    ACTIVE = "active"
    DISPUTED = "disputed"


MODES = {State.ACTIVE: Mode.ENFORCE, State.DISPUTED: Mode.MONITOR}


@dataclass(frozen=True, slots=True)
class Dossier:
    """One business. Names are texts of the form `message.name.to_text` gives."""

    id: str
    name: str
    category: str
    state: State
    reason: str = ""  # why it is disputed
    names: tuple[str, ...] = ()  # each with all below it
    exact: tuple[str, ...] = ()
    site_names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()  # stay open, each with all below it
    evidence: "Mapping[str, str]" = field(default_factory=lambda: MappingProxyType({}))

    def rules(self) -> Iterator[Rule]:
        """What the dossier asks for, in the order of its keys."""
        mode = MODES[self.state]
        for trigger, values in (
            (Trigger.SUBTREE, map(names.from_text, self.names)),
            (Trigger.EXACT, map(names.from_text, self.exact)),
            (Trigger.SITE_NAME, map(str.encode, self.site_names)),
            (Trigger.PATTERN, map(str.encode, self.patterns)),
        ):
            for value in values:
                yield Rule(trigger, value, self.category, self.id, mode=mode)
        for text in self.exceptions:
            value = names.from_text(text)
            yield Rule(
                Trigger.SUBTREE, value, self.category, self.id, action=Action.PASSTHRU, mode=mode
            )
