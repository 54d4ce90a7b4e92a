"""One release in the making: what changes with it, its rules, its compiled policy, its commit.

All that is made lies in a folder of its own until everything has passed. Then one change brings it
in, the pointer last; whatever goes wrong before, nothing has changed.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.catalog import candidate, changelog, edit, store
from blockfilter.catalog.candidate import Base, Content
from blockfilter.catalog.change import check_journalled
from blockfilter.catalog.finding import Finding, Severity
from blockfilter.catalog.folder import CURRENT, RELEASES, STANDING, Folder, sha256
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.manifest import (
    Manifest,
    in_force,
    manifest_name,
    rules_file,
    serials,
    signature_name,
    snapshot_name,
    stamp,
)
from blockfilter.catalog.progress import Progress
from blockfilter.catalog.site import NEXT_RELEASE, Act, Dossier, Entry, ImportedList, State
from blockfilter.catalog.snapshots import FOLDER, Inputs, current
from blockfilter.catalog.standing import Standing, standing, standing_of
from blockfilter.catalog.workflow import SYSTEM, moved
from blockfilter.errors import StateError
from blockfilter.policy.decide import Policy
from blockfilter.policy.snapshot import Snapshot

if TYPE_CHECKING:
    from blockfilter.catalog.store import Catalog
    from blockfilter.catalog.suffixes import Wide

KEPT_SNAPSHOTS = 5  # compiled policies that are kept with their releases: 14 MB for a million names
_EXPIRE, _EXPIRED = "expire", "its time is over"
_SCRATCH = f"{RELEASES}/next.snapshot"  # a folder; git passes it over by its ending


class Making:
    """One release in the making, in a folder that is locked."""

    def __init__(
        self, folder: Folder, wide: "Wide", now: datetime, scratch: Path, progress: Progress
    ) -> None:
        progress("reading the catalogue", 0, 0)
        self.folder = folder
        self.lines = changelog.read(folder.path)
        self.base = base_of(folder.path)
        self.before = self.catalog = store.read(folder.path, wide)
        check_journalled(self.before, self.lines, self.before.entries())
        self.serial = _next_serial(folder.path)
        self.today = now.astimezone(UTC).date()
        self.at = stamp(now)
        self._wide = wide
        self._now = now
        self._scratch = scratch
        self._progress = progress

    def due(self, actor: Actor) -> list[tuple[str, Entry]]:
        """The entries that change with the release, each with what happens to it."""
        changes: list[tuple[str, Entry]] = []
        for entry in self.before.entries():
            if entry.state not in NEXT_RELEASE:
                continue
            if entry.expired(self.today):
                act = Act(SYSTEM, self.at)
                over = replace(entry, state=State.RETIRED, reason=_EXPIRED, changed=act)
                changes.append((_EXPIRE, over))
            elif entry.state is State.APPROVED:
                act = Act(actor.name, self.at)
                reason = f"release {self.serial}"
                changes.append(("activate", moved(entry, "activate", act, reason)))
        self.catalog = _with(self.before, [entry for _, entry in changes])
        return changes

    def manifest(self, content: Content, *, by: str, notes: str) -> Manifest:
        """A release of this content."""
        return numbered(self.folder.path, self.base, content, by=by, notes=notes, now=self._now)

    @property
    def standing(self) -> Standing:
        """What is softened when the release is in force."""
        was, catalog = self.base.standing, self.catalog
        return standing_of(catalog.entries(), catalog.allowed, paused=was.paused, before=was)

    def compiled(self, manifest: Manifest) -> bytes:
        """The snapshot of the release alone, as servers will have it."""
        self._progress("compiling", 0, 0)
        candidate.lay_out(manifest, self.folder.path, self.standing, self._scratch)
        state = self._scratch / "state"
        (state / FOLDER).mkdir(parents=True)
        (state / FOLDER / "serial").write_text(str(manifest.serial - 1))  # it is given the next one
        inputs = Inputs((str(self._scratch),), (), ())
        return current(inputs, state, self._now).path.read_bytes()

    def lint(self) -> list[Finding]:
        """What is wrong with the entries that come into force; proposals stop no release."""
        from blockfilter.catalog import lint

        self._progress("checking the entries", 0, 0)
        catalog = self.catalog._replace(
            dossiers=tuple(one for one in self.catalog.dossiers if one.state in NEXT_RELEASE),
            imported=tuple(one for one in self.catalog.imported if one.state in NEXT_RELEASE),
        )
        known = lint.reference(self.folder.path)
        return _errors(lint.findings(catalog, self._wide, self.today, reference=known))

    def gate(self, manifest: Manifest, snapshot: bytes) -> list[Finding]:
        """What is wrong with the release as a whole."""
        from blockfilter.catalog import gate, lint

        self._progress("trying the policy", 0, 0)
        found = gate.findings(
            Policy(Snapshot(snapshot)),
            manifest,
            self.base.release,
            self.catalog,
            reference=lint.reference(self.folder.path),
            today=self.today,
            wide=self._wide,
        )
        return _errors(found)

    def commit(
        self,
        manifest: Manifest,
        snapshot: bytes,
        actor: Actor,
        changes: Sequence[tuple[str, Entry]],
    ) -> None:
        """One change: the journal, the entries, the release, and the pointer last."""
        self._progress("putting it in force", 0, 0)
        journal = self._journal(manifest, actor, changes)
        files = self._entries([entry for _, entry in changes])
        files |= self._release(manifest, snapshot, actor)
        for listed in manifest.lists:
            new = rules_file(self._scratch, listed)
            if new.exists() and not new.is_symlink():  # two lists may say the same
                self.folder.keep_rules(new, listed.sha256)
        self.folder.commit(journal, files)

    def _journal(
        self, manifest: Manifest, actor: Actor, changes: Sequence[tuple[str, Entry]]
    ) -> list[bytes]:
        """A line for each change, what ends by itself first, and the release's last."""
        octets: list[bytes] = []
        writer = changelog.Writer(self.lines, Actor(SYSTEM, None))
        for what, entry in changes:
            if what == _EXPIRE:
                octets.append(self._line(writer, what, entry))
        writer = changelog.Writer([*self.lines, *map(_as_line, octets)], actor)
        for what, entry in changes:
            if what != _EXPIRE:
                octets.append(self._line(writer, what, entry))
        facts = {
            "serial": manifest.serial,
            "sha256": manifest.sha256,
            "previous": manifest.previous,
            "lists": {one.id: one.sha256 for one in manifest.lists},
        }
        return [*octets, writer.line(at=self.at, what="release", why=manifest.notes, facts=facts)]

    def _line(self, writer: changelog.Writer, what: str, entry: Entry) -> bytes:
        plain = store.plain(entry)
        return writer.line(at=self.at, what=what, id=entry.id, why=entry.reason, entry=plain)

    def _entries(self, entries: Sequence[Entry]) -> dict[str, bytes | None]:
        """The files of changed entries; several may be in one."""
        files: dict[str, bytes | None] = {}
        for entry in entries:
            place = self.before.places[entry.id]
            octets = files.get(place) or (self.folder / place).read_bytes()
            files[place] = edit.updated(octets, entry)
        return files

    def _release(
        self, manifest: Manifest, snapshot: bytes, actor: Actor
    ) -> dict[str, bytes | None]:
        """The release's own files, and old snapshots, which go."""
        files: dict[str, bytes | None] = {manifest_name(manifest.serial): manifest.octets()}
        if actor.signer:
            comment = f"serial:{manifest.serial} date:{manifest.date}"
            signature = actor.signer.sign(manifest.octets(), comment)
            files[signature_name(manifest.serial)] = signature.encode()
        files[snapshot_name(manifest.serial)] = snapshot
        for serial in serials(self.folder.path)[: 1 - KEPT_SNAPSHOTS]:
            if (self.folder / snapshot_name(serial)).exists():
                files[snapshot_name(serial)] = None
        files[STANDING] = self.standing.octets()
        return files | {CURRENT: manifest.pointer}


