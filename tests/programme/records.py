"""A programme in a folder of its own, kept by people on a day that the test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from blockfilter.programme.activity import Entry, Kind, made
from blockfilter.programme.keeper import Keeper, NewOffice
from blockfilter.programme.store import NAME, Store

TODAY = date(2026, 11, 20)
BEGINNING = date(2026, 1, 1)


def keeper(store: Store, who: str = "ada", *, today: date = TODAY, begun: bool = False) -> Keeper:
    return Keeper(
        store, who, now=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC), today=today, begun=begun
    )


@contextmanager
def programme(folder: Path, heads: int | None = 1200) -> Iterator[Store]:
    """One that was begun by ada at the beginning of the year."""
    with Store.create(folder / NAME) as store:
        keeper(store).found("Example Corp", "", heads, BEGINNING)
        yield store


def office(id_: str = "berlin", *prefixes: str, **more: Any) -> NewOffice:
    given: dict[str, Any] = {"name": id_.title(), "heads": 300, "opened": BEGINNING} | more
    return NewOffice(id=id_, prefixes=prefixes, **given)


def entry(kind: Kind = Kind.INFORMED, people: int = 100, **more: Any) -> Entry:
    given: dict[str, Any] = {"first": date(2026, 3, 2), "today": TODAY} | more
    return made(kind=kind, people=people, **given)
