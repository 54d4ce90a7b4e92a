"""What a line of the journal may do to an entry, held against the entry before it.

Both are in plain form, as journals hold them: nothing is read as a name, so that a journal of years
ago is judged by the moves alone and not by what may be listed today. Each line has one right
outcome; every key in which the entry differs from that is told.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from blockfilter.catalog.changelog import Line
from blockfilter.catalog.site import NEXT_RELEASE, State
from blockfilter.catalog.workflow import MOVES, SYSTEM, WORDS

Plain = Mapping[str, Any]

_BEGIN = {"propose": "site", "import": "list", "subscribe": "list"}  # and the kind of what begins
_REFRESHED = ("format", "rules", "refused", "sha256")
_BROUGHT = ("rules", "refused", "sha256")  # comes with a file of rules, and is not edited
_UNTOUCHED = (State.RETIRED, State.REJECTED, State.DISPUTED)  # rules of these are not edited


def problems(line: Line, before: Plain | None, stood: Plain | None) -> Iterator[str]:
    """What is wrong with a line about an entry; `stood` is its last version not merely proposed."""
    after = line.entry
    if after is None:
        yield f"{line.what} tells no entry"
    elif line.what in _BEGIN:
        yield from _begun(line, before, after)
    elif before is None:
        yield f"{line.what} of {line.id}, which no line before it proposed"
    elif line.what == "refresh":
        yield from _refreshed(line, before, after)
    elif line.what == "expire":
        yield from _expired(line, before, after)
    elif line.what == "edit":
        yield from _edited(line, before, after)
    elif line.what in MOVES:
        yield from _moved(line, before, after, stood)
    else:
        yield f'"{line.what}" is nothing that happens to an entry'


def _act(line: Line) -> dict[str, str]:
    return {"by": line.by, "at": line.at}


def _with(line: Line, before: Plain, **changes: object) -> dict[str, object]:
    """The entry with other values, and with who changed it."""
    new = {**before, "reason": line.why, "changed": _act(line), **changes}
    return {key: value for key, value in new.items() if value not in (None, "")}


def _differs(line: Line, after: Plain, right: Plain) -> Iterator[str]:
    wrong = sorted(key for key in {*after, *right} if after.get(key) != right.get(key))
    if "changed" in wrong:
        yield "its entry was changed by somebody else, or at another time, than the line says"
    if "reason" in wrong:
        yield "its entry has another reason than the line"
    if "state" in wrong:
        yield f"{line.what} makes the entry {after.get('state')}"
    if "proposed" in wrong:
        yield f"somebody else than {line.by} is said to have proposed it, or at another time"
    if "approved" in wrong:
        yield "somebody else is said to have approved it, or at another time"
    told = ("changed", "reason", "state", "proposed", "approved")
    if rest := [key for key in wrong if key not in told]:
        yield f"{line.what} changes {', '.join(rest)}, and it may not"


def _begun(line: Line, before: Plain | None, after: Plain) -> Iterator[str]:
    if before is not None:
        yield f"gives the id {line.id} again"
    act = _act(line)
    right = {"id": line.id, "kind": _BEGIN[line.what], "state": "proposed", "proposed": act}
    yield from _differs(line, after, _with(line, {**after, **right, "approved": None}))
    if (line.what == "subscribe") != ("url" in after):
        yield f"{line.what} brings a list {'with' if 'url' in after else 'without'} an address"


def _refreshed(line: Line, before: Plain, after: Plain) -> Iterator[str]:
    if "url" not in before or before.get("state") not in NEXT_RELEASE:
        yield f"refreshes {line.id}, which is no subscription that two people approved"
    right = {key: value for key, value in before.items() if key not in _REFRESHED}
    yield from _differs(line, after, {**right, **_some(after, _REFRESHED)})


def _some(entry: Plain, keys: tuple[str, ...]) -> dict[str, object]:
    return {key: entry[key] for key in keys if key in entry}


def _expired(line: Line, before: Plain, after: Plain) -> Iterator[str]:
    over = str(before.get("expires", "~")) <= line.at[:10]
    if not over or before.get("state") not in NEXT_RELEASE:
        yield f"retires {line.id} before its time is over"
    yield from _differs(line, after, _with(line, before, state="retired"))


def _edited(line: Line, before: Plain, after: Plain) -> Iterator[str]:
    state = before.get("state")
    if state in (State.RETIRED, State.REJECTED):
        yield f"edits {line.id}, which was {state}"
    words = {key: after.get(key) for key in WORDS}
    if after == _with(line, before, **words):
        return
    if state in _UNTOUCHED:
        yield f"changes what is blocked by {line.id}, which was {state}"
    fixed = {key: before.get(key) for key in ("id", "kind", "approved", *_BROUGHT)}
    right = _with(line, {**after, **fixed}, state="proposed", proposed=_act(line))
    yield from _differs(line, after, right)


def _moved(line: Line, before: Plain, after: Plain, stood: Plain | None) -> Iterator[str]:
    move, state, author = MOVES[line.what], before.get("state"), _proposer(before)
    if state not in move.sources:
        yield f"{line.what} of {line.id}, which was {state}"
    if line.what == "reject" and stood and "approved" in before and state == State.PROPOSED:
        yield from _differs(line, after, _with(line, stood))  # an edit: the version before it
        return
    if move.second_person and author == line.by:
        yield f"{line.by} approves what {author} proposed: it needs a second person"
    if move.second_person and author in ("", SYSTEM):
        yield f"{line.by} approves what no person proposed: somebody has to adopt it first"
    if line.what == "adopt" and author != SYSTEM:
        yield f"adopts what {author or 'nobody'} proposed, and only the system's is adopted"
    changes: dict[str, object] = {"state": move.target.value}
    if line.what == "approve":
        changes["approved"] = _act(line)
    if line.what in ("reopen", "adopt"):
        changes |= {"proposed": _act(line), "approved": None}
    yield from _differs(line, after, _with(line, before, **changes))


def _proposer(entry: Plain) -> str:
    act = entry.get("proposed")
    return str(act.get("by", "")) if isinstance(act, Mapping) else ""
