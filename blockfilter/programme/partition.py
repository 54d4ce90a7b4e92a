"""Which office may have which prefixes, and what takes a second person. Pure decisions.

Offices divide the counts, and headcounts decide how much of them is published. Once counting has
begun, nobody alone may divide them further or raise a headcount: it waits until somebody else has
confirmed it. Before, there is nothing to protect yet.
"""

from collections.abc import Sequence
from datetime import date

from blockfilter.errors import RefusedError
from blockfilter.programme import values
from blockfilter.programme.organisation import Headcount, Office, Organisation

MOST_OFFICES = 1000  # several times what the largest employer's reports are measured with
MOST_PREFIXES = 256  # of one office; more of them can be summed up in shorter ones


def check_new(organisation: Organisation, id_: str, prefixes: Sequence[str]) -> None:
    """Raise RefusedError where an office of this id and these prefixes cannot be added."""
    former = organisation.office(id_)
    if former is not None:
        gone = "; a retired id stays its own in reports" if former.retired else ""
        raise RefusedError(f'there is an office "{id_}" already{gone}; choose another id')
    if len(organisation.offices) >= MOST_OFFICES:
        raise RefusedError(f"there are {MOST_OFFICES} offices, the most there can be")
    if len(prefixes) > MOST_PREFIXES:
        raise RefusedError(f"{len(prefixes)} prefixes are more than {MOST_PREFIXES}; sum them up")
    held = [(office, one) for office in organisation.offices for one in _in_use(office)]
    for at, text in enumerate(prefixes):
        network = values.prefix(text)
        for other in prefixes[:at]:
            if values.overlap(network, values.prefix(other)):
                raise RefusedError(f"{text} and {other} share addresses; keep one of them")
        for office, other in held:
            if values.overlap(network, values.prefix(other)):
                raise RefusedError(
                    f'{text} shares addresses with {other} of office "{office.id}": an address '
                    "belongs to one office; write prefixes that share none, or retire that office"
                )


def _in_use(office: Office) -> tuple[str, ...]:
    """The prefixes that nobody else may have, those of an office that waits included."""
    return () if office.retired else office.prefixes


def check_second(office: Office, by: str) -> None:
    """Raise RefusedError where this person cannot confirm this office."""
    if office.retired:
        raise RefusedError(f'office "{office.id}" is retired since {office.retired}')
    waiting = [one.recorded.by for one in office.headcounts if not one.confirmed_by]
    waiting += [] if office.confirmed_by else [office.added.by]
    if not waiting:
        raise RefusedError(f'nothing of office "{office.id}" waits for a second person')
    if all(other == by for other in waiting):
        raise RefusedError(
            f'what waits of office "{office.id}" is by {by}; another person confirms it: '
            f"blockfilter programme office confirm {office.id} --as NAME"
        )


def raises(organisation: Organisation, office: Office | None, day: date, heads: int) -> bool:
    """Whether a headcount could let more be published than the confirmed ones do.

    The organisation's very first figure is none that is raised: without one nothing is published.
    """
    if office is not None:
        return heads > (office.heads_at(day, confirmed=True) or 0)
    before = organisation.heads_at(day, confirmed=True)
    known = before is not None or bool(organisation.headcounts)
    return known and heads > (before or 0)


def waiting(headcounts: Sequence[Headcount], day: date, heads: int) -> Headcount | None:
    """The headcount on record that says the same and waits for a second person."""
    same = (one for one in headcounts if (one.day, one.heads) == (day, heads))
    return next((one for one in same if not one.confirmed_by), None)
