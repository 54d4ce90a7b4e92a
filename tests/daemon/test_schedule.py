"""What happens by the clock."""

import asyncio
import threading
import time
from collections import Counter
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from blockfilter.daemon import schedule as module
from blockfilter.daemon.schedule import SET_BACK, Schedule

PATIENCE = 20  # seconds; nothing here takes one


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


def test_a_failing_job_runs_again_and_does_not_stop_the_others(caplog):
    ran = []

    def fails():
        ran.append("fails")
        raise ValueError("a name or an address")

    run(0.5, fails, lambda: ran.append("works"))
    assert ran.count("fails") >= 2
    assert ran.count("works") >= 2
    said = [one.getMessage() for one in caplog.records if one.name == module.__name__]
    assert said
    assert all(one.startswith("unforeseen error in what is done by the clock: ValueError at ")
               for one in said)  # fmt: skip
    assert not any("address" in one for one in said)


def test_a_daily_job_is_due_at_the_local_hour():
    schedule = Schedule(ZoneInfo("Europe/Berlin"))
    schedule.daily(0, lambda: None)
    [job] = schedule._scheduler.get_jobs()
    winter = job.trigger.get_next_fire_time(None, datetime(2026, 11, 23, 12, tzinfo=UTC))
    summer = job.trigger.get_next_fire_time(None, datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert winter.astimezone(UTC) == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert summer.astimezone(UTC) == datetime(2026, 7, 1, 22, tzinfo=UTC)


class Clock:
    """Wall time that goes on, and can be set; APScheduler goes by it, too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offset, clock = 0.0, self

        class Clocked(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(clock(), tz)

        for place in ("schedulers.base", "triggers.interval"):
            monkeypatch.setattr(f"apscheduler.{place}.datetime", Clocked)

    def __call__(self) -> float:
        return time.time() + self.offset


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    return Clock(monkeypatch)


async def until(condition) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:  # noqa: ASYNC110 - ends by time, too
        await asyncio.sleep(0.01)
    return bool(condition())


class Running:
    """A schedule with two jobs that run again and again, one often and one once a day."""

    def __init__(self, **settings: Clock) -> None:
        self.ran: Counter[str] = Counter()
        self.schedule = Schedule(ZoneInfo("UTC"), **settings)
        self.schedule.every(0.05, lambda: self.ran.update(["often"]))
        self.schedule.every(86_400, lambda: self.ran.update(["seldom"]), jitter=7200)
        self.schedule.daily(0, lambda: self.ran.update(["daily"]))
        self.schedule.start()

    def due(self) -> list[datetime]:
        return [job.next_run_time for job in self.schedule._scheduler.get_jobs()]


def noticed(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.name == module.__name__ for record in caplog.records)


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_jobs_run_on_when_the_clock_is_set_back(clock, caplog, hours):
    async def main():
        running = Running(clock=clock)
        assert await until(lambda: running.ran["often"] >= 2)
        clock.offset -= hours * 3600
        assert await until(lambda: running.ran["seldom"])
        before = running.ran["often"]
        assert await until(lambda: running.ran["often"] > before + 2)
        assert all((due.timestamp() - clock()) < 86_400 + 7200 for due in running.due())
        assert running.ran["daily"] == 0
        running.schedule.stop()

    asyncio.run(main())
    assert noticed(caplog) == 1


def test_without_noticing_they_would_wait(clock):
    """Or the test before would prove nothing."""

    async def main():
        running = Running()  # looks at the true clocks, while the library goes by the other
        assert await until(lambda: running.ran["often"])
        clock.offset -= 3600
        await asyncio.sleep(0.2)  # what had begun is over
        before = running.ran["often"]
        await asyncio.sleep(0.5)
        assert running.ran["often"] <= before + 1
        assert running.ran["seldom"] == 0
        running.schedule.stop()

    asyncio.run(main())


@pytest.mark.parametrize("step", [3600.0, -SET_BACK / 2])
def test_a_clock_put_forward_or_slewed_is_nothing_to_act_on(clock, caplog, step):
    async def main():
        running = Running(clock=clock)
        assert await until(lambda: running.ran["often"])
        clock.offset += step
        before = running.ran["often"]
        assert await until(lambda: running.ran["often"] > before + 2)
        assert running.ran["seldom"] == 0
        running.schedule.stop()

    asyncio.run(main())
    assert noticed(caplog) == 0
