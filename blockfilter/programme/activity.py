"""What is said to have happened: people informed, people trained, special events.

An entry is a figure with a date or span, never a list of people, and nothing planned. The tables
below are the closed lists of channels, audiences and topics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

from blockfilter.errors import RefusedError
from blockfilter.programme import values
from blockfilter.programme.organisation import Act

LONGEST = timedelta(days=366)  # a training year; a longer span has a year typed wrong


class Kind(StrEnum):
    """What was done."""

    INFORMED = "informed"
    TRAINED = "trained"
    EVENT = "event"


# How people were informed, whom a training was for; the first is what is meant where none is said.
CHANNELS: Mapping[Kind, Mapping[str, str]] = {
    Kind.INFORMED: {
        "other": "another way",
        "e-mail-notice": "e-mail notice",
        "web-notice": "web notice",
        "verbal-notice": "verbal notice",
        "handbook": "employee handbook",
        "staff-meeting": "staff meeting",
        "annual-compliance-training": "annual compliance training",
    },
    Kind.TRAINED: {
        "all-staff": "all staff",
        "new-hires": "new hires",
        "human-resources": "human resources",
        "supervisors": "supervisors",
        "exposed-staff": "exposed staff (hospitality, transport, property)",
    },
    Kind.EVENT: {"special-event": "special event"},
}
TOPICS: Mapping[str, str] = {
    "recognise": "how to recognise trafficking",
    "respond": "how to respond to it",
}
_VERBS = {Kind.INFORMED: "informed", Kind.TRAINED: "trained", Kind.EVENT: "attended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What somebody says has happened."""

    kind: Kind
    channel: str
    people: int  # approximately
    first: date
    last: date  # the same as `first` where it was one day
    office: str = ""  # "": the whole organisation
    topics: tuple[str, ...] = ()
    distinct: bool = False  # each of them once, and in no other record of this kind
    source: str = ""  # where the figure comes from
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Entry):
    """An entry on record, in one of its versions; the one with the highest number holds."""

    id: str  # "a1"
    version: int  # 1, and one more with each correction
    retracted: bool = False
    reason: str = ""  # of the correction
    recorded: Act

    def entry(self) -> Entry:
        """What it says happened, without how it was recorded."""
        return Entry(**{one.name: getattr(self, one.name) for one in fields(Entry)})

    def words(self) -> str:
        """It in a line."""
        return f"{self.id}  {words(self)}"


def made(
    *,
    kind: Kind,
    people: int,
    first: date,
    last: date | None = None,
    channel: str = "",
    office: str = "",
    topics: Sequence[str] = (),
    distinct: bool = False,
    source: str = "",
    note: str = "",
    today: date,
) -> Entry:
    """An entry of values that are each right; ValueError or RefusedError where they do not fit."""
    ended = last or first
    if ended < first:
        raise ValueError(f"the span ends on {ended}, before it begins on {first}; swap the dates")
    if ended - first > LONGEST:
        raise ValueError(
            f"from {first} to {ended} are more than {LONGEST.days} days; record each year apart"
        )
    if ended > today:
        raise RefusedError(
            f"{ended} is after today, {today}: what is planned is not recorded; record it when it "
            "has happened"
        )
    if topics and kind is not Kind.TRAINED:
        raise ValueError(f"topics belong to a training; of what is {kind} say them in the note")
    return Entry(
        kind=kind,
        channel=channel_of(kind, channel),
        people=people,
        first=first,
        last=ended,
        office="" if office == "all" else office,
        topics=tuple(sorted({values.chosen(one, tuple(TOPICS), "topic") for one in topics})),
        distinct=distinct,
        source=values.line(source),
        note=values.line(note),
    )


def channel_of(kind: Kind, text: str) -> str:
    """The channel or audience that is meant; the usual one where nothing is said."""
    table = tuple(CHANNELS[kind])
    what = "audience of a training" if kind is Kind.TRAINED else f"channel of what is {kind}"
    return values.chosen(text, table, what) if text.strip() else table[0]


def kind_of(text: str) -> Kind:
    """What was done, as it is written."""
    return Kind(values.chosen(text, tuple(Kind), "kind"))


def words(entry: Entry) -> str:
    """An entry in a line."""
    when = str(entry.first) + (f" to {entry.last}" if entry.last != entry.first else "")
    parts = [f"{when}  about {entry.people} {_VERBS[entry.kind]}"]
    parts.append(f"{entry.channel}{': ' if entry.topics else ''}{' and '.join(entry.topics)}")
    parts += [f"office {entry.office}"] if entry.office else []
    parts += ["distinct"] if entry.distinct else []
    parts += [f"source: {entry.source}"] if entry.source else []
    parts += [entry.note] if entry.note else []
    return ", ".join(parts)
