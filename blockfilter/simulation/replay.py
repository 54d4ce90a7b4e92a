"""Given visits, from a CSV file: read strictly, whole or not at all.

The first line names the columns, in any order: ``at``, ``client`` and ``qname``. Nothing is
guessed: every wrong line is told with its number and its cause.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import TextIO

from blockfilter.errors import FormatError, StateError
from blockfilter.message import name as wire
from blockfilter.simulation.visits import START, Plan, Visit

COLUMNS = ("at", "client", "qname")
MOST_VISITS = 1_000_000  # two for each working day of 2,000 people; they are in memory, in 300 MB
SHOWN = 20  # wrong lines that are told: a file of the wrong kind has nothing else


def read(path: Path, plan: Plan) -> list[Visit]:
    """The visits of a file, in order of time. StateError with a line for each that is wrong."""
    found: list[Visit] = []
    wrong: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in _rows(path, file):
                try:
                    found.append(_visit(row, plan.last))
                except ValueError as error:
                    wrong.append(f"{path}: line {number}: {error}")
                if len(found) + len(wrong) > MOST_VISITS:
                    raise StateError(f"{path}: has more than {MOST_VISITS:,} visits; replay fewer")
    except OSError as error:
        raise StateError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise StateError(f"{path}: is no CSV file in UTF-8") from error
    if wrong:
        more = f" ({len(wrong) - SHOWN} more are not shown)" if len(wrong) > SHOWN else ""
        of = len(wrong) + len(found)
        last = f"{path}: nothing was replayed: {len(wrong)} of {of} visits are wrong{more}"
        raise StateError("\n".join([*wrong[:SHOWN], last]))
    return sorted(found)


def _rows(path: Path, file: TextIO) -> Iterator[tuple[int, Mapping[str, str] | Sequence[str]]]:
    """The lines below the first, with their numbers; as a mapping where they fit the columns."""
    rows = csv.reader(file)
    columns = [one.strip() for one in next(rows, [])]
    if sorted(columns) != sorted(COLUMNS):
        raise StateError(f"{path}: its first line must name the columns: {','.join(COLUMNS)}")
    for row in rows:
        if row:  # an empty line is none
            cells = [one.strip() for one in row]
            fits = len(cells) == len(columns)
            yield rows.line_num, dict(zip(columns, cells, strict=True)) if fits else cells


def _visit(row: Mapping[str, str] | Sequence[str], last: date) -> Visit:
    """ValueError says what is wrong, without what it is wrong with."""
    if not isinstance(row, Mapping):
        raise ValueError(f"has {len(row)} fields; {len(COLUMNS)} are needed")  # noqa: TRY004  # of a line
    at = _moment(row["at"])
    if not START <= at.date() <= last:
        raise ValueError(f"at lies outside {START} to {last}; see --weeks")
    try:
        IPv4Address(row["client"])
    except AddressValueError:
        raise ValueError("client is no IPv4 address; simulated clients are IPv4") from None
    try:
        wire.from_text(row["qname"])
    except FormatError as error:
        raise ValueError(f"qname is no domain name: {error}") from None
    return Visit(at, row["client"], row["qname"])


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or not set(text) & set("T "):  # a day alone would be midnight
        raise ValueError("at is no time; write 2026-01-05T14:03:00, in the local time")
    if at.tzinfo is not None:
        raise ValueError("at has a time zone; write the local time without one")
    return at
