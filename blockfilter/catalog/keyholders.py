"""Who has which key, as the journal tells, and when somebody may be given one.

A key is a vote in the rule of the second person, so nobody gives one alone. Your own key you renew
or lay down by yourself. The first key anybody has and the second one are given by one person: there
are no two yet. From then on a new maintainer, another key for somebody, and somebody's removal need
two people who have keys, neither of them the one whom it concerns: the first asks, which is
journalled, the second does the same.

Where nobody else is left who could, because keys were lost, the one who asked does it again after
LOST_DAYS; whoever still has a key prevents that by any act they sign meanwhile.

Pure: lines go in, and what they mean for keys comes out.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blockfilter.catalog.changelog import Line

ENROL, ROTATE, REMOVE, ASK = "enrol", "rotate", "remove", "ask"
KEY_ACTS = (ENROL, ROTATE, REMOVE)
LOST_DAYS = 14  # who keeps a list and still has a key signs something, or objects, within two weeks


class Key(NamedTuple):
    """A key somebody has; `until` is "" while they have it."""

    key: str
    until: str = ""


class KeyAct(NamedTuple):
    """What is to happen to whose key; `key` is the new one, "" for a removal."""

    what: str
    name: str
    key: str


class _Asked(NamedTuple):
    """One person's wish for it; `heard`: since then somebody else with a key has signed."""

    act: KeyAct
    by: str
    at: str
    heard: bool = False


class Keyholders:
    """What is known of keys after the lines that were seen."""

    def __init__(self, lines: "tuple[Line, ...] | list[Line]" = ()) -> None:
        self.keys: dict[str, list[Key]] = {}
        self._asked: list[_Asked] = []
        for line in lines:
            self.see(line)

    @property
    def signed(self) -> bool:
        """Whether somebody was ever given a key: from then on every person signs."""
        return bool(self.keys)

    @property
    def wishes(self) -> list[tuple[KeyAct, str, str]]:
        """What somebody asked for and nobody has done yet: what, by whom and when."""
        return [(one.act, one.by, one.at) for one in self._asked if self.misfit(one.act) is None]

    def key(self, name: str) -> str:
        """The key that somebody has, "" for none."""
        return next((one.key for one in self.keys.get(name, ()) if not one.until), "")

    def see(self, line: "Line") -> None:
        """Go on by a line."""
        if self.key(line.by):
            self._asked = [
                one if one.by == line.by else one._replace(heard=True) for one in self._asked
            ]
        if line.what == ASK:
            asked = _Asked(asked_for(line), line.by, line.at)
            same = [one for one in self._asked if (one.act, one.by) == (asked.act, asked.by)]
            if all(one.heard for one in same):  # to ask twice does not begin anew
                self._asked = [one for one in self._asked if one not in same] + [asked]
        elif line.what in KEY_ACTS:
            act = key_act(line)
            held = self.keys.setdefault(act.name, [])
            held[:] = [one if one.until else one._replace(until=line.at) for one in held]
            if act.what != REMOVE:
                held.append(Key(act.key))
            self._asked = [one for one in self._asked if act.name not in (one.by, one.act.name)]

    def misfit(self, act: KeyAct) -> str | None:
        """Why nobody can do this, whoever asks for it."""
        has = self.key(act.name)
        if act.what == ENROL and has:
            return f"{act.name} is a maintainer already; rotate gives another key"
        if act.what != ENROL and not has:
            return f"{act.name} is no maintainer; list maintainer list shows who is"
        for name, held in self.keys.items():
            if act.what != REMOVE and act.key in (one.key for one in held):
                return f"the key is or was {name}'s, and a key is one person's once; make another"
        if act.what == REMOVE and sum(bool(self.key(name)) for name in self.keys) == 1:
            return (
                f"{act.name} is the only maintainer, and nobody could change the catalogue any more;"
                " add another one first"
            )
        return None

    def alone(self, act: KeyAct, by: str, at: str) -> str | None:
        """Why `by` may not do it at this time without a second person; None if they may."""
        if not self.signed or set(self.keys) == {by}:
            return None  # the first key, the second one, and one's own while nobody else has one
        if act.what != ENROL and act.name == by:
            return None
        for one in self._asked:
            if one.act == act and one.by not in (by, act.name) and self.key(one.by):
                return None
        if any(one.act == act and one.by == by and _lost(one, at) for one in self._asked):
            return None
        return (
            f"{_WORDS[act.what].format(act.name)} needs a second person who has a key; {by} asks for "
            "it, which is journalled, and it is done when another maintainer runs the same command. "
            f"Where no other key is left, run it again when {LOST_DAYS} days have passed without "
            "anybody else's act"
        )

    def by_silence(self, act: KeyAct, by: str, at: str) -> bool:
        """Whether `by` may do it only because everybody else was silent."""
        others = (one for one in self._asked if one.act == act and one.by != by)
        if any(one.by != act.name and self.key(one.by) for one in others):
            return False
        return any(one.act == act and one.by == by and _lost(one, at) for one in self._asked)


_WORDS = {ENROL: "a key for {}", ROTATE: "another key for {}", REMOVE: "the removal of {}"}


def key_act(line: "Line") -> KeyAct:
    """What a line does to a key."""
    return KeyAct(line.what, line.id, str(line.facts.get("key", "")))


def asked_for(line: "Line") -> KeyAct:
    """What a line asks for."""
    return KeyAct(str(line.facts.get("what", "")), line.id, str(line.facts.get("key", "")))


def _lost(asked: _Asked, at: str) -> bool:
    try:
        since = datetime.fromisoformat(at) - datetime.fromisoformat(asked.at)
    except ValueError:
        return False
    return not asked.heard and since >= timedelta(days=LOST_DAYS)
