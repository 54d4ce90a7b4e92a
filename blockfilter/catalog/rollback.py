"""Back to an earlier release: the pointer moves, and nothing is compiled or judged.

The rules of a release are never changed, so going back brings back the copies of sources, too.
Refreshing is paused, else the next one would bring in again what was to be undone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from blockfilter.catalog import changelog, identity
from blockfilter.catalog.folder import CURRENT, STANDING, Folder
from blockfilter.catalog.layering import check_digest
from blockfilter.catalog.manifest import (
    Manifest,
    in_force,
    read,
    rules_file,
    serials,
    signature_name,
    stamp,
)
from blockfilter.catalog.standing import standing
from blockfilter.errors import ListError, RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.changelog import Line
    from blockfilter.catalog.identity import Actor
    from blockfilter.catalog.suffixes import Wide


def rollback(
    folder: Folder,
    wide: "Wide",  # noqa: ARG001  # as all acts; what is in the files need not be right to go back
    actor: "Actor",
    serial: int,
    reason: str,
    now: datetime,
) -> Manifest:
    """Put a release in force again and pause refreshing; RefusedError where it cannot be."""
    with folder.locked():
        lines = changelog.read(folder.path)
        release = _whole(folder, lines, serial)
        line = changelog.Writer(lines, actor).line(
            at=stamp(now), what="rollback", why=reason, facts={"serial": serial}
        )
        paused = standing(folder.path)._replace(paused=True)
        folder.commit([line], {STANDING: paused.octets(), CURRENT: release.pointer})
    return release


def resume(folder: Folder, actor: "Actor", now: datetime, reason: str) -> None:
    """Let subscriptions be refreshed again."""
    with folder.locked():
        stands = standing(folder.path)
        if not stands.paused:
            raise RefusedError("refreshing is not paused; there is nothing to resume")
        writer = changelog.Writer(changelog.read(folder.path), actor)
        line = writer.line(at=stamp(now), what="resume", why=reason)
        folder.commit([line], {STANDING: stands._replace(paused=False).octets()})


def _whole(folder: Folder, lines: "tuple[Line, ...]", serial: int) -> Manifest:
    """The release, every octet of it as it was when it was made."""
    every = serials(folder.path)
    if serial not in every:
        there = f"the releases are {', '.join(map(str, every[-5:]))}" if every else "there is none"
        raise RefusedError(f"release {serial} does not exist; {there}")
    try:
        release = read(folder.path, serial)
        made = next(line for line in lines if line.what == "release" and _is(line.facts, release))
        if made.signature is not None:
            _check_signature(folder, release)
        for listed in release.lists:
            check_digest(rules_file(folder.path, listed), listed.sha256)
    except StopIteration:
        raise RefusedError(
            f"release {serial} is not the one that the journal tells of; choose another"
        ) from None
    except ListError as error:
        raise RefusedError(f"release {serial} is damaged: {error}") from error
    if _is_in_force(folder, release):
        raise RefusedError(f"release {serial} is in force; there is nothing to roll back")
    return release


def _is(facts: Mapping[str, object], release: Manifest) -> bool:
    return facts.get("serial") == release.serial and facts.get("sha256") == release.sha256


def _is_in_force(folder: Folder, release: Manifest) -> bool:
    try:
        return in_force(folder.path) == release
    except ListError:  # what is in force is broken: to go back is the remedy
        return False


def _check_signature(folder: Folder, release: Manifest) -> None:
    path = folder / signature_name(release.serial)
    try:
        signature = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ListError(f"{path}: cannot be read; take it back from a copy or from git") from error
    maintainer = identity.read(folder.path).get(release.by)
    if maintainer is None:
        raise ListError(f"{release.by}, who signed it, is no maintainer; add them again")
    keys = [maintainer.key, *(former.key for former in maintainer.former)]
    for key in filter(None, keys):
        try:
            identity.verify(key, release.octets(), signature)
        except RefusedError:
            continue
        return
    raise ListError(f"{path}: is not the signature of {release.by}; choose another release")
