"""The chapter of the promise on what remains: the closed list of tables, for an organisation's size."""

from collections.abc import Iterator

from blockfilter.counts import tables
from blockfilter.counts.calendar import Kind
from blockfilter.counts.frame import Frame
from blockfilter.counts.tables import Form, Plan
from blockfilter.reports import sentences, words
from blockfilter.reports.attempts import Detail
from blockfilter.reports.promise import Chapter, Facts


def published(facts: Facts) -> Chapter:
    """What remains, and for whom it is too little to be anybody's."""
    title = "What remains"
    if facts.frames and facts.frames[-1].heads < tables.SMALLEST:
        return Chapter(title, (sentences.SIZES[Detail.NOTHING],))
    frame = facts.frames[-1] if facts.frames else None
    said = [
        (
            "These tables and no others. Nobody can ask for another period, group or filter. A device "
            "and day counts once, however often it asked; every figure is blurred by chance twice, "
            "before it is first stored and again when it is published, and is drawn once."
        ),
        (
            "No figure tells of a group of fewer than 250 people inside the organisation; a category "
            f"of fewer than {tables.CATEGORY_NAMES} names and the organisation’s own entries count as "
            "“other”."
        ),
    ]
    if frame is None:
        said.insert(0, "Nothing is published yet. For an organisation of 1,000 people and more:")
    else:
        said.insert(
            0, f"For {words.counted(frame.heads, 'person', 'people')}, as of {frame.quarter}:"
        )
    rows = tuple(
        (
            one.table.id,
            one.table.title,
            _PERIODS[one.kind],
            _cells(one),
            str(float(one.table.epsilon)),
        )
        for one in facts.plans
    )
    head = ("Table", "What", "For each", "Cells", "Epsilon")
    return Chapter(title, tuple(said), (*_offices(frame), _ipv6(facts)), head, rows)


_PERIODS = {
    Kind.WEEK: "week",
    Kind.PART: "4 or 5 weeks",
    Kind.QUARTER: "quarter",
    Kind.YEAR: "year",
}
_MOST_CELLS = 12  # more of them are offices, which stand above


def _cells(plan: Plan) -> str:
    if plan.form is Form.BAND:
        return "a band: fewer than 10, 10 to 39, 40 or more"
    shown = (
        ", ".join(plan.cells)
        if len(plan.cells) <= _MOST_CELLS
        else words.counted(len(plan.cells), "cell")
    )
    return f"{shown} (below, similar or above)" if plan.form is Form.RATE else shown


def _offices(frame: Frame | None) -> Iterator[str]:
    if frame is None or not frame.offices:
        return
    large = [one for one in frame.offices if one.heads >= tables.OFFICE_HEADS]
    small = len(frame.offices) - len(large)
    named = words.listed([f"{one.id} ({words.number(one.heads)})" for one in large])
    yield (
        f"Offices large enough to be told apart, with their headcounts: {named or 'none'}."
        + (
            f" {words.number(small)} smaller ones count as “{tables.OTHER_OFFICES}”."
            if small
            else ""
        )
    )
    yield f"The day is that of the time zone {frame.zone}."


def _ipv6(facts: Facts) -> str:
    if facts.addresses == 1:
        return "Devices that ask by IPv6 are refused the same names and are not counted."
    return f"Devices that ask by IPv6 are counted, too, as having {facts.addresses} addresses."
