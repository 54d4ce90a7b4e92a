"""The public suffix list, as the package `publicsuffixlist` carries it. Never over the network.

tldextract reads the file: its own copy is older than its release. ICANN and private rules count
alike for site-names; only a name of the ICANN section is too wide to be listed.
"""

import gc
import hashlib
import re
import warnings
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names

_FILE = "public_suffix_list.dat"
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
    every = {_ascii(rule) for rule in _rules(file, private=True)}
    icann = {_ascii(rule) for rule in _rules(file, private=False)}
    return Suffixes(tuple(sorted(every)), Wide(icann))


def _rules(file: Path, *, private: bool) -> list[str]:
    from tldextract import TLDExtract  # it brings requests along; only the compiler pays for it
    from tldextract.suffix_list import SuffixListNotFound

    extract = TLDExtract(
        suffix_list_urls=[file.absolute().as_uri()],
        cache_dir=None,
        fallback_to_snapshot=False,
        include_psl_private_domains=private,
    )
    try:
        with warnings.catch_warnings():
            # Its reader of file addresses leaves the file to the collector, which warns of it.
            warnings.simplefilter("ignore", ResourceWarning)
            found = extract.tlds
            gc.collect()
    except SuffixListNotFound as error:
        raise ListError(f"{file}: cannot be read; {_REINSTALL}") from error
    return found


def _ascii(rule: str) -> str:
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
