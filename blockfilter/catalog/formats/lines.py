"""A file as numbered lines of octets, or one sentence on why it is no list.

It is read once, from front to end, and never held whole.
"""

import codecs
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blockfilter.errors import ListError

MIB = 1024 * 1024
MAX_FILE = 256 * MIB  # octets; two million names and a comment at each fit four times over
MAX_LINE = 65_536  # octets; a name has 255, and whole files without a line end are no lists
MAX_LINES = 8_000_000  # two million names, two lines of a zone for each, a comment at each
_HEAD = 1024  # octets that tell a page or a binary from a list
_MOST_NULS = 1 / 8  # of the head; a list may have a slip, UTF-16 and programs have more

_BOM = b"\xef\xbb\xbf"
_BINARY = {
    b"\x1f\x8b": "is compressed (gzip); unpack it",
    b"BZh": "is compressed (bzip2); unpack it",
    b"\xfd7zXZ": "is compressed (xz); unpack it",
    b"(\xb5/\xfd": "is compressed (zstd); unpack it",
    b"PK\x03\x04": "is an archive (zip); unpack it",
    b"\xff\xfe": "is in UTF-16; save it as UTF-8",
    b"\xfe\xff": "is in UTF-16; save it as UTF-8",
}


def opened(path: Path) -> BinaryIO:
    """The file, open; ListError where it is not there, no regular file, or too large."""
    try:
        # A named pipe would wait for a writer that may never come.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    file = os.fdopen(descriptor, "rb") if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    if file is None:
        os.close(descriptor)
        raise ListError(f"{path}: is no regular file; name a list file")
    if os.fstat(descriptor).st_size > MAX_FILE:
        file.close()
        raise ListError(f"{path}: is larger than {MAX_FILE // MIB} MiB; split or shorten it")
    return file


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines from 1, without a byte order mark, their ends still on; ListError: no list.

    A line may hold a NUL, which is its reader's to refuse.
    """
    with opened(path) as file:
        try:
            _look(path, file.read(_HEAD))
            file.seek(len(_BOM) if _has_mark(file) else 0)
            yield from _bounded(path, file)
        except OSError as error:
            raise _unreadable(path, error) from error


def _has_mark(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(len(_BOM)) == _BOM


def _bounded(path: Path, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise ListError(
                f"{path}: has a line of more than {MAX_LINE} octets; a list has one name or one "
                "hosts entry a line"
            )
        if number > MAX_LINES:
            raise ListError(f"{path}: has more than {MAX_LINES} lines; split or shorten it")
        yield number, line


def _look(path: Path, head: bytes) -> None:
    """ListError where the first octets are those of something else."""
    if not head:
        raise ListError(f"{path}: is empty; a list names at least one name")
    for mark, what in _BINARY.items():
        if head.startswith(mark):
            raise ListError(f"{path}: {what}")
    if head.count(b"\0") > len(head) * _MOST_NULS or (b"\0" in head and not _is_text(head)):
        raise ListError(f"{path}: is a binary; a list is a text file with one name a line")
    if head.removeprefix(_BOM).lstrip().startswith(b"<"):
        raise web_page(path)


def _is_text(head: bytes) -> bool:
    """Whether it is UTF-8, which may be cut off within a character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def web_page(path: Path) -> ListError:
    """What is to be said of a page in the place of a list."""
    return ListError(
        f"{path}: is a web page (HTML or XML); perhaps its source has moved or wants a login; "
        "fetch the list itself"
    )


def _unreadable(path: Path, error: OSError | ValueError) -> ListError:
    reason = error.strerror if isinstance(error, OSError) else "not a possible path"
    return ListError(f"{path}: cannot be read ({reason}); check the path and its permissions")
