"""A whole catalogue held against its journal, offline: nothing is trusted but the journal's chain.

The findings come in the order of the journal, so the first one names the first line that fails;
what is wrong with the folder beside it follows.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.catalog import changelog, identity, release, store
from blockfilter.catalog.changelog import Line
from blockfilter.catalog.finding import Finding, Severity
from blockfilter.catalog.folder import CURRENT, JOURNAL, MAINTAINERS, STANDING, Folder
from blockfilter.catalog.identity import Maintainers
from blockfilter.catalog.manifest import Listed, Manifest, manifest_name, signature_name
from blockfilter.catalog.replay import Key, Replay
from blockfilter.catalog.workflow import SYSTEM
from blockfilter.errors import ListError, RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.suffixes import Wide

_NUMBER = re.compile(r"line (\d+)")
_BACK = "take it back from a copy or from git"
_JOURNALLED = "change entries with the list commands only, or take the file back from git"


def verify(folder: Path, wide: "Wide") -> list[Finding]:
    """All that is wrong; nothing where the catalogue is as its journal tells."""
    found: list[Finding] = []
    try:
        lines = changelog.read(folder)
    except ListError as error:
        return [_wrong("journal", f"{JOURNAL}: {_line_of(str(error))}", str(error), _BACK)]
    replay = Replay()
    replay.run(lines)
    found += sorted(replay.findings, key=_number)
    if Folder(folder).interrupted:
        found.append(
            _wrong("folder", ".committed", "a change was cut short by a crash", "run any command that "
                   "changes something, and it is completed")
        )  # fmt: skip
    try:
        maintainers = identity.read(folder)
        found += _keys(maintainers, replay.keys)
        catalog = store.read(folder, wide)
    except ListError as error:
        return [*found, _wrong("folder", str(folder), str(error), _BACK)]
    found += _entries(catalog, replay)
    found += _releases(folder, replay, catalog)
    found += _standing(folder, replay, catalog)
    return found


def _wrong(rule: str, place: str, sentence: str, remedy: str) -> Finding:
    return Finding(rule, Severity.ERROR, place, sentence, remedy)


def _number(finding: Finding) -> int:
    match = _NUMBER.search(finding.place)
    return int(match[1]) if match else 0


def _line_of(text: str) -> str:
    match = _NUMBER.search(text)
    return match[0] if match else "as a whole"


def _keys(maintainers: Maintainers, keys: Mapping[str, list[Key]]) -> Iterator[Finding]:
    """maintainers.toml says what the journal says."""
    journalled = {name: [one.key for one in held if not one.until] for name, held in keys.items()}
    for one in maintainers.everyone:
        held = journalled.pop(one.name, [])
        if held != ([] if one.removed else [one.key]):
            yield _wrong(
                "key",
                f"{MAINTAINERS}: {one.name}",
                "has another key than the journal tells of",
                "change keys with blockfilter list maintainer only",
            )
    for name, held in journalled.items():
        if held:
            yield _wrong("key", MAINTAINERS, f"{name} is missing, whom the journal enrolled", _BACK)


def _entries(catalog: store.Catalog, replay: Replay) -> Iterator[Finding]:
    """Each file says what the last line about its entry says."""
    left = dict(replay.entries)
    for entry in catalog.entries():
        place = f"{catalog.places[entry.id]}: {entry.id}"
        journalled = left.pop(entry.id, None)
        if journalled is None:
            yield _wrong("entry", place, "is in no line of the journal", _JOURNALLED)
        elif journalled != store.plain(entry):
            yield _wrong("entry", place, "is not as the journal's last line about it", _JOURNALLED)
    for id_ in left:
        yield _wrong("entry", id_, "is in the journal, and its file is missing", _JOURNALLED)


def _releases(folder: Path, replay: Replay, catalog: store.Catalog) -> Iterator[Finding]:
    manifests: dict[int, Manifest] = {}
    for serial in release.serials(folder):
        place = manifest_name(serial)
        try:
            manifests[serial] = found = release.read(folder, serial)
        except ListError as error:
            yield _wrong("release", place, str(error), _BACK)
            continue
        line = replay.releases.get(serial)
        if line is None:
            yield _wrong("release", place, "no line of the journal tells of it", _BACK)
        elif line.facts.get("sha256") != found.sha256:
            yield _wrong("release", place, f"is not the one of journal line {line.number}", _BACK)
        else:
            yield from _signed(folder, found, line, replay)
            if line.by == SYSTEM:
                yield from _derived(found, manifests, catalog, line)
    for serial in set(replay.releases) - set(release.serials(folder)):
        yield _wrong("release", manifest_name(serial), "is missing", _BACK)
    yield from _files(folder, manifests)
    try:
        now = release.in_force(folder)
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
    for key in replay.keys.get(line.by, ()):
        try:
            if identity.verify(key.key, found.octets(), signature) == wanted:
                return
        except RefusedError:
            continue
    yield _wrong("signature", place, f"is not {line.by}'s, or not of this release", _BACK)


def _derived(
    found: Manifest, before: Mapping[int, Manifest], catalog: store.Catalog, line: Line
) -> Iterator[Finding]:
    """What the system released differs from the release before in its subscriptions only."""
    base = before.get(found.previous or 0)
    urls = {one.id for one in catalog.imported if one.url}

    def others(manifest: Manifest | None) -> list[Listed]:
        return [one for one in manifest.lists if one.id not in urls] if manifest else []

    ids = [one.id for one in found.lists]
    if base is None or others(found) != others(base) or ids != [one.id for one in base.lists]:
        yield _wrong(
            "system",
            f"{JOURNAL}: line {line.number}",
            "the system released more than other rules of subscriptions",
            "roll back to the release before",
        )


def _files(folder: Path, manifests: Mapping[int, Manifest]) -> Iterator[Finding]:
    """Each file of rules that a release needs is as it was written."""
    wanted = {one.sha256: one for found in manifests.values() for one in found.lists}
    for sha256, listed in wanted.items():
        path = release.rules_file(folder, listed)
        try:
            with path.open("rb") as file:
                right = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            right = False
        if not right:
            place = str(path.relative_to(folder))
            yield _wrong("rules", place, "is missing, or not as it was written", _BACK)


def _standing(folder: Path, replay: Replay, catalog: store.Catalog) -> Iterator[Finding]:
    try:
        found = release.standing(folder)
    except ListError as error:
        yield _wrong("standing", STANDING, str(error), _BACK)
        return
    entries = catalog.entries()
    wanted = release.standing_of(entries, catalog.allowed, paused=replay.paused, before=found)
    if found != wanted:
        yield _wrong(
            "standing",
            STANDING,
            "is not what disputes, exceptions and roll-backs ask for",
            "run a command that changes an entry, or take it back from git",
        )
