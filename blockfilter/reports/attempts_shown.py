"""Attempts as exhibits: the course of a year, categories, hours, offices.

Zero and less are shown like any other figure, with what they mean beside them.
"""

from collections.abc import Iterator, Mapping, Sequence

from blockfilter.counts import calendar, tables
from blockfilter.counts.calendar import Kind, Period
from blockfilter.counts.reader import Row
from blockfilter.reports import charts, sentences, words
from blockfilter.reports.attempts import Attempts, Step, Sum
from blockfilter.reports.charts import Bar, Mark, Point
from blockfilter.reports.exhibit import NONE, Exhibit, told
from blockfilter.reports.trainings import Judged, phases

FLAG = "*"
_TRAINING = "training"
_BANDS = (tables.ABOVE, tables.SIMILAR, tables.BELOW)
_NOTE_OTHER = (
    f"Other: categories of fewer than {tables.CATEGORY_NAMES} names, and the organisation’s own "
    "entries; a figure of few names would tell which of them it was."
)
_NOTE_OFFICES = (
    "Above: more than one and a half times the organisation’s rate per head; below: less than two "
    "thirds of it. An office of fewer than 250 people is never shown apart."
)


def course(found: Attempts, trainings: Sequence[Judged]) -> Exhibit | None:
    """Totals over a year, and where the trainings were."""
    steps = [one for one in found.course if one.period.kind is not Kind.YEAR]
    if not steps:
        return None
    title = "Attempts in the organisation, with 95 % intervals"
    points = [_point(one, before) for before, one in zip((None, *steps), steps, strict=False)]
    values = [one.value for one in points if one.value is not None]
    drawing = None
    if values:
        said = (
            f"{words.counted(len(values), 'figure')} from {steps[0].period.name} to "
            f"{steps[-1].period.name}, from {words.number(min(values))} to "
            f"{words.number(max(values))}."
        )
        drawing = charts.course("attempts", title, said, points, tuple(_marks(steps, trainings)))
    head, rows = _by_quarter(steps)
    return Exhibit("attempts", title, head, rows, drawing, tuple(_notes(steps)))


def _point(one: Step, before: Step | None) -> Point:
    tick = _tick(one.period, before.period if before else None)
    row = one.row
    if row is None or not isinstance(row.value, int):
        return Point(one.period.name, tick=tick)
    return Point(one.period.name, row.value, row.low, row.high, hollow=row.flagged, tick=tick)


def _tick(period: Period, before: Period | None) -> str:
    """The month at the first period that ends in it, with the year in January."""
    month = period.last.month
    if before is not None and before.last.month == month:
        return ""
    name = words.MONTHS[month - 1][:3]
    return f"{name} {period.last.year}" if before is None or month == 1 else name


def _marks(steps: Sequence[Step], trainings: Sequence[Judged]) -> Iterator[Mark]:
    """Where the trainings were, in order of time; those judged together are one."""
    for group in reversed(phases(trainings)):
        spans = group[0].windows
        places = [
            at
            for at, one in enumerate(steps)
            if one.period.first <= spans.last and spans.first <= one.period.last
        ]
        if places:
            yield Mark(places[0], places[-1], _TRAINING)


