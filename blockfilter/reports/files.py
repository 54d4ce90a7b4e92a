"""A report's files: written whole, durable, or not at all.

What is written is the same for the same inputs, and so is its name; nothing says when.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from blockfilter.errors import StateError

MODE = 0o644  # a report is made to be handed on


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file of a folder, which is made if it is not there. StateError."""
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode())
    except OSError as error:
        raise StateError(
            f"{path}: cannot be written ({error.strerror}); name another folder with -o, or check "
            "its owner and the space left"
        ) from error
    return path


def _replace(path: Path, octets: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
