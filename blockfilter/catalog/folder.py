"""A catalogue's folder: who may write, and changes that happen whole or not at all.

A change is one or more journal lines and the files that go with them. It is staged first and then
committed by one rename; whoever opens the folder next completes what was committed and not yet
done, and forgets what was only staged. So a crash at any instant leaves the state before or the
state after, and the pointer of the release in force, the last file of its change, names a release
that is there.

========================  ======================================================================
path                      content
========================  ======================================================================
``taxonomy.toml``         the categories and their criteria
``maintainers.toml``      who may change it, and their keys
``protected.toml``        names that no list may block
``popular.txt``           well-known names of its own that the gate looks after
``sites/<id>.toml``       one dossier each
``imported/<id>.toml``    one list of other people's each
``rules/<sha256>.rules``  what such a list says, and what a release says; never changed
``allow.toml``            temporary exceptions
``sources/<id>.json``     how the last refresh of a subscription went; not for git
``looks/<id>.json``       what looks at the names of a dossier have seen; not for git
``journal.jsonl``         who changed what, when and why
``releases/<n>.json``     a release; ``.minisig`` its signature, ``.snapshot`` compiled
``releases/current``      the pointer to the release in force
``standing.json``         what has been softened since: disputes, exceptions, no refreshing
========================  ======================================================================
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from blockfilter.errors import ListError, StateError

JOURNAL = "journal.jsonl"
SITES, IMPORTED, RULES, RELEASES = "sites", "imported", "rules", "releases"
SOURCES, LOOKS = "sources", "looks"  # state and not history
CURRENT = f"{RELEASES}/current"
STANDING = "standing.json"
ALLOW = "allow.toml"
POPULAR = "popular.txt"
MAINTAINERS = "maintainers.toml"

LOCK_SECONDS = 30  # a release of two million names holds the folder for less
_LOCK, _STAGED, _COMMITTED = ".lock", ".staged", ".committed"
_CHANGE = "change.json"  # in the staged folder, beside the new files
_LOCK_STEP = 0.05


class Folder:
    """One catalogue on disk. Only a holder of `locked` may call `commit`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes meanwhile; what a crash left is put in order first. StateError."""
        with _writing(self.path):
            try:
                descriptor = os.open(self / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise _unwritable(self.path, error) from error
            try:
                _lock(descriptor, self.path)
                self._recover()
                yield
            finally:
                os.close(descriptor)

    def commit(self, lines: Sequence[bytes], files: Mapping[str, bytes | None]) -> None:
        """Append journal lines and replace `files` (None: remove), in this order, or nothing.

        Paths are relative. Durable when it returns.
        """
        staged = self / _STAGED
        with _writing(self.path):
            shutil.rmtree(staged, ignore_errors=True)
            staged.mkdir()
            moves: list[tuple[str, str]] = []
            for number, (name, octets) in enumerate(files.items()):
                if octets is not None:
                    _write(staged / str(number), octets)
                moves.append((name, str(number) if octets is not None else ""))
            journal = self / JOURNAL
            length = journal.stat().st_size if journal.exists() else 0
            octets = b"".join(lines)
            change = {"length": length, "lines": [octets.decode()], "moves": moves}
            _write(staged / _CHANGE, json.dumps(change).encode())
            sync_directory(staged)
            staged.rename(self / _COMMITTED)
            sync_directory(self.path)
            try:
                self._append(length, octets)
            except BaseException:
                self._take_back(length)  # so that "nothing was changed" is true
                raise
            try:
                self._complete()
            except OSError as error:
                raise StateError(
                    f"{self.path}: the change is journalled, but a file could not be written "
                    f"({error.strerror}); make room, and the next command completes it"
                ) from error

    @property
    def interrupted(self) -> bool:
        """Whether a change was committed and not completed; the next writer completes it."""
        return (self / _COMMITTED).exists()

    def keep_rules(self, file: Path, sha256: str) -> None:
        """Move a finished file of rules to its place; it is there under its digest only."""
        with _writing(self.path):
            target = self / RULES / f"{sha256}.rules"
            target.parent.mkdir(exist_ok=True)
            _sync_file(file)
            file.replace(target)
            sync_directory(target.parent)

    def _recover(self) -> None:
        shutil.rmtree(self / _STAGED, ignore_errors=True)
        if self.interrupted:
            self._complete()

    def _take_back(self, length: int) -> None:
        """Undo a commit of which nothing is done but a part of the journal's lines."""
        with suppress(FileNotFoundError):
            os.truncate(self / JOURNAL, length)
        (self / _COMMITTED).rename(self / _STAGED)
        shutil.rmtree(self / _STAGED, ignore_errors=True)

    def _complete(self) -> None:
        """Do what was committed; doing it again changes nothing."""
        committed = self / _COMMITTED
        if (committed / _CHANGE).exists():  # else all was done, and only the cleaning was not
            change = json.loads((committed / _CHANGE).read_bytes())
            self._append(change["length"], "".join(change["lines"]).encode())
            for name, staged in change["moves"]:
                self._move(committed / staged if staged else None, self / name)
            (committed / _CHANGE).unlink()
        shutil.rmtree(committed)
        sync_directory(self.path)

    def _move(self, staged: Path | None, target: Path) -> None:
        if staged is None:
            target.unlink(missing_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # moved before the crash
            staged.replace(target)
        sync_directory(target.parent)

    def _append(self, length: int, octets: bytes) -> None:
        if not octets:
            return
        journal = self / JOURNAL
        with journal.open("r+b" if journal.exists() else "w+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(length)
            there = file.read()
            if size >= length and there.startswith(octets):
                return
            if size < length or not octets.startswith(there):
                raise ListError(
                    f"{journal}: was changed after a crash cut a change short; take it back to its "
                    f"first {length} octets and try again"
                )
            file.seek(length)  # what a crash cut short is written anew
            file.truncate()
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())


def create(path: Path, files: Mapping[str, bytes]) -> Folder:
    """A new catalogue with these files; a folder that has some keeps its own. StateError."""
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
        folder = Folder(path)
        missing = {name: octets for name, octets in files.items() if not (path / name).exists()}
        with folder.locked():
            folder.commit([], missing)
    return folder


def write(path: Path, octets: bytes) -> None:
    """Replace one file whole and durably."""
    with replacing(path) as file:
        file.write(octets)


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """What is written in the block, in the place of a file, whole and durably, or not at all."""
    descriptor, temporary = tempfile.mkstemp(".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sha256(octets: bytes) -> str:
    """The digest as it is written in catalogues."""
    return hashlib.sha256(octets).hexdigest()


def sync_directory(path: Path) -> None:
    """Make what was renamed in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, octets: bytes) -> None:
    with path.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def _lock(descriptor: int, path: Path) -> None:
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise ListError(
                    f"{path}: somebody else is changing this catalogue; try again when they are done"
                ) from None
            time.sleep(_LOCK_STEP)
        else:
            return


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StateError:
    return StateError(
        f"{path}: cannot be written ({error.strerror}); check its owner and the space left; nothing "
        "was changed"
    )
