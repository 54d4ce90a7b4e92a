"""What waits for a person, the most urgent first, each with the command to run next.

First what two people have to agree on, then what may do harm as it stands, then what may have become
wrong, then what ends or stays away by itself. Nothing here changes anything: that is the commands'.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog import changelog, refresh, store
from blockfilter.catalog.change import REVIEW_DAYS, today
from blockfilter.catalog.keyholders import ENROL, Keyholders
from blockfilter.catalog.life import Sign
from blockfilter.catalog.looks import Open, every_open, looked_at
from blockfilter.catalog.site import NEXT_RELEASE, Act, Dossier, Entry, State
from blockfilter.catalog.store import Catalog
from blockfilter.catalog.successor import Successors, named
from blockfilter.catalog.suffixes import Wide
from blockfilter.catalog.workflow import SYSTEM

SOON_DAYS = 14  # before an entry expires: two people are to look at it until then
SHOWN = 3  # names in a sentence; of the rest only the number
_REASON = '--reason "..."'
_LATER = f"--review {REVIEW_DAYS}d"
_FAILING = ("failed", "refused")
# Who may be a stranger by now is looked at first; what is gone harms nobody.
_SIGNS = {
    Sign.SERVERS: "had other name servers for weeks, which may mean another owner",
    Sign.ALIAS: "led to another site for weeks",
    Sign.GONE: "not existed for weeks",
    Sign.EMPTY: "had no address for weeks",
}


class Kind(StrEnum):
    """What an item is about; they come in this order."""

    PROPOSAL = "proposal"  # a second person approves it, or rejects it
    ADOPTION = "adoption"  # proposed by the system: one person adopts it, another approves it
    EDIT = "edit"  # of an entry that stays in force as it was until then
    KEY = "key"  # of a maintainer
    RELEASE = "release"  # brings what is approved into force
    DISPUTE = "dispute"
    LIFE = "life"  # seen by looks
    REVIEW = "review"  # overdue
    EXPIRY = "expiry"
    SUBSCRIPTION = "subscription"


class Item(NamedTuple):
    """One thing to do; `id` is the entry's, or "" where it is about none or several."""

    id: str
    kind: Kind
    sentence: str
    command: str


def queue(folder: Path, wide: Wide, now: datetime) -> list[Item]:
    """All of it. ListError."""
    catalog = store.read(folder, wide)
    day = today(now)
    in_force = [e for e in catalog.entries() if e.state in NEXT_RELEASE]
    items = [
        *_waiting(catalog.entries()),
        *_wishes(folder),
        *_approved(catalog.entries()),
        *_disputed(in_force),
        *findings(folder, wide, catalog, day),
        *_overdue(in_force, day),
        *_expiring(in_force, day),
        *_failing(refresh.status(folder, wide, now)),
    ]
    option = place(folder)
    return [
        one._replace(
            sentence=" ".join(one.sentence.split()),  # people wrote parts of it
            command=f"blockfilter list {one.command}{option}",
        )
        for one in items
    ]


def findings(folder: Path, wide: Wide, catalog: Catalog, day: date) -> list[Item]:
    """What looks have seen for weeks; that an alias leads to what an entry speaks of is no news."""
    successors = Successors(folder, catalog, wide)
    groups: dict[tuple[str, Sign, str], list[Open]] = {}
    for one in every_open(folder, looked_at(catalog, day)):
        how = one.seen.how.replace(" ", ", ")
        if one.sign is Sign.ALIAS:
            name = named(one.seen.how, wide)
            if successors.known(name):
                continue
            how = f"{name}, {successors.unfit(name) or 'which the next look proposes'}"
        groups.setdefault((one.dossier.id, one.sign, how), []).append(one)
    signs = list(_SIGNS)
    found = sorted(
        groups.items(), key=lambda group: (signs.index(group[0][1]), group[1][0].seen.ripe)
    )
    return [_finding(same, how) for (_, _, how), same in found]


def _finding(same: Sequence[Open], how: str) -> Item:
    """One sign of an entry; what is gone is taken out, all else is looked at and left."""
    dossier, sign, seen = same[0].dossier, same[0].sign, same[0].seen
    gone = [one.name for one in same]
    sentence = (
        f"{dossier.id}: {_some(gone)} {'has' if len(gone) == 1 else 'have'} {_SIGNS[sign]}"
        f"{f': {how}' if how else ''} "
        f"({seen.looks} looks since {seen.first[:10]})"
    )
    if sign in (Sign.SERVERS, Sign.ALIAS):
        sentence += "; see whose it is, and say that you did"
        return Item(dossier.id, Kind.LIFE, sentence, f"edit {dossier.id} {_LATER}")
    sentence += f"; if it is to stay, edit the entry with {_LATER}"
    return Item(dossier.id, Kind.LIFE, sentence, _taken_out(dossier, gone))


def _taken_out(dossier: Dossier, gone: Sequence[str]) -> str:
    """How names leave an entry: with it, out of it, or not before something else is settled."""
    everything = set(gone) == set(dossier.triggers())
    if everything and dossier.state in NEXT_RELEASE:
        return f"retire {dossier.id} {_REASON}"
    if everything or dossier.state is State.DISPUTED:
        return f"edit {dossier.id} {_LATER}"
    return f"edit {dossier.id} " + " ".join(f"--remove {shlex.quote(name)}" for name in gone)


