"""The snapshot that fits the inputs of today: found by their digest, or compiled.

The digest is over everything a snapshot is made from, so a snapshot that is there is the right one,
and neither a list nor the suffixes are parsed. It may be there already when a release takes effect:
the one who made the release compiled it. A snapshot that is damaged counts as not there. What is
compiled is compiled in a child process, and on any error nothing that is there is touched.
"""

import json
import mmap
import os
import site
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import blockfilter
from blockfilter.catalog.folder import RELEASES
from blockfilter.catalog.inputs import Inputs, OwnList, digest, fingerprint, layers
from blockfilter.catalog.manifest import serials, snapshot_name
from blockfilter.errors import BlockfilterError, ListError, PolicyError, StateError
from blockfilter.policy.snapshot import Snapshot

__all__ = (
    "BUILT_IN",
    "FOLDER",
    "LOCAL_ALLOW",
    "Compiled",
    "Inputs",
    "ListReport",
    "OwnList",
    "Report",
    "current",
    "current_async",
    "digest",
    "fingerprint",
    "last_good",
    "snapshot_file",
)

BUILT_IN, LOCAL_ALLOW = "built-in", "local-allow"  # ids of the lists that are no file
FOLDER = "policy"  # in the state directory
COMPILE_SECONDS = 600  # two million names take a tenth of it on a small machine
SHOWN = 5  # refused lines in a sentence; the report's file has more of them
_COMMAND = (sys.executable, "-P", "-m", "blockfilter.catalog.compiler")


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


def current(inputs: Inputs, state: Path, now: datetime | None = None) -> Compiled:
    """The snapshot of these inputs now, compiled to `state` if it is not there yet. Blocks.

    ListError with a line for each list that was refused; StateError where nothing can be written.
    """
    now = now or datetime.now(UTC)
    if found := _found(inputs, state, now):
        return found
    request = _request(inputs, state, now)
    try:
        ended = subprocess.run(  # noqa: S603  # our own module, by the running interpreter
            _COMMAND,
            input=request,
            stdout=subprocess.PIPE,
            env=environment(),
            timeout=COMPILE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_slow() from error
    except OSError as error:
        raise _not_started(error) from error
    return _result(ended.stdout, ended.returncode, state)


async def current_async(inputs: Inputs, state: Path, now: datetime | None = None) -> Compiled:
    """As `current`; the event loop goes on meanwhile, and a cancelled call ends the child."""
    import asyncio  # `check` does without it

    now = now or datetime.now(UTC)
    if found := await asyncio.to_thread(_found, inputs, state, now):
        return found
    request = _request(inputs, state, now)
    try:
        child = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )
    except OSError as error:
        raise _not_started(error) from error
    try:
        output, _ = await asyncio.wait_for(child.communicate(request), COMPILE_SECONDS)
    except TimeoutError as error:
        raise _too_slow() from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return await asyncio.to_thread(_result, output, child.returncode or 0, state)


def last_good(inputs: Inputs, state: Path) -> Compiled | None:
    """The newest snapshot of the same sources as they were before one of them broke, if there is one.

    Blocks. A list that has never been read whole has none: its mistake is to be told, not hidden.
    """
    for path in _made(inputs, state):
        try:
            report, _ = _opened(inputs, path)
        except (OSError, ValueError, PolicyError):
            continue
        if report.sources == inputs.sources:
            return Compiled(path, report)
    return None


def _made(inputs: Inputs, state: Path) -> Iterator[Path]:
    """Snapshots that may be of these sources: what servers compiled, then what came with releases."""
    compiled = (state / FOLDER).glob("*.snapshot")
    yield from sorted(compiled, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    if folder := _alone(inputs):
        yield from (folder / snapshot_name(serial) for serial in reversed(serials(folder)))


def _alone(inputs: Inputs) -> Path | None:
    """The catalogue, where nothing else makes up the policy: its releases bring their snapshots."""
    if len(inputs.catalogs) != 1 or inputs.lists or inputs.allow or not inputs.curated:
        return None
    return Path(inputs.catalogs[0])


def snapshot_file(folder: Path, inputs_digest: bytes) -> Path:
    """Where the snapshot of a digest lies; its report lies beside it as `.json`."""
    return folder / f"{inputs_digest.hex()}.snapshot"


def _found(inputs: Inputs, state: Path, now: datetime) -> Compiled | None:
    """The snapshot that is there, whole and of these inputs."""
    wanted = digest(inputs, now)
    for path in _places(inputs, state, wanted, now):
        try:
            report, found = _opened(inputs, path)
        except (OSError, ValueError, PolicyError):
            continue
        if found == wanted:
            with suppress(OSError):  # a directory that is only read
                os.utime(path)  # in use, so not among the oldest, which are removed
            return Compiled(path, report)
    return None


def _places(inputs: Inputs, state: Path, wanted: bytes, now: datetime) -> Iterator[Path]:
    yield snapshot_file(state / FOLDER, wanted)
    if folder := _alone(inputs):
        with suppress(ListError):
            for layer in layers(inputs, now):
                if layer.release:
                    yield folder / snapshot_name(layer.release.serial)


def _opened(inputs: Inputs, path: Path) -> tuple[Report, bytes]:
    """A snapshot's report and the digest of its inputs; OSError, ValueError, PolicyError: none."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    snapshot = Snapshot(memoryview(mapped))
    if path.parent.name == RELEASES:  # nothing of a release is ever refused
        lists = tuple(ListReport(info.id, info.rules) for info in snapshot.lists)
        return Report(lists, inputs.sources), snapshot.inputs
    return _read_report(path), snapshot.inputs


def _read_report(path: Path) -> Report:
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


def _request(inputs: Inputs, state: Path, now: datetime) -> bytes:
    folder = str((state / FOLDER).absolute())
    return json.dumps({"inputs": inputs, "folder": folder, "now": now.isoformat()}).encode()


def environment() -> dict[str, str]:
    """The child finds the same package, wherever we were found: it begins with a path of its own."""
    environ = dict(os.environ)
    parent = str(Path(blockfilter.__file__).absolute().parent.parent)
    # Where libraries are installed it looks anyway, and named here they would hide Python's own.
    if parent not in (*site.getsitepackages(), site.getusersitepackages()):
        rest = environ.get("PYTHONPATH")
        environ["PYTHONPATH"] = os.pathsep.join([parent, *([rest] if rest else [])])
    return environ


def _result(output: bytes, code: int, state: Path) -> Compiled:
    """What the compiler answered; its problems become the exception they were."""
    try:
        answer = json.loads(output)
        if "problem" in answer:
            raise _KINDS[answer["kind"]](answer["problem"])
        path = state / FOLDER / answer["snapshot"]
        return Compiled(path, _read_report(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ListError(
            f"the policy compiler ended without a result ({how}); what it wrote before says why; if "
            "there is nothing, it lacks memory: shorten the lists or give it more"
        ) from error


_KINDS: dict[str, type[BlockfilterError]] = {
    kind.__name__: kind for kind in (ListError, PolicyError, StateError)
}


def _too_slow() -> ListError:
    return ListError(
        f"the policy was not compiled within {COMPILE_SECONDS} seconds; shorten the lists"
    )


def _not_started(error: OSError) -> ListError:
    return ListError(
        f"the policy compiler cannot be started ({error.strerror}); check {sys.executable}"
    )
