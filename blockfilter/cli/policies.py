"""Policies for commands that ask one: the same snapshots that serve would load.

What is compiled goes to the state directory, or to a temporary one where that cannot be written.
"""

import mmap
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.errors import StateError

if TYPE_CHECKING:
    from blockfilter.catalog.snapshots import Compiled, Inputs
    from blockfilter.catalog.suffixes import Wide
    from blockfilter.policy.decide import Policy

Warn = Callable[[str], None]


def opened(inputs: "Inputs", state: str | Path | None, warn: Warn) -> "Policy":
    """The policy of these inputs, compiled if it is not there yet."""
    from blockfilter.policy.decide import Policy
    from blockfilter.policy.snapshot import Snapshot

    with ExitStack() as until_mapped:
        compiled = _compiled(inputs, state, until_mapped)
        for sentence in compiled.report.sentences():
            warn(sentence)
        with compiled.path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Policy(Snapshot(memoryview(mapped)))


def _compiled(inputs: "Inputs", state: str | Path | None, until_mapped: ExitStack) -> "Compiled":
    from blockfilter.catalog import snapshots
    from blockfilter.config.directories import state_directory

    place = Path(state) if state is not None else None
    try:
        return snapshots.current(inputs, state_directory(place, os.environ))
    except StateError:  # another user's, or a full disk: what is asked needs no state
        temporary = until_mapped.enter_context(tempfile.TemporaryDirectory(prefix="blockfilter-"))
        return snapshots.current(inputs, Path(temporary))


def of_catalog(path: Path, wide: "Wide", *, draft: bool) -> "Policy":
    """The policy of one catalogue alone; of a draft as if everything proposed were approved."""
    from blockfilter.catalog.snapshots import Inputs

    with ExitStack() as until_mapped:
        if draft:
            path = drafted(path, wide, until_mapped)
        return opened(Inputs((str(path.absolute()),), (), ()), None, lambda _: None)


def drafted(path: Path, wide: "Wide", until_mapped: ExitStack) -> Path:
    """A folder whose release in force is the next one of a catalogue, the gate left aside."""
    from datetime import UTC, datetime

    from blockfilter.catalog import release

    folder = Path(until_mapped.enter_context(tempfile.TemporaryDirectory(prefix="blockfilter-")))
    release.draft(path, wide, folder, datetime.now(UTC))
    return folder
