"""The body of a response: decoded piece by piece into a file, whole and within a limit, or not.

It is never held in memory. A body that broke off is an error wherever that can be seen: in its
length, in its chunks, in the end of its compression, and, where it says nothing of this, in a last
line without an end. Nothing is left on disk of a body that was not taken.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from blockfilter.catalog.formats.lines import MIB
from blockfilter.catalog.progress import Progress
from blockfilter.errors import SourceError, StateError

MAX_VALIDATOR = 1024  # characters of an ETag or a date that are worth sending back
INCOMING = ".incoming"  # how files end that are not finished

_COMPRESSED = {"": False, "identity": False, "gzip": True, "x-gzip": True, "deflate": True}
_EITHER_HEADER = zlib.MAX_WBITS | 32  # of gzip or of deflate
_PIECE = 256 * 1024  # octets that a decoder gives at a time, whatever went in


class Fetched(NamedTuple):
    """What came. `file` is the caller's to remove; None: it has not changed."""

    file: Path | None
    etag: str
    last_modified: str
    sha256: str  # of the decoded body
    octets: int


def headers(raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Header fields by their names in lower case; what is there several times is joined."""
    found: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1").strip()
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def store(
    pieces: Iterable[bytes],
    told: Mapping[str, str],
    host: str,
    into: Path,
    most: int,
    progress: Progress,
) -> Fetched:
    """The decoded body, at most `most` octets of it, as a new file in `into`.

    `told` are the response's header fields. SourceError; StateError where it cannot be written.
    """
    encoding, length = told.get("content-encoding", "").lower(), told.get("content-length", "")
    if encoding not in _COMPRESSED:
        raise SourceError(f"{host}: sent an encoding that was not asked for; tell its publisher")
    total = int(length) if length.isdecimal() and not _COMPRESSED[encoding] else 0
    digest, octets, last = hashlib.sha256(), 0, b""
    with _incoming(into) as file:
        raw = _bounded(pieces, host, most)
        for piece in _bounded(_inflated(raw, host) if _COMPRESSED[encoding] else raw, host, most):
            octets += len(piece)
            digest.update(piece)
            file.write(piece)
            last = piece[-1:] or last
            progress(f"fetch {host}", octets, total)
        bounded = length or "chunked" in told.get("transfer-encoding", "").lower()
        if not bounded and last != b"\n":
            raise SourceError(
                f"{host}: ended within a line, and did not say how long the list is; try again later"
            )
    etag, modified = _validator(told, "etag"), _validator(told, "last-modified")
    return Fetched(Path(file.name), etag, modified, digest.hexdigest(), octets)


@contextmanager
def _incoming(into: Path) -> Iterator[IO[bytes]]:
    """A new file; it is gone where the block raises or the disk is full."""
    name = ""
    try:
        with tempfile.NamedTemporaryFile(suffix=INCOMING, dir=into, delete=False) as file:
            name = file.name
            yield file
    except BaseException as error:
        if name:
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StateError(
                f"{into}: cannot be written ({error.strerror}); check its owner and the space left"
            ) from error
        raise


def _bounded(pieces: Iterable[bytes], host: str, most: int) -> Iterator[bytes]:
    """The same, or SourceError: before it is decoded, too, as it may decode to nothing."""
    octets = 0
    for piece in pieces:
        octets += len(piece)
        if octets > most:
            size = f"{most // MIB} MiB" if most >= MIB else f"{most} octets"
            raise SourceError(f"{host}: sent more than {size}; a body of this size is not taken")
        yield piece


def _inflated(pieces: Iterable[bytes], host: str) -> Iterator[bytes]:
    """gzip or deflate, undone; httpx2's own decoder would not notice that the end is missing."""
    engine = zlib.decompressobj(_EITHER_HEADER)
    try:
        for raw in pieces:
            piece = raw
            while piece:
                if engine.eof:  # gzip may consist of several members
                    engine = zlib.decompressobj(_EITHER_HEADER)
                while out := engine.decompress(piece, _PIECE):
                    yield out
                    piece = engine.unconsumed_tail
                piece = engine.unused_data
    except zlib.error as error:
        raise SourceError(
            f"{host}: sent a body with damaged compression; try again later"
        ) from error
    if not engine.eof:
        raise SourceError(f"{host}: broke off within a compressed body; try again later")


def _validator(told: Mapping[str, str], name: str) -> str:
    """What to send back the next time, to hear whether anything has changed."""
    value = told.get(name, "")
    return value if len(value) <= MAX_VALIDATOR and value.isascii() and value.isprintable() else ""
