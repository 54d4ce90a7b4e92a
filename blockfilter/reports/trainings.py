"""Each training on record, and what the totals say of the time before and after it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from blockfilter.counts import calendar
from blockfilter.reports import words
from blockfilter.reports.attempts import Book
from blockfilter.reports.beforeafter import (
    AFTER_LEAST,
    BEFORE_LEAST,
    Comparison,
    Verdict,
    compare,
)
from blockfilter.reports.windows import MOST, Total, Training, Windows, windows

NO_CHANGE_TOLD = "no change can be told from chance"


class Judged(NamedTuple):
    """A training with its verdict."""

    training: Training
    label: str  # "all staff, 4 May 2026"
    windows: Windows
    comparison: Comparison

    @property
    def verdict(self) -> Verdict:
        """What may be said of it."""
        return self.comparison.verdict

    @property
    def sentence(self) -> str:
        """It in words, without what comes before: a sentence goes "After ..., <this>"."""
        found, spans = self.comparison, self.windows
        if found.verdict is Verdict.TOO_EARLY:
            return _too_early(spans)
        if found.verdict is Verdict.UNCLEAR:
            return NO_CHANGE_TOLD
        assert found.ratio is not None  # noqa: S101  # a fall or rise has its ratio and interval
        assert found.interval is not None  # noqa: S101
        change = words.percent(abs(found.ratio - 1))
        ends = sorted(abs(end - 1) for end in found.interval)
        between = f"{words.number(100 * ends[0])} and {words.percent(ends[1])}"
        return f"attempts {found.verdict} by {change} (between {between}, at 95 %)"


def _too_early(spans: Windows) -> str:
    kind = _noun(spans)
    before, after = len(spans.before), len(spans.after)
    if not before and not after:
        return "nothing can be compared: there are no totals of weeks around it"
    if before < BEFORE_LEAST:
        return (
            f"nothing can be compared: {words.counted(before, f'complete {kind}')} before it, "
            f"{BEFORE_LEAST} are needed"
        )
    why = "; then another training began" if spans.bounded else ""
    return (
        f"it is too early to tell: {words.counted(after, f'complete {kind}')} after it{why}, "
        f"{AFTER_LEAST} are needed"
    )


def _noun(spans: Windows) -> str:
    there = (*spans.before, *spans.after)
    return "week" if not there or there[0].period.days == 7 else "4-week period"


def totals(book: Book) -> list[Total]:
    """Every published number of T0 as what is compared."""
    found = []
    for row in book.rows("T0"):
        heads = book.facts["T0", row.period].heads
        if isinstance(row.value, int) and heads:
            period = calendar.parse(row.period)
            found.append(Total(period, row.value, heads, usable=not row.flagged))
    return found


def judged(
    trainings: Sequence[tuple[Training, str]], published: Sequence[Total], until: date
) -> tuple[Judged, ...]:
    """The trainings up to a day, newest first, each with its verdict."""
    known = [training for training, _ in trainings if training.first <= until]
    labels = dict(trainings)
    found = []
    for one in sorted(known, key=lambda one: (one.first, one.id), reverse=True):
        spans = windows(one, known, published)
        rates = ([total.rate for total in side] for side in (spans.before, spans.after))
        found.append(Judged(one, labels[one], spans, compare(*rates)))
    return tuple(found)


def phases(found: Iterable[Judged]) -> list[tuple[Judged, ...]]:
    """Trainings judged together, as one: same time, same figures."""
    grouped: dict[tuple[object, ...], list[Judged]] = {}
    for one in found:
        spans = one.windows
        key = (spans.first, spans.last, spans.before, spans.after)
        grouped.setdefault(key, []).append(one)
    return [tuple(group) for group in grouped.values()]


METHOD = (
    f"Compared are the totals per head of at most {MOST} weeks before and {MOST} weeks after, the "
    "training’s own weeks left out, and every week in which the filter was up for less than 90 % of "
    "the time. The interval is Fieller’s, from how much the weeks differ among themselves, which "
    "holds the blur as well as the chance. It is a comparison, not a proof of cause: season, staff "
    "and the list change, too."
)
