"""A catalogue whose names are looked at week after week, in simulated time."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from blockfilter.catalog import alive, changelog, looks, review, store
from blockfilter.catalog.alive import Exchange, Summary
from blockfilter.catalog.life import Past
from blockfilter.catalog.review import Item
from blockfilter.catalog.site import Entry
from tests.catalog.resolvers import Resolver
from tests.catalogs import WIDE, Catalogue, made

HERE = ("A 192.0.2.1", "NS ns1.host.example.", "NS ns2.host.example.")


class Looking:
    """A catalogue of Ada's and Ben's, and a resolver."""

    def __init__(self, path: Path, *names: str, exchange: Exchange | None = None) -> None:
        self._keep(made(path, released=False), exchange)
        if names:
            self.site("Listed Site", names)
        self.resolver.records |= {name: list(HERE) for name in names}

    @classmethod
    def at(cls, catalogue: Catalogue) -> "Looking":
        """A catalogue that is there already."""
        looking = cls.__new__(cls)
        looking._keep(catalogue, None)
        return looking

    def _keep(self, catalogue: Catalogue, exchange: Exchange | None) -> None:
        self.catalogue = catalogue
        self.path = catalogue.path
        self.resolver = Resolver()
        self._exchange = exchange or self.resolver

    @property
    def now(self) -> datetime:
        return self.catalogue.now

    def site(self, title: str, names: Iterable[str] = (), **more: Any) -> str:
        """A site in force, without a release; its id."""
        id_ = self.catalogue.site(title, names, **more)
        self.catalogue.move(id_, "activate")
        return id_

    def look(self, **how: Any) -> Summary:
        """One run."""
        given: dict[str, Any] = {"now": lambda: self.catalogue.now, "pace": 0, **how}
        return asyncio.run(alive.look(self.path, WIDE, self._exchange, **given))

    def weeks(self, count: int) -> Summary:
        """A run a week; the last one's summary."""
        for _ in range(count):
            self.catalogue.passes(days=7)
            summary = self.look()
        return summary

    def past(self, name: str, id_: str = "listed-site") -> Past:
        """What is known of a name."""
        return looks.read(self.path, id_).get(name, Past())

    def queue(self) -> list[Item]:
        return review.queue(self.path, WIDE, self.now)

    def found(self) -> list[str]:
        """The sentences of the queue that speak of looks."""
        return [one.sentence for one in self.queue() if one.kind is review.Kind.LIFE]

    def entry(self, id_: str = "listed-site") -> Entry:
        entry = store.read(self.path, WIDE).entry(id_)
        assert entry is not None
        return entry

    def lines(self) -> list[tuple[str, str, str]]:
        """The journal: who, what, which."""
        return [(line.by, line.what, line.id) for line in changelog.read(self.path)]