def _by_quarter(steps: Sequence[Step]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Totals with a column for each quarter, so that a year fits on a page."""
    columns: dict[str, list[str]] = {}
    for one in steps:
        column = calendar.containing(Kind.QUARTER, one.period.first).name
        columns.setdefault(column, []).append(_cell(one))
    longest = max(map(len, columns.values()))
    filled = [column + [""] * (longest - len(column)) for column in columns.values()]
    return tuple(columns), tuple(zip(*filled, strict=True))


def _cell(one: Step) -> str:
    label = one.period.name.rpartition("-")[2]
    if one.row is None:
        return f"{label}: {one.state}"
    flag = FLAG if one.row.flagged else ""
    value = one.row.value
    written = words.number(value) if isinstance(value, int) else value
    if isinstance(value, int) and value <= 0:
        written += f"{flag}, {words.ABOUT_NOTHING}"
        flag = ""
    between = words.interval(one.row.low, one.row.high).replace(" ", words.NO_BREAK)
    return f"{label}: {written}{flag} ({between})"


def _notes(steps: Sequence[Step]) -> Iterator[str]:
    rows = [one.row for one in steps if one.row]
    if any(isinstance(row.value, int) and row.value <= 0 for row in rows):
        yield "A figure of zero or less means about 0: the blur took it there."
    if any(row.flagged for row in rows):
        yield f"{FLAG} The filter was up for less than 90 % of the time; a hollow dot in the picture."


def years(found: Attempts) -> Exhibit | None:
    """One figure a year, or one band, as a small organisation has it."""
    steps = [one for one in found.course if one.period.kind is Kind.YEAR]
    if not steps:
        return None
    bars = [
        Bar(row.period, row.value, words.figure(row.value), row.low, row.high)
        for row in (one.row for one in steps)
        if row and isinstance(row.value, int)
    ]
    title = "Attempts in the organisation, by year"
    drawing = charts.bars("years", title, told(bars), bars) if bars else None
    head = ("Year", "Attempts", "95 % interval")
    return Exhibit("years", title, head, tuple(map(_year, steps)), drawing)


def _year(one: Step) -> tuple[str, ...]:
    if one.row is None:
        return one.period.name, one.state, NONE
    between = words.interval(one.row.low, one.row.high)
    return one.period.name, words.figure(one.row.value), between or NONE


def categories(found: Attempts) -> Exhibit | None:
    """By category of the list."""
    names = [words.category(one.cell) for one in found.categories]
    made = _cells(
        ("categories", "Attempts by category of site", "Category"), found.categories, names
    )
    return made and made._replace(notes=(_NOTE_OTHER,))


def hours(found: Attempts) -> Exhibit | None:
    """By hours of the day."""
    names = [sentences.clock(one.cell) for one in found.hours]
    made = _cells(("hours", "Attempts by hour of the day", "Hours"), found.hours, names)
    return made and made._replace(notes=("The night, 20 to 8 o’clock, is twelve hours long.",))


def monitored(found: Attempts) -> str:
    """What rules that are only watched would have blocked, in a sentence."""
    one = found.monitored
    if one is None:
        return ""
    return (
        f"Rules that are only watched would have blocked {words.figure(one.value)} attempts "
        f"({words.interval(one.low, one.high)} at 95 %)."
    )


def _cells(what: tuple[str, str, str], sums: Sequence[Sum], names: Sequence[str]) -> Exhibit | None:
    id_, title, first = what
    if not sums:
        return None
    pairs = list(zip(names, sums, strict=True))
    bars = [Bar(name, one.value, words.figure(one.value), one.low, one.high) for name, one in pairs]
    rows: list[tuple[str, ...]] = [
        (name, words.figure(one.value), words.interval(one.low, one.high)) for name, one in pairs
    ]
    head: tuple[str, ...] = (first, "Attempts", "95 % interval")
    if any(one.periods != one.due for one in sums):
        head = (*head, "Periods")
        rows = [(*row, f"{one.periods} of {one.due}") for row, one in zip(rows, sums, strict=True)]
    return Exhibit(id_, title, head, tuple(rows), charts.bars(id_, title, told(bars), bars))


def offices(found: Attempts, names: Mapping[str, str]) -> Exhibit | None:
    """Offices as bands: of one quarter by band, of several by office."""
    quarters = list(dict.fromkeys(row.period for row in found.offices))
    if not quarters:
        return None
    head: tuple[str, ...] = ("Office", *quarters)
    rows: Iterator[tuple[str, ...]] = _by_office(found.offices, quarters, names)
    if len(quarters) == 1:
        head = ("Rate per head", "Offices", "Which")
        rows = (_band(word, found.offices, names) for word in _BANDS)
    title = "Offices against the organisation"
    return Exhibit("offices", title, head, tuple(rows), None, (_NOTE_OFFICES,))


def _band(word: str, offices: Sequence[Row], names: Mapping[str, str]) -> tuple[str, ...]:
    there = [names.get(row.cell, row.cell) for row in offices if row.value == word]
    return word.capitalize(), words.number(len(there)), ", ".join(there) or NONE


def _by_office(
    offices: Sequence[Row], quarters: Sequence[str], names: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    said = {(row.cell, row.period): str(row.value) for row in offices}
    for cell in dict.fromkeys(row.cell for row in offices):
        yield names.get(cell, cell), *(said.get((cell, one), NONE) for one in quarters)
