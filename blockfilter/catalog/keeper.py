"""What people do with a catalogue's entries: propose, move, edit, bring lists.

An act is one journal line and the files it changes, both or neither. The moves and the second
person are `workflow`'s, the values `store`'s; `Keeper` is all that one person can do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from blockfilter.catalog import store, workflow
from blockfilter.catalog.bringing import Bringing
from blockfilter.catalog.change import OVER, REVIEW_DAYS, SYSTEM, Change, today
from blockfilter.catalog.opening import Opening
from blockfilter.catalog.site import Dossier, Entry, Evidence, State
from blockfilter.catalog.trusting import Trusting
from blockfilter.errors import ListError, RefusedError
from blockfilter.policy.rule import Trigger

__all__ = ("REVIEW_DAYS", "SYSTEM", "Keeper", "today")

_MOVED = frozenset(("id", "state", "proposed", "approved", "changed", "kind"))
_BROUGHT = frozenset(("rules", "refused", "sha256"))  # come with a file of rules


class Keeper(Bringing, Opening, Trusting):
    """A catalogue in the hands of one person, or of the system."""

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

    def _proposed(self, change: Change, dossier: Dossier) -> Dossier:
        for other in change.catalog.dossiers:
            if _same(other.site, dossier.site) and other.state not in OVER:
                raise RefusedError(
                    f'"{other.site}" has a dossier already, {other.id}; add names to it with '
                    f"blockfilter list edit {other.id}"
                )
        entry = change.checked(
            replace(
                dossier,
                state=State.PROPOSED,
                proposed=change.act,
                approved=None,
                changed=change.act,
            )
        )
        return change.put(entry, "propose", entry.reason)

    def move(self, id_: str, what: str, reason: str) -> Entry:
        """A move of `workflow.MOVES`; what the system proposed is adopted before it is approved."""
        with self._changing() as change:
            before = change.entry(id_)
            waits = before.state is State.PROPOSED
            by_system = before.proposed is not None and before.proposed.by == workflow.SYSTEM
            if what == "approve" and by_system and waits:
                what = "adopt"
            after = workflow.moved(before, what, change.act, reason)
            if what == "reject" and waits and before.approved is not None:
                after = self._restored(change, before, reason)
            if after.state not in OVER:  # meanwhile another entry may have its names
                change.checked(after)
            return change.put(after, what, reason)

    def _restored(self, change: Change, edited: Entry, reason: str) -> Entry:
        """The version before an edit that is rejected: it was approved, and it is in force."""
        versions = [line.entry for line in change.lines if line.id == edited.id and line.entry]
        stood = next(one for one in reversed(versions) if one["state"] != State.PROPOSED)
        before = store.from_plain(stood, f"entry {edited.id}", self._wide)
        return replace(before, reason=reason, changed=change.act)

    def edit(self, id_: str, changes: Mapping[str, object], reason: str) -> Entry:
        """Other values for some keys, in plain form; None removes a key."""
        with self._changing() as change:
            before = change.entry(id_)
            if wrong := set(changes) & _MOVED:
                raise RefusedError(
                    f"{', '.join(sorted(wrong))} cannot be edited; moves change them"
                )
            if wrong := set(changes) & _BROUGHT:
                raise RefusedError(
                    f"{', '.join(sorted(wrong))} cannot be edited; import the list again"
                )
            wanted = {**store.plain(before), **changes}
            plain = {key: value for key, value in wanted.items() if value is not None}
            after = change.meant(plain, id_)
            if after == before:
                raise RefusedError(f"{id_}: nothing would change")
            kept = workflow.edited(before, after, change.act, reason)
            return change.put(change.checked(kept), "edit", reason)

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


def _same(site: str, other: str) -> bool:
    """Whether two titles are one, however they are written."""
    return " ".join(site.split()).casefold() == " ".join(other.split()).casefold()
