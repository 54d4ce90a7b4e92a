"""What everybody knows: popular names, ordinary words, and the names that are always protected.

Two files of the package, `popular.txt` and `words.txt`, and a `popular.txt` of the catalogue's own:
one name or word a line, `#` begins a comment. A file with a mistake is refused whole.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog import listable, store
from blockfilter.catalog.folder import POPULAR
from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names

WORDS = "words.txt"
MAX_FILE = 1024 * 1024  # octets; ten thousand names have a fifth of it, and each is looked up
_WORD = re.compile(r"[a-z]{2,63}")


class Reference(NamedTuple):
    """Canonical texts of names, and words in lower case."""

    popular: frozenset[str]
    words: frozenset[str]
    protected: tuple[str, ...] = ()  # those that come with the package, whatever a catalogue says


def reference(folder: Path) -> Reference:
    """What the package knows, and the popular names of the catalogue in `folder`. ListError."""
    known, own = _packaged(), folder / POPULAR
    if not own.is_file():
        return known
    return known._replace(popular=known.popular | frozenset(_read(own, _name)))


@lru_cache(maxsize=1)  # the package's files do not change while it runs
def _packaged() -> Reference:
    folder = store.shipped()
    return Reference(
        frozenset(_read(folder / POPULAR, _name)),
        frozenset(_read(folder / WORDS, _word)),
        tuple(_protected(folder / store.PROTECTED_FILE)),
    )


def _read(path: Path, meaning: Callable[[str], str]) -> Iterator[str]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = line.partition("#")[0].strip()
        if text:
            try:
                yield meaning(text)
            except FormatError as error:
                raise ListError(f"{path}: line {number}: {error}; correct it") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_FILE + 1)
        if len(octets) > MAX_FILE:
            raise ListError(f"{path}: is larger than {MAX_FILE} octets; shorten it")
        return octets.decode("utf-8-sig")
    except OSError as error:
        raise ListError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise ListError(f"{path}: is not in UTF-8; save it in that encoding") from error


def _name(text: str) -> str:
    return names.to_text(listable.exact(text))


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise FormatError("a word has letters from a to z only")
    return text


def _protected(path: Path) -> Iterator[str]:
    try:
        for block in tomllib.loads(_text(path))[store.PROTECTED]:
            yield names.to_text(names.from_text(block["name"]))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, FormatError) as error:
        raise ListError(f"{path}: cannot be used; install blockfilter again") from error
