"""What is remembered of each source between refreshes: ``sources/<id>.json``.

It is state and not history: the journal tells what changed. A file that is missing or damaged costs
one full fetch and nothing else, so reading it never fails.
"""

import json
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog import folder as folders
from blockfilter.catalog.folder import SOURCES
from blockfilter.catalog.site import ImportedList
from blockfilter.errors import StateError

MAX_FILE = 65_536  # octets; one has less than a thousand


class Record(NamedTuple):
    """How it went the last time. Times are as "2026-11-23T09:17:05Z", or "" for never."""

    outcome: str = "never"  # ok, unchanged, failed, refused
    reason: str = ""
    checked: str = ""  # the source was asked
    confirmed: str = ""  # it answered, and what it has is what we have
    changed: str = ""  # it had something new that was accepted
    etag: str = ""  # of the copy we have, as is the next
    last_modified: str = ""
    sha256: str = ""  # of its body as it was sent
    serial: int = 0  # of its signature; 0: it is not signed
    basis: str = ""  # for which entry and which copy the four lines above hold

    def holds(self, entry: ImportedList, rules: Path) -> bool:
        """Whether its validators speak of the copy that the entry has."""
        return self.basis == basis(entry) and rules.exists()


def basis(entry: ImportedList) -> str:
    """What a copy depends on besides its source's body."""
    parts = (entry.url, entry.format, entry.trigger, entry.key, entry.sha256)
    return folders.sha256("\n".join(parts).encode())


def read(folder: Path, id_: str) -> Record:
    """What is remembered of a source, nothing where that cannot be read."""
    fresh = Record()
    try:
        with _path(folder, id_).open("rb") as file:
            value = json.loads(file.read(MAX_FILE))
        found = Record(**value)
    except (OSError, ValueError, TypeError, RecursionError):
        return fresh
    right = all(type(one) is type(other) for one, other in zip(found, fresh, strict=True))
    return found if right else fresh


def write(folder: Path, id_: str, record: Record) -> None:
    """Remember it. StateError."""
    path = _path(folder, id_)
    try:
        path.parent.mkdir(exist_ok=True)
        folders.write(path, json.dumps(record._asdict(), indent=1).encode() + b"\n")
    except OSError as error:
        raise StateError(
            f"{path.parent}: cannot be written ({error.strerror}); check its owner and the space left"
        ) from error


def every(folder: Path) -> dict[str, Record]:
    """What is remembered of all sources of a catalogue, by id; cheap, for a server's status."""
    return {
        path.stem: read(folder, path.stem) for path in sorted((folder / SOURCES).glob("*.json"))
    }


def _path(folder: Path, id_: str) -> Path:
    return folder / SOURCES / f"{id_}.json"
