"""The snapshot that fits the inputs of today: found by their digest, or compiled.

The digest is over everything a snapshot is made from, so a snapshot that is there is the right one,
and neither a list nor the suffixes are parsed. A snapshot that is damaged counts as not there. What
is compiled is compiled in a child process, and on any error nothing that is there is touched.
"""

import hashlib
import json
import mmap
import os
import site
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import blockfilter
from blockfilter.catalog import store, suffixes
from blockfilter.catalog.formats.lines import opened
from blockfilter.errors import BlockfilterError, ListError, PolicyError, StateError
from blockfilter.policy.rule import Mode
from blockfilter.policy.snapshot import FORMAT_VERSION, Snapshot

COMPILER_VERSION = 2  # counts up when the same inputs shall give another snapshot
BUILT_IN, LOCAL_ALLOW = "built-in", "local-allow"  # ids of the lists that are no file
FOLDER = "policy"  # in the state directory
COMPILE_SECONDS = 600  # two million names take a tenth of it on a small machine
SHOWN = 5  # refused lines in a sentence; the report's file has more of them
_CHUNK = 1024 * 1024
_UNREADABLE = bytes(32)  # no snapshot has it among its inputs: the compiler refuses the file
_COMMAND = (sys.executable, "-P", "-m", "blockfilter.catalog.compiler")


class OwnList(NamedTuple):
    """A list file of the administrator's; its path as given is its id."""

    path: str
    mode: Mode


class Inputs(NamedTuple):
    """What a policy is made from, besides what the package brings."""

    curated: bool
    lists: tuple[OwnList, ...]
    allow: tuple[str, ...]


class ListReport(NamedTuple):
    """How one list was read: its rules, and of the refused lines the first with their causes."""

    id: str
    rules: int
    refused: int = 0
    first: tuple[tuple[int, str], ...] = ()

    def sentence(self) -> str:
        """What was refused; "" if nothing was."""
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

    def sentences(self) -> list[str]:
        """One sentence for each list that has refused lines."""
        return [sentence for one in self.lists if (sentence := one.sentence())]

    def facts(self) -> list[dict[str, object]]:
        """Each list's id, number of rules and what was refused, "" if nothing."""
        return [{"id": o.id, "rules": o.rules, "error": o.sentence()} for o in self.lists]


class Compiled(NamedTuple):
    """A snapshot's file, and how its lists were read."""

    path: Path
    report: Report


def current(inputs: Inputs, state: Path) -> Compiled:
    """The snapshot of these inputs in `state`, compiled if it is not there yet. Blocks.

    ListError with a line for each list that was refused; StateError where nothing can be written.
    """
    if found := _found(inputs, state):
        return found
    request = _request(inputs, state)
    try:
        ended = subprocess.run(  # noqa: S603  # our own module, by the running interpreter
            _COMMAND,
            input=request,
            stdout=subprocess.PIPE,
            env=_environment(),
            timeout=COMPILE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_slow() from error
    except OSError as error:
        raise _not_started(error) from error
    return _result(ended.stdout, ended.returncode, state)


async def current_async(inputs: Inputs, state: Path) -> Compiled:
    """As `current`; the event loop goes on meanwhile, and a cancelled call ends the child."""
    import asyncio  # `check` does without it

    if found := await asyncio.to_thread(_found, inputs, state):
        return found
    request = _request(inputs, state)
    try:
        child = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
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
    """The newest snapshot of the same lists as they were before one of them broke, if there is one.

    Blocks. A list that has never been read whole has none: its mistake is to be told, not hidden.
    """
    wanted = {one.path for one in inputs.lists} | ({store.CURATED} if inputs.curated else set())
    every = sorted(
        (state / FOLDER).glob("*.snapshot"), key=lambda path: path.stat().st_mtime_ns, reverse=True
    )
    for path in every:
        try:
            report = _read_report(path)
            Snapshot(path.read_bytes())
        except (OSError, ValueError, PolicyError):
            continue
        if {one.id for one in report.lists} - {BUILT_IN, LOCAL_ALLOW, store.PROTECTED} == wanted:
            return Compiled(path, report)
    return None


def digest(inputs: Inputs) -> bytes:
    """SHA-256 over everything that a snapshot of these inputs depends on, in its order."""
    every: list[object] = [
        COMPILER_VERSION,
        FORMAT_VERSION,
        blockfilter.__version__,
        suffixes.digest(suffixes.suffix_file()).hex(),
        [[path.name, _file_digest(path).hex()] for path in store.files(store.shipped())],
        inputs.curated,
        [[one.path, one.mode, _file_digest(Path(one.path)).hex()] for one in inputs.lists],
        inputs.allow,
    ]
    return hashlib.sha256(json.dumps(every).encode()).digest()


def release_text(inputs: Inputs) -> str:
    """What the list is called: the package's version and a short digest of the curated list."""
    if not inputs.curated:
        return blockfilter.__version__
    every = hashlib.sha256()
    for path in store.files(store.shipped()):
        every.update(path.name.encode() + b"\0" + _file_digest(path))
    return f"{blockfilter.__version__}+{every.hexdigest()[:8]}"


def snapshot_file(folder: Path, inputs_digest: bytes) -> Path:
    """Where the snapshot of a digest lies; its report lies beside it as `.json`."""
    return folder / f"{inputs_digest.hex()}.snapshot"


def _file_digest(path: Path) -> bytes:
    found = hashlib.sha256()
    try:
        with opened(path) as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except (ListError, OSError):
        return _UNREADABLE
    return found.digest()


def _found(inputs: Inputs, state: Path) -> Compiled | None:
    """The snapshot that is there, whole and of these inputs."""
    wanted = digest(inputs)
    path = snapshot_file(state / FOLDER, wanted)
    try:
        report = _read_report(path)
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if Snapshot(memoryview(mapped)).inputs != wanted:
            return None
    except (OSError, ValueError, PolicyError):
        return None
    with suppress(OSError):  # a directory that is only read
        os.utime(path)  # in use, so not among the oldest, which are removed
    return Compiled(path, report)


def _read_report(path: Path) -> Report:
    """The report beside a snapshot; OSError or ValueError where there is none."""
    try:
        lists = json.loads(path.with_suffix(".json").read_bytes())["lists"]
        return Report(
            tuple(
                ListReport(name, rules, refused, tuple((line, cause) for line, cause in first))
                for name, rules, refused, first in lists
            )
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a report") from error


def _request(inputs: Inputs, state: Path) -> bytes:
    return json.dumps({"inputs": inputs, "folder": str((state / FOLDER).absolute())}).encode()


def inputs_of(value: Any) -> Inputs:  # noqa: ANN401  # JSON
    """The inputs as the compiler receives them."""
    curated, lists, allow = value
    return Inputs(curated, tuple(OwnList(path, Mode(mode)) for path, mode in lists), tuple(allow))


def _environment() -> dict[str, str]:
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
