"""What the counts may know of the organisation: sizes and prefixes, on a day.

Only what nobody decided alone: headcounts that are confirmed, and offices that are confirmed and
open. Clients of all others count where those of no office do.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from blockfilter.programme.organisation import Organisation
from blockfilter.programme.store import Store


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """An office as the counts divide by it."""

    id: str
    heads: int  # 0: not known
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The organisation as the counts see it."""

    heads: int  # 0: not known
    offices: tuple[OfficeFacts, ...]  # in the order of their ids
    zone: str  # "": it names none


NOTHING = Facts(0, (), "")


def facts(organisation: Organisation, day: date) -> Facts:
    """What holds on a day, as far as it is known and confirmed by now."""
    offices = [
        OfficeFacts(one.id, one.heads_at(day, confirmed=True) or 0, one.prefixes)
        for one in sorted(organisation.offices, key=lambda one: one.id)
        if one.confirmed_by and one.prefixes and one.open_at(day)
    ]
    heads = organisation.heads_at(day, confirmed=True) or 0
    return Facts(heads, tuple(offices), organisation.time_zone)


def read(path: Path, day: date) -> Facts:
    """The facts of a programme's file; of none where it was not begun. StateError."""
    if not path.exists():
        return NOTHING
    with Store.readonly(path) as store:
        return facts(store.organisation(), day) if store.founded() else NOTHING
