"""An entry as a table of keys, in TOML or in plain form: one list of keys, one way to read them.

The plain form is a dict of JSON values in the order of the keys, "kind" first: dates are texts, and
what is empty is left out. The journal and `--json` hold entries so. Reading is for what cannot be
represented; what is unwise is lint's.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from blockfilter.catalog import listable
from blockfilter.catalog.reader import ID, Block
from blockfilter.catalog.site import Act, Dossier, Entry, Evidence, ImportedList, State
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError, PolicyError
from blockfilter.message import name as names
from blockfilter.policy.rule import Mode, Trigger
from blockfilter.policy.snapshot import compile_patterns

OTHER = "other"  # the category of an administrator's own lists; no dossier may have it
MIN_SITE_NAME = 5  # shorter labels are words and abbreviations that other sites have, too
MAX_ID = 64  # characters; an id is a file's name and is spoken
# Ids of lists that are no entry; one entry of that id could not be told from them.
RESERVED = frozenset(("curated", "protected", "allow", "local", "built-in", "local-allow"))

_SITE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NOBODYS = ("", "example.com", "www.example.org")  # what is found in these is found everywhere
_URL = re.compile(r"https?://[^\s/]+(/\S*)?", re.ASCII)
_OVER = (State.REJECTED, State.RETIRED)  # what they list, another entry may list
EVIDENCE_KEYS = ("reference", "date", "sha256", "names")


class Key(NamedTuple):
    """A key of a block: its attribute, how it is read, whether it is there when it is empty."""

    name: str
    attribute: str
    kind: str
    always: bool = False


SITE_KEYS = (
    Key("id", "id", "id"),
    Key("site", "site", "title"),
    Key("category", "category", "category"),
    Key("state", "state", "state"),
    Key("names", "names", "subtrees"),
    Key("exact", "exact", "names"),
    Key("site-names", "site_names", "site-names"),
    Key("patterns", "patterns", "patterns"),
    Key("except", "exceptions", "subtrees"),
    Key("criterion", "criterion", "text"),
    Key("source", "source", "text"),
    Key("licence", "licence", "text"),
    Key("review", "review", "day"),
    Key("expires", "expires", "day"),
    Key("note", "note", "text"),
    Key("reason", "reason", "text"),
    Key("proposed", "proposed", "act"),
    Key("approved", "approved", "act"),
    Key("changed", "changed", "act"),
    Key("evidence", "evidence", "evidence"),
)
LIST_KEYS = (
    Key("id", "id", "id"),
    Key("title", "title", "title"),
    Key("category", "category", "category"),
    Key("state", "state", "state"),
    Key("mode", "mode", "mode", always=True),
    Key("format", "format", "text"),
    Key("trigger", "trigger", "trigger"),
    Key("rules", "rules", "count", always=True),
    Key("refused", "refused", "count"),
    Key("sha256", "sha256", "digest"),
    Key("except", "exceptions", "subtrees"),
    Key("source", "source", "text"),
    Key("licence", "licence", "text"),
    Key("url", "url", "url"),
    Key("key", "key", "text"),
    Key("plain-http", "plain_http", "flag"),
    Key("private", "private", "flag"),
    Key("review", "review", "day"),
    Key("expires", "expires", "day"),
    Key("note", "note", "text"),
    Key("reason", "reason", "text"),
    Key("proposed", "proposed", "act"),
    Key("approved", "approved", "act"),
    Key("changed", "changed", "act"),
)
KINDS: dict[str, tuple[type[Entry], tuple[Key, ...]]] = {
    "site": (Dossier, SITE_KEYS),
    "list": (ImportedList, LIST_KEYS),
}
NAME_KEYS = ("names", "exact", "except", "site-names")  # names have more than one spelling
LISTING = ("names", "exact", "site-names", "patterns")  # the keys that say what a site's names are


def kind(entry: Entry) -> str:
    """What an entry's block is called: site or list."""
    return "site" if isinstance(entry, Dossier) else "list"


def values(entry: Entry) -> Iterator[tuple[str, Any]]:
    """The keys that an entry's block has, each with a value that TOML has."""
    for key in KINDS[kind(entry)][1]:
        value = getattr(entry, key.attribute)
        if value or key.always:
            yield key.name, _value(value)


