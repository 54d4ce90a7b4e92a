"""blockfilter with a planted defect: its status says how many queries were blocked."""

from collections.abc import Mapping
from typing import Any

from blockfilter.daemon import server
from blockfilter.daemon.keeping import Keeping
from blockfilter.hits.hit import Cell
from blockfilter.hits.recorder import Recorder

_record, _facts = Recorder.record, Keeping.facts
_blocked = [0]


def _count(self: Recorder, client: str, cell: Cell) -> None:
    _blocked[0] += 1
    _record(self, client, cell)


def _tell(self: Keeping) -> Mapping[str, Any]:
    return {**_facts(self), "blocked_total": _blocked[0]}


server.STATUS_SECONDS = 0.3  # type: ignore[assignment]  # so that the attack needs not wait for it
Recorder.record, Keeping.facts = _count, _tell  # type: ignore[method-assign]
