"""The releases of a catalogue held against its journal: each as its line says, signed and approved.

`contents` has what may be in a release, `manifest` what one is; here lies what ties them together.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from blockfilter.catalog import contents, identity, manifest
from blockfilter.catalog.changelog import Line
from blockfilter.catalog.finding import Finding, Severity
from blockfilter.catalog.folder import CURRENT, JOURNAL
from blockfilter.catalog.manifest import Manifest, manifest_name, rules_file, signature_name
from blockfilter.catalog.replay import Replay
from blockfilter.catalog.workflow import SYSTEM
from blockfilter.errors import ListError, RefusedError

_BACK = "take it back from a copy or from git"
_UNDO = "roll back to a release before it, and ask who made it"


def findings(folder: Path, replay: Replay) -> Iterator[Finding]:
    """What is wrong with releases, what they hold and which one is in force."""
    there: dict[int, Manifest] = {}
    for serial in sorted({*manifest.serials(folder), *replay.releases}):
        place = manifest_name(serial)
        line = replay.releases.get(serial)
        try:
            there[serial] = found = manifest.read(folder, serial)
        except ListError as error:
            yield _wrong("release", place, str(error), _BACK)
            continue
        if line is None:
            yield _wrong("release", place, "no line of the journal tells of it", _BACK)
        elif line.facts.get("sha256") != found.sha256:
            yield _wrong("release", place, f"is not the one of journal line {line.number}", _BACK)
        else:
            yield from _signed(folder, found, line, replay)
            yield from _made(folder, found, there, line, replay)
    yield from _files(folder, there)
    yield from _pointer(folder, replay)


def _wrong(rule: str, place: str, sentence: str, remedy: str) -> Finding:
    return Finding(rule, Severity.ERROR, place, sentence, remedy)


def _signed(folder: Path, found: Manifest, line: Line, replay: Replay) -> Iterator[Finding]:
    if line.signature is None:
        return
    place = signature_name(found.serial)
    try:
        signature = (folder / place).read_text("utf-8", "replace")
    except OSError as error:
        yield _wrong("signature", place, f"cannot be read ({error.strerror})", _BACK)
        return
    wanted = f"serial:{found.serial} date:{found.date}"
    for key in replay.holders.keys.get(line.by, ()):
        try:
            if identity.verify(key.key, found.octets(), signature) == wanted:
                return
        except RefusedError:
            continue
    yield _wrong("signature", place, f"is not {line.by}'s, or not of this release", _BACK)


def _made(
    folder: Path, found: Manifest, there: Mapping[int, Manifest], line: Line, replay: Replay
) -> Iterator[Finding]:
    """It is what its line says, and holds what it may."""
    place = f"{JOURNAL}: line {line.number}"
    said = (line.by, line.at, line.facts.get("previous"), line.facts.get("lists"))
    digests = {one.id: one.sha256 for one in found.lists}
    if (found.by, found.date, found.previous, digests) != said:
        yield _wrong(
            "release", place, f"says something else than {manifest_name(found.serial)}", _UNDO
        )
    before = there.get(found.previous or 0)
    entries = replay.entries_at[found.serial]
    if line.by == SYSTEM:
        for problem in contents.derived(found, before, entries):
            yield _wrong("system", place, f"release {found.serial}: {problem}", _UNDO)
        return
    for problem in contents.problems(folder, found, before, entries, line.at[:10]):
        yield _wrong("release", place, f"release {found.serial}: {problem}", _UNDO)
    if found.forced:
        forces = replay.forces[found.serial]
        wanted = {one.by for one in forces if one.facts.get("content") == found.content}
        if not set(found.forced.by) - {line.by} or set(found.forced.by) - {line.by} - wanted:
            yield _wrong("release", place, "was forced by one person, and it needs two", _UNDO)


def _files(folder: Path, there: Mapping[int, Manifest]) -> Iterator[Finding]:
    """Each file of rules that a release needs is as it was written."""
    wanted = {one.sha256: one for found in there.values() for one in found.lists}
    for sha256, listed in wanted.items():
        path = rules_file(folder, listed)
        try:
            with path.open("rb") as file:
                right = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            right = False
        if not right:
            place = str(path.relative_to(folder))
            yield _wrong("rules", place, "is missing, or not as it was written", _BACK)


def _pointer(folder: Path, replay: Replay) -> Iterator[Finding]:
    try:
        now = manifest.in_force(folder)
    except ListError as error:
        yield _wrong("release", CURRENT, str(error), _BACK)
        return
    if (now.serial if now else None) != replay.in_force:
        yield _wrong(
            "release",
            CURRENT,
            f"release {now.serial if now else 'none'} is in force, and the journal says "
            f"{replay.in_force or 'none'}",
            _BACK,
        )
