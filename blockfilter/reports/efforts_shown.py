"""What the employer did, as exhibits: people reached, activities, practices and their score."""

from collections.abc import Iterator

from blockfilter.programme.activity import CHANNELS, Kind
from blockfilter.programme.reached import Adopted, Reach
from blockfilter.reports import charts, sentences, words
from blockfilter.reports.charts import Bar
from blockfilter.reports.efforts import Efforts
from blockfilter.reports.exhibit import NONE, Exhibit, told

_WHEN = ("in the period", "so far")
ATTENDANCES = (
    "Attendances are a sum of records: somebody who came twice is in it twice, so the share of the "
    "staff is at most what is shown."
)


def reached(efforts: Efforts) -> Exhibit | None:
    """Who was informed, trained, at events: in the period, and up to its end."""
    done = efforts.reached
    if done is None:
        return None
    pairs = tuple(zip(done.period, done.cumulative, strict=True))
    bars = list(_shares(pairs))
    title = "People informed, trained and at events"
    summed = any(not one.distinct for pair in pairs for one in pair)
    return Exhibit(
        "reached",
        title,
        ("", "In the period", "Of the staff", "So far", "Of the staff"),
        tuple((_kind(now), *_reach(now), *_reach(ever)) for now, ever in pairs),
        charts.bars("reached", title, told(bars), bars, 1.0) if bars else None,
        (ATTENDANCES,) if summed else (),
    )


def _kind(one: Reach) -> str:
    return sentences.REACHED[one.kind].capitalize()


def _reach(one: Reach) -> tuple[str, str]:
    said = sentences.reach(one)
    if one.kind is Kind.EVENT and one.records:
        said += f" at {words.counted(one.records, 'event')}"
    return said, sentences.share(one)


def _shares(pairs: tuple[tuple[Reach, Reach], ...]) -> Iterator[Bar]:
    for pair in pairs:
        for when, one in zip(_WHEN, pair, strict=True):
            if one.share is not None:
                yield Bar(f"{_kind(one)}, {when}", one.share, sentences.share(one))


def activities(efforts: Efforts) -> Exhibit | None:
    """What was done in the period."""
    if not efforts.activities:
        return None
    rows = tuple(
        (
            words.span(one.first, one.last),
            sentences.REACHED[one.kind].capitalize(),
            CHANNELS[one.kind].get(one.channel, one.channel),
            words.number(one.people),
            efforts.offices.get(one.office, one.office) or "everywhere",
            one.note or one.source or NONE,
        )
        for one in efforts.activities
    )
    head = ("When", "What", "How, or for whom", "People, about", "Where", "Note or source")
    return Exhibit("activities", "What was done in the period", head, rows)


def practices(efforts: Efforts) -> Exhibit | None:
    """The self-assessment by area, as it stood at the period's end."""
    done = efforts.reached
    if done is None or not done.answered:
        return None
    scored = [one for one in done.practices if one.score is not None]
    bars = [Bar(_area(one), float(one.score or 0), str(one.score)) for one in scored]
    rows = tuple(
        (
            _area(one),
            str(one.yes),
            str(one.partly),
            str(one.applicable),
            NONE if one.score is None else str(one.score),
        )
        for one in done.practices
    )
    title = "Practices adopted, by area"
    head = ("Area", "In place", "Partly", "Of", "Score of 100")
    drawing = charts.bars("practices", title, told(bars), bars, 100.0) if bars else None
    return Exhibit("practices", title, head, rows, drawing)


def _area(one: Adopted) -> str:
    return one.title[:1].upper() + one.title[1:]


def scores(efforts: Efforts) -> Exhibit | None:
    """The score of the self-assessment over time."""
    known = [(day, score) for day, score in efforts.scores if score is not None]
    if not known:
        return None
    title = "The score over time"
    bars = [Bar(words.day(day), float(score), str(score)) for day, score in known]
    drawing = charts.bars("scores", title, told(bars), bars, 100.0)
    rows = tuple((bar.label, bar.shown) for bar in bars)
    return Exhibit("scores", title, ("Assessed on", "Score of 100"), rows, drawing)
