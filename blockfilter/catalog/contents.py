"""What a release puts in force, held against what two people had approved when it was made.

The digests of a release say that nobody changed it since; this says that whoever made it put nothing
in: each of its rules is of an entry that stood then, as it stood, or was in the release before while
a change of its entry waits for a second person. Leaving out is no harm and no finding.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blockfilter.catalog import store
from blockfilter.catalog.manifest import Listed, Manifest, rules_file
from blockfilter.catalog.replay import Entries
from blockfilter.catalog.site import NEXT_RELEASE, State
from blockfilter.policy.rule import Action, Mode, Role, Trigger

_TRIGGERS = {
    "names": Trigger.SUBTREE,
    "exact": Trigger.EXACT,
    "site-names": Trigger.SITE_NAME,
    "patterns": Trigger.PATTERN,
}
_OWN = {store.CURATED: Role.BLOCK, store.PROTECTED: Role.PROTECTED}  # lists that are no entry


class _Said(NamedTuple):
    """A line of a file of rules; the mode aside, which disputes soften."""

    trigger: str
    value: str
    category: str
    site: str
    action: str


def problems(
    folder: Path, release: Manifest, before: Manifest | None, entries: Entries, day: str
) -> Iterator[str]:
    """What is in a release that should not be; `entries` as of its line, `before` was in force."""
    for listed in release.lists:
        was = before.listed(listed.id) if before else None
        if Role(listed.role) is not _OWN.get(listed.id, Role.BLOCK):
            yield f"{listed.id} has the part of a list that it is not"
        elif listed.id == store.CURATED:
            yield from _curated(folder, listed, was, entries)
        elif listed.id not in _OWN:
            yield from _brought(folder, listed, was, entries.get(listed.id, {}))
    for id_, entry in entries.items():
        ends = str(entry.get("expires", ""))
        if _stands(entry) and ends > day and release.expires.get(id_) != ends:
            yield f"{id_} does not end on {ends}, as it should"


def derived(release: Manifest, before: Manifest | None, entries: Entries) -> Iterator[str]:
    """What the system released without being told: other rules of subscriptions are all it may."""
    lists = before.lists if before else ()
    if [one.id for one in release.lists] != [one.id for one in lists]:
        yield "the system added or removed a list"
        return
    for now, was in zip(release.lists, lists, strict=True):
        fresh = was._replace(rules=now.rules, sha256=now.sha256)
        if now != was and (now != fresh or "url" not in entries.get(now.id, {})):
            yield f"the system changed {now.id}, and not the rules of a subscription"
    if before is None or release.expires != before.expires or release.forced:
        yield "the system changed more than other rules of subscriptions"


def _stands(entry: Mapping[str, Any]) -> bool:
    return entry.get("state") in NEXT_RELEASE


def _waits(entry: Mapping[str, Any]) -> bool:
    """Whether a change waits for its second person, so that the version before stays in force."""
    return entry.get("state") == State.PROPOSED and "approved" in entry


def _curated(folder: Path, listed: Listed, was: Listed | None, entries: Entries) -> Iterator[str]:
    allowed: set[_Said] = set()
    waiting = {id_ for id_, entry in entries.items() if _waits(entry)}
    for id_, entry in entries.items():
        if _stands(entry):
            allowed.update(_rules(id_, entry))
    if was and waiting:
        allowed |= {one for one in _said(folder, was) if one.site in waiting}
    wrong = dict.fromkeys(one.site for one in _said(folder, listed) if one not in allowed)
    for site in wrong:
        yield f"it has a rule of {site or 'no entry'} that was not approved when it was made"


def _rules(id_: str, entry: Mapping[str, Any]) -> Iterator[_Said]:
    """The rules of a dossier in plain form."""
    category = str(entry.get("category", ""))
    for key, trigger in _TRIGGERS.items():
        for value in entry.get(key, ()):
            yield _Said(trigger.value, value, category, id_, Action.BLOCK.value)
    for value in entry.get("except", ()):
        yield _Said(Trigger.SUBTREE.value, value, category, id_, Action.PASSTHRU.value)


def _said(folder: Path, listed: Listed) -> Iterator[_Said]:
    for line in _lines(rules_file(folder, listed)):
        columns = line.decode("utf-8", "replace").rstrip("\n").split("\t")
        trigger, value, category, site, _, action = columns + [""] * (6 - len(columns))
        yield _Said(trigger, value, category, site, action or Action.BLOCK.value)


def _lines(path: Path) -> Iterator[bytes]:
    """The rules of a file; one that is missing or cut short is told by its digest."""
    try:
        with path.open("rb") as file:
            file.readline()
            yield from file
    except OSError:
        return


def _brought(
    folder: Path, listed: Listed, was: Listed | None, entry: Mapping[str, Any]
) -> Iterator[str]:
    """An imported list: its entry stands, and the rules are those that were approved with it."""
    if _waits(entry) and was and listed in (was, was._replace(mode=Mode.MONITOR.value)):
        return
    if not _stands(entry) or entry.get("kind") != "list":
        yield f"the list {listed.id} was not approved when it was made"
        return
    harder = listed.mode == Mode.ENFORCE and entry.get("mode") != Mode.ENFORCE
    if harder or listed.category != entry.get("category"):
        yield f"the list {listed.id} has another mode or category than was approved"
    approved = listed._replace(sha256=str(entry.get("sha256", "")))
    if listed.sha256 == approved.sha256:
        return
    if not entry.get("except") or not _less(folder, listed, approved, entry["except"]):
        yield f"the list {listed.id} has other rules than were approved"


def _less(folder: Path, listed: Listed, approved: Listed, opened: list[str]) -> bool:
    """Whether a file has lines of the other only, and its exceptions. Both are sorted."""
    there = _lines(rules_file(folder, approved))
    other = next(there, b"")
    for line in _lines(rules_file(folder, listed)):
        columns = line.rstrip(b"\n").split(b"\t")
        if columns[5:] == [Action.PASSTHRU.encode()] and columns[1].decode() in opened:
            continue
        while other and other < line:
            other = next(there, b"")
        if other != line:
            return False
    return True
