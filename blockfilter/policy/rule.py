"""What a list says about names: one rule is a trigger, an action and where it comes from.

A rule is a value. It holds no client, no time and no counter, and it never changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

OTHER = "other"  # what the organisation's own entries are recorded under, whatever they say


class Trigger(StrEnum):
    """Which names a rule speaks of."""

    EXACT = "exact"  # this name only
    SUBTREE = "subtree"  # the name and all below it
    SITE_NAME = "site-name"  # one label left of any public suffix, and all below
    PATTERN = "pattern"  # an RE2 expression over the printable name


class Action(StrEnum):
    """What a rule asks for; the words are RPZ's, and BLOCK stands for the configured answer."""

    BLOCK = "block"
    PASSTHRU = "passthru"  # an exception: cancels rules of its own list only


class Mode(StrEnum):
    """Whether a blocking rule changes answers or is only watched."""

    ENFORCE = "enforce"
    MONITOR = "monitor"


class Role(StrEnum):
    """What a whole list is for; the first two outrank every blocking list."""

    PROTECTED = "protected"  # names no list may ever block
    ALLOW = "allow"  # the administrator's own exceptions
    BLOCK = "block"


class Rule(NamedTuple):
    """One rule. A tuple, because a list may bring two million of them.

    `value` is a canonical wire name for EXACT and SUBTREE (see message.name), a lower-case label
    for SITE_NAME and the expression in UTF-8 for PATTERN.
    """

    trigger: Trigger
    value: bytes
    category: str
    site: str = ""
    action: Action = Action.BLOCK
    mode: Mode = Mode.ENFORCE
    counted: bool = True  # False: blocked, and never recorded (the test name)


@dataclass(frozen=True, slots=True)
class RuleList:
    """The rules of one list, in any order; `rules` is walked once.

    `own`: the organisation's, so that its hits are recorded under OTHER.
    """

    id: str
    role: Role
    rules: Iterable[Rule]
    own: bool = False