def base_of(folder: Path) -> Base:
    """What is in force in a catalogue."""
    return Base(folder, in_force(folder), standing(folder))


def _next_serial(folder: Path) -> int:
    return max(serials(folder), default=0) + 1


def numbered(
    folder: Path, base: Base, content: Content, *, by: str, notes: str, now: datetime
) -> Manifest:
    """The next release, with this content."""
    return Manifest(
        serial=_next_serial(folder),
        date=stamp(now),
        by=by,
        notes=notes,
        previous=base.release.serial if base.release else None,
        forced=None,
        lists=content.lists,
        expires=content.expires,
    )


def _as_line(octets: bytes) -> changelog.Line:
    """A line that was just written, for another writer to follow."""
    value = json.loads(octets)
    line = octets.removesuffix(b"\n")
    fields = value | {"previous": tuple(value["previous"])}
    return changelog.Line(number=0, digest=sha256(line), octets=line, **fields)


def _with(catalog: "Catalog", entries: Sequence[Entry]) -> "Catalog":
    """The catalogue with other versions of some entries."""
    changed = {entry.id: entry for entry in entries}
    every = [changed.get(entry.id, entry) for entry in catalog.entries()]
    return catalog._replace(
        dossiers=tuple(entry for entry in every if isinstance(entry, Dossier)),
        imported=tuple(entry for entry in every if isinstance(entry, ImportedList)),
    )


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is Severity.ERROR]


@contextmanager
def scratch_of(folder: Folder) -> Iterator[Path]:
    """A folder for what is being made, in the same file system; gone afterwards."""
    path = folder / _SCRATCH
    shutil.rmtree(path, ignore_errors=True)  # a crash left it
    with writing(folder.path):
        try:
            path.mkdir(parents=True)
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """StateError where the disk is full or a folder is somebody else's."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{path}: cannot be written ({error.strerror}); check its owner and the space left; "
            "nothing was changed"
        ) from error
