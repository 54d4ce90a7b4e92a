"""What is on record, as values; and rows for what changes. No rule is looked after here.

Nothing is ever deleted: a correction is one more version, a headcount one more row.
"""

import re
from collections.abc import Sequence
from datetime import date

from blockfilter.errors import ProgrammeError
from blockfilter.programme.activity import Activity, Entry, Kind
from blockfilter.programme.file import NAME, File, Row
from blockfilter.programme.organisation import Act, Headcount, Office, Organisation
from blockfilter.programme.practice import Answer, Given

__all__ = ["NAME", "Store"]

_ID = re.compile(r"a[0-9]{1,9}")


class Store(File):
    """The programme of one state directory."""

    def founded(self) -> bool:
        """Whether there is an organisation."""
        return bool(self.rows("SELECT 1 FROM organisation"))

    def organisation(self) -> Organisation:
        """The organisation with its offices. ProgrammeError where none was begun."""
        rows = self.rows("SELECT * FROM organisation")
        if not rows:
            raise ProgrammeError(
                f"{self.path}: holds no organisation; begin with  blockfilter programme init"
            )
        own = [row for row in self._headcounts() if row["office"] is None]
        return Organisation(
            name=rows[0]["name"],
            time_zone=rows[0]["time_zone"],
            headcounts=tuple(map(_headcount, own)),
            offices=self.offices(),
            founded=_act(rows[0]),
        )

    def offices(self) -> tuple[Office, ...]:
        """The offices, retired ones too, in the order they were added."""
        prefixes: dict[str, list[str]] = {}
        for row in self.rows("SELECT office, prefix FROM prefixes ORDER BY rowid"):
            prefixes.setdefault(row["office"], []).append(row["prefix"])
        heads: dict[str, list[Headcount]] = {}
        for row in self._headcounts():
            heads.setdefault(row["office"], []).append(_headcount(row))
        return tuple(
            _office(row, prefixes.get(row["id"], ()), heads.get(row["id"], ()))
            for row in self.rows("SELECT * FROM offices ORDER BY number")
        )

    def activities(self) -> tuple[Activity, ...]:
        """Each activity as it was last corrected, retracted ones too, in the order of their ids."""
        newest = {one.id: one for one in self.history()}
        return tuple(newest.values())

    def history(self) -> tuple[Activity, ...]:
        """Every version of every activity, each after the one it corrects."""
        rows = self.rows("SELECT * FROM activities ORDER BY number, version")
        return tuple(map(_activity, rows))

    def activity(self, id_: str) -> Activity | None:
        """One activity as it was last corrected."""
        if not _ID.fullmatch(id_):
            return None
        rows = self.rows(
            "SELECT * FROM activities WHERE number = ? ORDER BY version DESC LIMIT 1", int(id_[1:])
        )
        return _activity(rows[0]) if rows else None

    def answers(self) -> tuple[Answer, ...]:
        """Every answer of the self-assessment, in the order they were given."""
        return tuple(map(_answer, self.rows("SELECT * FROM answers ORDER BY number")))

    def found(self, name: str, time_zone: str, act: Act) -> None:
        """Begin, within `writing`."""
        self.insert("organisation", {"one": 1, "name": name, "time_zone": time_zone, **_by(act)})

    def add_office(self, office: Office) -> None:
        """Add an office without its headcounts, within `writing`."""
        row = {"id": office.id, "name": office.name, "time_zone": office.time_zone}
        row |= {"opened": office.opened.isoformat(), **_by(office.added)}
        row |= _confirmed(office.confirmed_by, office.added)
        self.insert("offices", row)
        for prefix in office.prefixes:
            self.insert("prefixes", {"office": office.id, "prefix": prefix})

    def add_headcount(self, office: str | None, headcount: Headcount) -> None:
        """Add a headcount, of the organisation where no office is named; within `writing`."""
        row: Row = {"office": office, "heads": headcount.heads, **_by(headcount.recorded)}
        row |= {"day": headcount.day.isoformat()}
        self.insert("headcounts", row | _confirmed(headcount.confirmed_by, headcount.recorded))

    def confirm_office(self, id_: str, act: Act) -> None:
        """Confirm an office, within `writing`."""
        self.execute(
            "UPDATE offices SET confirmed_by = ?, confirmed_at = ? WHERE id = ?",
            *(act.by, act.at, id_),
        )

    def confirm_headcount(self, office: str | None, headcount: Headcount, act: Act) -> None:
        """Confirm what somebody wrote of a headcount, within `writing`."""
        self.execute(
            "UPDATE headcounts SET confirmed_by = ?, confirmed_at = ? "
            "WHERE office IS ? AND day = ? AND heads = ? AND by = ? AND confirmed_by = ''",
            *(act.by, act.at, office, headcount.day.isoformat(), headcount.heads),
            headcount.recorded.by,
        )

    def retire_office(self, id_: str, day: date, act: Act) -> None:
        """End an office on a day, within `writing`."""
        self.execute(
            "UPDATE offices SET retired = ?, retired_by = ?, retired_at = ? WHERE id = ?",
            *(day.isoformat(), act.by, act.at, id_),
        )

    def add_activity(self, entry: Entry, act: Act) -> str:
        """Add an activity, within `writing`; its id."""
        (row,) = self.rows("SELECT coalesce(max(number), 0) + 1 AS free FROM activities")
        self.insert("activities", _entry(entry) | {"number": row["free"], "version": 1, **_by(act)})
        return f"a{row['free']}"

    def add_version(
        self, former: Activity, entry: Entry, reason: str, act: Act, *, retracted: bool
    ) -> None:
        """Correct an activity, within `writing`."""
        row = _entry(entry) | {"number": int(former.id[1:]), "version": former.version + 1}
        row |= {"retracted": int(retracted), "reason": reason}
        self.insert("activities", row | _by(act))

    def add_answer(self, answer: Answer) -> None:
        """Add an answer, within `writing`."""
        row = {"question": answer.question, "answer": str(answer.given)}
        row |= {"day": answer.day.isoformat(), "evidence": answer.evidence, "next": answer.next}
        self.insert("answers", row | _by(answer.recorded))

    def _headcounts(self) -> list[Row]:
        return self.rows("SELECT * FROM headcounts ORDER BY number")


