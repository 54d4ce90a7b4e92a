"""What people do with a catalogue: each act reads it under the lock, changes it and commits.

An act is one journal line and the files it changes, both or neither. What it refuses it refuses
before anything is written: the moves and the second person are `workflow`'s, the values `store`'s.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from blockfilter.catalog import (
    changelog,
    edit,
    identity,
    listable,
    release,
    roster,
    store,
    workflow,
)
from blockfilter.catalog.folder import ALLOW, MAINTAINERS, STANDING, Folder
from blockfilter.catalog.site import (
    IN_FORCE,
    Act,
    Allowed,
    Dossier,
    Entry,
    Evidence,
    ImportedList,
    State,
)
from blockfilter.errors import FormatError, ListError, RefusedError
from blockfilter.message import name as names
from blockfilter.policy.rule import Mode, Trigger

if TYPE_CHECKING:
    from blockfilter.catalog.imported import Brought
    from blockfilter.catalog.suffixes import Wide

REVIEW_DAYS = 180  # sites of this kind move and change hands within months
MAX_ALLOW_DAYS = 90  # what is to stay open for longer belongs in policy.allow, or is a dispute

E = TypeVar("E", bound=Entry)
SYSTEM = identity.Actor(workflow.SYSTEM, None)


def stamp(now: datetime) -> str:
    """A time as catalogues write it: "2026-11-23T09:17:05Z"."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def today(now: datetime) -> date:
    """The day of catalogues, which is UTC's."""
    return now.astimezone(UTC).date()