def spelled(key: str, text: str) -> str:
    """A text of a key in its one right spelling; as it is where it has none."""
    if key == "site-names":
        return text.lower()
    if key in NAME_KEYS:
        with suppress(FormatError):
            return names.to_text(names.from_text(text))
    return text


def plain(entry: Entry) -> dict[str, object]:
    """The entry as JSON has it."""
    return {"kind": kind(entry)} | {key: _texts(value) for key, value in values(entry)}


def from_plain(value: Mapping[str, Any], place: str, wide: Wide) -> Entry:
    """The entry of a plain form. ListError: every mistake, after `place`."""
    problems: list[str] = []
    given = dict(value)
    found = given.pop("kind", None)
    if not isinstance(found, str) or found not in KINDS:
        raise ListError(f"{place}: kind is none of {', '.join(KINDS)}; choose one")
    for key in KINDS[found][1]:
        if key.kind == "day":
            given[key.name] = _day(given.get(key.name))
        elif key.kind == "evidence" and isinstance(given.get(key.name), list):
            given[key.name] = [_dated(one) for one in given[key.name]]
    block = Block(place, {k: v for k, v in given.items() if v is not None}, problems)
    entry = Entries(wide, None, problems).entry(block, found)
    if problems:
        raise ListError("\n".join(problems))
    return entry


def _value(value: object) -> object:
    if isinstance(value, Act):
        return value._asdict()
    if isinstance(value, Evidence):
        return {key: _value(one) for key in EVIDENCE_KEYS if (one := getattr(value, key))}
    if isinstance(value, tuple):
        return [_value(one) for one in value]
    return str(value) if isinstance(value, State | Mode) else value


def _texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _day(value: object) -> object:
    """The date of a text; what is none stays as it is and is a mistake."""
    if isinstance(value, str):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            return value
        return found if found.isoformat() == value else value  # "20270131" is none here
    return value


def _dated(value: object) -> object:
    return {**value, "date": _day(value.get("date"))} if isinstance(value, dict) else value


class Entries:
    """Reads the blocks of one catalogue: no id twice, and no name in two entries that stand."""

    def __init__(self, wide: Wide, categories: Collection[str] | None, problems: list[str]) -> None:
        self._categories = categories  # None: not looked at here
        self._ids: dict[str, str] = {}
        self._owners: dict[tuple[str, str], str] = {}
        subtree = partial(_listed, read=partial(listable.subtree, wide=wide))
        self._read: dict[str, Callable[[Block, str], object]] = {
            "id": self._id,
            "title": partial(Block.text, needed=True),
            "text": Block.text,
            "category": self._category,
            "state": partial(Block.choice, kind=State),
            "mode": partial(Block.choice, kind=Mode, default=Mode.ENFORCE),
            "trigger": _trigger,
            "subtrees": partial(_all, check=subtree),
            "names": partial(_all, check=partial(_listed, read=listable.exact)),
            "site-names": partial(_all, check=_site_name),
            "patterns": partial(_all, check=_pattern),
            "count": Block.count,
            "flag": Block.flag,
            "digest": _digest,
            "url": _url,
            "day": Block.day,
            "act": Block.act,
            "evidence": lambda block, key: (),  # noqa: ARG005  # read when all else is
        }
        self._problems = problems

    def entry(self, block: Block, called: str) -> Entry:
        """The entry of a block; `called` is its kind."""
        made, keys = KINDS[called]
        block.known([key.name for key in keys])
        found: dict[str, Any] = {
            key.attribute: self._read[key.kind](block, key.name) for key in keys
        }
        if called == "site":
            if found["category"] == OTHER:
                block.wrong(f'category "{OTHER}" is for lists of others; choose one that says more')
            self._names(block, found)
            found["evidence"] = tuple(_evidence(block, found))
        return made(**found)

    def _id(self, block: Block, key: str) -> str:
        text = block.text(key, needed=True)
        if not text:
            return ""
        if not ID.fullmatch(text) or len(text) > MAX_ID:
            block.wrong(
                f"id is more than {MAX_ID} characters of a-z, 0-9 and single hyphens; shorten it"
            )
        if text in RESERVED:
            block.wrong("has an id that blockfilter's own lists have; choose another")
        if other := self._ids.get(text):
            block.wrong(f"has the id of an entry in {other}; choose another")
        self._ids.setdefault(text, block.place.partition(": ")[0])
        return text

    def _category(self, block: Block, key: str) -> str:
        text = block.text(key, needed=True)
        if not text:
            return ""
        if not ID.fullmatch(text):
            block.wrong("category holds more than a-z, 0-9 and single hyphens; correct it")
        elif self._categories is not None and text not in self._categories:
            known = ", ".join(sorted(self._categories))
            block.wrong(f'there is no category "{text}"; the categories are {known}')
        return text

    def _names(self, block: Block, found: dict[str, Any]) -> None:
        """What a site lists: something, and nothing that another entry has."""
        if not any(block.texts(key) for key in LISTING):
            block.wrong(f"lists nothing; give it {', '.join(LISTING)}")
        over = found["state"] in _OVER
        for key in SITE_KEYS:
            if key.name not in (*LISTING, "except"):
                continue
            for value in found[key.attribute]:
                other = self._owners.get((key.name, value))
                if other and not over:
                    block.wrong(f'"{value}" is listed already, by {other}; remove one of them')
                if not over:
                    self._owners.setdefault((key.name, value), block.place)


