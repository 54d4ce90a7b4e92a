"""What happens by the clock. The only importer of APScheduler.

Jobs live in code and are made anew at every start; what they do is idempotent, so a missed run is
made up by the next and nothing need be remembered. The library goes by the wall clock: where that is
set back, it would wait until the time it had counted on comes once more, for an hour or for years.
That is noticed here by the monotonic clock, and every job that runs again and again runs at once.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from blockfilter.daemon.process import place_of

if TYPE_CHECKING:
    from apscheduler.job import Job

# The library's default of one second drops a job whose loop was busy; a late run is always right
# here, however late.
_DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
LOOK_SECONDS = 1.0  # between two looks at the clocks: the watchdog's job may not be late by more
# Seconds that the wall clock may lose between two looks: time servers slew by a thousandth of that,
# and a job that is late by it is late for nothing.
SET_BACK = 2.0

log = logging.getLogger(__name__)


class Schedule:
    """Runs plain functions in a worker thread and coroutine functions in the event loop."""

    def __init__(
        self,
        time_zone: ZoneInfo,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._zone = time_zone
        self._clock, self._monotonic = clock, monotonic
        self._scheduler = AsyncIOScheduler(timezone=time_zone, job_defaults=_DEFAULTS)
        self._scheduler.add_listener(_tell, EVENT_JOB_ERROR)
        self._repeating: list[tuple[Job, Callable[[], BaseTrigger]]] = []
        self._daily: list[tuple[Job, Callable[[], BaseTrigger]]] = []
        self._looking: asyncio.TimerHandle | None = None

    def every(
        self, seconds: float, job: Callable[[], object], *, jitter: int | None = None
    ) -> None:
        """Run `job` every so many seconds, give or take `jitter`."""

        def trigger() -> BaseTrigger:
            return IntervalTrigger(seconds=seconds, timezone=self._zone, jitter=jitter)

        self._repeating.append((self._scheduler.add_job(job, trigger()), trigger))

    def daily(self, hour: int, job: Callable[[], object]) -> None:
        """Run `job` when the local day reaches `hour`."""

        def trigger() -> BaseTrigger:
            return CronTrigger(hour=hour, minute=0, second=0, timezone=self._zone)

        self._daily.append((self._scheduler.add_job(job, trigger()), trigger))

    def start(self) -> None:
        """Begin; the event loop must be running."""
        self._scheduler.start()
        self._look(self._ahead())

    def stop(self) -> None:
        """Run nothing any more; what runs is not waited for."""
        if self._looking is not None:
            self._looking.cancel()
        self._scheduler.shutdown(wait=False)

    def _ahead(self) -> float:
        """How far the wall clock is ahead of the monotonic one."""
        return self._clock() - self._monotonic()

    def _look(self, before: float) -> None:
        """See whether the wall clock was set back since it was `before` ahead."""
        ahead = self._ahead()
        if before - ahead > SET_BACK:
            log.warning("the clock was set back; what is done by the clock goes on")
            self._go_on()
        loop = asyncio.get_running_loop()
        self._looking = loop.call_later(LOOK_SECONDS, self._look, ahead)

    def _go_on(self) -> None:
        now = datetime.fromtimestamp(self._clock(), self._zone)
        for job, trigger in self._repeating:
            job.modify(trigger=trigger(), next_run_time=now)
        for job, trigger in self._daily:
            job.reschedule(trigger())


def _tell(event: JobExecutionEvent) -> None:
    """Say that a job failed, and where. The library would say it with the exception's own words."""
    log.error("unforeseen error in what is done by the clock: %s", place_of(event.exception))
