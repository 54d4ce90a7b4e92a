"""CSV rows that are to become dossiers, a site each.

=====================  ===========================================================================
column                 value
=====================  ===========================================================================
site, category         as in `list propose`; a file with both of them is of dossiers
names (domain, name)   names with all below them, apart from each other by spaces
exact, site-names,     names alone, labels left of a public suffix, RE2 expressions, names below
patterns, except       that stay open; apart from each other by spaces
criterion, source,     as in `list propose`
licence, note
evidence,              references, and of what dates, apart from each other by " | "; a single date
evidence-date          is of all, and without one it is today's
review, expires        dates, 2027-01-31
=====================  ===========================================================================

Other columns are an error: what is spelt wrongly must not be lost.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from blockfilter.catalog.formats import columns
from blockfilter.catalog.formats.columns import Row
from blockfilter.catalog.formats.listing import Listing, Refused
from blockfilter.catalog.site import Dossier, Evidence, State
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError
from blockfilter.policy.rule import Mode

MAX_ROWS = 2_000  # in one go; each waits for a person to read it
BETWEEN = " | "
COLUMNS = (
    *("site", "category", "names", "exact", "site-names", "patterns", "except"),
    *("criterion", "evidence", "evidence-date", "source", "licence", "review", "expires", "note"),
)
_NAMES = ("names", "domain", "name")


def read(
    path: Path, wide: Wide, refused: Refused, *, today: date, source: str = "", licence: str = ""
) -> Iterator[tuple[int, Dossier]]:
    """Each row's number and what it proposes, without an id; `source` and `licence` are of rows
    that have none. ListError: the file is refused whole."""
    listing = Listing(path, "", Mode.ENFORCE, wide, refused)
    for count, (number, row) in enumerate(columns.rows(listing)):
        if not count:
            _check_columns(path, row)
        if count >= MAX_ROWS:
            raise ListError(f"{path}: has more than {MAX_ROWS} rows; split it")
        try:
            dossier = _dossier(row, today, source, licence)
        except FormatError as error:
            refused.note(number, str(error))
        else:
            yield number, dossier


def _check_columns(path: Path, row: Row) -> None:
    if wrong := sorted(set(row) - {*COLUMNS, *_NAMES}):
        known = ", ".join(COLUMNS)
        raise ListError(f'{path}: has a column "{wrong[0]}"; the columns of dossiers are {known}')


def _dossier(row: Row, today: date, source: str, licence: str) -> Dossier:
    def words(*keys: str) -> tuple[str, ...]:
        return tuple(word for key in keys for word in row.get(key, "").split())

    if not row["site"] or not row["category"]:
        raise FormatError("a row without a site or a category")
    return Dossier(
        id="",
        site=row["site"],
        category=row["category"],
        state=State.PROPOSED,
        criterion=row.get("criterion", ""),
        names=words(*_NAMES),
        exact=words("exact"),
        site_names=words("site-names"),
        patterns=words("patterns"),
        exceptions=words("except"),
        evidence=_evidence(row, today),
        source=row.get("source") or source,
        licence=row.get("licence") or licence,
        review=_day(row.get("review", "")),
        expires=_day(row.get("expires", "")),
        note=row.get("note", ""),
    )


def _evidence(row: Row, today: date) -> tuple[Evidence, ...]:
    references = [one.strip() for one in row.get("evidence", "").split(BETWEEN) if one.strip()]
    days = [_day(one.strip()) for one in row.get("evidence-date", "").split(BETWEEN) if one.strip()]
    if len(days) > 1 and len(days) != len(references):
        raise FormatError("other numbers of evidence and of evidence-date")
    if len(days) <= 1:
        days = (days or [today]) * len(references)
    return tuple(
        Evidence(reference=reference, date=day or today)
        for reference, day in zip(references, days, strict=True)
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FormatError("a date that is none; write it as 2027-01-31") from error
