"""The snapshot that fits the inputs of today: found by their digest, softened, or compiled.

The digest is over everything a snapshot is made from, so a snapshot that is there is the right one,
and neither a list nor the suffixes are parsed. It may be there already when a release takes effect:
the one who made the release compiled it. After a dispute or an exception the one before it is there,
and only what has changed is changed in it. What is compiled is compiled in a child process, and on
any error nothing that is there is touched.
"""

import json
import os
import site
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import blockfilter
from blockfilter.catalog import softening
from blockfilter.catalog.inputs import Inputs, OwnList, digest, fingerprint
from blockfilter.catalog.shelf import (
    FOLDER,
    SHOWN,
    Compiled,
    ListReport,
    Report,
    found,
    last_good,
    read_report,
    snapshot_file,
)
from blockfilter.errors import BlockfilterError, ListError, PolicyError, StateError

__all__ = (
    "BUILT_IN",
    "FOLDER",
    "LOCAL_ALLOW",
    "SHOWN",
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
COMPILE_SECONDS = 600  # two million names take a tenth of it on a small machine
_COMMAND = (sys.executable, "-P", "-m", "blockfilter.catalog.compiler")


def current(inputs: Inputs, state: Path, now: datetime | None = None) -> Compiled:
    """The snapshot of these inputs now, compiled to `state` if it is not there yet. Blocks.

    ListError with a line for each list that was refused; StateError where nothing can be written.
    """
    now = now or datetime.now(UTC)
    if there := _there(inputs, state, now):
        return there
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
    if there := await asyncio.to_thread(_there, inputs, state, now):
        return there
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


def _there(inputs: Inputs, state: Path, now: datetime) -> Compiled | None:
    """The snapshot that is on the shelf, or that is made at once from one that is."""
    return found(inputs, state, now) or softening.softened(
        inputs, state, now, most=softening.AT_ONCE
    )


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
        return Compiled(path, read_report(path))
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
