"""What a person names to be imported, as a file: FILE, URL or - for standard input."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.progress import Progress

STANDARD_INPUT = "-"
_PIECE = 1024 * 1024


class Incoming(NamedTuple):
    """A file to read, and what to call it."""

    path: Path
    name: str


@contextmanager
def incoming(
    what: str, *, plain_http: bool, private: bool, progress: "Progress"
) -> Iterator[Incoming]:
    """The file for as long as the block lasts. ListError, SourceError: it cannot be had."""
    if what != STANDARD_INPUT and "://" not in what:
        yield Incoming(Path(what), Path(what).name)
        return
    with tempfile.TemporaryDirectory(prefix="blockfilter-") as place:
        if what == STANDARD_INPUT:
            yield Incoming(_standard_input(Path(place)), "standard input")
            return
        from blockfilter.catalog import arrival, source

        fetched = source.fetch(
            what, into=Path(place), plain_http=plain_http, private=private, progress=progress
        )
        if fetched.file is None:
            raise ListError("the source sent nothing; try again later")
        yield Incoming(fetched.file.rename(Path(place) / "list"), arrival.title(what))


def _standard_input(place: Path) -> Path:
    """What standard input holds, as a file."""
    from blockfilter.catalog.formats.lines import MAX_FILE, MIB

    path, octets = place / "list", 0
    with path.open("wb") as file:
        while piece := sys.stdin.buffer.read(_PIECE):
            octets += len(piece)
            if octets > MAX_FILE:
                raise ListError(f"-: is larger than {MAX_FILE // MIB} MiB; split or shorten it")
            file.write(piece)
    return path
