"""The refresh of one subscription, from the question to its source to the journal.

The order is what makes it safe: fetched, verified, read as rules, held against the copy before,
judged by the gate in a release of its own, and journalled last. What fails on the way leaves the
last good copy where it was, and what it leaves behind is removed.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from blockfilter.catalog import arrival, record, store
from blockfilter.catalog.arrival import Accepted, Copy, Reach
from blockfilter.catalog.delta import LIMITS, unusual
from blockfilter.catalog.folder import RULES, Folder
from blockfilter.catalog.manifest import in_force, stamp
from blockfilter.catalog.record import Record
from blockfilter.catalog.site import NEXT_RELEASE, ImportedList, State
from blockfilter.catalog.standing import standing
from blockfilter.errors import BlockfilterError, RefusedError, StateError

if TYPE_CHECKING:
    from blockfilter.catalog.imported import Brought
    from blockfilter.catalog.suffixes import Wide

TOLD = 3  # findings of the gate that a reason holds; the rest is counted
PAUSED = "refreshing is paused since a rollback; blockfilter list refresh --resume goes on"


class Outcome(NamedTuple):
    """How one refresh went."""

    id: str
    outcome: str  # ok, unchanged, failed, refused, paused
    reason: str
    rules: int
    release: int | None  # which brought it into force


class Renewal:
    """One refresh after the other."""

    def __init__(
        self, folder: Folder, wide: "Wide", now: Callable[[], datetime], reach: Reach
    ) -> None:
        self._folder = folder
        self._path = folder.path
        self._wide = wide
        self._now = now
        self._reach = reach

    def run(self, entry: ImportedList) -> Outcome:
        """Never raises what concerns this source alone."""
        if reason := waits(entry, self._now()):
            return Outcome(entry.id, "refused", reason, entry.rules, None)
        if standing(self._path).paused:
            return Outcome(entry.id, "paused", PAUSED, entry.rules, None)
        kept = record.read(self._path, entry.id)
        same = kept.holds(entry, self._rules(entry.sha256))
        conditions = {"etag": kept.etag, "last_modified": kept.last_modified} if same else {}
        failing = "failed"
        try:
            with arrival.fetched(self._path, entry, self._reach, **conditions) as copy:
                failing = "refused"
                outcome, kept = self._taken(entry, copy, kept if same else None)
        except StateError as error:
            outcome = Outcome(entry.id, "failed", str(error), entry.rules, None)
        except BlockfilterError as error:
            outcome = Outcome(entry.id, failing, _sentence(error), entry.rules, None)
        except OSError as error:
            reason = f"{self._path}: {error.strerror}; check its owner and the space left"
            outcome = Outcome(entry.id, "failed", reason, entry.rules, None)
        return self._remembered(outcome, kept)

    def _taken(
        self, entry: ImportedList, copy: Copy, same: Record | None
    ) -> tuple[Outcome, Record]:
        """What came, in force; `same` speaks of the copy that the entry has."""
        if same and copy.fetched.sha256 in ("", same.sha256):
            etag = copy.fetched.etag or same.etag
            modified = copy.fetched.last_modified or same.last_modified
            return self._unchanged(entry), same._replace(etag=etag, last_modified=modified)
        serial = arrival.verified(entry, copy, self._last_accepted(entry))
        brought = arrival.brought(self._path, entry, copy, self._wide, self._reach.progress)
        try:
            after, outcome = entry, None
            if brought.sha256 != entry.sha256 or not self._rules(entry.sha256).exists():
                _check_size(entry, brought)
                after, outcome = self._changed(entry, brought, facts_of(entry, copy, serial))
        finally:
            brought.file.unlink(missing_ok=True)
        return outcome or self._unchanged(entry), record_of(after, copy, serial)

    def _unchanged(self, entry: ImportedList) -> Outcome:
        """The copy we have; it may have to come into force again after a rollback."""
        release = self._in_force(entry)
        return Outcome(entry.id, "ok" if release else "unchanged", "", entry.rules, release)

    def _changed(
        self, entry: ImportedList, brought: "Brought", facts: Mapping[str, object]
    ) -> tuple[ImportedList, Outcome]:
        """The gate first, the journal after it; a crash in between is made good by the next run."""
        from blockfilter.catalog.keeper import SYSTEM as ACTOR
        from blockfilter.catalog.keeper import Keeper

        target = self._rules(brought.sha256)
        there = target.exists()
        self._folder.keep_rules(brought.file, brought.sha256)
        after = replace(
            entry,
            format=brought.format,
            rules=brought.rules,
            refused=brought.refused,
            sha256=brought.sha256,
        )
        try:
            release = self._in_force(after)
        except BlockfilterError:
            if not there:
                self._drop(brought.sha256)
            raise
        keeper = Keeper(self._path, self._wide, ACTOR, self._now)
        after = keeper.refreshed(entry.id, brought._replace(file=target), facts)
        return after, Outcome(entry.id, "ok", "", after.rules, release)

    def _in_force(self, entry: ImportedList) -> int | None:
        """The release made for it; None if that in force is without this list, or has its rules."""
        from blockfilter.catalog import candidate, release

        base = in_force(self._path)
        if base is None or base.listed(entry.id) is None:
            return None
        with TemporaryDirectory(prefix="blockfilter-") as scratch:
            changed = {entry.id: entry}
            content = candidate.replaced(base, changed, self._path, Path(scratch))
        if content.lists == base.lists:
            return None
        made = release.derive(
            self._folder,
            self._wide,
            changed,
            self._now(),
            f"refresh of {entry.id}",
            self._reach.progress,
        )
        return made.serial

    def _drop(self, sha256: str) -> None:
        """Remove rules that came and were refused, unless somebody else has brought the same."""
        with suppress(BlockfilterError, OSError), self._folder.locked():
            catalog = store.read(self._path, self._wide)
            if sha256 not in {entry.sha256 for entry in catalog.imported}:
                self._rules(sha256).unlink(missing_ok=True)

    def _last_accepted(self, entry: ImportedList) -> Accepted | None:
        """From the journal, which nobody can take back unseen."""
        from blockfilter.catalog import changelog

        found = None
        if entry.key:
            for line in changelog.read(self._path):
                if line.id == entry.id and line.facts.get("key") == entry.key:
                    found = Accepted(int(line.facts["serial"]), str(line.facts["sha256"]))
        return found

    def _remembered(self, outcome: Outcome, kept: Record) -> Outcome:
        at = stamp(self._now())
        kept = kept._replace(outcome=outcome.outcome, reason=outcome.reason, checked=at)
        if outcome.outcome in ("ok", "unchanged"):
            kept = kept._replace(confirmed=at)
        if outcome.outcome == "ok":
            kept = kept._replace(changed=at)
        try:
            record.write(self._path, outcome.id, kept)
        except StateError as error:
            return outcome._replace(outcome="failed", reason=outcome.reason or str(error))
        return outcome

    def _rules(self, sha256: str) -> Path:
        return self._folder / RULES / f"{sha256}.rules"


def waits(entry: ImportedList, now: datetime) -> str | None:
    """Why it is not refreshed; None if it is."""
    if entry.state is State.PROPOSED:
        return f"{entry.id} waits for a second person; blockfilter list approve {entry.id}"
    if entry.state not in NEXT_RELEASE:
        return f"{entry.id} is {entry.state}; blockfilter list reopen {entry.id}"
    if entry.expired(now.astimezone(UTC).date()):
        return f"the time of {entry.id} is over; blockfilter list edit {entry.id} sets another"
    return None


def _check_size(entry: ImportedList, brought: "Brought") -> None:
    """RefusedError where it has shrunk or grown by more than a list does by itself.

    The gate judges the same, but only what is in a release.
    """
    if change := unusual(entry.rules, brought.rules):
        raise RefusedError(
            f"{arrival.host_of(entry)}: the list had {entry.rules} rules and now has "
            f"{brought.rules}, {change:+.1f} % where -{LIMITS.shrink} % to +{LIMITS.growth} % is "
            "usual; if that is right, retire this subscription and subscribe again"
        )


def facts_of(entry: ImportedList, copy: Copy, serial: int) -> dict[str, object]:
    """What the journal says of a copy."""
    facts: dict[str, object] = {"sha256": copy.fetched.sha256, "octets": copy.fetched.octets}
    return {**facts, "serial": serial, "key": entry.key} if entry.key else facts


def record_of(entry: ImportedList, copy: Copy, serial: int) -> Record:
    """What is remembered of a copy that was taken."""
    return Record(
        etag=copy.fetched.etag,
        last_modified=copy.fetched.last_modified,
        sha256=copy.fetched.sha256,
        serial=serial,
        basis=record.basis(entry),
    )


def _sentence(error: BlockfilterError) -> str:
    """What is wrong on one line; of many findings the first ones."""
    first, *more = str(error).splitlines() or [""]
    told = [first, *more[:TOLD]]
    return " ".join(told + ([f"and {len(more) - TOLD} more"] if len(more) > TOLD else []))
