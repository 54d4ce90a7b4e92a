"""Adblock lists: three readings, because what a line means depends on all others.

The first gathers what `$badfilter` takes back, the second the exceptions, the important blocks and
the names that blocks spare, the third gives the rules. Lines of other syntax are those of hosts and
domains lists, which such lists may hold, too.

A name that `$denyallow` spares is open to the list's expressions as well: no rule here says less.
"""

from collections.abc import Iterator
from contextlib import suppress

from blockfilter.catalog.formats import adline, naming, plain
from blockfilter.catalog.formats.adline import Line, Taken
from blockfilter.catalog.formats.cover import Names, Spared
from blockfilter.catalog.formats.expression import MAX_EXPRESSIONS
from blockfilter.catalog.formats.lines import numbered
from blockfilter.catalog.formats.listing import Listing
from blockfilter.errors import FormatError
from blockfilter.policy.rule import Action, Rule, Trigger

_START, _END = b"||", b"^"
_TOO_MANY = f"more than {MAX_EXPRESSIONS} expressions, which every query would be held against"
_OUTRANKED = "an important expression, which outranks no exception here"


def read(listing: Listing) -> Iterator[Rule]:
    """The rules."""
    return _Reader(listing).rules()


class _Reader:
    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._taken: set[str] = set()  # spellings that do not count
        self._open, self._important_open = Names(), Names()
        self._important = Names()  # blocks
        self._spared = Spared()
        self._expressions = 0

    def rules(self) -> Iterator[Rule]:
        """All of them, those that spare names last."""
        self._gather()
        listing, taken = self._listing, self._taken
        subtree, bare = Trigger.SUBTREE, listing.trigger or Trigger.SUBTREE
        hosts = listing.trigger or Trigger.EXACT
        blocks = self._blocks
        for number, line in listing.lines():
            content = line.strip()
            if content[:2] == _START and content[-1:] == _END and not taken:  # as nearly all
                name = content[2:-1].lower()
                wire = naming.usual(name)
                if wire and (bare is not subtree or name.decode() not in listing.wide):
                    if blocks(bare, wire):
                        yield self._rule(bare, wire)
                    continue
            elif (
                not taken
                and b"#" not in line  # a rule on parts of pages, or a comment
                and (found := plain.usual(line, listing.wide, bare, hosts))
            ):
                if blocks(*found):
                    yield self._rule(*found)
                continue
            try:
                yield from self._unusual(line)
            except FormatError as error:
                listing.refuse(number, line, error)
        for trigger, name in self._spared.open():
            yield self._rule(trigger, name, Action.PASSTHRU)

    def _gather(self) -> None:
        """What other lines are held against: see the module."""
        if not self._lines_with(b"$", b"@@", b"||*."):
            return
        for line in self._parsed(b"badfilter"):
            if isinstance(line, Taken):
                self._taken.add(line.spelling)
        for line in self._parsed(b"$", b"@@", b"||*."):
            if isinstance(line, Taken) or line.spelling in self._taken:
                continue
            if line.passthru:
                (self._important_open if line.important else self._open).add(
                    line.trigger, line.value
                )
            elif line.important and line.trigger is not Trigger.PATTERN:
                self._important.add(line.trigger, line.value)
            self._spared.add(line.spared)

    def _lines_with(self, *marks: bytes) -> bool:
        """Whether there is any such line at all; in most lists there is none."""
        return any(mark in line for _, line in numbered(self._listing.path) for mark in marks)

    def _parsed(self, *marks: bytes) -> Iterator[Line | Taken]:
        """The lines with one of these marks that mean something."""
        for _, line in numbered(self._listing.path):
            if any(mark in line for mark in marks) and b"\0" not in line:
                with suppress(FormatError):  # it is told when the line's turn comes
                    if found := self._parse(naming.decoded(line.strip())):
                        yield found

    def _parse(self, text: str) -> Line | Taken | None:
        return adline.parse(text, self._listing.wide, self._listing.trigger)

    def _unusual(self, line: bytes) -> Iterator[Rule]:
        """The rules of any line; FormatError: the cause."""
        listing, text = self._listing, naming.decoded(line.strip())
        if adline.is_plain(text):
            bare, hosts = listing.trigger or Trigger.SUBTREE, listing.trigger or Trigger.EXACT
            trigger, values = plain.entry(line, listing.wide, bare, hosts)
            for value in values:
                if text.lower() not in self._taken and self._blocks(trigger, value):
                    yield self._rule(trigger, value)
            return
        found = self._parse(text)
        if found is None or isinstance(found, Taken) or found.spelling in self._taken:
            return
        if found.passthru:
            if found.important or not self._important.covers(found.trigger, found.value):
                yield self._rule(found.trigger, found.value, Action.PASSTHRU)
        elif found.trigger is Trigger.PATTERN:
            yield self._expression(found)
        elif self._blocks(found.trigger, found.value, found):
            yield self._rule(found.trigger, found.value)

    def _expression(self, line: Line) -> Rule:
        self._expressions += 1
        if self._expressions > MAX_EXPRESSIONS:
            raise FormatError(_TOO_MANY)
        if line.important and (self._open or self._important_open):
            raise FormatError(_OUTRANKED)
        return self._rule(line.trigger, line.value)

    def _blocks(self, trigger: Trigger, name: bytes, line: Line | None = None) -> bool:
        """Whether a block counts, which an exception may cover."""
        if self._important_open.covers(trigger, name):
            return False
        if not (line and line.important) and self._open.covers(trigger, name):
            return False
        if self._spared:
            self._spared.block(trigger, name, line.spared if line else ())
        return True

    def _rule(self, trigger: Trigger, value: bytes, action: Action = Action.BLOCK) -> Rule:
        return Rule(trigger, value, self._listing.category, "", action, self._listing.mode)
