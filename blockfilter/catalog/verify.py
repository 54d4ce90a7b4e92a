"""A whole catalogue held against its journal, offline: nothing is trusted but the journal's chain.

The findings come in the order of the journal, so the first one names the first line that fails;
what is wrong with the folder beside it follows.
"""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.catalog import changelog, identity, released, store
from blockfilter.catalog.finding import Finding, FoundError, Severity
from blockfilter.catalog.folder import ALLOW, JOURNAL, MAINTAINERS, STANDING, Folder
from blockfilter.catalog.identity import Maintainers
from blockfilter.catalog.keyholders import Keyholders
from blockfilter.catalog.manifest import stamp
from blockfilter.catalog.replay import Replay
from blockfilter.catalog.site import Allowed
from blockfilter.catalog.standing import standing, standing_of
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from blockfilter.catalog.suffixes import Wide

_CLOCKS = timedelta(days=1)  # by which the clocks of two people may differ
_NUMBER = re.compile(r"line (\d+)")
_BACK = "take it back from a copy or from git"
_JOURNALLED = "change entries with the list commands only, or take the file back from git"


def verify(folder: Path, wide: "Wide", now: datetime | None = None) -> list[Finding]:
    """All that is wrong; nothing where the catalogue is as its journal tells."""
    found: list[Finding] = []
    try:
        lines = changelog.read(folder)
    except ListError as error:
        return [_wrong("journal", f"{JOURNAL}: {_line_of(str(error))}", str(error), _BACK)]
    replay = _replayed(lines, now)
    found += replay.findings
    if Folder(folder).interrupted:
        found.append(
            _wrong("folder", ".committed", "a change was cut short by a crash", "run any command that "
                   "changes something, and it is completed")
        )  # fmt: skip
    try:
        maintainers = identity.read(folder)
        found += _keys(maintainers, replay.holders)
        catalog = store.read(folder, wide)
    except ListError as error:
        return sorted([*found, _wrong("folder", str(folder), str(error), _BACK)], key=_number)
    found += _entries(catalog, replay)
    found += released.findings(folder, replay)
    found += _allowed(catalog, replay, max((line.at for line in lines), default=""))
    found += _standing(folder, replay, catalog)
    return sorted(found, key=_number)


def check_journal(folder: Path, lines: Sequence[changelog.Line], now: datetime) -> None:
    """RefusedError where what the journal tells did not happen so: no release is built on it."""
    replay = _replayed(lines, now)
    found = [*replay.findings, *_keys(identity.read(folder), replay.holders)]
    if found:
        first = sorted(found, key=_number)[:1]
        more = f"and {len(found) - 1} more; blockfilter list verify tells them all"
        told = "the journal does not hold, so nothing of it is released:"
        raise FoundError(told, first, after=more if len(found) > 1 else "")


def _replayed(lines: Sequence[changelog.Line], now: datetime | None) -> Replay:
    replay = Replay(stamp((now or datetime.now(UTC)) + _CLOCKS))
    replay.run(lines)
    return replay


def _wrong(rule: str, place: str, sentence: str, remedy: str) -> Finding:
    return Finding(rule, Severity.ERROR, place, sentence, remedy)


def _number(finding: Finding) -> float:
    """The line of the journal; what is wrong elsewhere follows."""
    match = _NUMBER.fullmatch(finding.place.removeprefix(f"{JOURNAL}: "))
    return int(match[1]) if match else math.inf


def _line_of(text: str) -> str:
    match = _NUMBER.search(text)
    return match[0] if match else "as a whole"


def _keys(maintainers: Maintainers, holders: Keyholders) -> Iterator[Finding]:
    """maintainers.toml says what the journal says."""
    left = dict(holders.keys)
    for one in maintainers.everyone:
        keys = {key.key for key in left.pop(one.name, ())}
        has = "" if one.removed else one.key
        if has != holders.key(one.name) or keys != {one.key, *(old.key for old in one.former)}:
            yield _wrong(
                "key",
                f"{MAINTAINERS}: {one.name}",
                "has another key than the journal tells of",
                "change keys with blockfilter list maintainer only",
            )
    for name in left:
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


def _allowed(catalog: store.Catalog, replay: Replay, last: str) -> Iterator[Finding]:
    """The exceptions are those of the journal; ended ones are removed when others come."""
    said = {
        Allowed(name, str(line.facts.get("until", "")), line.why, line.by, line.at)
        for name, line in replay.allowed.items()
    }
    there = set(catalog.allowed)
    if there - said or any(one.until > last for one in said - there):
        yield _wrong(
            "allow",
            ALLOW,
            "has other exceptions than the journal tells of",
            "change exceptions with blockfilter list allow and disallow only",
        )


def _standing(folder: Path, replay: Replay, catalog: store.Catalog) -> Iterator[Finding]:
    try:
        found = standing(folder)
    except ListError as error:
        yield _wrong("standing", STANDING, str(error), _BACK)
        return
    entries = catalog.entries()
    wanted = standing_of(entries, catalog.allowed, paused=replay.paused, before=found)
    if found != wanted:
        yield _wrong(
            "standing",
            STANDING,
            "is not what disputes, exceptions and roll-backs ask for",
            "run a command that changes an entry, or take it back from git",
        )
