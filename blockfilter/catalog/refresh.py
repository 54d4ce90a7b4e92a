"""Subscriptions: lists that are fetched again and again, each by itself.

A refresh asks the source, verifies what it sent, reads it as rules, holds its size against the copy
before, lets the gate judge a release with it, and only then journals it. Whatever fails on the way
concerns this one source: its last good copy stays in force, and status and reason are remembered.
Nothing is fetched when a server starts, and after a rollback nothing is until people go on.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blockfilter.catalog import arrival, record, store
from blockfilter.catalog.arrival import Reach
from blockfilter.catalog.folder import Folder
from blockfilter.catalog.network import LIMITS, SYSTEM, Limits, Network
from blockfilter.catalog.progress import Progress, silent
from blockfilter.catalog.renewal import PAUSED, Outcome, Renewal, facts_of, record_of, waits
from blockfilter.catalog.site import NEXT_RELEASE, ImportedList, State
from blockfilter.catalog.standing import standing
from blockfilter.errors import ListError
from blockfilter.policy.rule import Mode

if TYPE_CHECKING:
    from blockfilter.catalog.keeper import Keeper
    from blockfilter.catalog.suffixes import Wide

REFRESH_HOURS = 24  # published lists change once or twice a day, and publishers pay for traffic
RETRY_HOURS = 3  # after a failure; most outages are over by then


class Status(NamedTuple):
    """How a subscription is. Times are as "2026-11-23T09:17:05Z", or "" for never."""

    id: str
    url: str
    state: str
    mode: str
    category: str
    rules: int
    outcome: str  # of the last refresh: ok, unchanged, failed, refused; never; paused
    reason: str
    last_checked: str
    last_changed: str
    age: int | None  # seconds since the source last had what we have; None: not known
    serial: int  # of its signature; 0: it is not signed


def status(folder: Path, wide: "Wide", now: datetime) -> list[Status]:
    """Every subscription of a catalogue. ListError."""
    paused = standing(folder).paused
    found = []
    for entry in _subscriptions(folder, wide):
        kept = record.read(folder, entry.id)
        stopped = paused and entry.state in NEXT_RELEASE
        found.append(
            Status(
                entry.id,
                entry.url,
                entry.state.value,
                entry.mode.value,
                entry.category,
                entry.rules,
                "paused" if stopped else kept.outcome,
                PAUSED if stopped else kept.reason,
                kept.checked,
                kept.changed,
                _seconds_since(kept.confirmed, now),
                kept.serial,
            )
        )
    return found


def due(folder: Path, wide: "Wide", now: datetime) -> tuple[str, ...]:
    """The subscriptions that are to be refreshed by the clock. ListError."""
    if standing(folder).paused:
        return ()
    ids = []
    for entry in _subscriptions(folder, wide):
        kept = record.read(folder, entry.id)
        hours = RETRY_HOURS if kept.outcome == "failed" else REFRESH_HOURS
        age = _seconds_since(kept.checked, now)
        if waits(entry, now) is None and (age is None or age >= hours * 3600):
            ids.append(entry.id)
    return tuple(ids)


def run(
    folder: Folder,
    wide: "Wide",
    ids: Sequence[str] | None,
    *,
    now: Callable[[], datetime],
    progress: Progress = silent,
    network: Network = SYSTEM,
    limits: Limits = LIMITS,
) -> list[Outcome]:
    """Refresh these subscriptions, or all; ListError where one does not exist."""
    arrival.sweep(folder.path)
    there = {entry.id: entry for entry in _subscriptions(folder.path, wide)}
    if wrong := [id_ for id_ in ids or () if id_ not in there]:
        raise ListError(
            f"{', '.join(wrong)}: no subscription has this id; blockfilter list subscriptions shows "
            "them"
        )
    if ids is None:
        ids = [id_ for id_, entry in there.items() if waits(entry, now()) is None]
    one = Renewal(folder, wide, now, Reach(network, limits, progress))
    return [one.run(there[id_]) for id_ in dict.fromkeys(ids)]


def subscribe(
    keeper: "Keeper",
    url: str,
    *,
    key: str = "",
    id_: str = "",
    title: str | None = None,
    category: str,
    licence: str = "",
    mode: str = "enforce",
    format_: str = "auto",
    trigger: str = "",
    plain_http: bool = False,
    private: bool = False,
    progress: Progress = silent,
    network: Network = SYSTEM,
    limits: Limits = LIMITS,
) -> ImportedList:
    """Propose a subscription with the copy its source has now. Nothing is kept where that fails."""
    from blockfilter.catalog import suffixes

    folder = keeper.folder.path
    wanted = ImportedList(
        id=id_ or "new",
        title=title or "",
        category=category,
        state=State.PROPOSED,
        mode=Mode(mode),
        format=format_,
        trigger=trigger,
        url=url,
        key=key,
        plain_http=plain_http,
        private=private,
    )
    arrival.sweep(folder)
    wide = suffixes.read(suffixes.suffix_file()).icann
    with arrival.fetched(folder, wanted, Reach(network, limits, progress)) as copy:
        serial = arrival.verified(wanted, copy, None)
        brought = arrival.brought(folder, wanted, copy, wide, progress)
        try:
            entry = keeper.bring(
                brought,
                id_=id_,
                title=title or arrival.title(url),
                category=category,
                source=arrival.host_of(wanted),
                licence=licence,
                mode=Mode(mode),
                trigger=trigger,
                url=url,
                key=key,
                plain_http=plain_http,
                private=private,
                facts=facts_of(wanted, copy, serial),
            )
        finally:
            brought.file.unlink(missing_ok=True)
        at = entry.changed.at if entry.changed else ""
        first = record_of(entry, copy, serial)._replace(
            outcome="ok", checked=at, confirmed=at, changed=at
        )
        record.write(folder, entry.id, first)
    return entry


def _subscriptions(folder: Path, wide: "Wide") -> list[ImportedList]:
    return [entry for entry in store.read(folder, wide).imported if entry.url]


def _seconds_since(at: str, now: datetime) -> int | None:
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return None
    return max(0, int((now - then) / timedelta(seconds=1)))
