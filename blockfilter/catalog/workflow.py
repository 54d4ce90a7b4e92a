"""The moves of an entry: one table, and the rule of the second person.

Who proposed an entry, or was the last to edit what it blocks, does not approve it. What the system
proposed is adopted by one person and approved by another.

Pure: an entry goes in, the entry after the move comes out, or a RefusedError that says why not.
"""

from dataclasses import replace
from typing import NamedTuple, TypeVar

from blockfilter.catalog.site import Act, Entry, State
from blockfilter.errors import RefusedError

E = TypeVar("E", bound=Entry)
SYSTEM = "system"  # journals what happens by itself: refreshes, expiry, successors seen


class Move(NamedTuple):
    """From which states a move leads where, and whether the proposer may not make it."""

    sources: tuple[State, ...]
    target: State
    second_person: bool = False


WORDS = ("note", "review", "source", "licence")  # say nothing about what is blocked

MOVES = {
    "approve": Move((State.PROPOSED,), State.APPROVED, second_person=True),
    "reject": Move((State.PROPOSED, State.APPROVED), State.REJECTED),
    "activate": Move((State.APPROVED, State.DISPUTED), State.ACTIVE),
    "dispute": Move((State.APPROVED, State.ACTIVE), State.DISPUTED),
    "retire": Move((State.APPROVED, State.ACTIVE, State.DISPUTED), State.RETIRED),
    "reopen": Move((State.REJECTED, State.RETIRED), State.PROPOSED),
    "adopt": Move((State.PROPOSED,), State.PROPOSED),  # only what the system proposed
}


def moved(entry: E, what: str, act: Act, reason: str) -> E:
    """The entry after the move `what`; RefusedError where the table does not have it."""
    move = MOVES[what]
    if entry.state not in move.sources:
        raise RefusedError(
            f"{entry.id} is {entry.state}, and {what} starts from {' or '.join(move.sources)}; "
            f"{_instead(entry)}"
        )
    if move.second_person:
        check_second(entry, act.by)
    if what == "adopt" and (entry.proposed is None or entry.proposed.by != SYSTEM):
        raise RefusedError(f"{entry.id} has a proposer; only what the system proposed is adopted")
    after = replace(entry, state=move.target, reason=reason, changed=act)
    if what == "approve":
        return replace(after, approved=act)
    if what in ("reopen", "adopt"):
        return replace(after, proposed=act, approved=None)
    return after


def edited(before: E, after: E, act: Act, reason: str) -> E:
    """`after` as it is kept: what changes its rules waits for a second person again.

    Until then the release in force keeps the version before, which `approved` still speaks of.
    """
    if before.state in (State.RETIRED, State.REJECTED):
        raise RefusedError(f"{before.id} is {before.state}; reopen it before you change it")
    after = replace(after, reason=reason, changed=act)
    same = replace(after, **{key: getattr(before, key) for key in WORDS})
    if same == replace(before, reason=reason, changed=act):
        return after
    if before.state is State.DISPUTED:
        raise RefusedError(
            f"{before.id} is disputed, and a change of its rules would end that unseen; activate or "
            "retire it first"
        )
    return replace(after, state=State.PROPOSED, proposed=act)


def softened(entry: Entry, *, was: bool) -> bool:
    """Whether what a release says of it is only watched: nobody stands by it any more.

    `was` says so of the entry before: what was reopened, or proposed by an edit, changes nothing.
    """
    if entry.state is State.PROPOSED:
        return was
    return entry.state not in (State.APPROVED, State.ACTIVE)


def check_second(entry: Entry, name: str) -> None:
    """RefusedError where `name` wrote what is there now, or nobody did."""
    if entry.proposed is None or entry.proposed.by == SYSTEM:
        raise RefusedError(
            f"{entry.id} was proposed by nobody, and the system is no person; adopt it first"
        )
    if entry.proposed.by == name:
        raise RefusedError(
            f"{entry.id} was proposed by {name}, and its approval needs a second person; ask another "
            "maintainer"
        )


def _instead(entry: Entry) -> str:
    possible = [
        what for what, move in MOVES.items() if entry.state in move.sources and what != "adopt"
    ]
    return f"what it can do is {', '.join(possible)}" if possible else "nothing more can be done"
