"""The journal lived through again: is each line one that could follow the lines before it?

It knows nothing of the folder: what it finds is wrong with the journal itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from blockfilter.catalog import identity
from blockfilter.catalog.changelog import Line
from blockfilter.catalog.finding import Finding, Severity
from blockfilter.catalog.folder import JOURNAL
from blockfilter.catalog.site import State
from blockfilter.catalog.workflow import MOVES, SYSTEM
from blockfilter.errors import RefusedError

_BEGIN = ("propose", "import", "subscribe")
_REMEDY = "take the journal back from a copy or from git, and ask who changed it"
# What happens by itself: nothing of it brings a name onto the list that nobody approved.
_BY_SYSTEM = ("refresh", "expire", "propose", "release", "pause")
_NO_ENTRY = (
    *("allow", "disallow", "release", "rollback", "pause", "resume", "force"),
    *("enrol", "rotate", "remove"),
)
_STANDS = (State.APPROVED, State.ACTIVE)
_REFRESHED = ("format", "rules", "refused", "sha256")


class Key(NamedTuple):
    """A key somebody has; `until` is "" while they have it."""

    key: str
    until: str = ""


class Replay:
    """What is known after each line; `findings` is what was wrong on the way."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.entries: dict[str, Mapping[str, Any]] = {}
        self.stood: dict[str, Mapping[str, Any]] = {}  # the last version that was approved
        self.keys: dict[str, list[Key]] = {}
        self.paused = False
        self.in_force: int | None = None
        self.releases: dict[int, Line] = {}

    def run(self, lines: Iterable[Line]) -> None:
        """Live through all lines."""
        known: dict[str, int] = {}
        open_: dict[str, int] = {}
        for line in lines:
            self._chain(line, known, open_)
            self._signature(line)
            if line.what in _NO_ENTRY:
                self._act(line)
            else:
                for problem in self._entry(line):
                    self._wrong(line, "move", problem)
                if line.entry is not None:
                    self.entries[line.id] = line.entry
                    if line.entry.get("state") in _STANDS:
                        self.stood[line.id] = line.entry
            known[line.digest] = line.number
            open_[line.digest] = line.number

    def _wrong(self, line: Line, rule: str, sentence: str, number: int = 0) -> None:
        place = f"{JOURNAL}: line {number or line.number}"
        self.findings.append(Finding(rule, Severity.ERROR, place, sentence, _REMEDY))

    def _chain(self, line: Line, known: Mapping[str, int], open_: dict[str, int]) -> None:
        lost = [one for one in line.previous if one not in known]
        for one in line.previous:
            open_.pop(one, None)
        if not known and line.previous:
            self._wrong(line, "chain", "names a line before it, and there is none: it was removed")
        elif known and not line.previous:
            self._wrong(line, "chain", "follows no line, as only the first one does")
        elif lost:
            # What it named is not there as it was; the line nobody names is the one that changed.
            suspect = min(open_.values(), default=line.number)
            self._wrong(
                line,
                "chain",
                f"was changed after line {line.number} followed it, or a line after it is missing",
                suspect,
            )
            open_.clear()

    def _signature(self, line: Line) -> None:
        if line.by == SYSTEM:
            if line.what not in _BY_SYSTEM:
                self._wrong(line, "system", f"the system does not {line.what}; a person has to")
            return
        if not any(not key.until for keys in self.keys.values() for key in keys):
            return  # nobody has a key yet, so names are believed
        if line.signature is None:
            self._wrong(line, "signature", f"is not signed, though {line.by} has to")
            return
        keys = [one.key for one in self.keys.get(line.by, ()) if line.at <= (one.until or "~")]
        for key in keys:
            try:
                identity.verify(key, line.signed, line.signature)
            except RefusedError:
                continue
            return
        self._wrong(
            line,
            "signature",
            f"its signature is not by {line.by}, or it was changed after it was signed",
        )

    def _act(self, line: Line) -> None:
        key = str(line.facts.get("key", ""))
        if line.what in ("enrol", "rotate", "remove"):
            held = self.keys.setdefault(line.id, [])
            held[:] = [one if one.until else one._replace(until=line.at) for one in held]
            if line.what != "remove":
                held.append(Key(key))
        elif line.what == "release":
            serial = line.facts.get("serial")
            if not isinstance(serial, int) or serial in self.releases:
                self._wrong(line, "release", "releases a serial that is none or was given before")
                return
            self.releases[serial] = line
            self.in_force = serial
        elif line.what == "rollback":
            serial = line.facts.get("serial")
            if serial not in self.releases:
                self._wrong(line, "release", "goes back to a release that no line tells of")
            self.in_force = serial if isinstance(serial, int) else None
            self.paused = True
        elif line.what in ("pause", "resume"):
            self.paused = line.what == "pause"

    def _entry(self, line: Line) -> Iterator[str]:
        """What is wrong with a line about an entry."""
        before, after = self.entries.get(line.id), line.entry
        if after is None:
            yield f"{line.what} tells no entry"
            return
        if after.get("id") != line.id:
            yield f"tells an entry of another id than {line.id}"
        if line.what != "refresh":
            if after.get("changed") != {"by": line.by, "at": line.at}:
                yield "its entry was changed by somebody else, or at another time, than the line says"
            if after.get("reason", "") != line.why:
                yield "its entry has another reason than the line"
        if line.what in _BEGIN:
            if before is not None:
                yield f"gives the id {line.id} again"
            if after.get("state") != State.PROPOSED:
                yield "begins an entry that is not merely proposed"
        elif before is None:
            yield f"{line.what} of {line.id}, which no line before it proposed"
        else:
            yield from _moved(line, before, after, self.stood.get(line.id))


