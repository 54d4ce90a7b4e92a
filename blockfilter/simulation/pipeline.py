"""The real policy, recorder, store and day close, under a clock of their own.

Nothing here is made easier for being simulated: visits are decided by the policy in force, hits get
tokens and lie in a day's file, keys go at midnight, an hour later the day is counted and its file
destroyed, and periods are published as a server does it. Only the clock is not the machine's. It
never goes back, and a visit before one o'clock comes before yesterday is counted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple, Self

from blockfilter.counts.accumulators import Up
from blockfilter.counts.close import COUNTED_AFTER, Close, Means
from blockfilter.counts.frame import ELSEWHERE, Facts, FramedOffice
from blockfilter.counts.reader import Reader
from blockfilter.errors import StateError
from blockfilter.hits.hit import Cell
from blockfilter.hits.recorder import Recorder
from blockfilter.hits.store import Store
from blockfilter.message import name as wire
from blockfilter.policy.decide import Policy
from blockfilter.programme import facts as sizes
from blockfilter.programme.store import NAME as PROGRAMME
from blockfilter.simulation import employer, folders
from blockfilter.simulation.truth import Truth
from blockfilter.simulation.visits import START, Plan, Visit

_ZONE = UTC
_DAY = timedelta(days=1)
_DAY_SECONDS = 86_400
_QUERIES = 1400  # of one head and day, blocked ones aside: what a desk with a browser asks
_WEEKEND = 0.1  # of a working day's queries
_FOLDED = 50_000  # visits until journals are moved at the latest: a server does it by the clock
_WORK = ".blockfilter-simulation-"
Progress = Callable[[str, int, int], None]


class Done(NamedTuple):
    """What was lived through."""

    visits: int
    published: int  # periods


def run(
    into: Path, plan: Plan, visits: Iterable[Visit], policy: Policy, progress: Progress
) -> Done:
    """Make a state directory `into`, whole or not at all; `visits` come in order of time.

    StateError where something is there already, or where something cannot be written.
    """
    place = folders.target(into)
    with ExitStack() as until_made:
        claim = until_made.enter_context
        draft = claim(folders.claimed(place.parent, f".{place.name}.simulating-", into))
        work = claim(folders.claimed(folders.memory() or place.parent, _WORK))
        state, runtime = work / "state", work / "runtime"
        state.mkdir()
        runtime.mkdir()
        employer.build(state, plan)
        with Life(state, runtime, plan, policy) as life:
            done = life.days(visits, progress)
        folders.land(state, draft, place)
    return done


class Life:
    """An organisation's days: in a state directory with a programme, and a runtime directory."""

    def __init__(self, state: Path, runtime: Path, plan: Plan, policy: Policy) -> None:
        self._state, self._runtime, self._plan, self._policy = state, runtime, plan, policy
        self._now = _seconds(datetime.combine(START, time()))
        self._truth = Truth()
        self._facts = _facts(state, policy)
        self._prefixes: Mapping[str, str] = {
            one.removesuffix(".0.0/16"): office.id
            for office in self._facts.offices
            for one in office.prefixes
        }
        self._recorder = Recorder(runtime, _ZONE, clock=lambda: self._now, offices=self._office_of)
        self._close = Close(
            Means(state, Store(runtime), _ZONE, contribute=self._truth.contribute, simulated=True)
        )

    def __enter__(self) -> Self:
        self._recorder.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._recorder.close()

    def days(self, visits: Iterable[Visit], progress: Progress) -> Done:
        """Live through all days of the plan, and tell the truth of them beside the state."""
        coming = _Coming(visits)
        total, count, published = self._plan.weeks * 7, 0, 0
        for number in range(total + 1):
            midnight = datetime.combine(START + number * _DAY, time())
            count += self._live(coming, midnight)
            self._end((midnight - _DAY).date())
            count += self._live(coming, midnight + timedelta(seconds=COUNTED_AFTER))
            published += len(self._close.advance(self._now, self._facts).released)
            progress("days", number, total)
        self._truth.write(self._state, Reader(self._state))
        return Done(count, published)

    def _live(self, coming: "_Coming", until: datetime) -> int:
        """Meet all visits up to a moment; how many they were."""
        count = 0
        for count, visit in enumerate(coming.before(until), 1):
            self._now = _seconds(visit.at)
            for pair in self._policy.decide(wire.from_text(visit.qname)).cells:
                self._recorder.record(visit.client, Cell(*pair))
            if not count % _FOLDED:
                self._fold()
        self._now = _seconds(until)
        return count

    def _end(self, day: date) -> None:
        """The day's key goes, its hits come into its file, and it is noted how long it was up."""
        self._fold()
        served = round(self._plan.headcount * _QUERIES * (1 if day.weekday() < 5 else _WEEKEND))
        self._close.note(day, Up(_DAY_SECONDS, served, frozenset(self._prefixes.values())))

    def _fold(self) -> None:
        self._recorder.fold(self._now)
        state = self._recorder.state
        if state.lossy or state.status != "ok":
            detail = state.detail or "there were more of them than can wait"
            raise StateError(
                f"{self._runtime}: hits were lost ({detail}); see the space left there"
            )

    def _office_of(self, client: str) -> str:
        return self._prefixes.get(client.rsplit(".", 2)[0], ELSEWHERE)


class _Coming:
    """Visits that are still to come, in order of time."""

    def __init__(self, visits: Iterable[Visit]) -> None:
        self._rest = iter(visits)
        self._first = next(self._rest, None)

    def before(self, moment: datetime) -> Iterator[Visit]:
        """Those before a moment, which then come no more."""
        while self._first is not None and self._first.at < moment:
            yield self._first
            self._first = next(self._rest, None)


def _facts(state: Path, policy: Policy) -> Facts:
    """What a server knows on the first day: sizes and offices of the programme, the list."""
    found = sizes.read(state / PROGRAMME, START)
    return Facts(
        heads=found.heads,
        offices=tuple(FramedOffice(one.id, one.heads, one.prefixes) for one in found.offices),
        categories=policy.snapshot.names_by_category(),
        zone=found.zone,
        release=policy.snapshot.release,
        released=START,  # the simulated list is as old as the simulated year
    )


def _seconds(local: datetime) -> float:
    return local.replace(tzinfo=_ZONE).timestamp()
