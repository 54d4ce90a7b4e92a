"""A text read as a list, for tests: its rules in words, what was refused, and what it decides."""

from pathlib import Path

from blockfilter.catalog import suffixes
from blockfilter.catalog.formats import reading
from blockfilter.catalog.formats.listing import Refused
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Role, Rule, RuleList, Trigger
from tests.policy.rules import policy

WIDE = suffixes.Wide(["com", "example", "co.uk", "*.ck", "!www.ck"])
SUFFIXES = ["com", "example", "co.uk"]


class Read:
    """What came of one text."""

    def __init__(
        self, path: Path, text: str | bytes, format_: str, trigger: Trigger | None = None
    ) -> None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.refused = Refused()
        self.found = list(
            reading.rules(
                path,
                format_,
                category="other",
                mode=Mode.ENFORCE,
                wide=WIDE,
                refused=self.refused,
                trigger=trigger,
            )
        )

    @property
    def rules(self) -> list[str]:
        """ "subtree a.example", with "passthru " before exceptions."""
        return [_words(rule) for rule in self.found]

    def blocked(self, *asked: str) -> list[str]:
        """Those of the names that are blocked by this list alone."""
        decided = policy([RuleList("read", Role.BLOCK, self.found)], SUFFIXES)
        return [name for name in asked if decided.decide(names.from_text(name)).blocks]


def _words(rule: Rule) -> str:
    named = rule.trigger in (Trigger.EXACT, Trigger.SUBTREE)
    value = names.to_text(rule.value) if named else rule.value.decode()
    return f"{'passthru ' if rule.action is Action.PASSTHRU else ''}{rule.trigger} {value}"