def _waiting(entries: Iterable[Entry]) -> Iterator[Item]:
    """What is proposed, the oldest first."""
    proposed = [one for one in entries if one.state is State.PROPOSED]
    for one in sorted(proposed, key=lambda one: _at(one.proposed)):
        approve = f"approve {one.id} {_REASON}"
        if one.approved:
            sentence = (
                f"{_told(one)}: a change by {_by(one.proposed)} waits for a second person; until "
                "then the version before stays in force"
            )
            yield Item(one.id, Kind.EDIT, sentence, approve)
        elif one.proposed and one.proposed.by == SYSTEM:
            sentence = (
                f"{_told(one)}: proposed by the system on {_at(one.proposed)[:10]}{_why(one)}; one "
                "person adopts it, and another one approves it"
            )
            yield Item(one.id, Kind.ADOPTION, sentence, approve)
        else:
            sentence = f"{_told(one)}: proposed by {_by(one.proposed)}, waits for a second person"
            yield Item(one.id, Kind.PROPOSAL, sentence, approve)


def _wishes(folder: Path) -> Iterator[Item]:
    """What somebody asked for about keys, and a second maintainer has to do."""
    for act, by, at in Keyholders(changelog.read(folder)).wishes:
        sentence = f"{by} asked on {at[:10]} to {act.what} {act.name}, which waits for another one"
        word = "add" if act.what == ENROL else act.what
        public = f" --public {shlex.quote(act.key)}" if act.key else ""
        command = f"maintainer {word} {shlex.quote(act.name)}{public} {_REASON}"
        yield Item("", Kind.KEY, sentence, command)


def _approved(entries: Iterable[Entry]) -> Iterator[Item]:
    """What two people have agreed on, all of it together."""
    ids = [one.id for one in entries if one.state is State.APPROVED]
    if ids:
        sentence = f"approved, and in force with the next release: {_some(ids)}"
        yield Item("", Kind.RELEASE, sentence, 'release --notes "..."')


def _disputed(entries: Iterable[Entry]) -> Iterator[Item]:
    disputed = [one for one in entries if one.state is State.DISPUTED]
    for one in sorted(disputed, key=lambda one: _at(one.changed)):
        sentence = (
            f"{_told(one)}: disputed by {_by(one.changed)} and only watched since"
            f"{f' ({one.reason})' if one.reason else ''}; if the dispute is right, retire it instead"
        )
        yield Item(one.id, Kind.DISPUTE, sentence, f"activate {one.id} {_REASON}")


def _overdue(entries: Iterable[Entry], day: date) -> Iterator[Item]:
    overdue = [(one.review, one) for one in entries if one.review and one.review < day]
    for review, one in sorted(overdue, key=lambda pair: (pair[0], pair[1].id)):
        sentence = f"{_told(one)}: was to be looked at again by {review}"
        yield Item(one.id, Kind.REVIEW, sentence, f"edit {one.id} {_LATER}")


def _expiring(entries: Iterable[Entry], day: date) -> Iterator[Item]:
    soon = day + timedelta(days=SOON_DAYS)
    ending = [(one.expires, one) for one in entries if one.expires and one.expires <= soon]
    for expires, one in sorted(ending, key=lambda pair: (pair[0], pair[1].id)):
        if one.expired(day):
            sentence = (
                f"{_told(one)}: its time was over on {expires}, and the next release retires it; if "
                f"it is to stay, edit it with --expires {REVIEW_DAYS}d instead"
            )
            yield Item(one.id, Kind.EXPIRY, sentence, 'release --notes "..."')
        else:
            sentence = (
                f"{_told(one)}: its time is over on {expires}; if it is to stay, say how long"
            )
            yield Item(one.id, Kind.EXPIRY, sentence, f"edit {one.id} --expires {REVIEW_DAYS}d")


def _failing(every: Sequence[refresh.Status]) -> Iterator[Item]:
    """Subscriptions of which nothing new comes in."""
    for one in every:
        if one.outcome in _FAILING and one.state in NEXT_RELEASE:
            sentence = (
                f"{one.id}: {one.outcome} on {one.last_checked[:10]}, and the copy of "
                f"{one.last_changed[:10] or 'before'} stays in force: {one.reason}"
            )
            yield Item(one.id, Kind.SUBSCRIPTION, sentence, f"refresh {one.id}")
    if paused := [one.id for one in every if one.outcome == "paused"]:
        sentence = f"refreshing is paused since a rollback: {_some(paused)}"
        yield Item("", Kind.SUBSCRIPTION, sentence, f"refresh --resume {_REASON}")


def _told(entry: Entry) -> str:
    listed = entry.triggers() if isinstance(entry, Dossier) else ("a list",)
    return f"{entry.id} ({_some(listed)})"


def _why(entry: Entry) -> str:
    """The first evidence of a dossier."""
    evidence = entry.evidence if isinstance(entry, Dossier) else ()
    return f": {evidence[0].reference}" if evidence else ""


def _some(every: Sequence[str]) -> str:
    rest = len(every) - SHOWN
    return ", ".join(every[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _by(act: Act | None) -> str:
    return f"{act.by} on {act.at[:10]}" if act else "nobody"


def _at(act: Act | None) -> str:
    return act.at if act else ""


def place(folder: Path) -> str:
    """What names the catalogue in a command."""
    if folder.resolve() == store.shipped().resolve():
        return ""
    return f" --catalog {shlex.quote(str(folder))}"
