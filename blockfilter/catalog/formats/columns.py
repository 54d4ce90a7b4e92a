"""CSV: one column of names as a list, or rows that are to become dossiers.

A list's column is called domain, name, host, hostname or fqdn; a name stands for itself and all
below it. A file whose header has the columns site and category is of dossiers.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping

from blockfilter.catalog.formats import naming
from blockfilter.catalog.formats.listing import Listing
from blockfilter.errors import FormatError, ListError
from blockfilter.policy.rule import Action, Rule, Trigger

NAME_COLUMNS = ("domain", "name", "host", "hostname", "fqdn")
DOSSIER_COLUMNS = frozenset(("site", "category"))
_DELIMITERS = ",;\t|"
_COMMENT = "#"

Row = Mapping[str, str]


def header(line: bytes) -> list[str]:
    """The columns a first line names, in lower case."""
    text = line.decode("utf-8", "replace").lstrip("\ufeff")
    found = next(csv.reader([text], delimiter=_delimiter(text)), [])
    return [column.strip().lower() for column in found]


def read(listing: Listing) -> Iterator[Rule]:
    """The rules of the column of names."""
    trigger, column = listing.trigger or Trigger.SUBTREE, ""
    for number, row in rows(listing):
        column = column or next((one for one in NAME_COLUMNS if one in row), "")
        if not column:
            wanted = ", ".join(NAME_COLUMNS)
            raise ListError(f"{listing.path}: has no column of names; call one of them {wanted}")
        if not row[column]:
            listing.refuse(number, b"", "a row without a name")
            continue
        try:
            name = naming.listed(row[column].encode(), trigger, listing.wide)
        except FormatError as error:
            listing.refuse(number, b"", error)
            continue
        yield Rule(trigger, name, listing.category, "", Action.BLOCK, listing.mode)


def rows(listing: Listing) -> Iterator[tuple[int, Row]]:
    """The rows below the header by lower-case column, each with the number of its last line."""
    lines = _Text(listing.lines())
    first = next(lines, "")
    if not first:
        return
    names, delimiter = header(first.encode()), _delimiter(first)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListError(
                f"{listing.path}: line {lines.number} is no CSV ({error}); mend it"
            ) from error
        if len(row) > len(names):
            listing.refuse(lines.number, b"", "more columns than the header has")
        elif any(cell.strip() for cell in row):
            cells = [cell.strip() for cell in row] + [""] * (len(names) - len(row))
            yield lines.number, dict(zip(names, cells, strict=True))


def _delimiter(text: str) -> str:
    return max(_DELIMITERS, key=text.count)


class _Text(Iterator[str]):
    """Lines as text, without comments; `number` is the last one's."""

    def __init__(self, lines: Iterable[tuple[int, bytes]]) -> None:
        self._lines = iter(lines)
        self.number = 0

    def __next__(self) -> str:
        while True:
            self.number, line = next(self._lines)
            text = line.decode("utf-8", "replace")
            if text.strip() and not text.startswith(_COMMENT):
                return text
