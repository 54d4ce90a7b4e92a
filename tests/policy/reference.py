"""The policy as it is documented, written down naively: label tuples, linear scans, no trie.

It shares no code with the product but the type of a rule. Names are tuples of labels, leftmost
first, without the root.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from blockfilter.policy.rule import Action, Mode, Role, Rule, RuleList, Trigger

Labels = tuple[bytes, ...]


def wire(labels: Labels) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def unwire(name: bytes) -> Labels:
    found, rest = [], name
    while rest[0]:
        found.append(rest[1 : 1 + rest[0]])
        rest = rest[1 + rest[0] :]
    return tuple(found)


def text(labels: Labels) -> str:
    """Printable form; enough for the labels of these tests."""

    def printable(octet: int) -> str:
        if octet in b".\\":
            return "\\" + chr(octet)
        return chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"

    return ".".join("".join(map(printable, label)) for label in labels) or "."


def suffix_length(labels: Labels, suffixes: Sequence[str]) -> int:
    """The algorithm at publicsuffix.org/list, step by step."""
    matching = []
    for line in suffixes:
        rule = line.removeprefix("!").encode().split(b".")
        tail = labels[len(labels) - len(rule) :] if len(labels) >= len(rule) else ()
        fits = len(tail) == len(rule) and all(
            a in (b, b"*") for a, b in zip(rule, tail, strict=True)
        )
        if fits:
            matching.append((line.startswith("!"), len(rule)))
    if any(exception for exception, _ in matching):
        return max(length for exception, length in matching if exception) - 1
    return max((length for _, length in matching), default=1)


def site_label(labels: Labels, suffixes: Sequence[str]) -> bytes | None:
    length = suffix_length(labels, suffixes)
    return labels[-length - 1] if len(labels) > length else None


class Spoken(NamedTuple):
    """A rule that speaks of a name, with the number of its list and its place in the table."""

    place: tuple[int, int]
    number: int
    rule: Rule


class Verdict(NamedTuple):
    """What is to come out; of rules that are equally strong, any may be the one that is named."""

    passes: bool
    enforced: frozenset[Spoken]  # the strongest; empty where none blocks
    monitored: frozenset[Spoken]


class Reference:
    def __init__(self, lists: Sequence[RuleList], suffixes: Sequence[str]) -> None:
        self.lists = [(one.id, one.role, tuple(one.rules)) for one in lists]
        self.suffixes = tuple(suffixes)

    def verdict(self, labels: Labels) -> Verdict:
        spoken = [
            Spoken(place, number, rule)
            for number, (_, _, rules) in enumerate(self.lists)
            for rule in rules
            if (place := self._place(rule, labels)) is not None
        ]
        if any(self.lists[one.number][1] is not Role.BLOCK for one in spoken):
            return Verdict(True, frozenset(), frozenset())
        return Verdict(
            False, self._strongest(spoken, "enforce"), self._strongest(spoken, "monitor")
        )

    def blocks(self, labels: Labels) -> bool:
        return bool(self.verdict(labels).enforced)

    def _place(self, rule: Rule, labels: Labels) -> tuple[int, int] | None:
        """Where the rule stands in the table of precedence, None where it does not match."""
        match rule.trigger:
            case Trigger.EXACT:
                return (3, 0) if labels == unwire(rule.value) else None
            case Trigger.SUBTREE:
                top = unwire(rule.value)
                inside = len(labels) >= len(top) and labels[len(labels) - len(top) :] == top
                return (4, -len(top)) if inside else None
            case Trigger.SITE_NAME:
                return (5, 0) if site_label(labels, self.suffixes) == rule.value else None
            case Trigger.PATTERN:
                return (6, 0) if re.search(rule.value.decode(), text(labels)) else None

    def _strongest(self, spoken: list[Spoken], mode: str) -> frozenset[Spoken]:
        """The lists' own verdicts, of which the strongest is left."""
        verdicts = list(itertools.chain.from_iterable(self._of_lists(spoken, Mode(mode))))
        best = min((one.place for one in verdicts), default=None)
        return frozenset(one for one in verdicts if one.place == best)

    def _of_lists(self, spoken: list[Spoken], mode: Mode) -> Iterator[list[Spoken]]:
        for number in range(len(self.lists)):
            own = [one for one in spoken if one.number == number]
            blocking = [
                one for one in own if one.rule.action is Action.BLOCK and one.rule.mode is mode
            ]
            exceptions = [one.place for one in own if one.rule.action is Action.PASSTHRU]
            best = min((one.place for one in blocking), default=None)
            if best is not None and not any(place <= best for place in exceptions):
                yield [one for one in blocking if one.place == best]
