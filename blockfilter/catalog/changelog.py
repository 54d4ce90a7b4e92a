"""The journal: who changed what, when and why, each line chained to the ones before it.

A line is canonical JSON. `previous` holds the digests of all lines that no line has named yet: the
one before, or several after git has merged two branches. The signature is its author's, over the
line without it. So nobody can change, drop or insert a line that another one follows.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blockfilter.catalog.folder import JOURNAL, MAINTAINERS, sha256
from blockfilter.catalog.keyholders import Keyholders
from blockfilter.catalog.workflow import SYSTEM
from blockfilter.errors import ListError, RefusedError

if TYPE_CHECKING:
    from blockfilter.catalog.identity import Actor

KEYS = ("previous", "at", "by", "what", "id", "why", "entry", "facts", "signature")
MAX_JOURNAL = 1024 * 1024 * 1024  # octets; a hundred changes a day for thirty years
_TEXTS = ("at", "by", "what", "id", "why")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_REMEDY = "take the journal back from a copy or from git"


class Line(NamedTuple):
    """One line. `entry` is the whole entry after the change in plain form, None if it is of none."""

    number: int
    previous: tuple[str, ...]
    at: str
    by: str
    what: str
    id: str
    why: str
    entry: Mapping[str, Any] | None
    facts: Mapping[str, Any]
    signature: str | None
    digest: str
    octets: bytes

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        value = {key: getattr(self, key) for key in KEYS if key != "signature"}
        return canonical(value)


def read(folder: Path) -> tuple[Line, ...]:
    """All lines; none where no journal is there. ListError: the first line that is none."""
    path = folder / JOURNAL
    try:
        if path.stat().st_size > MAX_JOURNAL:
            raise ListError(f"{path}: is larger than {MAX_JOURNAL} octets; begin a new catalogue")
        octets = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ListError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    if octets and not octets.endswith(b"\n"):
        number = octets.count(b"\n") + 1
        raise ListError(f"{path}: line {number} is cut short; {_REMEDY}")
    lines: list[Line] = []
    seen: set[str] = set()
    for number, one in enumerate(octets.split(b"\n")[:-1], 1):
        line = _line(path, number, one)
        if line.digest in seen:
            raise ListError(f"{path}: line {number} is there twice; remove it")
        seen.add(line.digest)
        lines.append(line)
    return tuple(lines)


def _line(path: Path, number: int, octets: bytes) -> Line:
    try:
        value = json.loads(octets)
        if not isinstance(value, dict) or tuple(sorted(value)) != tuple(sorted(KEYS)):
            raise ValueError("other keys")  # noqa: TRY301  # told below, with the place
        previous, entry, facts = value["previous"], value["entry"], value["facts"]
        signature = value["signature"]
        fits = (
            isinstance(previous, list)
            and all(isinstance(one, str) and _SHA256.fullmatch(one) for one in previous)
            and all(isinstance(value[key], str) for key in _TEXTS)
            and isinstance(entry, dict | None)
            and isinstance(facts, dict)
            and isinstance(signature, str | None)
            and _TIME.fullmatch(value["at"])
        )
        if not fits or canonical(value) != octets:  # one text for one line: no octet is free
            raise ValueError("other values")  # noqa: TRY301
    except (ValueError, RecursionError) as error:
        raise ListError(f"{path}: line {number} is no journal line; {_REMEDY}") from error
    at, by, what, id_, why = (str(value[key]) for key in _TEXTS)
    return Line(
        number=number,
        previous=tuple(previous),
        at=at,
        by=by,
        what=what,
        id=id_,
        why=why,
        entry=entry,
        facts=facts,
        signature=signature,
        digest=sha256(octets),
        octets=octets,
    )


def heads(lines: Iterable[Line]) -> tuple[str, ...]:
    """The digests that no line has named as its previous one."""
    found: dict[str, None] = {}
    for line in lines:
        for one in line.previous:
            found.pop(one, None)
        found[line.digest] = None
    return tuple(found)


class Writer:
    """Writes lines that follow those that are there; each further one follows the one before.

    RefusedError where the journal knows another key of the actor's, or that there should be one.
    """

    def __init__(self, lines: Sequence[Line], actor: "Actor") -> None:
        holders = Keyholders(list(lines))
        if actor.name != SYSTEM and holders.signed:
            key = actor.signer.public if actor.signer else ""
            if not key or key != holders.key(actor.name):
                raise RefusedError(
                    f"{actor.name} acts without the key that the journal tells of, so "
                    f"{MAINTAINERS} was changed by hand; take it back from a copy or from git"
                )
        self._heads = heads(lines)
        self._actor = actor

    def line(
        self,
        *,
        at: str,
        what: str,
        id: str = "",  # the key's name
        why: str = "",
        entry: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> bytes:
        """The next line, its end included."""
        value: dict[str, object] = {
            "previous": list(self._heads),
            "at": at,
            "by": self._actor.name,
            "what": what,
            "id": id,
            "why": why,
            "entry": entry,
            "facts": facts or {},
        }
        signer = self._actor.signer
        signature = signer.sign(canonical(value), f"journal {at}") if signer else None
        octets = canonical(value | {"signature": signature})
        self._heads = (sha256(octets),)
        return octets + b"\n"


def canonical(value: object) -> bytes:
    """A value as JSON, always the same octets."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
