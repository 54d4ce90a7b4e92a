"""What happens by the clock."""

import asyncio
import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from blockfilter.daemon.schedule import Schedule


def run(seconds, *jobs):
    async def main():
        schedule = Schedule(ZoneInfo("UTC"))
        for job in jobs:
            schedule.every(0.05, job)
        schedule.start()
        await asyncio.sleep(seconds)
        schedule.stop()

    asyncio.run(main())


def test_plain_functions_run_in_a_thread_and_coroutines_in_the_loop():
    threads = {}

    def plain():
        threads["plain"] = threading.current_thread()

    async def coroutine():
        threads["coroutine"] = threading.current_thread()

    run(0.4, plain, coroutine)
    assert threads["coroutine"] is threading.current_thread()
    assert threads["plain"] is not threading.current_thread()


def test_a_failing_job_runs_again_and_does_not_stop_the_others():
    ran = []

    def fails():
        ran.append("fails")
        raise ValueError

    run(0.5, fails, lambda: ran.append("works"))
    assert ran.count("fails") >= 2
    assert ran.count("works") >= 2


def test_a_daily_job_is_due_at_the_local_hour():
    schedule = Schedule(ZoneInfo("Europe/Berlin"))
    schedule.daily(0, lambda: None)
    [job] = schedule._scheduler.get_jobs()
    winter = job.trigger.get_next_fire_time(None, datetime(2026, 11, 23, 12, tzinfo=UTC))
    summer = job.trigger.get_next_fire_time(None, datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert winter.astimezone(UTC) == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert summer.astimezone(UTC) == datetime(2026, 7, 1, 22, tzinfo=UTC)
