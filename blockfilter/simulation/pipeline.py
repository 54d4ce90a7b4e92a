"""The real policy, recorder, store and day close, under a clock of their own.

Nothing here is made easier for being simulated: visits are decided by the policy in force, hits get
tokens and lie in a day's file, days are closed and periods published as a server does it. Only the
clock is not the machine's, and the hits' directory is thrown away at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from blockfilter.counts.accumulators import Up
from blockfilter.counts.close import Close, Means
from blockfilter.counts.frame import ELSEWHERE, Facts, FramedOffice
from blockfilter.counts.reader import Reader
from blockfilter.errors import FormatError, StateError
from blockfilter.hits.hit import Cell
from blockfilter.hits.recorder import Recorder
from blockfilter.hits.store import Store
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.simulation import employer
from blockfilter.simulation.truth import Truth
from blockfilter.simulation.visits import START, Plan, Visit, prefix

_ZONE = UTC
_DAY_SECONDS = 86_400
_QUERIES = 1400  # of one head and day, blocked ones aside: what a desk with a browser asks
_MEMORY = Path("/dev/shm")  # noqa: S108  # a directory of our own is made in it
Progress = Callable[[str, int, int], None]


class Done(NamedTuple):
    """What was made."""

    state: Path
    visits: int
    weeks: int


def run(
    into: Path, plan: Plan, visits: Iterable[Visit], policy: Policy, progress: Progress
) -> Done:
    """Make a state directory `into`, whole or not at all. StateError where it is not empty."""
    _check_empty(into)
    with ExitStack() as until_done:
        draft = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.absolute().parent))
        until_done.callback(shutil.rmtree, draft, ignore_errors=True)
        memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        runtime = Path(tempfile.mkdtemp(prefix="blockfilter-simulation-", dir=memory))
        until_done.callback(shutil.rmtree, runtime, ignore_errors=True)
        employer.build(draft, plan)
        count = _Run(draft, runtime, plan, policy).days(visits, progress)
        draft.chmod(0o700)
        if into.exists():
            into.rmdir()
        draft.rename(into)
    return Done(into, count, plan.weeks)


def _check_empty(into: Path) -> None:
    try:
        into.absolute().parent.mkdir(parents=True, exist_ok=True)
        if into.exists() and (not into.is_dir() or any(into.iterdir())):
            raise StateError(f"{into}: is there already and not empty; name a new folder with -o")
    except OSError as error:
        raise StateError(
            f"{into}: cannot be used ({error.strerror}); name another folder"
        ) from error


class _Run:
    """One simulation, day by day."""

    def __init__(self, state: Path, runtime: Path, plan: Plan, policy: Policy) -> None:
        self._state, self._plan, self._policy = state, plan, policy
        self._now = 0.0
        self._truth = Truth()
        self._recorder = Recorder(runtime, _ZONE, clock=lambda: self._now, offices=self._office_of)
        self._close = Close(
            Means(state, Store(runtime), _ZONE, contribute=self._truth.contribute, simulated=True)
        )
        heads = plan.office_heads()
        self._prefixes: Mapping[str, str] = {
            prefix(number).removesuffix("0.0/16"): f"office-{number + 1}"
            for number in range(plan.offices)
        }
        self._facts = Facts(
            heads=plan.headcount,
            offices=tuple(
                FramedOffice(f"office-{number + 1}", size, (prefix(number),))
                for number, size in enumerate(heads)
            ),
            categories=policy.snapshot.names_by_category(),
            zone="UTC",
            release=policy.snapshot.release,
            released=START,  # the simulated list is as old as the simulated year
        )

    def days(self, visits: Iterable[Visit], progress: Progress) -> int:
        """Live through all days; how many visits there were."""
        self._at(START, 0)
        self._recorder.open()
        self._close.advance(self._now, self._facts)
        by_day = groupby(visits, key=lambda visit: visit.at.date())
        found = next(by_day, None)
        count, total = 0, self._plan.weeks * 7
        for number in range(total):
            day = START + timedelta(days=number)
            self._at(day, 0)
            self._recorder.forget_key(self._now)
            if found is not None and found[0] == day:
                count += self._live(found[1])
                found = next(by_day, None)
            self._end(day)
            progress("days", number + 1, total)
        self._recorder.close()
        self._truth.write(self._state, Reader(self._state))
        return count

    def _live(self, visits: Iterable[Visit]) -> int:
        count = 0
        for count, visit in enumerate(visits, 1):
            self._now = visit.at.replace(tzinfo=_ZONE).timestamp()
            for cell in self._cells(visit.qname):
                self._recorder.record(visit.client, cell)
        return count

    def _cells(self, qname: str) -> list[Cell]:
        try:
            name = names.from_text(qname)
        except FormatError:
            return []
        return [Cell(*pair) for pair in self._policy.decide(name).cells]

    def _end(self, day: date) -> None:
        """The day's last minute, then the next night's close."""
        self._at(day, 24)
        self._recorder.fold(self._now - 1)
        workday = 1.0 if day.weekday() < 5 else 0.1
        served = round(self._plan.headcount * _QUERIES * workday)
        self._close.note(day, Up(_DAY_SECONDS, served, frozenset(self._prefixes.values())))
        self._at(day, 26)  # after 27 hours the hits would be gone
        self._close.advance(self._now, self._facts)
        self._recorder.close_days(self._now)

    def _at(self, day: date, hour: int) -> None:
        self._now = datetime(day.year, day.month, day.day, tzinfo=_ZONE).timestamp() + hour * 3600

    def _office_of(self, client: str) -> str:
        return self._prefixes.get(client[: client.index(".", 3) + 1], ELSEWHERE)
