"""A published list on its way into a catalogue: its rules in a file of their own, and what was not
taken of it, by cause.

Nothing of the catalogue changes here; the file is the caller's, to keep or to remove.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog.body import INCOMING
from blockfilter.catalog.folder import RULES
from blockfilter.catalog.formats import columns, detect, reading
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.formats.lines import numbered
from blockfilter.catalog.formats.listing import Cause, Refused
from blockfilter.catalog.progress import Progress, silent
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, ListError, StateError
from blockfilter.policy.rule import Mode, Rule, Trigger

AUTO = "auto"
_TOLD = 20_000  # rules between two reports of progress


class Brought(NamedTuple):
    """A list that was read."""

    format: str
    sha256: str  # of the file of rules
    rules: int
    refused: int
    causes: tuple[Cause, ...]  # the most frequent first
    first: tuple[tuple[int, str], ...]  # the first refused lines: number and cause
    file: Path


def bring(
    source: Path,
    folder: Path,
    *,
    format: str = AUTO,
    trigger: Trigger | None = None,
    category: str,
    mode: Mode,
    wide: Wide,
    progress: Progress = silent,
) -> Brought:
    """Read `source` and write its rules into the catalogue's `folder`, under a name to be changed.

    ListError: it is no list, and nothing was written. StateError: the folder cannot be written to.
    """
    written_in = detect(source) if format == AUTO else format
    refused = Refused()
    found = reading.rules(
        source,
        written_in,
        category=category,
        mode=mode,
        wide=wide,
        refused=refused,
        trigger=trigger,
    )
    path = _new_file(folder)
    try:
        written = rules_format.write(_told(found, progress), path, category=category, mode=mode)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(folder, error) from error
        if isinstance(error, FormatError):
            raise ListError(f"{source}: {error}") from error
        raise
    first = tuple(refused.first)
    return Brought(
        written_in, written.sha256, written.rules, refused.count, refused.table, first, path
    )


def holds_dossiers(source: Path, format_: str) -> bool:
    """Whether it is CSV whose rows are to become dossiers."""
    if format_ not in (AUTO, "csv"):
        return False
    for _, line in numbered(source):
        if line.strip() and not line.startswith(b"#"):
            return set(columns.header(line)) >= columns.DOSSIER_COLUMNS
    return False


def _told(rules: Iterator[Rule], progress: Progress) -> Iterator[Rule]:
    for number, rule in enumerate(rules, 1):
        if not number % _TOLD:
            progress("reading rules", number, 0)
        yield rule


def _new_file(folder: Path) -> Path:
    try:
        (folder / RULES).mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(suffix=INCOMING, dir=folder / RULES, delete=False) as file:
            return Path(file.name)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> StateError:
    return StateError(
        f"{folder}: cannot be written ({error.strerror}); check its owner and the space left"
    )
