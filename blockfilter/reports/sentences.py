"""What a report says in sentences: its findings, what is missing and why, how privacy was kept.

Each says no more than its figures do. The page, the Markdown and the JSON have the same sentences.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from math import ceil

from blockfilter.counts import tables
from blockfilter.counts.calendar import Kind as Length
from blockfilter.counts.reader import Budget
from blockfilter.programme.activity import Kind
from blockfilter.programme.reached import Reach, Reached
from blockfilter.reports import words
from blockfilter.reports.attempts import Attempts, Detail, Missing, Sum
from blockfilter.reports.beforeafter import Verdict
from blockfilter.reports.figures import Report
from blockfilter.reports.trainings import Judged, phases

YEAR = 366  # days
SIMULATED = "These figures were made up by blockfilter simulate; no real person is in them."

WHAT_IS_COUNTED = (
    "An attempt is a device that asked for a listed name on a day, counted once that day however "
    "often it asked. Every figure is blurred by chance, once and for good, and comes with the "
    "interval that holds the true count in 95 of 100 cases. So a figure may be zero or less: that "
    "means about 0."
)

SIZES = {
    Detail.WEEKS: "",
    Detail.PARTS: (
        "For 250 to 999 people totals are published every 4 or 5 weeks, categories and hours of the "
        "day every quarter, and offices not at all: more would say too much about each of them."
    ),
    Detail.YEARS: (
        "For 50 to 249 people one number a year is published and nothing else: more would say too "
        "much about each of them."
    ),
    Detail.BANDS: (
        "For 25 to 49 people one band a year is published and nothing else: fewer than 10, 10 to 39, "
        "or 40 and more. A number would say too much about each of them."
    ),
    Detail.NOTHING: (
        "For fewer than 25 people nothing is counted: any figure would be about somebody. The filter "
        "works all the same."
    ),
    Detail.UNKNOWN: (
        "Nothing was counted in this period: the headcount was not on record when its quarter began, "
        "and without one nobody knows how much may be published."
    ),
}

_MISSING = {
    "lost": "lost: what had been counted was gone before it was published, and nothing is drawn twice",
    "not measured": "not measured: the filter was not running",
    "open": "open: published when the period is over",
}
REACHED = {
    Kind.INFORMED: "informed",
    Kind.TRAINED: "trained",
    Kind.EVENT: "at special events",
}


def reach(one: Reach) -> str:
    """How many were reached: "412 people", "1,240 attendances"."""
    noun = ("person", "people") if one.distinct else ("attendance", "attendances")
    return words.counted(one.people, *noun)


def share(one: Reach) -> str:
    """Of the headcount: "34 %", "at most 62 %", or why there is none."""
    if one.share is not None:
        return ("" if one.distinct or not one.people else "at most ") + words.percent(one.share)
    return "more than the headcount" if one.heads else "headcount not known"


def findings(report: Report) -> list[str]:
    """The report in a few sentences, the most important first."""
    found = [] if report.complete else [_so_far(report)]
    found += _efforts(report)
    if report.attempts:
        found += _attempts(report.attempts)
    found += _main_training(report)
    found += _coverage(report)
    return found


def _so_far(report: Report) -> str:
    kind, last = report.period.kind.value, words.day(report.period.last)
    return f"This {kind} ends on {last}; figures are in it up to {words.day(report.newest)}."


def _efforts(report: Report) -> Iterator[str]:
    done = report.efforts.reached
    if done is None:
        return
    parts = [
        f"{reach(one)} {REACHED[one.kind]}" + (f" ({share(one)} of the staff)" if one.heads else "")
        for one in done.period
        if one.records
    ]
    yield f"On record for the period: {words.listed(parts) or 'nobody informed or trained'}."
    so_far = [f"{reach(one)} {REACHED[one.kind]} ({share(one)})" for one in done.cumulative[:2]]
    yield f"So far: {words.listed(so_far)}."
    if done.answered:
        yield _practices(done)


def _practices(done: Reached) -> str:
    every = done.practices[-1]
    score = "" if every.score is None else f", a score of {every.score} of 100"
    return (
        f"{every.yes} of {words.counted(every.applicable, 'practice')} are in place and "
        f"{every.partly} partly{score}."
    )


def _attempts(found: Attempts) -> Iterator[str]:
    if found.total:
        yield f"{total(found.total, found)}."
    else:
        yield "There is no figure of attempts for this period."
        yield from _newest_year(found)
    if len(found.hours) > 1:
        yield busiest(found.hours)


def _newest_year(found: Attempts) -> Iterator[str]:
    rows = [one.row for one in found.course if one.row and one.period.kind is Length.YEAR]
    if rows:
        value, between = rows[-1].value, words.interval(rows[-1].low, rows[-1].high)
        band = words.figure(value).capitalize()  # "40 or more", "Fewer than 10"
        about = f"About {words.number(max(value, 0))}" if isinstance(value, int) else band
        interval = f" ({between} at 95 %)" if between else ""
        yield f"{about} attempts met the filter in {rows[-1].period}{interval}."


def total(one: Sum, found: Attempts) -> str:
    """A total with its interval, and what it covers."""
    unit = {Detail.WEEKS: "week", Detail.PARTS: "4-week period"}.get(found.detail, "year")
    covers = (
        "" if one.periods == one.due else f", in {one.periods} of {words.counted(one.due, unit)}"
    )
    return (
        f"About {words.number(max(one.value, 0))} attempts met the filter "
        f"({words.interval(one.low, one.high)} at 95 %{covers})"
    )


def busiest(hours: Sequence[Sum]) -> str:
    """Which hours of the day stand out, the night aside: it is longer than the other bands."""
    ranked = sorted(hours[1:], key=lambda one: one.value, reverse=True)
    first, second = ranked[0], ranked[1]
    width = ((first.high - first.value) ** 2 + (second.high - second.value) ** 2) ** 0.5
    if first.value - second.value > width:
        return f"By day most attempts were made from {clock(first.cell)}."
    return (
        f"By day {clock(first.cell)} has the highest figure, but chance alone could have put it "
        f"before {clock(second.cell)}."
    )


def clock(band: str) -> str:
    """A band of hours: "12 to 16 o'clock"."""
    first, _, last = band.partition("-")
    return f"{first} to {last} o’clock"


def _main_training(report: Report) -> Iterator[str]:
    told = main_training(report)
    if told:
        when = words.span(told.windows.first, told.windows.last)
        yield f"After the training of {when}, {told.sentence}."


def main_training(report: Report) -> Judged | None:
    """The one that is told of first: of the last year's that can be judged the largest."""
    begin = report.period.last - timedelta(days=YEAR)
    recent = [group for group in phases(report.trainings) if group[0].windows.last >= begin]
    judged = [group for group in recent if group[0].verdict is not Verdict.TOO_EARLY]
    ranked = sorted(judged or recent, key=lambda group: sum(one.training.people for one in group))
    return ranked[-1][0] if ranked else None


