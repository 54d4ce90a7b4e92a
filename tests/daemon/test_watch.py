"""The watch calls when what it looks at has changed, once for each change."""

import asyncio

from blockfilter.daemon.watch import WATCH_SECONDS, Watch


def test_each_change_is_told_once_and_what_stays_is_not():
    async def scenario():
        told, sight = [], [b"one"]

        async def look():
            return sight[0]

        async def changed():
            told.append(sight[0])

        watch = Watch(look, changed)
        watch.start(b"one")
        await asyncio.sleep(3 * WATCH_SECONDS)
        assert not told
        sight[0] = b"two"
        await asyncio.sleep(3 * WATCH_SECONDS)
        assert told == [b"two"]
        watch.stop()
        sight[0] = b"three"
        await asyncio.sleep(2 * WATCH_SECONDS)
        return told

    assert asyncio.run(scenario()) == [b"two"]


def test_it_looks_again_after_a_change_that_could_not_be_taken():
    async def scenario():
        sights = iter([b"broken", b"broken", b"good", b"good"])
        told: list[None] = []

        async def look():
            return next(sights, b"good")

        async def changed():
            told.append(None)

        watch = Watch(look, changed)
        watch.start(b"old")
        await asyncio.sleep(6 * WATCH_SECONDS)
        watch.stop()
        return len(told)

    assert asyncio.run(scenario()) == 2
