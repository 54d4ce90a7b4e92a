"""One act upon a catalogue in the making: what there is, what shall be, and the commit of both.

Each act reads the catalogue under the lock, changes it and commits; what it refuses it refuses
before anything is written. What the journal does not tell of is no ground for an act: a file that
was changed by hand is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from blockfilter.catalog import changelog, edit, identity, replay, store, workflow
from blockfilter.catalog.folder import ALLOW, MAINTAINERS, STANDING, Folder
from blockfilter.catalog.manifest import stamp
from blockfilter.catalog.site import Act, Allowed, Dossier, Entry, State
from blockfilter.catalog.standing import standing, standing_of
from blockfilter.errors import ListError, RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.suffixes import Wide

REVIEW_DAYS = 180  # sites of this kind move and change hands within months

E = TypeVar("E", bound=Entry)
OVER = (State.REJECTED, State.RETIRED)  # what they list, another entry may list
SYSTEM = identity.Actor(workflow.SYSTEM, None)


def today(now: datetime) -> date:
    """The day of catalogues, which is UTC's."""
    return now.astimezone(UTC).date()


def check_journalled(
    catalog: store.Catalog, lines: Sequence[changelog.Line], entries: Iterable[Entry]
) -> None:
    """RefusedError where a file says of an entry something else than the journal's last line."""
    journalled = replay.last_versions(lines)
    for entry in entries:
        if journalled.get(entry.id) != store.plain(entry):
            raise RefusedError(
                f"{catalog.places[entry.id]}: {entry.id} is not as the journal's last line about it, "
                "so it was changed by hand; take the file back from git, and change it with "
                f"blockfilter list edit {entry.id}"
            )


class Change:
    """One act in the making: what there is, and what shall be."""

    def __init__(self, folder: Folder, wide: "Wide", actor: identity.Actor, now: datetime) -> None:
        self.catalog = store.read(folder.path, wide)
        self.lines = changelog.read(folder.path)
        self.writer = changelog.Writer(self.lines, actor)
        self.act = Act(actor.name, stamp(now))
        self.new_lines: list[bytes] = []
        self.files: dict[str, bytes | None] = {}
        self._folder = folder
        self._wide = wide

    def entry(self, id_: str) -> Entry:
        """The entry to act upon; RefusedError where its file was changed by hand."""
        found = self.catalog.entry(id_)
        if found is None:
            raise ListError(
                f'no entry has the id "{id_}"; blockfilter list find TEXT looks for one'
            )
        check_journalled(self.catalog, self.lines, [found])
        return found

    def checked(self, entry: E) -> E:
        """The entry as reading its file would give it; no name of another dossier's is in it.

        RefusedError: a rule forbids what it lists, or its category is none.
        """
        checked = self.meant(store.plain(entry), entry.id)
        if entry.category not in {category.id for category in self.catalog.categories}:
            known = ", ".join(category.id for category in self.catalog.categories)
            raise RefusedError(
                f'there is no category "{entry.category}"; the categories are {known}'
            )
        if isinstance(checked, Dossier):
            for other in self.catalog.dossiers:
                both = set(checked.triggers()) & set(other.triggers())
                both |= set(checked.exceptions) & set(other.exceptions)
                if both and other.id != checked.id and other.state not in OVER:
                    raise RefusedError(
                        f"{', '.join(sorted(both))} is listed already, by {other.id}; change that "
                        "entry instead"
                    )
        if type(checked) is not type(entry):
            raise ListError(f"entry {entry.id}: became another kind of entry; nothing was changed")
        return checked

    def meant(self, plain: Mapping[str, object], id_: str) -> Entry:
        """The entry of these values; RefusedError: no entry can be that."""
        try:
            return store.from_plain(plain, f"entry {id_}", self._wide)
        except ListError as error:
            raise RefusedError(str(error)) from error

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
        """One line more."""
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
        """These exceptions and no others."""
        self.files[ALLOW] = edit.with_allowed(self._octets(ALLOW), allowed)
        self.stand(self.catalog.entries(), allowed)

    def stand(self, entries: Sequence[Entry], allowed: Sequence[Allowed]) -> None:
        """What takes effect at once; left alone where it stays as it is."""
        was = standing(self._folder.path)
        now = standing_of(entries, allowed, paused=was.paused, before=was)
        octets = now.octets()
        if self._octets(STANDING) != octets:
            self.files[STANDING] = octets

    def maintainers(self) -> bytes | None:
        """The file of maintainers, None where there is none."""
        return self._octets(MAINTAINERS)

    def _octets(self, place: str) -> bytes | None:
        path = self._folder / place
        return path.read_bytes() if path.exists() else None


class Acting:
    """A catalogue in the hands of one person, or of the system."""

    def __init__(
        self, path: Path, wide: "Wide", actor: identity.Actor, now: Callable[[], datetime]
    ) -> None:
        self.folder = Folder(path)
        self._wide = wide
        self._actor = actor
        self._now = now

    @contextmanager
    def _changing(self, actor: identity.Actor | None = None) -> Iterator[Change]:
        """A change that is committed at the end of the block, unless the block raises."""
        with self.folder.locked():
            change = Change(self.folder, self._wide, actor or self._actor, self._now())
            yield change
            if change.new_lines:
                self.folder.commit(change.new_lines, change.files)