def _coverage(report: Report) -> Iterator[str]:
    if report.coverage:
        up = sum(one.uptime for one in report.coverage) / len(report.coverage)
        weeks = words.counted(len(report.coverage), "week")
        yield f"The filter was up for {words.most(up)} of the time, in {weeks} on record."


def uncounted(report: Report) -> str:
    """Why there are no counts at all."""
    few = report.heads is not None and report.heads < tables.SMALLEST
    return SIZES[Detail.NOTHING] if few else "Counting is switched off (counts.enabled)."


def missing(found: Sequence[Missing]) -> list[str]:
    """What has no figure, and why: a line for each reason and table."""
    lines = []
    for state, table in sorted({(one.state, one.table) for one in found}):
        periods = [one.period for one in found if (one.state, one.table) == (state, table)]
        lines.append(f"{table}, {_runs(periods)}: {_MISSING.get(state, state)}.")
    return lines


def _runs(periods: Sequence[str]) -> str:
    """Names of periods, neighbours in one: "2026-W14 to 2026-W17, 2026-W20"."""
    shown = []
    numbered = [(_number(name) - place, name) for place, name in enumerate(periods)]
    for _, group in groupby(numbered, key=lambda one: one[0]):
        names = [name for _, name in group]
        shown.append(names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}")
    return ", ".join(shown)


def _number(name: str) -> int:
    digits = "".join(one for one in name if one.isdigit())
    return int(digits or 0)


def privacy(budget: Budget | None) -> tuple[str, ...]:
    """How privacy was kept, in three sentences; nothing where nothing was counted."""
    if budget is None:
        return ()
    guess = ceil(100 * budget.guess)
    return (
        (
            "For at most 27 hours, in memory, a random code stood for “some device was blocked”; the "
            "key to the codes was destroyed every midnight and the codes a few hours later, and no "
            "name, address, web address or minute was ever written down."
        ),
        (
            "What is published are totals of one event per device and day, each blurred by chance "
            "before it was stored and never drawn again, and nothing about a group of fewer than 250 "
            "people inside the organisation."
        ),
        (
            "Whether some device was blocked on some day, all figures together let nobody guess right "
            f"more often than {guess} times in 100, where tossing a coin is right 50 times."
        ),
    )
