"""Before and after each training, as exhibits: all in a table, the newest with a picture each."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from blockfilter.reports import charts, words
from blockfilter.reports.beforeafter import Interval, Verdict
from blockfilter.reports.charts import Half
from blockfilter.reports.exhibit import NONE, Exhibit
from blockfilter.reports.trainings import Judged, phases
from blockfilter.reports.windows import Total

PICTURED = 3  # the newest with a verdict; the table has all of them
PER_HEADS = 1000  # a rate is told per so many people and week

_VERDICTS = {
    Verdict.FELL: "fell",
    Verdict.ROSE: "rose",
    Verdict.UNCLEAR: "no change can be told from chance",
    Verdict.TOO_EARLY: "too early",
}


def table(found: Sequence[Judged]) -> Exhibit | None:
    """Every training with its verdict."""
    if not found:
        return None
    head = (
        "Training",
        "People, about",
        "Weeks before, after",
        "Ratio",
        "95 % interval",
        "Attempts",
    )
    return Exhibit("trainings", "Before and after each training", head, tuple(map(_row, found)))


def _row(one: Judged) -> tuple[str, ...]:
    ratio, interval = one.comparison.ratio, one.comparison.interval
    return (
        one.label,
        words.number(one.training.people),
        f"{_weeks(one.windows.before)}, {_weeks(one.windows.after)}",
        NONE if ratio is None else words.number(ratio, 2),
        _between(interval) if one.verdict is not Verdict.TOO_EARLY else NONE,
        _VERDICTS[one.verdict],
    )


def _weeks(totals: Sequence[Total]) -> str:
    return str(sum(one.period.days for one in totals) // 7)


def _between(interval: Interval | None) -> str:
    return words.interval(interval.low, interval.high, 2) if interval else "none: it has no bounds"


def pictures(found: Sequence[Judged]) -> Iterator[Exhibit]:
    """The rates around the newest trainings that have a verdict; those judged together are one."""
    judged = [one for one in phases(found) if one[0].verdict is not Verdict.TOO_EARLY]
    for number, group in enumerate(judged[:PICTURED], 1):
        yield _picture(f"training-{number}", group)


def _picture(id_: str, group: Sequence[Judged]) -> Exhibit:
    one = group[0]
    spans = one.windows
    sides = {"before": spans.before, "after": spans.after}
    rates = {name: [PER_HEADS * total.rate for total in side] for name, side in sides.items()}
    halves = tuple(
        Half(f"{words.counted(len(there), 'total')} {name}", there, fmean(there))
        for name, there in rates.items()
    )
    when = words.span(spans.first, spans.last)
    title = f"Attempts per {words.number(PER_HEADS)} people and week, around the training of {when}"
    rows = tuple(
        (
            name.capitalize(),
            _periods(sides[name]),
            words.number(fmean(there), 1),
            words.interval(min(there), max(there), 1),
        )
        for name, there in rates.items()
    )
    said = "; ".join(f"{row[0]}: {row[2]} on average" for row in rows) + "."
    drawing = charts.sides(id_, title, said, (halves[0], halves[1]), "training")
    return Exhibit(
        id_, title, ("", "Totals", "Mean", "Lowest to highest"), rows, drawing, _note(group)
    )


def _periods(totals: Sequence[Total]) -> str:
    return f"{len(totals)}: {totals[0].period.name} to {totals[-1].period.name}"


def _note(group: Sequence[Judged]) -> tuple[str, ...]:
    sentence = group[0].sentence
    found = f"{sentence[:1].upper()}{sentence[1:]}."
    if len(group) == 1:
        return (found,)
    labels = "; ".join(one.label for one in reversed(group))
    return f"Judged together, because too few weeks lie between them: {labels}.", found
