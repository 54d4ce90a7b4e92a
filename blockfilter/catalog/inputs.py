"""What a policy is made from at a moment, and the digest of all of it.

A catalogue comes in through two small files: the pointer to its release, whose digests cover every
rule, and what has been softened since. So nothing large is read to know which policy is meant.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import blockfilter
from blockfilter.catalog import manifest, standing, store, suffixes
from blockfilter.catalog.formats.lines import opened
from blockfilter.catalog.manifest import Manifest
from blockfilter.errors import ListError
from blockfilter.policy.rule import Mode
from blockfilter.policy.snapshot import FORMAT_VERSION

COMPILER_VERSION = 4  # counts up when the same inputs shall give another snapshot
LOCAL = "local"  # what the lists of the second catalogue are called by
_PREFIXES = ("", LOCAL)
_CHUNK = 1024 * 1024
_UNREADABLE = bytes(32)  # no snapshot has it among its inputs: the compiler refuses the file


class OwnList(NamedTuple):
    """A list file of the administrator's; its path as given is its id."""

    path: str
    mode: Mode


class Inputs(NamedTuple):
    """What a policy is made from, besides what the package brings."""

    catalogs: tuple[str, ...]  # folders: the one that everybody has, then the organisation's
    lists: tuple[OwnList, ...]
    allow: tuple[str, ...]
    curated: bool = True  # False: the one that everybody has is left out

    @property
    def sources(self) -> tuple[str, ...]:
        """The folders and files, whatever they say; an empty one stands for what is left out."""
        left_out = () if self.curated else ("",)
        return (*left_out, *self.catalogs, *(one.path for one in self.lists))


class Layer(NamedTuple):
    """A catalogue at a moment."""

    folder: Path
    prefix: str  # of its lists' ids
    own: bool  # the organisation's: its hits are recorded without their category
    release: Manifest | None
    disputed: tuple[str, ...]
    allow: tuple[str, ...]
    expired: tuple[str, ...]

    def called(self, list_id: str) -> str:
        """A list's id in the policy: curated and escorts of the second are local, local/escorts."""
        if not self.prefix:
            return list_id
        return self.prefix if list_id == store.CURATED else f"{self.prefix}/{list_id}"

    @property
    def facts(self) -> list[object]:
        """What its part of a policy depends on."""
        release = self.release.sha256 if self.release else None
        return [self.own, release, self.disputed, self.allow, self.expired]


def layers(inputs: Inputs, now: datetime) -> tuple[Layer, ...]:
    """The catalogues, each as it stands; ListError where one is broken."""
    return tuple(_layer(*one, now) for one in _places(inputs))


def _places(inputs: Inputs) -> Iterator[tuple[str, str, bool]]:
    """Each catalogue's folder, the prefix of its lists, and whether it is the organisation's."""
    for folder, prefix in zip(inputs.catalogs, _PREFIXES, strict=False):
        yield folder, prefix, prefix == LOCAL or not inputs.curated


def _layer(folder: str, prefix: str, own: bool, now: datetime) -> Layer:
    path = Path(folder)
    if not path.is_dir():
        raise ListError(f"{path}: is no catalogue; name a folder that is one")
    octets = manifest.pointer(path)
    release = _release(path, octets) if octets else None
    stands = standing.standing(path)
    expired = release.expired(now.astimezone(UTC).date()) if release else ()
    return Layer(
        path, prefix, own, release, stands.disputed, stands.allowed(now), tuple(sorted(expired))
    )


@lru_cache(maxsize=4)  # the pointer holds the manifest's digest: what was read once stays right
def _release(folder: Path, pointer: bytes) -> Manifest:
    return manifest.pointed(folder, pointer)


def fingerprint(inputs: Inputs, now: datetime) -> bytes:
    """Changes exactly when a catalogue's part of `digest` does; costs two small files each."""
    return hashlib.sha256(json.dumps(list(_facts(inputs, now))).encode()).digest()


def _facts(inputs: Inputs, now: datetime) -> Iterator[object]:
    for one in _places(inputs):
        try:
            yield _layer(*one, now).facts
        except ListError as error:  # no snapshot has it: the compiler will say the same
            yield str(error)


def digest(inputs: Inputs, now: datetime) -> bytes:
    """SHA-256 over everything that a snapshot of these inputs depends on, in its order."""
    return _Whole(inputs).digest(list(_facts(inputs, now)))


class Softened(NamedTuple):
    """What was softened last: an entry's or a list's id that is disputed, or a name kept open."""

    layer: Layer
    disputed: str = ""
    allow: str = ""


def before_softening(inputs: Inputs, now: datetime) -> Iterator[tuple[bytes, Softened]]:
    """The digests of what these inputs may have been before, each with what was softened since.

    ListError: a catalogue is broken.
    """
    whole, every = _Whole(inputs), layers(inputs, now)
    for place, layer in enumerate(every):
        for softened in (
            *(Softened(layer, disputed=id_) for id_ in layer.disputed),
            *(Softened(layer, allow=name) for name in layer.allow),
        ):
            less = layer._replace(
                disputed=tuple(id_ for id_ in layer.disputed if id_ != softened.disputed),
                allow=tuple(name for name in layer.allow if name != softened.allow),
            )
            facts = [one.facts for one in (*every[:place], less, *every[place + 1 :])]
            yield whole.digest(facts), softened


class _Whole:
    """All that a digest is over but the catalogues; files are read once."""

    def __init__(self, inputs: Inputs) -> None:
        self._head = [
            COMPILER_VERSION,
            FORMAT_VERSION,
            blockfilter.__version__,
            suffixes.digest(suffixes.suffix_file()).hex(),
            _file_digest(store.shipped() / store.PROTECTED_FILE).hex(),
        ]
        lists = [[one.path, one.mode, _file_digest(Path(one.path)).hex()] for one in inputs.lists]
        self._tail = [lists, inputs.allow]

    def digest(self, facts: Sequence[object]) -> bytes:
        """The whole of it, with what the catalogues say."""
        every: list[object] = [*self._head, list(facts), *self._tail]
        return hashlib.sha256(json.dumps(every).encode()).digest()


def release_text(every: tuple[Layer, ...]) -> str:
    """What the policy is called: "3", with a second catalogue "3+local 7"; "none" before the first.

    Without any catalogue it is the package's version.
    """
    if not every:
        return blockfilter.__version__
    return "+".join(
        f"{one.prefix} {one.release.serial if one.release else 'none'}".strip() for one in every
    )


def from_json(value: Any) -> Inputs:  # noqa: ANN401  # JSON
    """The inputs as the compiler receives them."""
    catalogs, lists, allow, curated = value
    own = tuple(OwnList(path, Mode(mode)) for path, mode in lists)
    return Inputs(tuple(catalogs), own, tuple(allow), curated)


def _file_digest(path: Path) -> bytes:
    found = hashlib.sha256()
    try:
        with opened(path) as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except (ListError, OSError):
        return _UNREADABLE
    return found.digest()
