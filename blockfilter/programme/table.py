"""Activities as CSV, both ways: what is written reads back to the same entries.

The first line names the columns, in any order; `kind`, `people` and `date` must be there. Fields
are separated by commas, semicolons or tabs, whichever the first line uses. Nothing is guessed: a
line that is not understood is wrong, and every wrong line is told with its number and its causes.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from blockfilter.errors import ProgrammeError, RefusedError
from blockfilter.programme import values
from blockfilter.programme.activity import Entry, channel_of, kind_of, made
from blockfilter.programme.known import Line

COLUMNS = (
    *("kind", "people", "date", "span_end", "channel", "office", "topics", "distinct"),
    *("source", "note"),
)
NEEDED = COLUMNS[:3]
MOST_BYTES = 16 << 20  # a hundred thousand long lines; more is another file
MOST_LINES = 100_000  # fifty years of five notices a day
_SEPARATORS = ",;\t"
_TRUTH = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}


class Wrong(NamedTuple):
    """A line that cannot be used, and why."""

    number: int
    cause: str


class Read(NamedTuple):
    """What a file holds. Where any line is wrong, none is to be used."""

    lines: tuple[Line, ...]
    wrong: tuple[Wrong, ...]


def read(octets: bytes, offices: Collection[str], today: date) -> Read:
    """Read a file; ProgrammeError where it is none of activities at all."""
    lines: list[Line] = []
    wrong: list[Wrong] = []
    for number, cells, cause in _records(_text(octets)):
        try:
            if cause:
                raise ValueError(cause)  # noqa: TRY301  # the same way as every other cause
            lines.append(Line(number, _entry(cells, offices, today)))
        except (ValueError, RefusedError) as error:
            wrong.append(Wrong(number, str(error)))
        if len(lines) + len(wrong) > MOST_LINES:
            raise ProgrammeError(f"has more than {MOST_LINES} lines; import it in parts")
    return Read(tuple(lines), tuple(wrong))


def write(entries: Iterable[Entry]) -> str:
    """Entries as CSV that `read` reads back."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in entries:
        ended = "" if one.last == one.first else one.last.isoformat()
        writer.writerow(
            (
                *(one.kind, one.people, one.first.isoformat(), ended, one.channel, one.office),
                *(" ".join(one.topics), "yes" if one.distinct else "no", one.source, one.note),
            )
        )
    return file.getvalue()


def _text(octets: bytes) -> str:
    if len(octets) > MOST_BYTES:
        raise ProgrammeError(f"is larger than {MOST_BYTES >> 20} MiB; import it in parts")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = octets.count(b"\n", 0, error.start) + 1
        raise ProgrammeError(
            f"line {number} is not UTF-8; save it as CSV UTF-8 in the spreadsheet"
        ) from None


def _records(text: str) -> Iterator[tuple[int, Mapping[str, str], str]]:
    """The records below the first line: its line's number, its cells, and why it is none.

    Empty lines are passed over.
    """
    head, separator = _head(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begun = 1
    while True:
        cells, cause = [], ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cause = f"is no CSV: {error}"
        number, begun = begun, reader.line_num + 1
        if any(one.strip() for one in cells[len(head) :]):
            cause = f"has {len(cells)} fields, more than the first line has columns"
        if number > 1 and (cause or any(one.strip() for one in cells)):
            yield number, dict(zip(head, map(str.strip, cells), strict=False)), cause


def _head(text: str) -> tuple[list[str], str]:
    """The columns' names and what separates them."""
    first = (text.splitlines() or [""])[0]
    separator = max(_SEPARATORS, key=first.count)
    head = [one.strip().strip('"').casefold() for one in first.split(separator)]
    while head and not head[-1]:
        head.pop()  # a spreadsheet's empty columns on the right
    unknown = ", ".join(values.shown(one) for one in head if one not in COLUMNS)
    missing = ", ".join(one for one in NEEDED if one not in head)
    if missing or unknown:
        wrong = f"names no column {missing}" if missing else f"names {unknown}, which is no column"
        raise ProgrammeError(
            f"line 1 {wrong}; the first line names the columns, which are {','.join(COLUMNS)}"
        )
    if len(set(head)) < len(head):
        raise ProgrammeError("line 1 names a column twice; keep one of them")
    return head, separator


def _entry(cells: Mapping[str, str], offices: Collection[str], today: date) -> Entry:
    """The entry of a record. ValueError with every cause, or RefusedError."""
    found: dict[str, Any] = {}
    causes: list[str] = []
    for column in COLUMNS:
        try:
            found[column] = _cell(column, cells.get(column, ""), found, offices)
        except ValueError as error:
            causes.append(f"{column}: {error}")
    if causes:
        raise ValueError("; ".join(causes))
    first, last = found.pop("date"), found.pop("span_end")
    return made(first=first, last=last, today=today, **found)


def _cell(
    column: str, text: str, found: Mapping[str, Any], offices: Collection[str]
) -> object:  # of the column's type
    """The value of a cell; those of the columns before it are in `found`."""
    match column:
        case "kind":
            return kind_of(text)
        case "people":
            return values.people(text)
        case "date":
            return values.day(text)
        case "span_end":
            return values.day(text) if text else None
        case "channel":
            return channel_of(found["kind"], text) if "kind" in found else ""
        case "topics":
            return text.replace(",", " ").split()
        case "distinct":
            return _truth(text)
        case "office" if text and text != "all" and text not in offices:
            raise ValueError(f"{values.shown(text)} is no office of this organisation")
        case "source" | "note":
            return values.line(text)
    return text


def _truth(text: str) -> bool:
    if text.casefold() not in _TRUTH:
        raise ValueError(f"{values.shown(text)} is neither yes nor no")
    return _TRUTH[text.casefold()]
