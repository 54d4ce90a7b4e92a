import asyncio
from math import inf

from blockfilter.resolve.upstream.timer import Timer


def looks_within(seconds: float, scenario: list[float]) -> int:
    """How often the timer looked."""
    looked = 0

    def look() -> float:
        nonlocal looked
        looked += 1
        return scenario.pop(0) if scenario else inf

    async def run() -> None:
        timer = Timer(look)
        timer.within(0)  # not started: nothing happens
        timer.start(asyncio.get_running_loop())
        timer.within(10)
        timer.within(0.01)
        timer.within(5)
        await asyncio.sleep(seconds)
        timer.stop()
        timer.within(0)
        await asyncio.sleep(0.02)

    asyncio.run(run())
    return looked


def test_the_shortest_wait_asked_for_counts_and_it_looks_once():
    assert looks_within(0.1, []) == 1


def test_it_looks_again_as_long_as_it_is_told_to():
    assert looks_within(0.2, [0.01, 0.01, 0.01, inf]) == 4


def test_it_stops():
    assert looks_within(0.1, [0.04, 0.04, 0.04, 0.04]) in (2, 3)
