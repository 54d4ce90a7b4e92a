"""Where files are kept: what outlives a restart (state) and what must not (runtime).

A directory is used only if it is ours alone to write: what lies in it decides what is blocked, and
who could add to it could read or forge hits. Into the runtime directory nobody else may even look:
its files' sizes and times tell how much was blocked, and when. Nothing is ever changed about a
directory that is there already. Hits belong in memory; where they are not, that is shown, and they
work all the same.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from blockfilter.errors import StateError

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # a directory of our own is made in it
SYSTEM_STATE = Path("/var/lib/blockfilter")  # what systemd's StateDirectory=blockfilter is
MOUNTS = Path("/proc/self/mountinfo")
MEMORY_FILESYSTEMS = frozenset({"tmpfs", "ramfs"})
PRIVATE = 0o700
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS_MAY_LOOK = stat.S_IRWXG | stat.S_IRWXO


def state_directory(configured: Path | None, environ: Mapping[str, str]) -> Path:
    """The state directory, made if it is not there: configured, systemd's, or XDG's."""
    return private(state_place(configured, environ))


def state_place(configured: Path | None, environ: Mapping[str, str]) -> Path:
    """Where the state directory is or would be; nothing is looked at or made."""
    if configured is not None:
        return configured
    if given := _first(environ.get("STATE_DIRECTORY", "")):
        return given
    if base := _absolute(environ.get("XDG_STATE_HOME", "")):
        return base / "blockfilter"
    if home := _absolute(environ.get("HOME", "")):
        return home / ".local/state/blockfilter"
    raise StateError("no place for the state directory: HOME is not set; name one with --state DIR")


def runtime_directory(
    configured: Path | None,
    environ: Mapping[str, str],
    state: Path,
    *,
    shared_memory: Path = SHARED_MEMORY,
) -> Path:
    """The runtime directory, made if it is not there, RAM-backed wherever that can be had.

    Configured, systemd's, XDG's, one of our own in shared memory, or, on a machine that has none
    of them, below `state`.
    """
    if configured is not None:
        return hidden(configured)
    if given := _first(environ.get("RUNTIME_DIRECTORY", "")):
        return hidden(given)
    base = _absolute(environ.get("XDG_RUNTIME_DIR", ""))
    if base is not None and _own(base):  # after su it may still be another user's
        return hidden(base / "blockfilter")
    if shared_memory.is_dir():
        mine = shared_memory / f"blockfilter-{os.geteuid()}"
        try:
            return hidden(mine, follow=False)  # anyone may put a link there
        except StateError:
            pass  # taken by another user; who put it there shall not stop us
    return hidden(state / "runtime")


def hidden(path: Path, *, follow: bool = True) -> Path:
    """As `private`, and nobody else may look into it."""
    if stat.S_IMODE(private(path, follow=follow).stat().st_mode) & OTHERS_MAY_LOOK:
        raise StateError(f"{path}: others may look into it; chmod 700 it or name another directory")
    return path


def private(path: Path, *, follow: bool = True) -> Path:
    """`path` as a directory that only we may write to, made with mode 0700 if it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        path.mkdir(exist_ok=True, mode=PRIVATE)
        found = path.stat() if follow else path.lstat()
    except OSError as error:
        raise StateError(
            f"{path}: cannot be made or used ({error.strerror}); name another directory"
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        raise StateError(f"{path}: is no directory; remove it or name another")
    if found.st_uid != os.geteuid():
        raise StateError(
            f"{path}: belongs to another user (uid {found.st_uid}); give it to uid "
            f"{os.geteuid()} or name another directory"
        )
    if found.st_mode & OTHERS_MAY_WRITE:
        raise StateError(f"{path}: others may write to it; chmod go-w it or name another directory")
    return path


def ram_backed(path: Path, *, mounts: Path = MOUNTS) -> bool:
    """Whether what is written below `path` stays in memory; False where that cannot be told."""
    try:
        device = path.stat().st_dev
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = [_filesystem(line) for line in lines if line.split()[2:3] == [number]]
    return bool(kinds) and MEMORY_FILESYSTEMS.issuperset(kinds)


def _filesystem(line: str) -> str:
    """The file system's type in a line of mountinfo: the field after the lone hyphen."""
    return line.partition(" - ")[2].partition(" ")[0]


def _first(paths: str) -> Path | None:
    """The first of systemd's directories, of which a unit may name several."""
    return _absolute(paths.partition(":")[0])


def _absolute(text: str) -> Path | None:
    return Path(text) if text.startswith("/") else None  # XDG: a relative path is ignored


def _own(path: Path) -> bool:
    try:
        return path.stat().st_uid == os.geteuid()
    except OSError:
        return False
