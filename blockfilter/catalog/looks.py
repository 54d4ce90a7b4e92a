"""What is remembered of each look at the names of a dossier: ``looks/<id>.json``.

It is state and not history. A file that is missing or damaged costs the looks of some weeks and
nothing else, so reading it never fails; what is no listed name any more is not kept.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog import folder as folders
from blockfilter.catalog.folder import LOOKS
from blockfilter.catalog.life import Past, Seen, Sign, findings
from blockfilter.catalog.site import IN_FORCE, Dossier, State
from blockfilter.catalog.store import Catalog
from blockfilter.errors import StateError

MAX_FILE = 8 * 1024 * 1024  # octets; a name has half a kilobyte, and no business 16,000 names
MAX_TEXT = 16_384  # characters; thirteen name servers have less, however they are escaped


class Open(NamedTuple):
    """A finding about a name that nobody has judged."""

    dossier: Dossier
    name: str
    sign: Sign
    seen: Seen


def looked_at(catalog: Catalog, today: date) -> list[Dossier]:
    """The dossiers in force; of one whose change waits for a second person, as it is proposed."""
    return [
        one
        for one in catalog.dossiers
        if not one.expired(today)
        and (one.state in IN_FORCE or (one.state is State.PROPOSED and one.approved))
    ]


def names_of(dossier: Dossier) -> tuple[str, ...]:
    """The names that can be looked at; a site-name or a pattern is none."""
    return tuple(dict.fromkeys((*dossier.names, *dossier.exact)))


def judged_at(dossier: Dossier) -> str:
    """When somebody was last at it."""
    return dossier.changed.at if dossier.changed else ""


def every_open(folder: Path, dossiers: Collection[Dossier]) -> Iterator[Open]:
    """The findings of all these dossiers."""
    for dossier in dossiers:
        pasts = read(folder, dossier.id)
        for name in names_of(dossier):
            for sign, seen in findings(pasts.get(name, Past()), judged_at(dossier)):
                yield Open(dossier, name, sign, seen)


def read(folder: Path, id_: str) -> dict[str, Past]:
    """What is known of a dossier's names; nothing where that cannot be read."""
    try:
        with _path(folder, id_).open("rb") as file:
            value = json.loads(file.read(MAX_FILE))
        return {_text(name): _past(one) for name, one in value.items()}
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return {}


def write(folder: Path, id_: str, pasts: Mapping[str, Past]) -> None:
    """Remember it. StateError."""
    value = {
        name: {
            "looked": past.looked,
            "servers": past.servers,
            "seen": {sign.value: seen._asdict() for sign, seen in past.seen.items()},
        }
        for name, past in pasts.items()
    }
    with _writing(folder):
        folders.write(_path(folder, id_), json.dumps(value, indent=1).encode() + b"\n")


def begin(folder: Path, ids: Collection[str]) -> None:
    """Make the place for it, and forget all dossiers but these. StateError."""
    with _writing(folder):
        (folder / LOOKS).mkdir(exist_ok=True)
        for path in (folder / LOOKS).glob("*.json"):
            if path.stem not in ids:
                path.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{folder / LOOKS}: cannot be written ({error.strerror}); check its owner and the space "
            "left"
        ) from error


def _path(folder: Path, id_: str) -> Path:
    return folder / LOOKS / f"{id_}.json"


def _past(value: Mapping[str, object]) -> Past:
    seen, servers = value["seen"], value["servers"]
    if not isinstance(seen, dict) or not isinstance(servers, list):
        raise TypeError
    return Past(
        _moment(value["looked"]),
        tuple(map(_text, servers)),
        {Sign(sign): _seen(**one) for sign, one in seen.items()},
    )


def _seen(*, how: object, first: object, last: object, looks: object, ripe: object) -> Seen:
    if type(looks) is not int:
        raise TypeError
    return Seen(_text(how), _moment(first), _moment(last), looks, _moment(ripe) if ripe else "")


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise TypeError
    return value


def _moment(value: object) -> str:
    """A time, which other times are held against."""
    if datetime.fromisoformat(_text(value)).tzinfo is None:
        raise ValueError
    return _text(value)
