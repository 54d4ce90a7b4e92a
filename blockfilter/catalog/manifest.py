"""What a release says, and which one is in force: values, and how they are read.

A release is a list of digests. The pointer names one and the digest of its manifest, which names
the digest of every file of rules: so the pointer alone says which policy is meant, to the octet. A
file that is not exactly what was written is refused whole with a ListError.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from datetime import date as day
from pathlib import Path
from typing import Any, NamedTuple

from blockfilter.catalog.folder import CURRENT, RELEASES, RULES, sha256
from blockfilter.errors import ListError
from blockfilter.policy.rule import Mode, Role

FORMAT = 1
MAX_FILE = 16 * 1024 * 1024  # octets of a manifest; one that lists 100,000 expiries has a third
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SERIAL = re.compile(r"[1-9][0-9]{0,17}")
_MANIFEST = re.compile(r"([1-9][0-9]{0,17})\.json")
_REMEDY = "take the file back from a copy or from git, or roll back to another release"


class Listed(NamedTuple):
    """One list of a release; its rules lie in the file of their digest."""

    id: str
    role: str  # as Role
    category: str  # of rules that name none
    mode: str  # as Mode; of rules that name none
    rules: int
    sha256: str


class Forced(NamedTuple):
    """Who wanted a release although it changes more than usual, and why."""

    by: tuple[str, ...]
    reason: str


class Manifest(NamedTuple):
    """A release."""

    serial: int
    date: str  # "2026-11-23T09:17:05Z"
    by: str
    notes: str
    previous: int | None  # the release that was in force when it was made
    forced: Forced | None
    lists: tuple[Listed, ...]
    expires: Mapping[str, str]  # entry -> first day on which its rules are no longer in force

    def octets(self) -> bytes:
        """The file."""
        value = self._asdict() | {
            "format": FORMAT,
            "forced": self.forced and self.forced._asdict(),
            "lists": [one._asdict() for one in self.lists],
        }
        return canonical(value) + b"\n"

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        return sha256(self.octets())

    @property
    def content(self) -> str:
        """Digest of what it puts in force, whoever made it and when."""
        return sha256(canonical([self.lists, self.expires]))

    @property
    def pointer(self) -> bytes:
        """The file that puts it in force."""
        return f"{self.serial} {self.sha256}\n".encode()

    def listed(self, list_id: str) -> Listed | None:
        """The list of this id."""
        return next((one for one in self.lists if one.id == list_id), None)

    def expired(self, today: day) -> frozenset[str]:
        """The entries whose time is over."""
        text = today.isoformat()
        return frozenset(entry for entry, first in self.expires.items() if text >= first)


def stamp(now: datetime) -> str:
    """A time as catalogues write it; such texts sort by time."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def manifest_name(serial: int) -> str:
    """A manifest's path in its catalogue."""
    return f"{RELEASES}/{serial}.json"


def signature_name(serial: int) -> str:
    """The path of its signature, if it has one."""
    return f"{RELEASES}/{serial}.json.minisig"


def snapshot_name(serial: int) -> str:
    """The path of its compiled policy."""
    return f"{RELEASES}/{serial}.snapshot"


def rules_file(folder: Path, listed: Listed) -> Path:
    """Where a list's rules lie."""
    return folder / RULES / f"{listed.sha256}.rules"


def serials(folder: Path) -> tuple[int, ...]:
    """All releases that are there, in their order."""
    found = (_MANIFEST.fullmatch(path.name) for path in (folder / RELEASES).glob("*.json"))
    return tuple(sorted(int(match[1]) for match in found if match))


def in_force(folder: Path) -> Manifest | None:
    """The release the pointer names; None where none has been made. ListError: it is broken."""
    octets = pointer(folder)
    return pointed(folder, octets) if octets else None


def pointer(folder: Path) -> bytes:
    """The pointer's content, b"" where there is none."""
    try:
        return content(folder / CURRENT)
    except FileNotFoundError:
        return b""


def pointed(folder: Path, octets: bytes) -> Manifest:
    """The release a pointer with this content names."""
    path = folder / CURRENT
    words = octets.decode("utf-8", "replace").split(" ")
    if (
        len(words) != 2
        or not _SERIAL.fullmatch(words[0])
        or not _SHA256.fullmatch(words[1].removesuffix("\n"))
    ):
        raise ListError(f"{path}: does not name a release; {_REMEDY}")
    found = read(folder, int(words[0]))
    if found.pointer.rstrip(b"\n") != octets.rstrip(b"\n"):
        raise ListError(
            f"{folder / manifest_name(found.serial)}: is not the release that {CURRENT} names; "
            f"{_REMEDY}"
        )
    return found


def known(folder: Path, serial: int) -> Manifest:
    """The release somebody asks for; ListError names those that there are."""
    there = serials(folder)
    if serial not in there:
        rest = f"the releases are {', '.join(map(str, there))}" if there else "there is none yet"
        raise ListError(f"there is no release {serial}; {rest}")
    return read(folder, serial)


def read(folder: Path, serial: int) -> Manifest:
    """One release; ListError where it is not there or not as it was written."""
    path = folder / manifest_name(serial)
    try:
        octets = content(path)
    except FileNotFoundError:
        raise ListError(f"{path}: is missing; {_REMEDY}") from None
    try:
        found = _manifest(json.loads(octets))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ListError(f"{path}: is no release; {_REMEDY}") from error
    if found.serial != serial or found.octets() != octets:
        raise ListError(f"{path}: is not as it was written; {_REMEDY}")
    return found


def canonical(value: object) -> bytes:
    """A value as JSON, always the same octets."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content(path: Path) -> bytes:
    """A small file's octets; FileNotFoundError, and ListError where it cannot be read."""
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ListError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    if len(octets) > MAX_FILE:
        raise ListError(f"{path}: is larger than {MAX_FILE} octets; {_REMEDY}")
    return octets


def _manifest(value: Any) -> Manifest:  # noqa: ANN401  # JSON
    """The value of a manifest's file; ValueError and the like where it is none."""
    if value["format"] != FORMAT:
        raise ValueError("another format")
    forced = value["forced"]
    return Manifest(
        serial=_number(value["serial"]),
        date=text(value["date"]),
        by=text(value["by"]),
        notes=text(value["notes"]),
        previous=None if value["previous"] is None else _number(value["previous"]),
        forced=forced and Forced(_texts(forced["by"]), text(forced["reason"])),
        lists=tuple(map(_listed, value["lists"])),
        expires={text(entry): text(first) for entry, first in value["expires"].items()},
    )


def _listed(value: Any) -> Listed:  # noqa: ANN401  # JSON
    listed = Listed(
        text(value["id"]),
        Role(value["role"]).value,
        text(value["category"]),
        Mode(value["mode"]).value,
        _number(value["rules"]),
        text(value["sha256"]),
    )
    if not _SHA256.fullmatch(listed.sha256) or not _ID.fullmatch(listed.id):
        raise ValueError("no digest or no id")
    return listed


def _texts(value: Sequence[object]) -> tuple[str, ...]:
    return tuple(map(text, value))


def text(value: object) -> str:
    """The text; TypeError where it is none."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError("no number")
    return value
