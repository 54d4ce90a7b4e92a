"""Small sets of rules over a small alphabet, so that everything meets everything."""

import itertools
from typing import Any, NamedTuple

from hypothesis import strategies as st

from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Action, Mode, Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import Snapshot, build
from tests.policy.reference import Labels, Reference, wire

# "a.b" holds a separator, "\1" is a length too, "\xff" is where the suffixes' keys begin.
_ALPHABETS = ((b"a", b"b"), (b"a", b"b", b"c"), (b"a", b"\x01", b"\xff"), (b"a", b"a.b"))
# No exception below another: the list has none, and its algorithm does not say what that would mean.
_SUFFIX_LINES = ("a", "b", "b.a", "*.b", "!a.b", "*.a.b", "a.b.a", "a.c", "!b.a", "*.a", "b.b")
_PATTERNS = (b"a$", b"^a", rb"\\", b"a.*b", b"^[ab]$", rb"^\\255", b"^b.a$")

ALL = tuple(Trigger)


class World(NamedTuple):
    """Labels, lists over them and a suffix list."""

    alphabet: tuple[bytes, ...]
    lists: list[RuleList]
    suffixes: list[str]

    @property
    def policy(self) -> Policy:
        return policy(self.lists, self.suffixes)

    @property
    def reference(self) -> Reference:
        return Reference(self.lists, self.suffixes)

    def names(self, deepest: int) -> list[Labels]:
        """Every name of so many labels at most."""
        return [
            one
            for length in range(deepest + 1)
            for one in itertools.product(self.alphabet, repeat=length)
        ]


@st.composite
def _rules(draw: st.DrawFn, alphabet: tuple[bytes, ...], triggers: tuple[Trigger, ...]) -> Rule:
    trigger = draw(st.sampled_from(triggers))
    if trigger is Trigger.SITE_NAME:
        value = draw(st.sampled_from(alphabet))
    elif trigger is Trigger.PATTERN:
        value = draw(st.sampled_from(_PATTERNS))
    else:
        value = wire(tuple(draw(st.lists(st.sampled_from(alphabet), max_size=3))))
    return Rule(
        trigger,
        value,
        draw(st.sampled_from(["escort", "review"])),
        draw(st.sampled_from(["", "site one"])),
        draw(st.sampled_from([Action.BLOCK, Action.BLOCK, Action.PASSTHRU])),
        draw(st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.MONITOR])),
        draw(st.sampled_from([True, True, True, False])),
    )


@st.composite
def worlds(draw: st.DrawFn, triggers: tuple[Trigger, ...] = ALL) -> World:
    """Lists of every role, most of them blocking ones, and suffixes that meet them."""
    alphabet = draw(st.sampled_from(_ALPHABETS))
    roles = [Role.BLOCK, Role.BLOCK, Role.BLOCK, Role.ALLOW, Role.PROTECTED]
    found = [
        RuleList(
            f"list-{number}",
            draw(st.sampled_from(roles)),
            draw(st.lists(_rules(alphabet, triggers), min_size=1, max_size=5)),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    suffixes = draw(st.lists(st.sampled_from(_SUFFIX_LINES), unique=True, max_size=6))
    return World(alphabet, found, suffixes)


def octets(found: list[RuleList], suffix_lines: list[str], serial: int = 1) -> bytes:
    """A snapshot of these lists."""
    return build(
        found,
        suffix_lines,
        inputs=bytes(range(32)),
        serial=serial,
        release="2026-11-23",
        suffix_date="2026-10-22",
    )


def policy(found: list[RuleList], suffix_lines: list[str]) -> Policy:
    """What decides over these lists."""
    return Policy(Snapshot(octets(found, suffix_lines)))


def blocking(
    *found: Rule, role: Role = Role.BLOCK, id_: str = "list", own: bool = False
) -> RuleList:
    """A list of these rules."""
    return RuleList(id_, role, found, own)


def name(printable: str) -> bytes:
    """The wire form of plain labels with dots between."""
    split: Labels = tuple(label.encode() for label in printable.split(".")) if printable else ()
    return wire(split)


def rule(trigger: str, value: str, category: str = "escort", **more: Any) -> Rule:
    """A rule over plain text."""
    kind = Trigger(trigger)
    octets_of = name(value) if kind in (Trigger.EXACT, Trigger.SUBTREE) else value.encode()
    return Rule(kind, octets_of, category)._replace(**more)
