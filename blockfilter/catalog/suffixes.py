"""The public suffix list, as the package `publicsuffixlist` carries it. Never over the network.

The file is read here, as its format says (a rule a line, up to the first blank; `//` begins a
comment): every command and every compilation waits for it, and a library takes ten times as long.
ICANN and private rules count alike for site-names; only a name of the ICANN section is too wide to
be listed.
"""

import hashlib
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names

_FILE = "public_suffix_list.dat"
_PRIVATE = "===BEGIN PRIVATE DOMAINS==="
_LABEL = "[a-z0-9-]{1,63}"
_USUAL = re.compile(rf"(?:\*\.|!)?{_LABEL}(?:\.{_LABEL})*")  # is written as its A-labels are
_VERSION = re.compile(rb"^// VERSION: (\d{4}-\d\d-\d\d)", re.MULTILINE)
_HEADER = 4096  # octets; the date stands in the file's first lines
_REINSTALL = "install blockfilter again with its dependencies"


class Wide:
    """The names too wide for a list: those under which strangers register names (ICANN)."""

    def __init__(self, rules: Iterable[str]) -> None:
        self._rules = frozenset(rules)
        # "*.ck" makes ck itself as wide as any rule, and all names right below it.
        self._wildcards = {rule.removeprefix("*.") for rule in self._rules if rule[0] == "*"}
        self._plain = frozenset(r for r in self._rules if r[0] not in "*!") | self._wildcards

    def __contains__(self, name: str) -> bool:
        """Whether the A-label text of a name, lower case without a final dot, is such a name."""
        if name in self._plain:
            return True
        _, _, parent = name.partition(".")
        return parent in self._wildcards and f"!{name}" not in self._rules


class Suffixes(NamedTuple):
    """All rules ("co.uk", "*.ck", "!www.ck"; A-labels, sorted), and the ICANN ones as a test."""

    rules: tuple[str, ...]
    icann: Wide


def suffix_file() -> Path:
    """The list's file, found without importing the package, which would cost 20 ms."""
    spec = find_spec("publicsuffixlist")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise ListError(f"the public suffix list is not installed; {_REINSTALL}")
    return Path(places[0]) / _FILE


def date(file: Path) -> str:
    """The day of the list, "2026-10-22", from its header; "unknown" where it has none."""
    found = _VERSION.search(_read(file)[:_HEADER])
    return found[1].decode() if found else "unknown"


def digest(file: Path) -> bytes:
    """SHA-256 of the list."""
    return hashlib.sha256(_read(file)).digest()


def read(file: Path) -> Suffixes:
    """The rules of the list."""
    icann, _, private = _text(file).partition(_PRIVATE)
    wide = {_ascii(rule) for rule in _rules(icann)}
    return Suffixes(tuple(sorted(wide | {_ascii(rule) for rule in _rules(private)})), Wide(wide))


def _rules(text: str) -> Iterable[str]:
    """The first word of every line that is no comment."""
    for line in text.splitlines():
        word = line.partition(" ")[0].strip()
        if word and not word.startswith("//"):
            yield word


def _text(file: Path) -> str:
    try:
        return _read(file).decode()
    except UnicodeDecodeError as error:
        raise ListError(f"{file}: is no public suffix list; {_REINSTALL}") from error


def _ascii(rule: str) -> str:
    if _USUAL.fullmatch(rule):
        return rule
    mark = next((mark for mark in ("*.", "!") if rule.startswith(mark)), "")
    try:
        return mark + names.to_text(names.from_text(rule.removeprefix(mark)))
    except FormatError as error:
        raise ListError(
            f"the public suffix list has a rule that is no name; {_REINSTALL}"
        ) from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ListError(f"{file}: cannot be read ({error.strerror}); {_REINSTALL}") from error
