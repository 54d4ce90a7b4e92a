"""Whether counts.db is what was written: the audit chain, and all that the ledger holds against it.

The chain is told again from its first line, and must end where the ledger stands. One line altered
or dropped, the last one too, is found; so is a figure, a period, a frame, a charge or a week's
coverage that the chain does not tell of. Who rewrites the whole file consistently is found by what
was published before: each report carries the head of its time.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blockfilter.counts import audit, calendar, database, ledger
from blockfilter.counts.audit import Line
from blockfilter.counts.coverage import Coverage
from blockfilter.errors import StateError

Key = tuple[str, str]
Run = Callable[[str], Any]


class _Told(NamedTuple):
    """What the chain says of a period: when it was opened, and at last."""

    opened: Mapping[str, Any]
    last: Mapping[str, Any]
    head: str


class _Story:
    """All that the chain tells, line by line."""

    def __init__(self, lines: list[Line]) -> None:
        self.facts: dict[str, str] = {}
        self.frames: dict[str, tuple[str, str]] = {}
        self.periods: dict[Key, _Told] = {}
        self.charges: dict[str, int] = {}
        self.coverage: dict[str, Coverage] = {}
        self.doubts: list[str] = []
        for line in lines:
            try:
                self._tell(json.loads(line.text), line)
            except (KeyError, TypeError, ValueError, AttributeError):
                self.doubts.append(f"audit line {line.number} says nothing that can be read")

    def _tell(self, said: dict[str, Any], line: Line) -> None:
        what = said["what"]
        if what == "began":
            self.facts = {"began": said["first"], "simulated": str(int(said["simulated"]))}
        elif what == "frozen":
            self.frames[said["frame"]["quarter"]] = (audit.canonical(said["frame"]), line.digest)
        elif what == "charged":
            self.charges[said["day"]] = said["epochs"]
        elif what == "covered":
            row = Coverage(**said["coverage"])
            self.coverage[row.week] = row
        else:
            self._tell_period(said, line)

    def _tell_period(self, said: dict[str, Any], line: Line) -> None:
        key = (said["table"], said["period"])
        before = self.periods.get(key)
        if before and before.last["what"] != ledger.OPENED:
            self.doubts.append(f"audit line {line.number} ends {' '.join(key)} a second time")
        self.periods[key] = _Told(before.opened if before else said, said, line.digest)


def faults(state: Path) -> list[str]:
    """A sentence for each thing that is wrong; StateError where there is nothing to check."""
    path = state / database.COUNTS
    with database.translated(path):
        there = path.exists() and path.stat().st_size
    if not there:
        raise StateError(f"{path}: there are no counts to verify; name the state with --state DIR")
    with database.read_only(path) as connection:
        run = connection.execute
        lines = [
            Line(*row) for row in run("SELECT number, line, digest FROM audit ORDER BY number")
        ]
        story = _Story(lines)
        return [
            *audit.faults(lines),
            *story.doubts,
            *_facts(run, lines, story),
            *_periods(run, story),
            *_figures(run, story),
            *_rest(run, story),
        ]


def _facts(run: Run, lines: list[Line], story: _Story) -> Iterator[str]:
    facts = dict(run("SELECT key, value FROM facts").fetchall())
    head = lines[-1].digest if lines else audit.START
    number = lines[-1].number if lines else 0
    if str(number) != facts.get("lines", "0") or head != facts.get("head", audit.START):
        yield f"the audit chain ends with line {number}, and the ledger knows of another end"
    for key, what in (("began", "when counting began"), ("simulated", "whether it is simulated")):
        if facts.get(key) != story.facts.get(key):
            yield f"the ledger and the audit chain do not agree {what}"


def _periods(run: Run, story: _Story) -> Iterator[str]:
    stands = {(row[0], row[1]): tuple(row) for row in run("SELECT * FROM periods")}
    for key in sorted(stands.keys() | story.periods.keys()):
        if key not in stands:
            yield f"{' '.join(key)}: the audit chain says that it was opened, the ledger does not"
        elif key not in story.periods:
            yield f"{' '.join(key)}: the audit chain does not say that it was opened"
        elif stands[key] != _expected(key, story.periods[key]):
            yield f"{' '.join(key)}: the audit chain says something else of it"


def _expected(key: Key, told: _Told) -> tuple[object, ...]:
    """The row of a period in the ledger."""
    try:
        period, opened, last = calendar.parse(key[1]), told.opened, told.last
        state = ledger.OPEN if last["what"] == ledger.OPENED else last["what"]
        return (
            *(*key, period.first.isoformat(), period.last.isoformat()),
            *(state, int(bool(last.get("flagged"))), opened["heads"], opened["addresses"]),
            *(opened["epsilon"], opened["form"]),
            *(json.dumps(opened["cells"]), json.dumps(opened["weights"]), told.head),
        )
    except (KeyError, ValueError):
        return ()


def _figures(run: Run, story: _Story) -> Iterator[str]:
    figures: dict[Key, list[list[Any]]] = {}
    heads: dict[Key, set[str]] = {}
    for table, period, *figure, head in run(
        'SELECT "table", period, cell, value, low, high, head FROM releases ORDER BY place'
    ):
        figures.setdefault((table, period), []).append(figure)
        heads.setdefault((table, period), set()).add(head)
    for key, told in sorted(story.periods.items()):
        published = told.last.get("what") == ledger.RELEASED
        found = figures.pop(key, [])
        if found and not published:
            yield f"{' '.join(key)}: has figures that were never published"
        elif published and told.last.get("figures") != audit.of_figures(found):
            yield f"{' '.join(key)}: its figures are not those that were published"
        elif published and heads[key] != {told.head}:
            yield f"{' '.join(key)}: its figures do not carry the head they were published with"
    for key in sorted(figures):
        yield f"{' '.join(key)}: has figures, and the audit chain knows of no such period"


def _rest(run: Run, story: _Story) -> Iterator[str]:
    """Frames, charges and coverage."""
    frames = {row[0]: row[1:] for row in run("SELECT quarter, frame, head FROM frames")}
    charges = dict(run("SELECT day, epochs FROM charges").fetchall())
    coverage = {row[0]: row for row in run("SELECT * FROM coverage")}
    for what, stands, expected in (
        ("what was frozen", frames, story.frames),
        ("the keys of the day", charges, story.charges),
        ("the week's coverage", coverage, story.coverage),
    ):
        for key in sorted(stands.keys() | expected.keys()):
            if stands.get(key) != expected.get(key):
                yield f"{key}: {what} is not what the audit chain says"
