"""What tests of simulations share: a small list, visits in a line each, and what was made of them.

made = simulated(tmp_path, visits("2026-01-05T14:03 10.1.0.1 a.escorts.example"))
made.truth("T0")["2026-W02", "total"] == 1
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from blockfilter.catalog.progress import silent
from blockfilter.counts.reader import Reader
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Mode, Rule, RuleList
from blockfilter.simulation import pipeline, truth, visits
from blockfilter.simulation.visits import Plan, Visit
from tests.policy import rules

# So many names as a category needs to be a cell of its own, and one less.
ESCORTS = [f"n{number}.escorts.example" for number in range(25)]
MASSAGE = [f"n{number}.massage.example" for number in range(25)]
REVIEWS = [f"n{number}.reviews.example" for number in range(24)]
WATCHED = ["n0.watched.example", "n1.watched.example"]
YEAR: dict[str, Any] = {"weeks": 53, "training_week": 26, "effect": -0.4}


def policy() -> Policy:
    """Two categories that are cells, one that counts under other, and two names on trial."""
    return rules.policy([*_lists()], ["example"])


def _lists() -> Iterable[RuleList]:
    enforced = {"escort-ads": ESCORTS, "massage-ads": MASSAGE, "review-board": REVIEWS}
    yield rules.blocking(*_subtrees(enforced), id_="curated")
    yield rules.blocking(*_subtrees({"trial": WATCHED}, mode=Mode.MONITOR), id_="trial")


def _subtrees(names: Mapping[str, Iterable[str]], **more: Any) -> Iterable[Rule]:
    return [
        rules.rule("subtree", one, category, **more)
        for category, found in names.items()
        for one in found
    ]


def visit(line: str) -> Visit:
    """Of "2026-01-05T14:03 10.1.0.1 name.example"."""
    at, client, qname = line.split()
    return Visit(datetime.fromisoformat(at), client, qname)


def lines(*found: str) -> list[Visit]:
    """Visits in order of time."""
    return sorted(map(visit, found))


class Simulated:
    """A state directory that was made."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.reader = Reader(state)
        told = json.loads((state / truth.FILE).read_text())
        self.tables: dict[str, list[dict[str, Any]]] = told["tables"]

    def truth(self, table: str) -> dict[tuple[str, str], int]:
        """The true figures by period and cell."""
        return {(one["period"], one["cell"]): one["value"] for one in self.tables[table]}

    def counted(self, table: str) -> dict[tuple[str, str], int]:
        """Those that are not zero."""
        return {key: value for key, value in self.truth(table).items() if value}

    def states(self) -> dict[str, set[str]]:
        """The periods' states, by table."""
        found: dict[str, set[str]] = {}
        for one in self.reader.periods():
            found.setdefault(one.table, set()).add(one.state)
        return found


def simulated(
    path: Path, given: Iterable[Visit] | None = None, decider: Policy | None = None, **plan: Any
) -> Simulated:
    """A simulation of 13 weeks, of these visits or of a plan's, in a new folder below `path`."""
    told, decides = Plan(**{"weeks": 13} | plan), decider or policy()
    if given is None:
        given = visits.generated(told, visits.listed(decides))
    into = path / f"made-{len(list(path.iterdir()))}"
    pipeline.run(into, told, given, decides, silent)
    return Simulated(into)