def _moved(
    line: Line, before: Mapping[str, Any], after: Mapping[str, Any], stood: Mapping[str, Any] | None
) -> Iterator[str]:
    state, author = before.get("state"), _by(before, "proposed")
    if line.what == "refresh":
        if any(before.get(key) != after.get(key) for key in {*before, *after} - {*_REFRESHED}):
            yield "a refresh changes more than the rules of its list"
    elif line.what == "expire":
        over = str(before.get("expires", "~")) <= line.at[:10]
        if not over or after.get("state") != State.RETIRED:
            yield f"retires {line.id} before its time is over"
    elif line.what == "edit":
        if after.get("state") == State.PROPOSED:
            if _by(after, "proposed") != line.by:
                yield f"an edit by {line.by} that somebody else is said to have proposed"
        elif after.get("state") != state:
            yield f"an edit makes a {state} entry {after.get('state')}"
        elif _rules(before) != _rules(after):
            yield "an edit changes what is blocked, and does not wait for a second person"
    elif line.what == "reject" and stood and "approved" in before and state == State.PROPOSED:
        if after.get("state") not in _STANDS or _rules(after) != _rules(stood):
            yield "rejects an edit, and does not bring back the version before it"
    elif move := MOVES.get(line.what):
        if state not in move.sources:
            yield f"{line.what} of {line.id}, which was {state}"
        if after.get("state") != move.target:
            yield f"{line.what} makes the entry {after.get('state')}"
        if move.second_person and author == line.by:
            yield f"{line.by} approves what {author} proposed: it needs a second person"
        if move.second_person and _by(after, "approved") != line.by:
            yield "somebody else is said to have approved it"
        if _rules(before) != _rules(after):
            yield f"{line.what} changes what is blocked"
    else:
        yield f'"{line.what}" is nothing that happens to an entry'


def _by(entry: Mapping[str, Any], key: str) -> str:
    act = entry.get(key)
    return str(act.get("by", "")) if isinstance(act, Mapping) else ""


def _rules(entry: Mapping[str, Any]) -> list[Any]:
    """What an entry blocks."""
    keys = ("names", "exact", "site-names", "patterns", "except", "category", "mode", "sha256")
    return [entry.get(key) for key in keys]
