"""Releases: made by people, derived from a refresh, rolled back.

A release is made beside what is in force: its rules are written, compiled and judged in a folder of
their own, and then one change brings everything in, the pointer last. Whatever goes wrong before,
nothing has changed. The compiled policy comes along, so that servers need not compile it. People
build on a journal only that holds: whose chain is whole, whose lines are signed by who they say, and
in which a second person approved.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.catalog import candidate, changelog, store
from blockfilter.catalog.candidate import Base
from blockfilter.catalog.finding import Finding, FoundError
from blockfilter.catalog.folder import Folder
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.making import Making, base_of, numbered, scratch_of, writing
from blockfilter.catalog.manifest import (
    Forced,
    Listed,
    Manifest,
    in_force,
    read,
    rules_file,
    serials,
)
from blockfilter.catalog.progress import Progress, silent
from blockfilter.catalog.rollback import resume, rollback
from blockfilter.catalog.site import ImportedList, State
from blockfilter.catalog.standing import Standing, standing, standing_of
from blockfilter.catalog.verify import check_journal
from blockfilter.catalog.workflow import SYSTEM
from blockfilter.errors import RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.changelog import Line
    from blockfilter.catalog.suffixes import Wide

__all__ = (
    "Forced",
    "Listed",
    "Manifest",
    "Standing",
    "derive",
    "draft",
    "in_force",
    "make",
    "read",
    "resume",
    "rollback",
    "rules_file",
    "serials",
    "standing",
    "standing_of",
)

FORCE = "force"  # the journal's word for one person who wants a release all the same
FORCEABLE = frozenset(("delta",))  # the findings that two people may pass over
_NOT_MADE = "the release was not made, and nothing has changed:"


def make(
    folder: Folder,
    wide: "Wide",
    actor: Actor,
    *,
    notes: str,
    force_reason: str | None,
    now: datetime,
    progress: Progress = silent,
) -> Manifest:
    """Bring what is approved into force, if the gate lets it pass; RefusedError says what is wrong.

    More change than usual passes when two people force the same content, each with a reason: the
    first is refused and journalled, the second makes the release.
    """
    with folder.locked(), scratch_of(folder) as scratch:
        making = Making(folder, wide, now, scratch, progress)
        progress("verifying the journal", 0, 0)
        check_journal(
            folder.path, making.lines, now
        )  # an approval may be forged as well as written
        changes = making.due(actor)
        progress("writing the rules", 0, 0)
        catalog, base = making.catalog, making.base
        content = candidate.written(catalog, base, scratch, making.today, draft=False)
        manifest = making.manifest(content, by=actor.name, notes=notes)
        if not changes:
            _check_changed(manifest, base)
        forces = _forces(making.lines, manifest.content)
        if force_reason and (others := [name for name in forces if name != actor.name]):
            manifest = manifest._replace(forced=Forced((*others, actor.name), force_reason))
        snapshot = making.compiled(manifest)
        errors = list(dict.fromkeys(making.lint() + making.gate(manifest, snapshot)))
        if errors and force_reason and not manifest.forced:
            _first_force(making, actor, manifest, errors, force_reason)
        _judge([one for one in errors if not (manifest.forced and one.rule in FORCEABLE)])
        making.commit(manifest, snapshot, actor, changes)
    return manifest


def derive(
    folder: Folder,
    wide: "Wide",
    changed: Mapping[str, ImportedList],
    now: datetime,
    notes: str,
    progress: Progress = silent,
) -> Manifest:
    """The release in force with other rules of some lists, by the system; RefusedError: the gate."""
    with folder.locked(), scratch_of(folder) as scratch:
        making = Making(folder, wide, now, scratch, progress)
        base = making.base
        if base.release is None:
            raise RefusedError("no release is in force yet; people make the first one")
        if base.standing.paused:
            raise RefusedError(
                "refreshing is paused since a rollback; blockfilter list refresh --resume goes on"
            )
        progress("writing the rules", 0, 0)
        content = candidate.replaced(base.release, changed, folder.path, scratch)
        manifest = making.manifest(content, by=SYSTEM, notes=notes)
        _check_changed(manifest, base)
        snapshot = making.compiled(manifest)
        _judge(making.gate(manifest, snapshot))
        making.commit(manifest, snapshot, Actor(SYSTEM, None), [])
    return manifest


def draft(folder: Path, wide: "Wide", into: Path, now: datetime) -> None:
    """Make `into` a catalogue in force as the next release would be if all proposed were approved.

    Nothing is judged, and nothing in `folder` changes. Its rules are linked, not copied.
    """
    base = base_of(folder)
    catalog = store.read(folder, wide)
    day = now.astimezone(UTC).date()
    with writing(into):
        content = candidate.written(catalog, base, into, day, draft=True)
        manifest = numbered(folder, base, content, by=SYSTEM, notes="a draft", now=now)
        proposed = {entry.id for entry in catalog.entries() if entry.state is State.PROPOSED}
        disputed = tuple(id_ for id_ in base.standing.disputed if id_ not in proposed)
        stands = base.standing._replace(disputed=disputed)
        candidate.lay_out(manifest, base.folder, stands, into)


def _check_changed(manifest: Manifest, base: Base) -> None:
    if base.release is None and not any(one.rules for one in manifest.lists):
        raise RefusedError("nothing is approved yet; a second person approves what was proposed")
    if base.release and base.release.content == manifest.content:
        raise RefusedError(
            f"nothing has changed since release {base.release.serial}; there is nothing to release"
        )


def _forces(lines: "Sequence[Line]", content: str) -> list[str]:
    """Who wanted this content in force all the same since the last release, each once."""
    since: list[Line] = []
    for line in lines:
        since = [] if line.what in ("release", "rollback") else [*since, line]
    wanted = [one.by for one in since if one.what == FORCE and one.facts.get("content") == content]
    return list(dict.fromkeys(wanted))


def _first_force(
    making: Making, actor: Actor, manifest: Manifest, errors: Sequence[Finding], reason: str
) -> None:
    """Journal that one person wants the release; it is refused until another does, too."""
    if any(one.rule not in FORCEABLE for one in errors):
        return
    if actor.name not in _forces(making.lines, manifest.content):
        writer = changelog.Writer(making.lines, actor)
        facts = {"content": manifest.content}
        making.folder.commit([writer.line(at=making.at, what=FORCE, why=reason, facts=facts)], {})
    wants = (
        f"{actor.name} wants it all the same, which is journalled; it passes when a second person "
        "releases the same content with --force"
    )
    raise FoundError(_NOT_MADE, errors, after=wants)


def _judge(errors: Sequence[Finding]) -> None:
    if errors:
        raise FoundError(_NOT_MADE, errors)
