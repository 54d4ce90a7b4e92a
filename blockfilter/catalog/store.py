"""The folder of the curated list: TOML files in, dossiers and rules out.

Reading is strict and complete: an unknown key, a wrong value or a name too wide is a mistake, and
all mistakes of all files are reported at once, each with its file, its block and the remedy. What
is returned has none.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import blockfilter
from blockfilter.catalog import listable
from blockfilter.catalog.site import Dossier, State
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError, PolicyError
from blockfilter.message import name as names
from blockfilter.policy.rule import Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import compile_patterns

CURATED, PROTECTED = "curated", "protected"
PROTECTED_FILE, TAXONOMY_FILE = "protected.toml", "taxonomy.toml"
OTHER = "other"  # the category of an administrator's own lists; no curated file may have it
MIN_SITE_NAME = 5  # shorter labels are words and abbreviations that other sites have, too
MAX_FILE = 16 * 1024 * 1024  # octets; a curated file is read whole, and no hand writes a larger one

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SITE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NOBODYS = ("", "example.com", "www.example.org")  # what is found in these is found everywhere
_TEXTS = ("id", "name", "state", "reason")
_LISTS = ("names", "exact", "site-names", "patterns", "except")
_SITE_KEYS = (*_TEXTS, *_LISTS, "evidence")
_PROTECTED_KEYS = ("name", "kind", "from")
_CATEGORY_KEYS = ("id", "title")


class Catalog(NamedTuple):
    """The whole folder, in the order of file names and of blocks."""

    categories: tuple[tuple[str, str], ...]  # id, title
    dossiers: tuple[Dossier, ...]
    protected: tuple[str, ...]

    def curated_list(self) -> RuleList:
        """The rules of all dossiers."""
        return RuleList(
            CURATED, Role.BLOCK, [rule for site in self.dossiers for rule in site.rules()]
        )

    def protected_list(self) -> RuleList:
        """The names no list may block, each with all below it."""
        return RuleList(
            PROTECTED,
            Role.PROTECTED,
            [Rule(Trigger.SUBTREE, names.from_text(name), PROTECTED) for name in self.protected],
        )


def shipped() -> Path:
    """The folder that comes with the package: inside of it when installed, beside it in a checkout."""
    package = Path(blockfilter.__file__).parent
    for folder in (package / "lists", package.parent / "lists"):
        if (folder / TAXONOMY_FILE).is_file():
            return folder
    raise ListError("the curated list is not where it belongs; install blockfilter again")


def files(folder: Path) -> list[Path]:
    """The files of the list, by name."""
    return sorted(folder.glob("*.toml"))


def read(folder: Path, wide: Wide) -> Catalog:
    """The whole folder; `wide` are the names nothing may be listed under. ListError: mistakes."""
    reader = _Reader(wide)
    tables = {path.name: reader.table(path) for path in files(folder)}
    for name in (TAXONOMY_FILE, PROTECTED_FILE):
        if name not in tables:
            reader.wrong(name, "", "is missing; put it back")
    categories = tuple(reader.categories(tables.pop(TAXONOMY_FILE, None) or {}))
    protected = tuple(reader.protected(tables.pop(PROTECTED_FILE, None) or {}))
    known = {category for category, _ in categories} - {OTHER}
    dossiers = tuple(
        dossier
        for name, table in tables.items()
        if table is not None
        for dossier in reader.sites(name, table, known)
    )
    if reader.problems:
        raise ListError("\n".join(f"{folder}/{problem}" for problem in reader.problems))
    return Catalog(categories, dossiers, protected)


class _Reader:
    """Turns tables into values and gathers what is wrong with them."""

    def __init__(self, wide: Wide) -> None:
        self.problems: list[str] = []
        self._wide = wide
        self._ids: dict[str, str] = {}
        self._owners: dict[tuple[str, str], str] = {}

    def wrong(self, file: str, block: str, what: str) -> None:
        """Note a mistake; `block` may be empty."""
        self.problems.append(f"{file}: {block}: {what}" if block else f"{file}: {what}")

    def table(self, path: Path) -> dict[str, Any] | None:
        """A file's content; None where it cannot be read."""
        try:
            if path.stat().st_size > MAX_FILE:
                self.wrong(path.name, "", f"is larger than {MAX_FILE} octets; split it")
                return None
            return tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            self.wrong(path.name, "", f"cannot be read ({error.strerror}); check its permissions")
        except UnicodeDecodeError:
            self.wrong(path.name, "", "is not in UTF-8; save it in that encoding")
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self.wrong(path.name, "", f"is not TOML ({error}); correct that place")
        return None

    def categories(self, table: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Ids and titles of the taxonomy."""
        seen: set[str] = set()
        for block, entry in self._blocks(TAXONOMY_FILE, table, "category", ()):
            self._known_keys(TAXONOMY_FILE, block, entry, _CATEGORY_KEYS)
            found = [self._text(TAXONOMY_FILE, block, entry, key) for key in _CATEGORY_KEYS]
            if found[0] in seen:
                self.wrong(TAXONOMY_FILE, block, "has the id of another category; choose another")
            seen.add(found[0])
            yield found[0], found[1]

    def protected(self, table: dict[str, Any]) -> Iterator[str]:
        """The protected names."""
        for block, entry in self._blocks(PROTECTED_FILE, table, "protected", ()):
            self._known_keys(PROTECTED_FILE, block, entry, _PROTECTED_KEYS)
            texts = [self._text(PROTECTED_FILE, block, entry, key) for key in _PROTECTED_KEYS]
            if texts[0] and (name := self._name(PROTECTED_FILE, block, texts[0])):
                yield self._once(PROTECTED_FILE, block, "protected", name)

    def sites(self, file: str, table: dict[str, Any], known: set[str]) -> Iterator[Dossier]:
        """The dossiers of one category's file, which is named for it."""
        category = file.removesuffix(".toml")
        if category not in known:
            self.wrong(file, "", f"is named for no category of {TAXONOMY_FILE}; rename it")
        if table.get("category") != category:
            self.wrong(file, "", f'needs category = "{category}" at its top, as it is named')
        for block, entry in self._blocks(file, table, "site", ("category",)):
            yield self._site(file, block, entry, category)

    def _site(self, file: str, block: str, entry: dict[str, Any], category: str) -> Dossier:
        self._known_keys(file, block, entry, _SITE_KEYS)
        site, title = (self._text(file, block, entry, key) for key in ("id", "name"))
        self._check_id(file, block, site)
        state = self._state(file, block, entry)
        checks: dict[str, Callable[[str, str, str], str]] = {
            "names": self._name,
            "exact": self._exact,
            "site-names": self._site_name,
            "patterns": self._pattern,
            "except": self._name,
        }
        lists = {
            key: tuple(
                self._once(file, block, key, good)
                for text in self._list(file, block, entry, key)
                if (good := check(file, block, text))
            )
            for key, check in checks.items()
        }
        written = [text for key in _LISTS[:-1] for text in self._list(file, block, entry, key)]
        if not written:
            self.wrong(file, block, f"lists nothing; give it {', '.join(_LISTS[:-1])}")
        return Dossier(
            id=site,
            name=title,
            category=category,
            state=state,
            reason=str(entry.get("reason", "")),
            names=lists["names"],
            exact=lists["exact"],
            site_names=lists["site-names"],
            patterns=lists["patterns"],
            exceptions=lists["except"],
            evidence=self._evidence(file, block, entry, written),
        )

    def _blocks(
        self, file: str, table: dict[str, Any], key: str, others: tuple[str, ...]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """The blocks of a file, each with what to call it: its id or name, else its number."""
        self._known_keys(file, "", table, (key, *others))
        blocks = table.get(key, [])
        if not isinstance(blocks, list):
            self.wrong(file, key, f"is no array; begin each block with [[{key}]]")
            return
        for number, entry in enumerate(blocks, 1):
            if not isinstance(entry, dict):
                self.wrong(file, f"{key} {number}", f"is no block; begin it with [[{key}]]")
                continue
            called = entry.get("id", entry.get("name"))
            yield (f'{key} "{called}"' if isinstance(called, str) else f"{key} {number}"), entry

    def _known_keys(
        self, file: str, block: str, table: dict[str, Any], known: tuple[str, ...]
    ) -> None:
        for key in table:
            if key not in known:
                self.wrong(file, block, f'unknown key "{key}"; the keys are {", ".join(known)}')

    def _text(self, file: str, block: str, entry: dict[str, Any], key: str) -> str:
        value = entry.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(file, block, f"needs {key}, a text that is not empty")
        return ""

    def _list(self, file: str, block: str, entry: dict[str, Any], key: str) -> list[str]:
        values = entry.get(key, [])
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            return values
        problem = f'{file}: {block}: {key} is no list of texts; write {key} = ["..."]'
        if problem not in self.problems:  # the same list is read twice
            self.problems.append(problem)
        return []

    def _check_id(self, file: str, block: str, site: str) -> None:
        if not site:
            return  # missing, which is said already
        if not _ID.fullmatch(site):
            self.wrong(file, block, "id holds more than a-z, 0-9 and single hyphens; shorten it")
        if other := self._ids.get(site):
            self.wrong(file, block, f"has the id of a site in {other}; choose another")
        self._ids.setdefault(site, file)

    def _state(self, file: str, block: str, entry: dict[str, Any]) -> State:
        state = entry.get("state")
        if state not in list(State):
            self.wrong(file, block, f"state is none of {', '.join(State)}; choose one")
            return State.ACTIVE
        if (state == State.DISPUTED) != ("reason" in entry):
            self.wrong(file, block, "reason belongs to a disputed site, and to no other")
        elif state == State.DISPUTED:
            self._text(file, block, entry, "reason")
        return State(state)

    def _exact(self, file: str, block: str, text: str) -> str:
        """The canonical text of a name, "" where it is none."""
        return self._listed(file, block, text, listable.exact)

    def _name(self, file: str, block: str, text: str) -> str:
        return self._listed(file, block, text, partial(listable.subtree, wide=self._wide))

    def _listed(self, file: str, block: str, text: str, read: Callable[[str], bytes]) -> str:
        try:
            return names.to_text(read(text))
        except FormatError as error:
            self.wrong(file, block, f'"{text}" cannot be listed: {error}; correct it')
            return ""

    def _site_name(self, file: str, block: str, text: str) -> str:
        label = text.lower()
        if not _SITE_NAME.fullmatch(label):
            self.wrong(file, block, f'site-name "{text}" is no label of a-z, 0-9 and hyphens')
        elif len(label) < MIN_SITE_NAME:
            self.wrong(
                file,
                block,
                f'site-name "{text}" has fewer than {MIN_SITE_NAME} characters; list its names',
            )
        else:
            return label
        return ""

    def _pattern(self, file: str, block: str, text: str) -> str:
        try:
            pattern = compile_patterns([text])
        except PolicyError as error:
            self.wrong(file, block, f'pattern "{text}": {error}; correct it')
            return ""
        if any(map(pattern.Match, _NOBODYS)):
            self.wrong(file, block, f'pattern "{text}" is found in any name; make it narrower')
            return ""
        return text

    def _once(self, file: str, block: str, key: str, value: str) -> str:
        """The value, which no other block may have under the same key."""
        if other := self._owners.get((key, value)):
            self.wrong(file, block, f'"{value}" is listed already, by {other}; remove one of them')
        self._owners.setdefault((key, value), f"{file}, {block}")
        return value

    def _evidence(
        self, file: str, block: str, entry: dict[str, Any], written: list[str]
    ) -> MappingProxyType[str, str]:
        evidence = entry.get("evidence", {})
        if not isinstance(evidence, dict):
            self.wrong(file, block, "evidence is no table; write [site.evidence]")
            return MappingProxyType({})
        for text in written:
            if not isinstance(evidence.get(text), str) or not evidence[text].strip():
                self.wrong(file, block, f'"{text}" has no evidence; add it under [site.evidence]')
        for text in evidence:
            if text not in written:
                self.wrong(file, block, f'evidence for "{text}", which is not listed; remove it')
        return MappingProxyType(evidence)
