"""Where a listed name leads to by now: a new dossier is proposed for it, which people judge.

A name is proposed once: one that any entry speaks of, or ever spoke of, was judged. What is
protected, or well known, or a place at a hoster where anybody may be, is nobody's successor; that a
listed name leads there is a finding for people all the same.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

from blockfilter.catalog import changelog, lint, listable, lookalike, mentions, store
from blockfilter.catalog.change import SYSTEM, today
from blockfilter.catalog.finding import Severity
from blockfilter.catalog.harm import Judge, superdomains
from blockfilter.catalog.keeper import Keeper
from blockfilter.catalog.life import Sign
from blockfilter.catalog.looks import Open, every_open, looked_at
from blockfilter.catalog.store import Catalog
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError, RefusedError
from blockfilter.policy.rule import Trigger

_WWW = "www."
_SHOWN = 160  # characters of a name in evidence, which is one line of 500


def registrable(name: str, wide: Wide) -> str:
    """The name that somebody registered, of a name: one label and an ICANN public suffix."""
    label, suffix = lookalike.site(name, wide)
    return f"{label}.{suffix}" if label else name


def named(target: str, wide: Wide) -> str:
    """What would be listed: the name itself, for strangers may live beside it; of a www its site."""
    above = target.removeprefix(_WWW)
    return above if above == registrable(target, wide) else target


class Successors:
    """What is known in a catalogue of the names that listed ones lead to."""

    def __init__(self, folder: Path, catalog: Catalog, wide: Wide) -> None:
        self._folder = folder
        self._catalog = catalog
        self._wide = wide

    def known(self, name: str) -> bool:
        """Whether an entry speaks of it, or ever did: then people have judged it, or will."""
        if self._catalog.by_name(name) or name in self._journalled:
            return True
        return bool(mentions.mentions(self._folder, self._catalog, name))

    def unfit(self, name: str) -> str:
        """Why a name is nobody's successor, in words; "" if it may be."""
        try:
            listable.subtree(name, self._wide)
        except FormatError as error:
            return f"which cannot be listed: {error}"
        for above in superdomains(name):
            if above in self._reference.popular:
                return f"which is well known or belongs to {above}"
        for harm in self._judge.name(Trigger.SUBTREE, name):
            return harm.sentence
        for harm in self._judge.lookalike(name):
            if harm.severity is Severity.ERROR:
                return harm.sentence
        return ""

    @cached_property
    def _reference(self) -> lint.Reference:
        return lint.reference(self._folder)

    @cached_property
    def _judge(self) -> Judge:
        protected = [one.name for one in self._catalog.protected]
        return Judge(self._wide, self._reference, protected)

    @cached_property
    def _journalled(self) -> frozenset[str]:
        """The names that any version of an entry ever had."""
        lines = changelog.read(self._folder)
        entries = [line.entry for line in lines if line.entry is not None]
        return frozenset(
            name for one in entries for key in ("names", "exact") for name in one.get(key, ())
        )


def propose(folder: Path, wide: Wide, now: Callable[[], datetime]) -> tuple[str, ...]:
    """Propose what aliases have led to for weeks; the ids of the new dossiers."""
    catalog = store.read(folder, wide)
    dossiers = looked_at(catalog, today(now()))
    found = [one for one in every_open(folder, dossiers) if one.sign is Sign.ALIAS]
    if not found:
        return ()
    successors = Successors(folder, catalog, wide)
    keeper = Keeper(folder, wide, SYSTEM, now)
    return tuple(_proposed(keeper, successors, found, wide))


def _proposed(
    keeper: Keeper, successors: Successors, found: Sequence[Open], wide: Wide
) -> Iterator[str]:
    for one in found:
        name = named(one.seen.how, wide)
        if successors.known(name) or successors.unfit(name):
            continue
        try:
            entry = keeper.successor(one.dossier.id, name, _evidence(one))
        except (ListError, RefusedError):  # changed meanwhile; the next look tries again
            continue
        if entry is not None:
            yield entry.id


def _evidence(one: Open) -> str:
    """What was seen and when, in a line."""
    return (
        f"{_shown(one.name)} leads to {_shown(one.seen.how)} (CNAME), seen at {one.seen.looks} looks "
        f"from {one.seen.first[:10]} to {one.seen.last[:10]}"
    )


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN else f"…{name[-_SHOWN:]}"
