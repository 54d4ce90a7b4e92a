"""A copy of a subscribed list on its way in: fetched, its signature verified, read as rules.

Nothing of the catalogue changes here. What was fetched lies among the rules under another ending
and is gone when the block that asked for it ends; what a killed process left goes with the next.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from blockfilter.catalog.body import INCOMING, Fetched
from blockfilter.catalog.folder import RULES
from blockfilter.catalog.network import LIMITS, SYSTEM, Limits, Network
from blockfilter.catalog.progress import Progress, silent
from blockfilter.catalog.site import ImportedList
from blockfilter.errors import ListError, RefusedError, SourceError, StateError
from blockfilter.policy.rule import Trigger

if TYPE_CHECKING:
    from blockfilter.catalog.imported import Brought
    from blockfilter.catalog.suffixes import Wide

MAX_SIGNATURE = 8192  # octets; minisign's own limit for one with the longest comment
STALE = 3600  # seconds after which an unfinished file is that of a killed process

_SERIALS = (
    re.compile(r"(?:^|\s)serial:([0-9]{1,18})(?!\S)"),
    re.compile(r"(?:^|\s)timestamp:([0-9]{1,18})(?!\S)"),  # what minisign writes by itself
)


class Reach(NamedTuple):
    """What a fetch may use."""

    network: Network = SYSTEM
    limits: Limits = LIMITS
    progress: Progress = silent


class Copy(NamedTuple):
    """What the source sent; `fetched.file` is None where nothing has changed."""

    fetched: Fetched
    signature: str


class Accepted(NamedTuple):
    """The last signed copy that was taken: its serial and the digest of its body."""

    serial: int
    sha256: str


@contextmanager
def fetched(
    folder: Path, entry: ImportedList, reach: Reach, *, etag: str = "", last_modified: str = ""
) -> Iterator[Copy]:
    """What the source of `entry` has now, for as long as the block lasts. SourceError, StateError."""
    from blockfilter.catalog import source

    def fetch(url: str, limits: Limits, etag: str = "", modified: str = "") -> Fetched:
        return source.fetch(
            url,
            into=_rules(folder),
            etag=etag,
            last_modified=modified,
            plain_http=entry.plain_http,
            private=entry.private,
            network=reach.network,
            limits=limits,
            progress=reach.progress,
        )

    files: list[Path | None] = []
    try:
        copy = Copy(fetch(entry.url, reach.limits, etag, last_modified), "")
        files.append(copy.fetched.file)
        if entry.key and copy.fetched.file:
            signed = fetch(_signature_url(entry.url), reach.limits._replace(octets=MAX_SIGNATURE))
            files.append(signed.file)
            text = signed.file.read_bytes().decode("utf-8", "replace") if signed.file else ""
            copy = copy._replace(signature=text)
        yield copy
    finally:
        for file in filter(None, files):
            file.unlink(missing_ok=True)


def verified(entry: ImportedList, copy: Copy, last: Accepted | None) -> int:
    """The serial of a signed copy, 0 for a source without a key; SourceError: it is not taken."""
    if not entry.key or copy.fetched.file is None:
        return 0
    from blockfilter.catalog import identity

    host = host_of(entry)
    try:
        comment = identity.verify(entry.key, copy.fetched.file.read_bytes(), copy.signature)
    except (RefusedError, ListError) as error:
        raise SourceError(
            f"{host}: the signature is not one of this list by the key of the subscription; ask its "
            "publisher which key it is signed with"
        ) from error
    found = next(filter(None, (pattern.search(comment) for pattern in _SERIALS)), None)
    if found is None:
        raise SourceError(
            f"{host}: the signature has neither serial nor timestamp, so an old copy could be sent "
            "for a new one; ask its publisher to sign with one"
        )
    serial = int(found[1])
    if last and serial < last.serial:
        raise SourceError(
            f"{host}: sent an older copy (serial {serial}) than the one taken before (serial "
            f"{last.serial}); ask its publisher"
        )
    if last and serial == last.serial and copy.fetched.sha256 != last.sha256:
        raise SourceError(
            f"{host}: sent another list under the same serial ({serial}); ask its publisher"
        )
    return serial


def brought(
    folder: Path, entry: ImportedList, copy: Copy, wide: "Wide", progress: Progress
) -> "Brought":
    """The rules of a copy in a file of their own, which is the caller's to keep or remove.

    ListError: it is no list.
    """
    from blockfilter.catalog import imported

    file = copy.fetched.file
    if file is None:
        raise ListError(f"{host_of(entry)}: sent nothing new; there is nothing to read")
    try:
        return imported.bring(
            file,
            folder,
            format=entry.format or "auto",
            trigger=Trigger(entry.trigger) if entry.trigger else None,
            category=entry.category,
            mode=entry.mode,
            wide=wide,
            progress=progress,
        )
    except ListError as error:  # the name of the file is nobody's concern
        raise ListError(str(error).replace(str(file), host_of(entry))) from error


def sweep(folder: Path) -> None:
    """Remove what killed processes left."""
    with suppress(OSError):
        for path in (folder / RULES).glob(f"*{INCOMING}"):
            if time.time() - path.stat().st_mtime > STALE:
                path.unlink(missing_ok=True)


def host_of(entry: ImportedList) -> str:
    """Where a list comes from; the rest of a URL may hold a secret."""
    return urlsplit(entry.url).hostname or entry.id


def title(url: str) -> str:
    """What a list is called that nobody gave a name: its host and its file."""
    parts = urlsplit(url)
    return " ".join(filter(None, (parts.hostname, parts.path.rpartition("/")[2])))


def _signature_url(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path}.minisig").geturl()


def _rules(folder: Path) -> Path:
    try:
        (folder / RULES).mkdir(exist_ok=True)
    except OSError as error:
        raise StateError(
            f"{folder}: cannot be written ({error.strerror}); check its owner and the space left"
        ) from error
    return folder / RULES
