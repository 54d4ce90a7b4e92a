"""`blockfilter list simulate`: what the next release would change for names seen in the past."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from blockfilter.cli.list import shared
from blockfilter.cli.progress import progressing
from blockfilter.errors import FormatError

if TYPE_CHECKING:
    from blockfilter.catalog.progress import Progress
    from blockfilter.policy.decide import Explanation, Policy

SHOWN = 50  # names a person reads; JSON has them all
SHOWN_LINES = 5  # numbers of unknown lines a person reads
MAX_UNKNOWN = 1000  # numbers of unknown lines that are kept; a file of nothing else is no such file
_DIGITS = 15  # of a count; more is another kind of number
_STEP = 10_000  # lines between two looks at the progress


class _Change(NamedTuple):
    name: str
    was: str
    becomes: str
    why: str
    entry: str  # that blocks or blocked
    times: int = 0


class _Seen:
    """What a file of names would meet."""

    def __init__(self) -> None:
        self.names = self.queries = self.unknown = 0
        self.changed: dict[str, _Change] = {}
        self.lines: list[int] = []  # the first of those that are unknown


@click.command(short_help="What the next release would change for names seen.")
@click.option(
    "--against",
    required=True,
    type=click.File("rb"),
    metavar="FILE",
    help="Names seen in the past, one a line, perhaps with a count; - is standard input.",
)
@shared.catalog_option
def simulate(against: Iterable[bytes], catalog: Path | None, as_json: bool) -> None:
    """Say for which names of a file the next release would decide otherwise than the one in force.

    The next release is what it would be if everything proposed were approved. A line is a name, with
    a count before or behind it if there is one; what comes after # is left out. Lines that are
    neither are told by their numbers.

    \b
    Examples:
      blockfilter list simulate --catalog own --against seen.txt
      sort seen.txt | uniq -c | blockfilter list simulate --catalog own --against - --json
    """
    from blockfilter.cli import policies

    opened = shared.opened(catalog)
    before = policies.of_catalog(opened.path, opened.wide, draft=False)
    after = policies.of_catalog(opened.path, opened.wide, draft=True)
    with progressing(as_json=as_json) as progress:
        seen = _simulated(against, before, after, progress)
    changed = sorted(seen.changed.values(), key=lambda one: -one.times)
    facts = {
        "seen": seen.names,
        "queries": seen.queries,
        "changed": [one._asdict() for one in changed],
        "unknown": seen.unknown,
        "unknown_lines": seen.lines,
    }
    shared.tell(opened, facts, [*_listed(changed), *_summed(seen)], as_json=as_json)


def _simulated(
    against: Iterable[bytes], before: "Policy", after: "Policy", progress: "Progress"
) -> _Seen:
    from blockfilter.message import name as names

    seen = _Seen()
    for number, line in enumerate(against, 1):
        if number % _STEP == 0:
            progress("names", number, 0)
        text = line.decode("utf-8", "replace").partition("#")[0].strip()
        if not text:
            continue
        try:
            spelled, count = _told_apart(text)
            name = names.from_text(spelled)
        except FormatError:
            seen.unknown += 1
            if len(seen.lines) < MAX_UNKNOWN:
                seen.lines.append(number)
            continue
        seen.names += 1
        seen.queries += count
        change = _change(names.to_text(name), before.explain(name), after.explain(name))
        if change.was != change.becomes:
            known = seen.changed.setdefault(change.name, change)
            seen.changed[change.name] = known._replace(times=known.times + count)
    return seen


def _told_apart(text: str) -> tuple[str, int]:
    """A name and its count, which is 1 where none is given."""
    match text.replace(",", " ").split():
        case [name] if not name.isdecimal():
            return name, 1
        case [name, count] if _is_count(count) and not name.isdecimal():
            return name, int(count)
        case [count, name] if _is_count(count) and not name.isdecimal():
            return name, int(count)
    raise FormatError("neither a name nor a name with a count")


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS


def _change(name: str, was: "Explanation", becomes: "Explanation") -> _Change:
    said = becomes if becomes.mode else was
    entry = said.site or said.list or ""
    return _Change(name, _verdict(was), _verdict(becomes), becomes.why, entry)


def _verdict(explanation: "Explanation") -> str:
    if explanation.blocked:
        return "blocked"
    return "monitored" if explanation.mode else "open"


def _listed(changed: list[_Change]) -> list[str]:
    lines = [
        f"{one.name}: {one.was} -> {one.becomes} ({one.entry})"
        f"{f', seen {one.times} times' if one.times > 1 else ''}"
        for one in changed[:SHOWN]
    ]
    if len(changed) > SHOWN:
        lines.append(f"… {len(changed) - SHOWN} more; --json has all of them")
    return lines


def _summed(seen: _Seen) -> list[str]:
    kinds = Counter(one.becomes for one in seen.changed.values())
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    times = f", seen {seen.queries} times" if seen.queries != seen.names else ""
    lines = [f"of {shared.counted(seen.names, 'name')}{times}: {told or 'nothing changes'}"]
    if seen.unknown:
        first = ", ".join(map(str, seen.lines[:SHOWN_LINES]))
        more = ", ..." if seen.unknown > SHOWN_LINES else ""
        noun = "line was no name" if seen.unknown == 1 else "lines were no names"
        lines.append(f"{seen.unknown} {noun}: {first}{more}")
    return lines