def _by(act: Act) -> dict[str, str]:
    return {"by": act.by, "at": act.at}


def _confirmed(by: str, act: Act) -> dict[str, str]:
    return {"confirmed_by": by, "confirmed_at": act.at if by else ""}


def _act(row: Row) -> Act:
    return Act(row["by"], row["at"])


def _headcount(row: Row) -> Headcount:
    return Headcount(date.fromisoformat(row["day"]), row["heads"], _act(row), row["confirmed_by"])


def _office(row: Row, prefixes: Sequence[str], headcounts: Sequence[Headcount]) -> Office:
    return Office(
        id=row["id"],
        name=row["name"],
        prefixes=tuple(prefixes),
        time_zone=row["time_zone"],
        headcounts=tuple(headcounts),
        opened=date.fromisoformat(row["opened"]),
        retired=date.fromisoformat(row["retired"]) if row["retired"] else None,
        added=_act(row),
        confirmed_by=row["confirmed_by"],
    )


def _entry(entry: Entry) -> Row:
    return {
        "kind": str(entry.kind),
        "channel": entry.channel,
        "people": entry.people,
        "first": entry.first.isoformat(),
        "last": entry.last.isoformat(),
        "office": entry.office or None,
        "topics": " ".join(entry.topics),
        "is_distinct": int(entry.distinct),
        "source": entry.source,
        "note": entry.note,
    }


def _activity(row: Row) -> Activity:
    return Activity(
        id=f"a{row['number']}",
        version=row["version"],
        kind=Kind(row["kind"]),
        channel=row["channel"],
        people=row["people"],
        first=date.fromisoformat(row["first"]),
        last=date.fromisoformat(row["last"]),
        office=row["office"] or "",
        topics=tuple(row["topics"].split()),
        distinct=bool(row["is_distinct"]),
        source=row["source"],
        note=row["note"],
        retracted=bool(row["retracted"]),
        reason=row["reason"],
        recorded=_act(row),
    )


def _answer(row: Row) -> Answer:
    return Answer(
        question=row["question"],
        given=Given(row["answer"]),
        day=date.fromisoformat(row["day"]),
        evidence=row["evidence"],
        next=row["next"],
        recorded=_act(row),
    )
