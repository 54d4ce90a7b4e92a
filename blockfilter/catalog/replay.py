"""The journal lived through again: is each line one that could follow the lines before it?

It knows nothing of the folder: what it finds is wrong with the journal itself. A signature counts by
the key its author had at that place of the chain; the time a line tells is its author's word.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from blockfilter.catalog import identity, step
from blockfilter.catalog.changelog import Line
from blockfilter.catalog.finding import Finding, Severity
from blockfilter.catalog.folder import JOURNAL
from blockfilter.catalog.keyholders import ASK, KEY_ACTS, Keyholders, asked_for, key_act
from blockfilter.catalog.site import State
from blockfilter.catalog.workflow import SYSTEM
from blockfilter.errors import RefusedError

_REMEDY = "take the journal back from a copy or from git, and ask who changed it"
# What happens by itself: nothing of it brings a name onto the list that nobody approved.
_BY_SYSTEM = ("refresh", "expire", "propose", "release")
_NO_ENTRY = ("allow", "disallow", "release", "rollback", "resume", "force", ASK, *KEY_ACTS)

Entries = Mapping[str, Mapping[str, Any]]


class Replay:
    """What is known after each line; `findings` is what was wrong on the way."""

    def __init__(self, now: str = "~") -> None:
        self.findings: list[Finding] = []
        self.entries: dict[str, Mapping[str, Any]] = {}
        self.holders = Keyholders()
        self.allowed: dict[str, Line] = {}  # exceptions that nobody ended
        self.paused = False
        self.in_force: int | None = None
        self.releases: dict[int, Line] = {}
        self.entries_at: dict[int, Entries] = {}  # when a release was made
        self.forces: dict[int, list[Line]] = {}  # who wanted a release all the same, since the last
        self._forced: list[Line] = []
        self._stood: dict[str, Mapping[str, Any]] = {}  # the last version not merely proposed
        self._lines: dict[str, Line] = {}  # by digest
        self._open: dict[str, int] = {}  # which no line has named yet
        self._every: set[str] = set()  # digests of all lines
        self._named: set[str] = set()  # of those that another one follows
        self._linear = True  # each line followed the one above it
        self._broken = False  # what a line follows is not known any more
        self._last: tuple[str, ...] = ()
        self._now = now

    def run(self, lines: Iterable[Line]) -> None:
        """Live through all lines."""
        every = tuple(lines)
        self._every = {line.digest for line in every}
        self._named = {one for line in every for one in line.previous}
        for line in every:
            self._chain(line, sound=self._author(line))
            if line.what in _NO_ENTRY:
                self._act(line)
            else:
                for problem in step.problems(
                    line, self.entries.get(line.id), self._stood.get(line.id)
                ):
                    self._wrong(line, "move", problem)
                if line.entry is not None:
                    self.entries[line.id] = line.entry
                    if line.entry.get("state") != State.PROPOSED:
                        self._stood[line.id] = line.entry
            self.holders.see(line)
            self._lines[line.digest] = line
            self._open[line.digest] = line.number

    def _wrong(self, line: Line, rule: str, sentence: str, number: int = 0) -> None:
        place = f"{JOURNAL}: line {number or line.number}"
        self.findings.append(Finding(rule, Severity.ERROR, place, sentence, _REMEDY))

    def _chain(self, line: Line, *, sound: bool) -> None:
        """Whether it follows what was there; `sound`: it is as its author signed it."""
        self._linear = self._linear and line.previous == self._last
        self._last = (line.digest,)
        lost = [one for one in line.previous if one not in self._lines]
        self._broken = self._broken or bool(lost)
        for one in line.previous:
            self._open.pop(one, None)
        if any(one in self._every for one in lost):
            self._wrong(line, "chain", "stands before a line that it follows: lines were moved")
        elif not self._lines and line.previous:
            self._wrong(line, "chain", "names a line before it, and there is none: it was removed")
        elif self._lines and not line.previous:
            self._wrong(line, "chain", "follows no line, as only the first one does")
        elif lost:
            # What it named is not there as it was; the line nobody names is the one that changed.
            suspect = min(self._open.values(), default=line.number)
            last = len(self._lines) + 1 == len(self._every)
            if line.digest not in self._named and not (last and sound):
                self._wrong(line, "chain", "was changed: what it follows is not there")
            else:
                told = f"was changed after line {line.number} followed it, or a line after it is missing"
                self._wrong(line, "chain", told, suspect)
            self._open.clear()

    def _author(self, line: Line) -> bool:
        """Whether it may be its author's; False where the signature is of something else."""
        if line.by == SYSTEM:
            if line.what not in _BY_SYSTEM:
                self._wrong(line, "system", f"the system does not {line.what}; a person has to")
            return True
        if line.what in ("refresh", "expire"):
            self._wrong(line, "system", f"a person does not {line.what}; the system does")
        if not identity.NAME.fullmatch(line.by):
            self._wrong(line, "signature", f'"{line.by}" is no name that a person can have')
        if not self.holders.signed:
            return True  # nobody has a key yet, so names are believed
        key = self.holders.key(line.by)
        if line.signature is None:
            self._wrong(line, "signature", f"is not signed, though {line.by} has to")
        elif not key:
            self._wrong(line, "signature", f"{line.by} was no maintainer when it was written")
        elif not _by(key, line):
            self._wrong(
                line,
                "signature",
                f"its signature is not by {line.by}'s key of that time, or it was changed after it "
                "was signed",
            )
            return False
        return True

    def _act(self, line: Line) -> None:
        if line.entry is not None:
            self._wrong(line, "move", f"{line.what} is of no entry, and tells one")
        if line.what in KEY_ACTS or line.what == ASK:
            self._key(line)
        elif line.what == "release":
            self._release(line)
        elif line.what == "force":
            self._forced.append(line)
        elif line.what == "allow":
            self.allowed[line.id] = line
        elif line.what == "disallow":
            self.allowed.pop(line.id, None)
        elif line.what == "rollback":
            serial = line.facts.get("serial")
            if serial not in self.releases:
                self._wrong(line, "release", "goes back to a release that no line tells of")
            self.in_force = serial if isinstance(serial, int) else None
            self.paused = True
            self._forced.clear()
        elif line.what == "resume":
            self.paused = False

    def _key(self, line: Line) -> None:
        """A key is given, changed or laid down."""
        act = asked_for(line) if line.what == ASK else key_act(line)
        if line.what == ASK and line.at < max((one.at for one in self._lines.values()), default=""):
            self._wrong(line, "key", "asks at a time before that of a line above it")
        problem = self.holders.misfit(act)
        if problem is None and line.what != ASK:
            problem = self.holders.alone(act, line.by, line.at)
            if self.holders.by_silence(act, line.by, line.at) and line.at > self._now:
                problem = "takes effect at a time that is yet to come"
        if problem:
            self._wrong(line, "key", problem)
        if line.what not in KEY_ACTS or not (old := self.holders.key(line.id)):
            return
        if self._broken:
            return  # one changed line hides what stands above it, which is no fault of theirs
        # What the key signed elsewhere, and this line does not follow, was not signed before it.
        before = self._before(line)
        for other in self._lines.values():
            if other.by == line.id and other.digest not in before and _by(old, other):
                self._wrong(
                    other, "signature", f"signed by a key that line {line.number} took back"
                )

    def _release(self, line: Line) -> None:
        serial = line.facts.get("serial")
        if not isinstance(serial, int) or serial in self.releases:
            self._wrong(line, "release", "releases a serial that is none or was given before")
            return
        if line.facts.get("previous") != self.in_force:
            self._wrong(line, "release", f"does not follow release {self.in_force or 'none'}")
        if line.by == SYSTEM and self.paused:
            self._wrong(line, "system", "the system releases nothing while refreshing is paused")
        self.releases[serial] = line
        self.in_force = serial
        self.forces[serial], self._forced = self._forced, []
        if self._linear:
            self.entries_at[serial] = dict(self.entries)
        else:  # what another branch did beside it does not count
            before = self._before(line)
            seen = (one for one in self._lines.values() if one.digest in before)
            self.entries_at[serial] = {one.id: one.entry for one in seen if one.entry is not None}

    def _before(self, line: Line) -> set[str]:
        """The digests of all lines that a line follows."""
        found: set[str] = set()
        open_: list[str] = list(line.previous)
        while open_:
            digest = open_.pop()
            if digest not in found and digest in self._lines:
                found.add(digest)
                open_ += self._lines[digest].previous
        return found


def _by(key: str, line: Line) -> bool:
    """Whether a line is signed by a key."""
    try:
        identity.verify(key, line.signed, line.signature or "")
    except RefusedError:
        return False
    return True


def last_versions(lines: Sequence[Line]) -> Entries:
    """The last version of each entry."""
    return {line.id: line.entry for line in lines if line.entry is not None}
