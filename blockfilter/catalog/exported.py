"""A release, written for others: as other resolvers' lists, as rules, as rows of dossiers.

What is written is what the release comes to: modes, exceptions and protected names are worked out,
disputes of today included, and an export blocks nothing that a server would leave open. Names that
were given under terms that forbid passing them on are refused, unless their entries are left out.
"""

import csv
import io
import mmap
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blockfilter.catalog import candidate, licence, manifest, rows, snapshots, standing, store
from blockfilter.catalog.folder import RULES as RULES_FOLDER
from blockfilter.catalog.formats import flat, writing
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.inputs import Inputs
from blockfilter.catalog.manifest import Manifest
from blockfilter.catalog.progress import Progress, silent
from blockfilter.catalog.site import IN_FORCE, Dossier, Entry, ImportedList
from blockfilter.catalog.store import Catalog
from blockfilter.errors import ListError, RefusedError
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Mode, Role, Rule
from blockfilter.policy.snapshot import Snapshot

RULES, ROWS = "rules", "csv"
NOT_DOSSIERS = "lists, which are no dossiers"
_NAMED = 10  # entries named in one error


class Exported(NamedTuple):
    """What was written."""

    serial: int
    blocked: int  # names; of rules and csv, how many there are
    opened: int  # exceptions
    left: Counter[str]  # what the format cannot say, by reason


def export(
    catalog: Catalog,
    folder: Path,
    format_: str,
    out: BinaryIO,
    *,
    now: datetime,
    serial: int | None = None,
    without: Collection[str] = (),
    progress: Progress = silent,
) -> Exported:
    """Write a release, the one in force unless `serial` names another.

    ListError: there is none. RefusedError: it holds what must not be passed on.
    """
    found = manifest.known(folder, serial) if serial else manifest.in_force(folder)
    if found is None:
        raise ListError(
            f"{folder}: no release has been made; blockfilter list release makes the first"
        )
    _check_ids(catalog, without)
    entries = [one for one in _entries(catalog, found) if one.id not in without]
    _check_licences(entries)
    if format_ == ROWS:
        return _rows(found, entries, out)
    kept = found._replace(lists=tuple(one for one in found.lists if one.id not in without))
    if format_ == RULES:
        return _rules(kept, folder, frozenset(without), out)
    header = writing.Header(
        found.serial, found.date, tuple(sorted({one.licence for one in entries if one.licence}))
    )
    with tempfile.TemporaryDirectory(prefix="blockfilter-") as place:
        policy = _policy(kept, folder, Path(place), frozenset(without), now)
        left: Counter[str] = Counter()
        flats = flat.flat(policy, left)
        done = writing.write(format_, flats, left, header, out, progress)
    return Exported(found.serial, done.blocked, done.opened, done.left)


def _check_ids(catalog: Catalog, ids: Collection[str]) -> None:
    for id_ in ids:
        if catalog.entry(id_) is None:
            raise ListError(
                f'no entry has the id "{id_}"; blockfilter list find TEXT looks for one'
            )


def _entries(catalog: Catalog, found: Manifest) -> Iterator[Entry]:
    """The entries a release speaks of, as they are today."""
    for entry in catalog.entries():
        if isinstance(entry, ImportedList):
            if found.listed(entry.id):
                yield entry
        elif entry.state in IN_FORCE:
            yield entry


def _check_licences(entries: Collection[Entry]) -> None:
    bound = [one.id for one in entries if not licence.may_redistribute(one.licence)]
    if bound:
        named = ", ".join(bound[:_NAMED]) + (", ..." if len(bound) > _NAMED else "")
        options = " ".join(f"--without {id_}" for id_ in bound[:_NAMED])
        raise RefusedError(
            f"{named}: the terms their names were given under forbid passing them on; leave them "
            f"out with {options}"
        )


def _policy(
    found: Manifest, folder: Path, place: Path, without: frozenset[str], now: datetime
) -> Policy:
    """The policy of a release alone, without some entries."""
    (place / RULES_FOLDER).mkdir()
    lists = []
    for listed in found.lists:
        if listed.id == store.CURATED and without:
            new, kept = place / "curated", _without(listed, folder, without)
            mode = Mode(listed.mode)
            written = rules_format.write(kept, new, category=listed.category, mode=mode)
            lists.append(listed._replace(rules=written.rules, sha256=written.sha256))
            new.rename(manifest.rules_file(place, lists[-1]))
        else:
            lists.append(listed)
    found = found._replace(lists=tuple(lists))
    candidate.lay_out(found, folder, standing.standing(folder), place)
    inputs = Inputs((str(place),), (), ())
    path = snapshots.current(inputs, place / "state", now).path
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Policy(Snapshot(memoryview(mapped)))


def _without(listed: manifest.Listed, folder: Path, without: frozenset[str]) -> Iterator[Rule]:
    path = manifest.rules_file(folder, listed)
    for rule in rules_format.read(path, category=listed.category, mode=Mode(listed.mode)):
        if rule.site not in without:
            yield rule


def _rules(found: Manifest, folder: Path, without: frozenset[str], out: BinaryIO) -> Exported:
    """The catalogue's own text of all its lists; what is in monitor mode says so."""
    disputed = frozenset(standing.standing(folder).disputed)

    def every() -> Iterator[Rule]:
        for listed in found.lists:
            if listed.role != Role.BLOCK:
                continue
            for rule in _without(listed, folder, without):
                soft = listed.id in disputed or rule.site in disputed
                yield rule._replace(mode=Mode.MONITOR) if soft else rule

    with tempfile.TemporaryDirectory(prefix="blockfilter-") as place:
        path = Path(place) / "rules"
        written = rules_format.write(every(), path, category="", mode=Mode.ENFORCE)
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                out.write(piece)
    return Exported(found.serial, written.rules, 0, Counter())


def _rows(found: Manifest, entries: Collection[Entry], out: BinaryIO) -> Exported:
    """The dossiers in force, in the columns that an import reads."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows.COLUMNS, lineterminator="\n")
    writer.writeheader()
    count, left = 0, Counter[str]()
    for entry in entries:
        if isinstance(entry, Dossier):
            writer.writerow(_row(entry))
            count += 1
        else:
            left[NOT_DOSSIERS] += 1
    out.write(text.getvalue().encode())
    return Exported(found.serial, count, 0, left)


def _row(dossier: Dossier) -> dict[str, str]:
    return {
        "site": dossier.site,
        "category": dossier.category,
        "names": " ".join(dossier.names),
        "exact": " ".join(dossier.exact),
        "site-names": " ".join(dossier.site_names),
        "patterns": " ".join(dossier.patterns),
        "except": " ".join(dossier.exceptions),
        "criterion": dossier.criterion,
        "evidence": rows.BETWEEN.join(one.reference for one in dossier.evidence),
        "evidence-date": rows.BETWEEN.join(one.date.isoformat() for one in dossier.evidence),
        "source": dossier.source,
        "licence": dossier.licence,
        "review": dossier.review.isoformat() if dossier.review else "",
        "expires": dossier.expires.isoformat() if dossier.expires else "",
        "note": dossier.note,
    }
