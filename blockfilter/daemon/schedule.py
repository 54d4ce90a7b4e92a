"""What happens by the clock. The only importer of APScheduler.

Jobs live in code and are made anew at every start; what they do is idempotent, so a missed run is
made up by the next and nothing need be remembered.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

# The library's default of one second drops a job whose loop was busy; a late run is always right
# here, however late.
_DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class Schedule:
    """Runs plain functions in a worker thread and coroutine functions in the event loop."""

    def __init__(self, time_zone: ZoneInfo) -> None:
        self._zone = time_zone
        self._scheduler = AsyncIOScheduler(timezone=time_zone, job_defaults=_DEFAULTS)

    def every(
        self, seconds: float, job: Callable[[], object], *, jitter: int | None = None
    ) -> None:
        """Run `job` every so many seconds, give or take `jitter`."""
        trigger = IntervalTrigger(seconds=seconds, timezone=self._zone, jitter=jitter)
        self._scheduler.add_job(job, trigger)

    def daily(self, hour: int, job: Callable[[], object]) -> None:
        """Run `job` when the local day reaches `hour`."""
        trigger = CronTrigger(hour=hour, minute=0, second=0, timezone=self._zone)
        self._scheduler.add_job(job, trigger)

    def start(self) -> None:
        """Begin; the event loop must be running."""
        self._scheduler.start()

    def stop(self) -> None:
        """Run nothing any more; what runs is not waited for."""
        self._scheduler.shutdown(wait=False)
