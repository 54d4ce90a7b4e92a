"""The snapshot after a dispute or an exception, made from the one that was in force before it.

Both only ever block less, and both are for what does harm right now: they must not wait until lists
of a million names are read again. It is known from its digest which snapshot was the one before;
where it is not on the shelf, or more than one thing was softened since, the compiler does the work.
"""

import mmap
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from blockfilter.catalog import shelf, store
from blockfilter.catalog.inputs import Inputs, Softened, before_softening, digest, layers
from blockfilter.catalog.layering import ALLOWED
from blockfilter.catalog.manifest import snapshot_name
from blockfilter.catalog.shelf import Compiled, ListReport, Report
from blockfilter.errors import FormatError, ListError, PolicyError
from blockfilter.message import name as names
from blockfilter.policy.snapshot import HEAD, Snapshot, inputs_of
from blockfilter.policy.softening import Opened, Watched
from blockfilter.policy.softening import softened as soft_policy

AT_ONCE = 4 * 1024 * 1024  # octets of a snapshot that a server softens itself, in milliseconds


def softened(
    inputs: Inputs, state: Path, now: datetime, *, most: int | None = None
) -> Compiled | None:
    """The snapshot of these inputs, put on the shelf; None where none before it is there.

    `most`: octets that the one before may have. StateError where nothing can be written.
    """
    began = time.monotonic()
    try:
        there = _there(inputs, state, now)
        for before, what in before_softening(inputs, now) if there else ():
            path = there.get(before)
            if path is not None and (most is None or path.stat().st_size <= most):
                return _made(inputs, path, what, state / shelf.FOLDER, now, began)
    except (OSError, ValueError, ListError, PolicyError, FormatError):
        pass  # what is broken is told by the compiler, which reads everything
    return None


def _there(inputs: Inputs, state: Path, now: datetime) -> Mapping[bytes, Path]:
    """The snapshots that are there, by the digests of what they were made from."""
    paths = [*(state / shelf.FOLDER).glob("*.snapshot")]
    if folder := shelf.alone(inputs):
        found = [layer.release for layer in layers(inputs, now) if layer.release]
        paths += [folder / snapshot_name(release.serial) for release in found]
    there: dict[bytes, Path] = {}
    for path in paths:
        with suppress(OSError), path.open("rb") as file:
            there[inputs_of(file.read(HEAD))] = path
    there.pop(b"", None)
    return there


def _made(
    inputs: Inputs, path: Path, what: Softened, folder: Path, now: datetime, began: float
) -> Compiled:
    report, _ = shelf.opened(inputs, path)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    wanted, change = digest(inputs, now), _change(what)
    octets = soft_policy(
        Snapshot(memoryview(mapped)), change, inputs=wanted, serial=shelf.next_serial(folder)
    )
    told = {one.id: one for one in report.lists}
    lists = tuple(
        told.get(one.id, ListReport(one.id, one.rules))._replace(rules=one.rules)
        for one in Snapshot(octets).lists
    )
    made = Report(lists, inputs.sources)
    return shelf.put(folder, wanted, octets, made, time.monotonic() - began)


def _change(what: Softened) -> Watched | Opened:
    """What the policy is to do no more."""
    layer = what.layer
    if what.allow:
        return Opened(layer.called(ALLOWED), ALLOWED, names.from_text(what.allow))
    is_list = layer.release is not None and layer.release.listed(what.disputed) is not None
    if is_list and what.disputed not in (store.CURATED, store.PROTECTED):
        return Watched(layer.called(what.disputed))
    return Watched(layer.called(store.CURATED), what.disputed)
