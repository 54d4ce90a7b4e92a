"""A catalogue's folder of TOML files: entries, categories, protected names and exceptions out of it.

Reading is strict and complete: an unknown key, a wrong value or a name too wide is a mistake, and
all mistakes of all files are reported at once, each with its file, its block and the remedy. What
is returned has none. Writing is `edit`'s.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import blockfilter
from blockfilter.catalog import listable, reader, suffixes
from blockfilter.catalog.entries import OTHER, RESERVED, Entries, from_plain, plain
from blockfilter.catalog.folder import ALLOW, IMPORTED, JOURNAL, MAINTAINERS, POPULAR, SITES
from blockfilter.catalog.reader import Block
from blockfilter.catalog.site import Allowed, Dossier, Entry, ImportedList
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names
from blockfilter.policy.snapshot import compile_patterns

__all__ = (
    "CURATED",
    "GITATTRIBUTES",
    "GITIGNORE",
    "OTHER",
    "PROTECTED",
    "PROTECTED_FILE",
    "TAXONOMY_FILE",
    "Catalog",
    "Category",
    "Protected",
    "files",
    "from_plain",
    "initial_files",
    "new_id",
    "plain",
    "read",
    "shipped",
)

CURATED, PROTECTED = "curated", "protected"
PROTECTED_FILE, TAXONOMY_FILE = "protected.toml", "taxonomy.toml"

_OWN = (TAXONOMY_FILE, PROTECTED_FILE, MAINTAINERS, ALLOW)  # beside the entries
_KINDS = {SITES: "site", IMPORTED: "list"}  # a folder, and the blocks of its files
_CATEGORY_KEYS = ("id", "title", "include", "exclude")
_PROTECTED_KEYS = ("name", "kind", "from")
_ALLOW_KEYS = ("name", "until", "reason", "by", "at")
_SPEAKABLE = 40  # characters of a new id, before the number of a second one

# What every catalogue begins with, besides the packaged taxonomy.
GITATTRIBUTES = f"""\
# Digests and signatures are over octets: git must not change line ends.
* -text
# Lines of two branches both stay: each names the lines before it, so their order does not matter.
{JOURNAL} merge=union
"""
GITIGNORE = """\
/looks/
/releases/*.snapshot
/sources/
/.lock
/.staged
/.committed
"""
_INITIAL_MAINTAINERS = """\
# Who may change this catalogue, with their public keys. While nobody has a key, names are believed
# and every output says "unsigned". `blockfilter list maintainer add NAME --public KEY` adds one.
"""
_INITIAL_PROTECTED = """\
# Names of your own that no list may ever block, each with all names below it. The names that come
# with blockfilter (help lines, victim services) are protected besides these.
#
# [[protected]]
# name = "intranet.example.com"
# kind = "own-zone"
# from = "our own zone"
"""
_INITIAL_POPULAR = """\
# Well-known names that an entry should hardly ever meet, one a line, besides those that come with
# blockfilter: customers, suppliers, services that your organisation works with.
"""


class Category(NamedTuple):
    """What a rule may be listed for, and the written criteria for it."""

    id: str
    title: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]


class Protected(NamedTuple):
    """A name that stays open with all below it, what it is and why it is here."""

    name: str
    kind: str
    reason: str


class Catalog(NamedTuple):
    """The whole folder, in the order of file names and of blocks."""

    categories: tuple[Category, ...]
    dossiers: tuple[Dossier, ...]
    imported: tuple[ImportedList, ...]
    protected: tuple[Protected, ...]
    allowed: tuple[Allowed, ...]
    places: Mapping[str, str]  # an entry's id, and its file in the folder

    def entries(self) -> tuple[Entry, ...]:
        """The dossiers, then the lists."""
        return (*self.dossiers, *self.imported)

    def entry(self, id_: str) -> Entry | None:
        """The entry of an id."""
        return next((entry for entry in self.entries() if entry.id == id_), None)

    def by_name(self, text: str) -> list[Dossier]:
        """The dossiers, in whatever state, that speak of a name or have this text as a trigger."""
        try:
            name = names.from_text(text)
        except FormatError:  # an expression, perhaps
            return [site for site in self.dossiers if text in site.triggers()]
        return [site for site in self.dossiers if text in site.triggers() or _speaks(site, name)]


def _speaks(site: Dossier, name: bytes) -> bool:
    """Whether a trigger of a site spells a name or covers it."""
    shown = names.to_text(name)
    above = map(names.to_text, names.superdomains(name))
    if shown in (*site.exact, *site.site_names) or not set(site.names).isdisjoint(above):
        return True
    labels = [label.decode("latin-1") for label in names.split(name)]
    if not set(site.site_names).isdisjoint(labels) and left_of_suffix(labels) in site.site_names:
        return True
    return any(compile_patterns([pattern]).Match(shown) for pattern in site.patterns)


def left_of_suffix(labels: list[str]) -> str:
    """The label left of the public suffix: the longest that is listed, else the last label."""
    public = _public_suffixes()
    for at in range(len(labels)):
        if ".".join(labels[at:]) in public:
            return labels[at - 1] if at else ""
    return "".join(labels[-2:-1])


@lru_cache(maxsize=1)
def _public_suffixes() -> Wide:
    return Wide(suffixes.read(suffixes.suffix_file()).rules)


def shipped() -> Path:
    """The folder that comes with the package: inside of it when installed, beside it in a checkout."""
    package = Path(blockfilter.__file__).parent
    for folder in (package / "lists", package.parent / "lists"):
        if (folder / TAXONOMY_FILE).is_file():
            return folder
    raise ListError("the curated list is not where it belongs; install blockfilter again")


def initial_files() -> dict[str, bytes]:
    """What a new catalogue begins with: the packaged categories, and nobody and nothing listed."""
    taxonomy = shipped() / TAXONOMY_FILE
    try:
        octets = taxonomy.read_bytes()
    except OSError as error:
        raise ListError(
            f"{taxonomy}: cannot be read ({error.strerror}); install blockfilter again"
        ) from error
    texts = {
        MAINTAINERS: _INITIAL_MAINTAINERS,
        PROTECTED_FILE: _INITIAL_PROTECTED,
        POPULAR: _INITIAL_POPULAR,
        ".gitattributes": GITATTRIBUTES,
        ".gitignore": GITIGNORE,
    }
    return {TAXONOMY_FILE: octets} | {name: text.encode() for name, text in texts.items()}


def new_id(site: str, taken: Collection[str]) -> str:
    """A short id that can be spoken: "find-hot-escorts", and "find-hot-escorts-2" after it."""
    ascii_only = unicodedata.normalize("NFKD", site).encode("ascii", "ignore").decode().lower()
    whole = "-".join(re.findall("[a-z0-9]+", ascii_only.replace("'", "")))
    short = whole[:_SPEAKABLE]
    if len(whole) > _SPEAKABLE and "-" in short and whole[_SPEAKABLE] != "-":
        short = short.rpartition("-")[0]  # whole words only
    short = short.strip("-") or "site"
    ids = (short if number == 1 else f"{short}-{number}" for number in count(1))
    return next(id_ for id_ in ids if id_ not in taken and id_ not in RESERVED)


def files(folder: Path) -> list[Path]:
    """The files that `read` reads, by name."""
    own = [folder / name for name in (TAXONOMY_FILE, PROTECTED_FILE, ALLOW)]
    blocks = [folder / name for place in _KINDS for name in _names(folder, place)]
    return sorted(path for path in (*own, *blocks) if path.is_file())


def read(path: Path, wide: Wide) -> Catalog:
    """The whole folder; `wide` are the names nothing may be listed under. ListError: mistakes."""
    problems: list[str] = []
    categories = tuple(_categories(_whole(path, TAXONOMY_FILE, problems)))
    protected = tuple(_protected(_whole(path, PROTECTED_FILE, problems), wide))
    allow = (path / ALLOW).exists()
    allowed = tuple(_allowed(_whole(path, ALLOW, problems))) if allow else ()
    known = {category.id for category in categories} or None  # none: the file is broken
    entries = Entries(wide, known, problems)
    found: list[Entry] = []
    places: dict[str, str] = {}
    for place, kind in _KINDS.items():
        for name in _names(path, place):
            file = _whole(path, name, problems)
            file.known((kind,))
            for block in file.blocks(kind):
                entry = entries.entry(block, kind)
                found.append(entry)
                places.setdefault(entry.id, name)
    problems += _misplaced(path)
    if problems:
        raise ListError("\n".join(f"{path}/{problem}" for problem in problems))
    dossiers = tuple(entry for entry in found if isinstance(entry, Dossier))
    imported = tuple(entry for entry in found if isinstance(entry, ImportedList))
    return Catalog(categories, dossiers, imported, protected, allowed, places)


def _names(folder: Path, place: str) -> list[str]:
    """The files of entries in a part of the folder, by name."""
    paths = (folder / place).glob("*.toml")
    return sorted(f"{place}/{path.name}" for path in paths if not path.name.startswith("."))


def _whole(folder: Path, name: str, problems: list[str]) -> Block:
    """A file as one block, empty where it cannot be read."""
    return Block(name, reader.table(folder, name, problems) or {}, problems)


def _categories(file: Block) -> Iterator[Category]:
    file.known(("category",))
    seen: set[str] = set()
    for block in file.blocks("category"):
        block.known(_CATEGORY_KEYS)
        id_, title = block.text("id", needed=True), block.text("title", needed=True)
        if id_ and not reader.ID.fullmatch(id_):
            block.wrong("id holds more than a-z, 0-9 and single hyphens; correct it")
        if id_ in seen:
            block.wrong("has the id of another category; choose another")
        seen.add(id_)
        yield Category(id_, title, block.texts("include"), block.texts("exclude"))


def _protected(file: Block, wide: Wide) -> Iterator[Protected]:
    file.known(("protected",))
    seen: set[str] = set()
    for block in file.blocks("protected"):
        block.known(_PROTECTED_KEYS)
        text, kind, reason = (block.text(key, needed=True) for key in _PROTECTED_KEYS)
        name = _open(block, text, partial(listable.subtree, wide=wide))
        if name and name in seen:
            block.wrong(f'"{name}" is listed already; remove one of them')
        seen.add(name)
        yield Protected(name, kind, reason)


def _allowed(file: Block) -> Iterator[Allowed]:
    file.known(("allow",))
    for block in file.blocks("allow"):
        block.known(_ALLOW_KEYS)
        name = _open(block, block.text("name", needed=True), listable.plain)
        reason, by = block.text("reason"), block.text("by", needed=True)
        yield Allowed(name, block.moment("until"), reason, by, block.moment("at"))


def _open(block: Block, text: str, check: Callable[[str], bytes]) -> str:
    """The canonical text of a name that is to stay open."""
    if not text:
        return ""  # which is said already
    try:
        return names.to_text(check(text))
    except FormatError as error:
        block.wrong(f'"{text}" cannot be listed: {error}; correct it')
        return ""


def _misplaced(folder: Path) -> Iterator[str]:
    """Files beside the others, whose entries would not be read."""
    for path in sorted(folder.glob("*.toml")):
        table = {} if path.name in _OWN else reader.table(folder, path.name, []) or {}
        for place, kind in _KINDS.items():
            if kind in table:
                yield f"{path.name}: has blocks [[{kind}]], which are read in {place}/; move it there"
