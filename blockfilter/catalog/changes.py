"""What is different between two releases, or between the one in force and the next."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blockfilter.catalog import candidate, manifest, standing, store
from blockfilter.catalog.manifest import Listed, Manifest
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.suffixes import Wide


class Changed(NamedTuple):
    """One list's rules as its files spell them."""

    id: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


class Changes(NamedTuple):
    """What changed since a release; None: since there was none."""

    since: int | None
    lists: tuple[Changed, ...]


def since(folder: Path, wide: "Wide", serial: int | None, now: datetime) -> Changes:
    """From a release to the one in force; without one from the one in force to the next.

    ListError: there is no such release.
    """
    if serial is not None:
        before, after = manifest.known(folder, serial), manifest.in_force(folder)
        return Changes(serial, tuple(_changed(before, folder, _lists(after), folder)))
    in_force = manifest.in_force(folder)
    with tempfile.TemporaryDirectory(prefix="blockfilter-") as place:
        into = Path(place)
        base = candidate.Base(folder, in_force, standing.standing(folder))
        day = now.astimezone(UTC).date()
        content = candidate.written(store.read(folder, wide), base, into, day, draft=False)
        found = tuple(_changed(in_force, folder, content.lists, into))
    return Changes(in_force.serial if in_force else None, found)


def _lists(release: Manifest | None) -> tuple[Listed, ...]:
    return release.lists if release else ()


def _changed(
    before: Manifest | None, folder: Path, after: tuple[Listed, ...], new: Path
) -> Iterator[Changed]:
    """The lists that differ; what is new lies in `new`, or where everything lies."""
    was = {one.id: one for one in _lists(before)}
    becomes = {one.id: one for one in after}
    for id_ in sorted({*was, *becomes}):
        if was.get(id_) == becomes.get(id_):
            continue
        old = _lines(was.get(id_), folder, folder)
        now = _lines(becomes.get(id_), new, folder)
        yield Changed(id_, tuple(sorted(now - old)), tuple(sorted(old - now)))


def _lines(listed: Listed | None, *places: Path) -> set[str]:
    """The lines of a list's file; what it says of the whole list stands at the end of each."""
    if listed is None:
        return set()
    paths = [manifest.rules_file(place, listed) for place in places]
    path = next((path for path in paths if path.exists()), paths[-1])
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            return {
                f"{' '.join(line.split())} [{listed.mode}]"
                for line in file
                if not line.startswith("#")
            }
    except (OSError, ValueError) as error:
        raise ListError(
            f"{path}: cannot be read ({error}); take the file back from a copy or from git"
        ) from error
