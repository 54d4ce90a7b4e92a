"""Catalogues for tests, made by the same modules as real ones.

    catalog = made(tmp_path / "own", names=["a.example"], imported={"ads": "b.example\n"})

Ada proposes and Ben approves, neither with a key; the release is theirs. `laid` writes a release
of any rules, past people and gate.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from blockfilter.catalog import compiler, making, release, snapshots, store, suffixes
from blockfilter.catalog.folder import Folder, create
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.keeper import Keeper
from blockfilter.catalog.manifest import Listed, Manifest, manifest_name, rules_file, stamp
from blockfilter.catalog.site import Dossier, Evidence, ImportedList
from blockfilter.catalog.snapshots import Compiled, Inputs
from blockfilter.catalog.suffixes import Wide
from blockfilter.message import name as wire
from blockfilter.policy.rule import Mode, Role, Rule, Trigger

WIDE = Wide(("example", "test", "com", "org", "net", "uk", "co.uk", "de"))
START = datetime(2026, 11, 23, 9, 17, 5, tzinfo=UTC)
ADA, BEN = Actor("ada", None), Actor("ben", None)
CATEGORY = "escort-ads"


@contextmanager
def compiling_here() -> Iterator[None]:
    """Compile in this process, with suffixes that are read once: a child takes half a second."""
    read, once = suffixes.read, suffixes.read(suffixes.suffix_file())
    current = snapshots.current

    def compiled(inputs: Inputs, state: Path, now: datetime | None = None) -> Compiled:
        path = compiler.compiled(inputs, state / snapshots.FOLDER, now or datetime.now(UTC))
        return Compiled(path, snapshots.Report((), ()))

    suffixes.read = lambda file: once
    making.current = compiled  # type: ignore[attr-defined]  # the name it calls it by
    try:
        yield
    finally:
        suffixes.read = read
        making.current = current  # type: ignore[attr-defined]


class Catalogue:
    """A catalogue with two people who keep it, and a clock that goes on when it is told to."""

    def __init__(self, path: Path, proposer: Actor = ADA, approver: Actor = BEN) -> None:
        self.path = path
        self.folder = Folder(path)
        self.now = START
        self.proposer, self.approver = proposer, approver

    def keeper(self, actor: Actor | None = None) -> Keeper:
        """What a person can do."""
        return Keeper(self.path, WIDE, actor or self.proposer, lambda: self.now)

    def passes(self, **time: float) -> None:
        """Let time pass, as timedelta names it."""
        self.now += timedelta(**time)

    def site(
        self,
        title: str,
        names: Iterable[str] = (),
        *,
        exact: Iterable[str] = (),
        site_names: Iterable[str] = (),
        patterns: Iterable[str] = (),
        expires: date | None = None,
        approved: bool = True,
    ) -> str:
        """Propose a site, and approve it; the id it was given."""
        triggers = {
            Trigger.SUBTREE: tuple(names),
            Trigger.EXACT: tuple(exact),
            Trigger.SITE_NAME: tuple(site_names),
            Trigger.PATTERN: tuple(patterns),
        }
        entry: Dossier = self.keeper().propose(
            title,
            {trigger: values for trigger, values in triggers.items() if values},
            category=CATEGORY,
            criterion="sells what its category says",
            evidence=[Evidence(reference="seen by the tests", date=START.date())],
            source="tests",
            licence="CC0-1.0",
            expires=expires,
        )
        if approved:
            self.move(entry.id, "approve")
        return entry.id

    def bring(
        self,
        title: str,
        text: str,
        *,
        mode: Mode = Mode.ENFORCE,
        url: str = "",
        approved: bool = True,
    ) -> str:
        """Import a list (format domains), and approve it; the id it was given."""
        from blockfilter.catalog import imported as imported_lists

        file = self.path.parent / f"{title}.txt"
        file.write_text(text)
        brought = imported_lists.bring(
            file, self.path, format="domains", category=CATEGORY, mode=mode, wide=WIDE
        )
        entry: ImportedList = self.keeper().bring(
            brought,
            title=title,
            category=CATEGORY,
            source="tests",
            licence="CC0-1.0",
            mode=mode,
            url=url,
        )
        if approved:
            self.move(entry.id, "approve")
        return entry.id

    def move(self, id_: str, what: str, reason: str = "for the tests") -> None:
        """A move, by the second person."""
        self.keeper(self.approver).move(id_, what, reason)

    def release(self, notes: str = "", *, by: Actor | None = None, force: str = "") -> Manifest:
        """Make a release."""
        return release.make(
            self.folder,
            WIDE,
            by or self.proposer,
            notes=notes,
            force_reason=force or None,
            now=self.now,
        )

    def rollback(self, serial: int, reason: str = "for the tests") -> Manifest:
        """Go back."""
        return release.rollback(self.folder, WIDE, self.proposer, serial, reason, self.now)


def made(
    path: Path,
    *,
    names: Sequence[str] = (),
    sites: Mapping[str, Sequence[str]] | None = None,
    imported: Mapping[str, str] | None = None,
    protected: Sequence[str] = (),
    released: bool = True,
) -> Catalogue:
    """A catalogue with a site of these names, other sites, lists and protected names."""
    files = store.initial_files()
    for name in protected:
        block = f'\n[[protected]]\nname = "{name}"\nkind = "own-zone"\nfrom = "tests"\n'
        files["protected.toml"] += block.encode()
    create(path, files)
    catalogue = Catalogue(path)
    if names:
        catalogue.site("Listed Site", names)
    for title, listed in (sites or {}).items():
        catalogue.site(title, listed)
    for title, text in (imported or {}).items():
        catalogue.bring(title, text)
    if released:
        catalogue.release()
    return catalogue


def rule(text: str, site: str = "", category: str = CATEGORY) -> Rule:
    """A name and all below it."""
    return Rule(Trigger.SUBTREE, wire.from_text(text), category, site)


def laid(
    path: Path,
    lists: Mapping[str, Sequence[Rule]],
    *,
    expires: Mapping[str, str] | None = None,
    modes: Mapping[str, Mode] | None = None,
) -> Manifest:
    """The next release of a folder, of these rules; it is in force."""
    for folder in (path / "rules", path / "releases"):
        folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for list_id, rules in lists.items():
        mode = (modes or {}).get(list_id, Mode.ENFORCE)
        category = "" if list_id == store.CURATED else CATEGORY
        role = Role.PROTECTED if list_id == store.PROTECTED else Role.BLOCK
        new = path / "rules/new"
        done = rules_format.write(rules, new, category=category, mode=mode)
        one = Listed(list_id, role.value, category, mode.value, done.rules, done.sha256)
        new.replace(rules_file(path, one))
        listed.append(one)
    serial = max(release.serials(path), default=0) + 1
    previous = serial - 1 or None
    made_ = Manifest(serial, stamp(START), "ada", "", previous, None, tuple(listed), expires or {})
    (path / manifest_name(serial)).write_bytes(made_.octets())
    (path / "releases/current").write_bytes(made_.pointer)
    return made_
