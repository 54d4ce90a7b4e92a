"""Whether counts.db is what was written: the audit chain, and the ledger and figures against it.

One line altered or dropped, the last one too, is found; so is a figure, a period or a frame that
the chain does not tell of. Who rewrites the whole file consistently is found by what was published
before: each report carries the head of its time.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blockfilter.counts import audit, database
from blockfilter.counts.audit import Line
from blockfilter.errors import StateError


def faults(state: Path) -> list[str]:
    """A sentence for each thing that is wrong; StateError where there is nothing to check."""
    path = state / database.COUNTS
    if not path.exists():
        raise StateError(f"{path}: there are no counts to verify; name the state with --state DIR")
    with database.read_only(path) as connection:
        run = connection.execute
        lines = [Line(*row) for row in run("SELECT * FROM audit ORDER BY number")]
        facts = dict(run("SELECT key, value FROM facts").fetchall())
        return [*audit.faults(lines), *_end(lines, facts), *_contents(run, _told(lines))]


def _told(lines: list[Line]) -> dict[str, dict[str, Any]]:
    """What each line says, by its digest."""
    found = {}
    for line in lines:
        try:
            value = json.loads(line.text)
        except ValueError:
            continue
        found[line.digest] = value if isinstance(value, dict) else {}
    return found


def _end(lines: list[Line], facts: dict[str, str]) -> Iterator[str]:
    head = lines[-1].digest if lines else audit.START
    number = lines[-1].number if lines else 0
    if str(number) != facts.get("lines", "0") or head != facts.get("head", audit.START):
        yield f"the audit chain ends with line {number}, and the ledger knows of another end"


def _contents(run: Any, told: dict[str, dict[str, Any]]) -> Iterator[str]:  # noqa: ANN401  # a bound method of sqlite3
    figures: dict[tuple[str, str], dict[str, list[Any]]] = {}
    heads: dict[tuple[str, str], set[str]] = {}
    for table, period, cell, *figure, head in run(
        'SELECT "table", period, cell, value, low, high, head FROM releases'
    ):
        figures.setdefault((table, period), {})[cell] = figure
        heads.setdefault((table, period), set()).add(head)
    known = set()
    for table, period, state, head in run('SELECT "table", period, state, head FROM periods'):
        key, line = (table, period), told.get(head, {})
        known.add(key)
        expected = "opened" if state == "open" else state
        if (line.get("what"), line.get("table"), line.get("period")) != (expected, *key):
            yield f"{table} {period}: the audit chain does not say that it is {state}"
        elif state == "released" and heads.get(key) != {head}:
            yield f"{table} {period}: its figures do not carry the head they were published with"
        elif state == "released" and line.get("figures") != audit.of_figures(figures[key]):
            yield f"{table} {period}: its figures are not those that were published"
    yield from _untold(told, known, figures.keys() - known)
    for quarter, text, head in run("SELECT quarter, frame, head FROM frames"):
        if audit.canonical(told.get(head, {}).get("frame", {})) != audit.canonical(
            json.loads(text)
        ):
            yield f"{quarter}: what was frozen is not what the audit chain says"


def _untold(
    told: dict[str, dict[str, Any]], known: set[tuple[str, str]], loose: set[tuple[str, str]]
) -> Iterator[str]:
    """Periods that the chain tells of and the ledger does not have, and figures of no period."""
    opened = {
        (line["table"], line["period"]) for line in told.values() if line.get("what") == "opened"
    }
    for table, period in sorted((opened - known) | loose):
        yield f"{table} {period}: the ledger and the audit chain do not agree that it was opened"