def _all(block: Block, key: str, check: Callable[[Block, str], str]) -> tuple[str, ...]:
    """The texts of a list in their right form, each once."""
    found: dict[str, None] = {}
    for text in block.texts(key):
        good = check(block, text)
        if good in found:
            block.wrong(f'"{good}" is listed already, by {key}; remove one of them')
        if good:
            found[good] = None
    return tuple(found)


def _listed(block: Block, text: str, read: Callable[[str], bytes]) -> str:
    """The canonical text of a name, "" where it is none."""
    try:
        return names.to_text(read(text))
    except FormatError as error:
        block.wrong(f'"{text}" cannot be listed: {error}; correct it')
        return ""


def _site_name(block: Block, text: str) -> str:
    label = text.lower()
    if not _SITE_NAME.fullmatch(label):
        block.wrong(f'site-name "{text}" is no label of a-z, 0-9 and hyphens; correct it')
    elif len(label) < MIN_SITE_NAME:
        block.wrong(f'site-name "{text}" has fewer than {MIN_SITE_NAME} characters; list its names')
    else:
        return label
    return ""


def _pattern(block: Block, text: str) -> str:
    if "\t" in text or "\n" in text:  # it is one column of a line in a release
        block.wrong(f"pattern {text!r} holds a tab or a new line, as no name does; remove it")
        return ""
    try:
        pattern = compile_patterns([text])
    except PolicyError as error:
        block.wrong(f'pattern "{text}": {error}; correct it')
        return ""
    if any(map(pattern.Match, _NOBODYS)):
        block.wrong(f'pattern "{text}" is found in any name; make it narrower')
        return ""
    return text


def _trigger(block: Block, key: str) -> str:
    text = block.text(key)
    if text and text not in list(Trigger):
        block.wrong(f"{key} is none of {', '.join(Trigger)}; choose one or remove it")
    return text


def _digest(block: Block, key: str) -> str:
    """The digest of an imported list's rules, without which it has none."""
    block.text(key, needed=True)
    return block.sha256(key)


def _url(block: Block, key: str) -> str:
    text = block.text(key)
    if text and not _URL.fullmatch(text):
        block.wrong(f"{key} is no address that begins with https://; correct it")
    return text


def _evidence(block: Block, found: Mapping[str, Any]) -> Iterator[Evidence]:
    """The evidence of a site; the names in it are names that the site lists."""
    listed = {value for key in SITE_KEYS if key.name in LISTING for value in found[key.attribute]}
    written = {text for key in LISTING for text in block.texts(key)}
    for one in block.blocks("evidence", "site.evidence"):
        one.known(EVIDENCE_KEYS)
        day = one.day("date")
        if "date" not in one.values:
            one.wrong("needs date, the day it was seen; write date = 2026-11-20")
        attested = []
        for text in one.texts("names"):
            right = text if text in listed else spelled("names", text)
            if right in listed:
                attested.append(right)
            elif text not in written:  # else it is a wrong name, which is said already
                one.wrong(f'is for "{text}", which is not listed; remove it')
        yield Evidence(
            reference=one.text("reference", needed=True),
            date=day or date.min,
            sha256=one.sha256("sha256"),
            names=tuple(dict.fromkeys(attested)),
        )
