"""The policy in force: loaded from its snapshot, or the last good one where a list broke."""

import asyncio
import logging
import mmap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blockfilter.catalog import inputs, snapshots
from blockfilter.errors import ListError
from blockfilter.policy.decide import Policy
from blockfilter.policy.snapshot import Snapshot

log = logging.getLogger(__name__)


class Loaded:
    """A policy and what is to be said of it."""

    def __init__(self, compiled: snapshots.Compiled, error: str = "") -> None:
        with compiled.path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.policy = Policy(Snapshot(memoryview(mapped)))
        self.report = compiled.report
        self.error = error  # why it is not the policy that was asked for

    def facts(self, error: str) -> dict[str, Any]:
        """What the status file says of it, with what went wrong since."""
        snapshot = self.policy.snapshot
        return {
            "release": snapshot.release,
            "serial": snapshot.serial,
            "rules": snapshot.rules,
            "suffix_date": snapshot.suffix_date,
            "lists": self.report.facts(),
            "error": error,
        }


async def load(wanted: inputs.Inputs, state: Path) -> Loaded:
    """The policy of these inputs, compiled if need be; ListError or StateError."""
    compiled = await snapshots.current_async(wanted, state)
    for sentence in compiled.report.sentences():
        log.warning("%s", sentence)
    return await asyncio.to_thread(Loaded, compiled)


async def load_at_start(wanted: inputs.Inputs, state: Path) -> Loaded:
    """As `load`, or the last good one of the same lists: a list that broke stops no service."""
    try:
        return await load(wanted, state)
    except ListError as error:
        compiled = await asyncio.to_thread(snapshots.last_good, wanted, state)
        if compiled is None:
            raise
        log.error("the last good policy is in force, for a list broke: %s", error)  # noqa: TRY400
        return await asyncio.to_thread(Loaded, compiled, str(error))


async def fingerprint(wanted: inputs.Inputs) -> bytes:
    """Changes when a release, a dispute, an exception or the time makes another policy."""
    return await asyncio.to_thread(inputs.fingerprint, wanted, datetime.now(UTC))
