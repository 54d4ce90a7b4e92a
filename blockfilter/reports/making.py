"""From a state directory to a report: the figures, the programme, the period that is asked for."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from blockfilter.counts import tables
from blockfilter.counts.calendar import Period
from blockfilter.counts.reader import Reader
from blockfilter.errors import StateError
from blockfilter.programme.store import NAME, Store
from blockfilter.reports import asked, figures, page, table
from blockfilter.reports.attempts import Book
from blockfilter.reports.efforts import Efforts, efforts
from blockfilter.reports.figures import Blocked, Report

COUNTS = "counts.db"  # what `counts.reader` reads
FORMATS: dict[str, Callable[[Report], str]] = {
    "html": page.html,
    "csv": table.whole_csv,
    "json": table.whole,
    "md": page.markdown,
}


def make(
    state: Path,
    period: Period | None,
    blocked: Callable[[], Blocked],
    *,
    today: date,
    counting: bool,
) -> Report:
    """The report of a state directory. StateError where there is nothing to report on yet.

    Without counts there is one of the programme alone, if nothing is ever counted: the organisation
    is too small, or counting is switched off.
    """
    book = _book(state, today, counting=counting)
    wanted, newest = asked.over(book, today, period)
    return figures.build(book, _efforts(state, wanted), wanted, newest, blocked())


def file_name(report: Report, form: str) -> str:
    """ "blockfilter-2026-Q4.html"."""
    return f"blockfilter-{report.period.name}.{form}"


def has(state: Path, name: str) -> bool:
    """Whether a state directory has a file. StateError where this user may not know."""
    try:
        return (state / name).is_file()
    except OSError as error:
        raise StateError(
            f"{state}: cannot be read ({error.strerror}); run this as its owner, the server's user"
        ) from error


def _book(state: Path, today: date, *, counting: bool) -> Book | None:
    nothing = not has(state, COUNTS) and has(state, NAME)
    if nothing and (not counting or _too_small(state, today)):
        return None
    return Book(Reader(state))


def _too_small(state: Path, today: date) -> bool:
    with Store.readonly(state / NAME) as store:
        heads = store.organisation().heads_at(today) if store.founded() else None
    return heads is not None and heads < tables.SMALLEST


def _efforts(state: Path, period: Period) -> Efforts:
    if not has(state, NAME):
        return Efforts()
    with Store.readonly(state / NAME) as store:
        return efforts(store, period) if store.founded() else Efforts()
