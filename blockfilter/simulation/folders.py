"""Folders that a simulation works in: one that is thrown away, and the one that is made.

What is made comes whole or not at all: it is written beside its place, is durable, and then takes
its name. A folder that is worked in is locked for as long as its process lives, so what a killed one
left behind is known by its lock, and the next simulation at the same place removes it.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blockfilter.errors import StateError

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
# Hits of one day of 200,000 people, a database with its journal, are half of it. Where memory has
# less room than this (containers often give 64 MB), a disk is used.
ROOM = 256 << 20
_MODE = 0o700
_RANDOM = "[a-z0-9_]{8}"  # what tempfile appends


def target(given: Path) -> Path:
    """Where the folder is to be. StateError where there is something, or there can be none."""
    with translated(given):
        found = Path(os.path.realpath(given))
        if found.exists() or found.is_symlink():  # still a link: one that leads round in a circle
            if not found.is_dir():
                raise StateError(f"{given}: is no folder; name a new one with -o")
            if any(found.iterdir()):
                raise StateError(f"{given}: is not empty; name a new folder with -o")
            if found.samefile(Path.cwd()) or found.is_mount():
                raise StateError(f"{given}: cannot be replaced; name a folder in it with -o")
        found.parent.mkdir(parents=True, exist_ok=True)
    return found


@contextmanager
def claimed(parent: Path, prefix: str, place: Path | None = None) -> Iterator[Path]:
    """A folder of one's own below `parent`, gone when the block ends. StateError, of `place`.

    Those of the same prefix whose process is gone are removed first.
    """
    with translated(place or parent):
        _sweep(parent, prefix)
        path, guard = _made(parent, prefix)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(guard)


def memory() -> Path | None:
    """Shared memory, if there is room in it: nothing there waits for a disk."""
    try:
        room = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        return None
    return SHARED_MEMORY if room >= ROOM and os.access(SHARED_MEMORY, os.W_OK) else None


def land(made: Path, draft: Path, place: Path) -> None:
    """Copy the files of `made` to `draft`, durably, and give it its name. StateError."""
    with translated(place):
        for path in sorted(made.iterdir()):
            _copy(path, draft / path.name)
        draft.chmod(_MODE)
        _sync(draft)
        draft.rename(place)  # an empty folder that is there is replaced in the same step
        _sync(place.parent)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """What the system says of a folder as StateError."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{path}: cannot be made or used ({error.strerror}); name another folder with -o"
        ) from error


def _made(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with suppress(FileNotFoundError):  # swept away in the moment before it was locked
            guard = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with suppress(OSError):  # a file system without locks: nobody can sweep there either
                fcntl.flock(guard, fcntl.LOCK_EX)
            if path.exists():
                return path, guard
            os.close(guard)


def _sweep(parent: Path, prefix: str) -> None:
    name = re.compile(re.escape(prefix) + _RANDOM)
    for path in parent.iterdir():
        if name.fullmatch(path.name):
            with suppress(OSError):  # another user's, or just gone
                _remove_left(path)


def _remove_left(path: Path) -> None:
    """Remove a folder that no process holds."""
    guard = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(guard).st_uid == os.geteuid():
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(guard)


def _copy(source: Path, copy: Path) -> None:
    with source.open("rb") as octets, copy.open("xb") as file:
        shutil.copyfileobj(octets, file)
        os.fchmod(file.fileno(), os.fstat(octets.fileno()).st_mode & 0o777)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