class _Change:
    """One act in the making: what there is, and what shall be."""

    def __init__(self, folder: Folder, wide: "Wide", actor: identity.Actor, now: datetime) -> None:
        self.catalog = store.read(folder.path, wide)
        self.lines = changelog.read(folder.path)
        self.writer = changelog.Writer(self.lines, actor)
        self.act = Act(actor.name, stamp(now))
        self.new_lines: list[bytes] = []
        self.files: dict[str, bytes | None] = {}
        self._folder = folder

    def entry(self, id_: str) -> Entry:
        found = self.catalog.entry(id_)
        if found is None:
            raise ListError(
                f'no entry has the id "{id_}"; blockfilter list find TEXT looks for one'
            )
        return found

    def taken(self) -> set[str]:
        """The ids that were ever given."""
        return {line.id for line in self.lines} | {e.id for e in self.catalog.entries()}

    def journal(
        self,
        what: str,
        id_: str,
        why: str,
        *,
        entry: Entry | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        self.new_lines.append(
            self.writer.line(
                at=self.act.at,
                what=what,
                id=id_,
                why=why,
                entry=store.plain(entry) if entry is not None else None,
                facts=facts or {},
            )
        )

    def put(self, entry: E, what: str, why: str, facts: Mapping[str, object] | None = None) -> E:
        """The entry as it shall be, in its file, in the journal and in what stands."""
        place = self.catalog.places.get(entry.id) or edit.place(entry)
        self.files[place] = edit.updated(self._octets(place), entry)
        self.journal(what, entry.id, why, entry=entry, facts=facts)
        others = [one for one in self.catalog.entries() if one.id != entry.id]
        self.stand([*others, entry], self.catalog.allowed)
        return entry

    def allow(self, allowed: Sequence[Allowed]) -> None:
        self.files[ALLOW] = edit.with_allowed(self._octets(ALLOW), allowed)
        self.stand(self.catalog.entries(), allowed)

    def stand(self, entries: Sequence[Entry], allowed: Sequence[Allowed]) -> None:
        """What takes effect at once; left alone where it stays as it is."""
        was = release.standing(self._folder.path)
        now = release.standing_of(entries, allowed, paused=was.paused, before=was)
        octets = now.octets()
        if self._octets(STANDING) != octets:
            self.files[STANDING] = octets

    def maintainers(self) -> bytes | None:
        return self._octets(MAINTAINERS)

    def _octets(self, place: str) -> bytes | None:
        path = self._folder / place
        return path.read_bytes() if path.exists() else None


class Keeper:
    """A catalogue in the hands of one person, or of the system."""

    def __init__(
        self, path: Path, wide: "Wide", actor: identity.Actor, now: Callable[[], datetime]
    ) -> None:
        self.folder = Folder(path)
        self._wide = wide
        self._actor = actor
        self._now = now

    @contextmanager
    def _changing(self, actor: identity.Actor | None = None) -> Iterator[_Change]:
        """A change that is committed at the end of the block, unless the block raises."""
        with self.folder.locked():
            change = _Change(self.folder, self._wide, actor or self._actor, self._now())
            yield change
            if change.new_lines:
                self.folder.commit(change.new_lines, change.files)

    def propose(
        self,
        site: str,
        triggers: Mapping[Trigger, Sequence[str]],
        *,
        category: str,
        criterion: str,
        evidence: Sequence[Evidence],
        source: str,
        licence: str,
        expires: date | None = None,
        review: date | None = None,
        note: str = "",
        reason: str = "",
    ) -> Dossier:
        """A new dossier, which waits for a second person."""
        with self._changing() as change:
            return self._proposed(
                change,
                Dossier(
                    id=store.new_id(site, change.taken()),
                    site=site,
                    category=category,
                    state=State.PROPOSED,
                    criterion=criterion,
                    names=tuple(triggers.get(Trigger.SUBTREE, ())),
                    exact=tuple(triggers.get(Trigger.EXACT, ())),
                    site_names=tuple(triggers.get(Trigger.SITE_NAME, ())),
                    patterns=tuple(triggers.get(Trigger.PATTERN, ())),
                    evidence=tuple(evidence),
                    source=source,
                    licence=licence,
                    expires=expires,
                    review=review or today(self._now()) + timedelta(days=REVIEW_DAYS),
                    note=note,
                    reason=reason,
                ),
            )

    def propose_all(
        self, drafts: Iterable[tuple[int, Dossier]]
    ) -> tuple[list[Dossier], list[tuple[int, str]]]:
        """New dossiers in one go, each draft with its number; those that cannot be, and why."""
        proposed: list[Dossier] = []
        wrong: list[tuple[int, str]] = []
        with self._changing() as change:
            day = today(self._now()) + timedelta(days=REVIEW_DAYS)
            for number, draft in drafts:
                id_ = store.new_id(draft.site, change.taken())
                try:
                    entry = self._proposed(
                        change, replace(draft, id=id_, review=draft.review or day)
                    )
                except (ListError, RefusedError) as error:
                    wrong.append((number, str(error)))
                    continue
                proposed.append(entry)
                dossiers = (*change.catalog.dossiers, entry)
                change.catalog = change.catalog._replace(dossiers=dossiers)
        return proposed, wrong

    def _proposed(self, change: _Change, dossier: Dossier) -> Dossier:
        for other in change.catalog.dossiers:
            if other.site == dossier.site and other.state not in (State.REJECTED, State.RETIRED):
                raise RefusedError(
                    f'"{other.site}" has a dossier already, {other.id}; add names to it with '
                    f"blockfilter list edit {other.id}"
                )
        entry = self._checked(replace(dossier, proposed=change.act, changed=change.act), change)
        return change.put(entry, "propose", entry.reason)

    def _checked(self, entry: E, change: _Change) -> E:
        """The entry as reading its file would give it; no name of another dossier's is in it."""
        checked = store.from_plain(store.plain(entry), f"entry {entry.id}", self._wide)
        if entry.category not in {category.id for category in change.catalog.categories}:
            known = ", ".join(category.id for category in change.catalog.categories)
            raise ListError(f'there is no category "{entry.category}"; the categories are {known}')
        if isinstance(checked, Dossier):
            for other in change.catalog.dossiers:
                both = set(checked.triggers()) & set(other.triggers())
                over = other.state in (State.REJECTED, State.RETIRED)
                if both and other.id != checked.id and not over:
                    raise RefusedError(
                        f"{', '.join(sorted(both))} is listed already, by {other.id}; change that "
                        "entry instead"
                    )
        if type(checked) is not type(entry):
            raise ListError(f"entry {entry.id}: became another kind of entry; nothing was changed")
        return checked

    def move(self, id_: str, what: str, reason: str) -> Entry:
        """A move of `workflow.MOVES`; what the system proposed is adopted before it is approved."""
        with self._changing() as change:
            before = change.entry(id_)
            by_system = before.proposed is not None and before.proposed.by == workflow.SYSTEM
            if what == "approve" and by_system and before.state is State.PROPOSED:
                what = "adopt"
            after = workflow.moved(before, what, change.act, reason)
            if what == "reject" and before.approved is not None:
                after = self._restored(change, before, reason)
            if after.state in IN_FORCE and isinstance(after, Dossier):
                self._checked(after, change)
            return change.put(after, what, reason)

    def _restored(self, change: _Change, edited: Entry, reason: str) -> Entry:
        """The version before an edit that is rejected: it was approved, and it is in force."""
        versions = [line.entry for line in change.lines if line.id == edited.id and line.entry]
        stood = next(one for one in reversed(versions) if one["state"] != State.PROPOSED)
        before = store.from_plain(stood, f"entry {edited.id}", self._wide)
        return replace(before, reason=reason, changed=change.act)

    def edit(self, id_: str, changes: Mapping[str, object], reason: str) -> Entry:
        """Other values for some keys, in plain form; None removes a key."""
        with self._changing() as change:
            before = change.entry(id_)
            if wrong := set(changes) & {"id", "state", "proposed", "approved", "changed", "kind"}:
                raise RefusedError(
                    f"{', '.join(sorted(wrong))} cannot be edited; moves change them"
                )
            wanted = {**store.plain(before), **changes}
            plain = {key: value for key, value in wanted.items() if value is not None}
            after = store.from_plain(plain, f"entry {id_}", self._wide)
            if after == before:
                raise RefusedError(f"{id_}: nothing would change")
            kept = workflow.edited(before, after, change.act, reason)
            return change.put(self._checked(kept, change), "edit", reason)

    def bring(
        self,
        brought: "Brought",
        *,
        title: str,
        category: str,
        source: str,
        licence: str,
        mode: Mode = Mode.ENFORCE,
        trigger: str = "",
        url: str = "",
        key: str = "",
        plain_http: bool = False,
        private: bool = False,
        id_: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> ImportedList:
        """A list of other people's, which waits for a second person; with a URL a subscription."""
        with self._changing() as change:
            if id_ and id_ in change.taken():
                raise RefusedError(f'the id "{id_}" has been given; choose another')
            entry = ImportedList(
                id=id_ or store.new_id(title, change.taken()),
                title=title,
                category=category,
                state=State.PROPOSED,
                source=source,
                licence=licence,
                mode=mode,
                format=brought.format,
                trigger=trigger,
                rules=brought.rules,
                refused=brought.refused,
                sha256=brought.sha256,
                url=url,
                key=key,
                plain_http=plain_http,
                private=private,
                review=today(self._now()) + timedelta(days=REVIEW_DAYS),
                proposed=change.act,
                changed=change.act,
            )
            entry = self._checked(entry, change)
            self.folder.keep_rules(brought.file, brought.sha256)
            return change.put(entry, "subscribe" if url else "import", "", facts)

    def refreshed(
        self, id_: str, brought: "Brought", facts: Mapping[str, object] | None = None
    ) -> ImportedList:
        """A subscription with the rules its source has now; the system's act, which needs no key."""
        with self._changing(SYSTEM) as change:
            before = change.entry(id_)
            if not isinstance(before, ImportedList) or not before.url:
                raise ListError(f"{id_} is no subscription; there is nothing to refresh")
            self.folder.keep_rules(brought.file, brought.sha256)
            after = replace(
                before,
                format=brought.format,
                rules=brought.rules,
                refused=brought.refused,
                sha256=brought.sha256,
            )
            return change.put(after, "refresh", "", facts)

    def successor(self, of_id: str, name: str, evidence: str) -> Dossier | None:
        """Propose a name that a listed one leads to; None if it is listed or was judged before."""
        with self._changing(SYSTEM) as change:
            of = change.entry(of_id)
            known = {text for site in change.catalog.dossiers for text in site.triggers()}
            if not isinstance(of, Dossier) or name in known or change.catalog.by_name(name):
                return None
            day = today(self._now())
            return self._proposed(
                change,
                Dossier(
                    id=store.new_id(f"{of.site} successor", change.taken()),
                    site=f"{of.site}, at {name}",
                    category=of.category,
                    state=State.PROPOSED,
                    criterion=of.criterion,
                    names=(name,),
                    evidence=(Evidence(reference=evidence, date=day),),
                    source="observed in the DNS",
                    licence=of.licence,
                    note=f"seen from {of.id}",
                    review=day + timedelta(days=REVIEW_DAYS),
                ),
            )

    def allow(self, name: str, until: datetime, reason: str) -> Allowed:
        """Keep a name and all below it open until a time, in running servers at once."""
        now = self._now()
        if not now < until <= now + timedelta(days=MAX_ALLOW_DAYS):
            raise RefusedError(
                f"an exception ends within {MAX_ALLOW_DAYS} days, and after now; for one that lasts "
                "use policy.allow, or dispute the entry"
            )
        try:
            text = names.to_text(listable.plain(name))
        except FormatError as error:
            raise ListError(f'"{name}" cannot be allowed: {error}; correct it') from error
        if "." not in text:
            raise RefusedError(
                f'"{text}" is a single label: all below it would be open; name a site'
            )
        with self._changing() as change:
            allowed = Allowed(text, stamp(until), reason, change.act.by, change.act.at)
            change.allow([*self._lasting(change, text), allowed])
            change.journal("allow", text, reason, facts={"until": allowed.until})
        return allowed

    def disallow(self, name: str, reason: str) -> None:
        """End an exception before its time."""
        with self._changing() as change:
            if name not in {one.name for one in change.catalog.allowed}:
                raise ListError(f'there is no exception for "{name}"')
            change.allow(self._lasting(change, name))
            change.journal("disallow", name, reason)

    def _lasting(self, change: _Change, but: str) -> list[Allowed]:
        """The exceptions that have not ended, without one."""
        now = stamp(self._now())
        return [one for one in change.catalog.allowed if one.until > now and one.name != but]

    def enrol(self, name: str, public: str, reason: str) -> None:
        """A maintainer more; with the first one, the catalogue is signed from then on."""
        if name == workflow.SYSTEM or not identity.NAME.fullmatch(name):
            raise RefusedError(f'"{name}" is no name of a-z, 0-9, dots and hyphens; choose another')
        identity.check_public(public, public)
        with self._changing() as change:
            change.files[MAINTAINERS] = roster.with_maintainer(change.maintainers(), name, public)
            change.journal("enrol", name, reason, facts={"key": public})

    def rotate(self, name: str, public: str, reason: str) -> None:
        """Another key for a maintainer; the old one counts for what it signed before."""
        identity.check_public(public, public)
        with self._changing() as change:
            changed = roster.rotated(change.maintainers(), name, public, change.act.at, reason)
            change.files[MAINTAINERS] = changed
            change.journal("rotate", name, reason, facts={"key": public})

    def remove(self, name: str, reason: str) -> None:
        """A maintainer less; what they signed before still counts."""
        with self._changing() as change:
            changed = roster.removed(change.maintainers(), name, change.act.at, reason)
            change.files[MAINTAINERS] = changed
            change.journal("remove", name, reason)
