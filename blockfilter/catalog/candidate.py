"""What the next release would put in force: the entries that are due, as files of rules.

A candidate is laid out as a small catalogue of its own, so it is compiled, judged and tried exactly
as a release is, and nothing of the real catalogue changes before it has passed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog import store
from blockfilter.catalog.folder import CURRENT, RELEASES, RULES, STANDING
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.manifest import Listed, Manifest, manifest_name, rules_file
from blockfilter.catalog.site import NEXT_RELEASE, Dossier, ImportedList, State
from blockfilter.catalog.standing import Standing
from blockfilter.catalog.store import Catalog
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Role, Rule, Trigger


class Content(NamedTuple):
    """What a release puts in force."""

    lists: tuple[Listed, ...]
    expires: Mapping[str, str]


class Base(NamedTuple):
    """What is in force where a candidate is made."""

    folder: Path
    release: Manifest | None
    standing: Standing


def written(catalog: Catalog, base: Base, into: Path, today: date, *, draft: bool) -> Content:
    """The content of the next release; its new files of rules are in `into`/rules.

    `draft`: as if everything proposed were approved. Otherwise a changed entry that waits for its
    second person stays as it is in force.
    """
    (into / RULES).mkdir(parents=True, exist_ok=True)
    chosen = NEXT_RELEASE | {State.PROPOSED} if draft else NEXT_RELEASE
    due = {e.id for e in catalog.entries() if e.state in chosen and not e.expired(today)}
    waiting = set() if draft else _waiting(catalog, base, today)
    protected = (
        Rule(Trigger.SUBTREE, names.from_text(one.name), store.PROTECTED)
        for one in catalog.protected
    )
    lists = [
        _new(store.CURATED, Role.BLOCK, _curated(catalog.dossiers, base, due, waiting), into),
        _new(store.PROTECTED, Role.PROTECTED, protected, into),
    ]
    for one in sorted(catalog.imported, key=lambda one: one.id):
        if one.id in due:
            lists.append(_imported(one, _mode(one), base.folder, into))
        elif one.id in waiting and base.release and (was := base.release.listed(one.id)):
            soft = one.id in base.standing.disputed
            lists.append(was._replace(mode=Mode.MONITOR.value) if soft else was)
    expires = {e.id: e.expires.isoformat() for e in catalog.entries() if e.id in due and e.expires}
    was_to_expire = base.release.expires if base.release else {}
    expires |= {id_: was_to_expire[id_] for id_ in waiting & set(was_to_expire)}
    return Content(tuple(lists), expires)


def replaced(
    base: Manifest, changed: Mapping[str, ImportedList], folder: Path, into: Path
) -> Content:
    """The content of `base` with other rules for some of its imported lists."""
    (into / RULES).mkdir(parents=True, exist_ok=True)
    lists = []
    for listed in base.lists:
        one = changed.get(listed.id)
        if one and listed.id not in (store.CURATED, store.PROTECTED):
            new = _imported(one, Mode(listed.mode), folder, into)
            lists.append(new._replace(category=listed.category))
        else:
            lists.append(listed)
    return Content(tuple(lists), base.expires)


def lay_out(manifest: Manifest, folder: Path, stands: Standing, into: Path) -> None:
    """Make `into` a catalogue in which `manifest` is in force; the rules of `folder` are linked."""
    (into / RELEASES).mkdir(parents=True, exist_ok=True)
    (into / manifest_name(manifest.serial)).write_bytes(manifest.octets())
    (into / STANDING).write_bytes(stands.octets())
    (into / CURRENT).write_bytes(manifest.pointer)
    for listed in manifest.lists:
        link = rules_file(into, listed)
        if not link.exists():
            link.symlink_to(rules_file(folder, listed).absolute())


def _waiting(catalog: Catalog, base: Base, today: date) -> set[str]:
    """The entries in force that have a change proposed."""
    over = base.release.expired(today) if base.release else frozenset()
    return {
        entry.id
        for entry in catalog.entries()
        if entry.state is State.PROPOSED and entry.approved and entry.id not in over
    }


def _curated(
    dossiers: Sequence[Dossier], base: Base, due: set[str], waiting: set[str]
) -> Iterator[Rule]:
    for dossier in dossiers:
        if dossier.id in due:
            yield from dossier.rules()
    before = base.release.listed(store.CURATED) if base.release and waiting else None
    if before is None:
        return
    path = rules_file(base.folder, before)
    for rule in rules_format.read(path, category=before.category, mode=Mode(before.mode)):
        if rule.site in waiting:
            soft = rule.site in base.standing.disputed
            yield rule._replace(mode=Mode.MONITOR) if soft else rule


def _mode(entry: ImportedList) -> Mode:
    return Mode.MONITOR if entry.state is State.DISPUTED else entry.mode


def _imported(entry: ImportedList, mode: Mode, folder: Path, into: Path) -> Listed:
    """Its rules as they were brought; with exceptions, a file that has these, too."""
    listed = Listed(
        entry.id, Role.BLOCK.value, entry.category, mode.value, entry.rules, entry.sha256
    )
    if not entry.exceptions:
        return listed
    path = rules_file(folder, listed)
    rules = rules_format.read(path, category=entry.category, mode=mode)
    opened = [names.from_text(text) for text in entry.exceptions]
    passing = (
        Rule(Trigger.SUBTREE, name, entry.category, "", Action.PASSTHRU, mode) for name in opened
    )
    left = _without(rules, opened)
    return _new(entry.id, Role.BLOCK, chain(left, passing), into, entry.category, mode)


def _without(rules: Iterable[Rule], opened: Sequence[bytes]) -> Iterator[Rule]:
    """The rules without those at or below a name that stays open: a longer name would win."""
    known, endings = set(opened), tuple(opened)
    for rule in rules:
        named = rule.trigger in (Trigger.EXACT, Trigger.SUBTREE)
        if (
            named
            and rule.value.endswith(endings)
            and not known.isdisjoint(names.superdomains(rule.value))
        ):
            continue
        yield rule


def _new(
    list_id: str,
    role: Role,
    rules: Iterable[Rule],
    into: Path,
    category: str = "",
    mode: Mode = Mode.ENFORCE,
) -> Listed:
    """A list whose rules are in a new file of `into`/rules."""
    file = into / RULES / "new"
    done = rules_format.write(rules, file, category=category, mode=mode)
    listed = Listed(list_id, role.value, category, mode.value, done.rules, done.sha256)
    file.replace(rules_file(into, listed))
    return listed
