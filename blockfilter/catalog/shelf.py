"""The shelf of compiled policies: those that are there, each found by the digest of its inputs.

A snapshot lies in the state directory under its digest, its report beside it; one that a release
brought lies with that release. A snapshot that is damaged counts as not there. What is put on the
shelf is written whole under another name, made durable and renamed: what a reader finds is complete.
"""

import fcntl
import json
import mmap
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog.folder import RELEASES
from blockfilter.catalog.inputs import Inputs, digest, layers
from blockfilter.catalog.manifest import serials, snapshot_name
from blockfilter.errors import ListError, PolicyError, StateError
from blockfilter.policy.snapshot import Snapshot

FOLDER = "policy"  # in the state directory
SHOWN = 5  # refused lines in a sentence; the report's file has more of them
KEPT = 3  # snapshots: the one in force, the one before, and one for trying things out
_STALE = 3600  # seconds after which an unfinished file is that of a killed compiler


class ListReport(NamedTuple):
    """How one list was read: its rules, and of the refused lines the first with their causes."""

    id: str
    rules: int
    refused: int = 0
    first: tuple[tuple[int, str], ...] = ()
    note: str = ""  # what else is to be said of it

    def sentence(self) -> str:
        """What was refused; "" if nothing was."""
        if self.note:
            return f"{self.id}: {self.note}"
        if not self.refused:
            return ""
        first = self.first[:SHOWN]
        shown = "; ".join(f"line {line}: {cause}" for line, cause in first)
        more = self.refused - len(first)
        lines = "1 line was" if self.refused == 1 else f"{self.refused} lines were"
        return f"{self.id}: {lines} refused and skipped ({shown}{f'; {more} more' if more else ''})"


@dataclass(frozen=True, slots=True)
class Report:
    """How all lists were read, in the order of the snapshot."""

    lists: tuple[ListReport, ...]
    sources: tuple[str, ...]  # as of the inputs

    def sentences(self) -> list[str]:
        """One sentence for each list of which something is to be said."""
        return [sentence for one in self.lists if (sentence := one.sentence())]

    def facts(self) -> list[dict[str, object]]:
        """Each list's id, number of rules and what was refused, "" if nothing."""
        return [{"id": o.id, "rules": o.rules, "error": o.sentence()} for o in self.lists]


class Compiled(NamedTuple):
    """A snapshot's file, and how its lists were read."""

    path: Path
    report: Report


def last_good(inputs: Inputs, state: Path) -> Compiled | None:
    """The newest snapshot of the same sources as they were before one of them broke, if there is one.

    Blocks. A list that has never been read whole has none: its mistake is to be told, not hidden.
    """
    for path in _made(inputs, state):
        try:
            report, _ = opened(inputs, path)
        except (OSError, ValueError, PolicyError):
            continue
        if report.sources == inputs.sources:
            return Compiled(path, report)
    return None


def _made(inputs: Inputs, state: Path) -> Iterator[Path]:
    """Snapshots that may be of these sources: what servers compiled, then what came with releases."""
    compiled = (state / FOLDER).glob("*.snapshot")
    yield from sorted(compiled, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    if folder := alone(inputs):
        yield from (folder / snapshot_name(serial) for serial in reversed(serials(folder)))


def alone(inputs: Inputs) -> Path | None:
    """The catalogue, where nothing else makes up the policy: its releases bring their snapshots."""
    if len(inputs.catalogs) != 1 or inputs.lists or inputs.allow or not inputs.curated:
        return None
    return Path(inputs.catalogs[0])


def snapshot_file(folder: Path, inputs_digest: bytes) -> Path:
    """Where the snapshot of a digest lies; its report lies beside it as `.json`."""
    return folder / f"{inputs_digest.hex()}.snapshot"


def found(inputs: Inputs, state: Path, now: datetime) -> Compiled | None:
    """The snapshot that is there, whole and of these inputs."""
    wanted = digest(inputs, now)
    for path in _places(inputs, state, wanted, now):
        try:
            report, made_from = opened(inputs, path)
        except (OSError, ValueError, PolicyError):
            continue
        if made_from == wanted:
            with suppress(OSError):  # a directory that is only read
                os.utime(path)  # in use, so not among the oldest, which are removed
            return Compiled(path, report)
    return None


def _places(inputs: Inputs, state: Path, wanted: bytes, now: datetime) -> Iterator[Path]:
    yield snapshot_file(state / FOLDER, wanted)
    if folder := alone(inputs):
        with suppress(ListError):
            for layer in layers(inputs, now):
                if layer.release:
                    yield folder / snapshot_name(layer.release.serial)


def opened(inputs: Inputs, path: Path) -> tuple[Report, bytes]:
    """A snapshot's report and the digest of its inputs; OSError, ValueError, PolicyError: none."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    snapshot = Snapshot(memoryview(mapped))
    if path.parent.name == RELEASES:  # nothing of a release is ever refused
        lists = tuple(ListReport(info.id, info.rules) for info in snapshot.lists)
        return Report(lists, inputs.sources), snapshot.inputs
    return read_report(path), snapshot.inputs


def read_report(path: Path) -> Report:
    """The report beside a snapshot; OSError or ValueError where there is none."""
    try:
        value = json.loads(path.with_suffix(".json").read_bytes())
        lists = tuple(
            ListReport(name, rules, refused, tuple((line, cause) for line, cause in first), note)
            for name, rules, refused, first, note in value["lists"]
        )
        return Report(lists, tuple(value["sources"]))
    except (KeyError, TypeError) as error:
        raise ValueError("not a report") from error


def next_serial(folder: Path) -> int:
    """One more than anybody before us took here; kept before it is used. StateError."""
    with _writing(folder):
        path = folder / "serial"
        try:
            serial = int(path.read_text("ascii")) + 1
        except (FileNotFoundError, ValueError):
            # Lost or damaged: the clock is ahead of what was counted up to now.
            serial = 1 if not any(folder.glob("*.snapshot")) else int(time.time())
        _write(path, str(serial).encode())
        return serial


def put(
    folder: Path, inputs_digest: bytes, octets: bytes, report: Report, seconds: float
) -> Compiled:
    """A snapshot and its report, on the shelf; the oldest ones go. StateError."""
    path = snapshot_file(folder, inputs_digest)
    facts = {
        "lists": report.lists,
        "sources": report.sources,
        "suffix_date": Snapshot(octets).suffix_date,
        "seconds": round(seconds, 2),
    }
    with _writing(folder):
        _write(path.with_suffix(".json"), json.dumps(facts).encode())
        _write(path, octets)
        _prune(folder)
    return Compiled(path, report)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """StateError where the folder, which is made and locked meanwhile, cannot be used."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
    except OSError as error:
        raise StateError(
            f"{folder}: cannot be written ({error.strerror}); make room or name another state "
            "directory with --state DIR"
        ) from error


def _write(path: Path, octets: bytes) -> None:
    """Replace a file whole and durably."""
    descriptor, temporary = tempfile.mkstemp(".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _prune(folder: Path) -> None:
    """Remove all but the snapshots used last, and what a killed compiler left behind."""
    every = sorted(folder.glob("*.snapshot"), key=lambda path: path.stat().st_mtime_ns)
    for path in every[:-KEPT]:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)
    for path in folder.glob("*.tmp"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - _STALE:
                path.unlink()
