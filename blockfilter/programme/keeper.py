"""Every change of a programme: read, decide by the rules, write; one transaction each.

A keeper acts for one person. `begun` says whether counting has begun: from then on what divides the
counts further or lets more of them be published waits for a second person (see `partition`). The
clock is an argument.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from blockfilter.errors import ProgrammeError, RefusedError
from blockfilter.programme import partition, values
from blockfilter.programme.activity import Activity, Entry, made
from blockfilter.programme.known import Brought, Known, Line
from blockfilter.programme.organisation import Act, Headcount, Office, Organisation
from blockfilter.programme.practice import Answer, Given, Question
from blockfilter.programme.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOffice:
    """An office that somebody wants to add."""

    id: str
    name: str
    prefixes: tuple[str, ...] = ()
    time_zone: str = ""
    heads: int | None = None
    opened: date


class Keeper:
    """Changes a programme in the name of one person."""

    def __init__(
        self, store: Store, by: str, *, now: Callable[[], datetime], today: date, begun: bool
    ) -> None:
        self._store = store
        self._by = values.person(by)
        self._now = now
        self._today = today
        self._begun = begun

    def found(self, name: str, time_zone: str, heads: int | None, day: date) -> Organisation:
        """Begin a programme. RefusedError where there is one."""
        with self._store.writing():
            if self._store.founded():
                raise RefusedError(
                    f"{self._store.path}: is begun already, for "
                    f"{self._store.organisation().name}; see  blockfilter programme show"
                )
            self._store.found(values.name(name), values.time_zone(time_zone), self._act())
            if heads is not None:
                self._check_past(day)
                self._store.add_headcount(None, Headcount(day, heads, self._act(), self._by))
            return self._store.organisation()

    def add_office(self, new: NewOffice) -> Office:
        """Add an office; once counting has begun it waits for a second person."""
        id_ = values.office_id(new.id)
        prefixes = tuple(str(values.prefix(one)) for one in new.prefixes)
        self._check_past(new.opened)
        act, by = self._act(), "" if self._begun else self._by
        heads = () if new.heads is None else (Headcount(new.opened, new.heads, act, by),)
        office = Office(
            id=id_,
            name=values.name(new.name),
            prefixes=prefixes,
            time_zone=values.time_zone(new.time_zone),
            headcounts=heads,
            opened=new.opened,
            added=act,
            confirmed_by=by,
        )
        with self._store.writing():
            partition.check_new(self._store.organisation(), id_, prefixes)
            self._store.add_office(office)
            for headcount in heads:
                self._store.add_headcount(id_, headcount)
        return office

    def confirm_office(self, id_: str) -> Office:
        """Confirm, as the second person, an office and what waits of its headcounts."""
        with self._store.writing():
            office = self._office(id_)
            partition.check_second(office, self._by)
            if not office.confirmed_by and office.added.by != self._by:
                self._store.confirm_office(id_, self._act())
            for one in office.headcounts:
                if not one.confirmed_by and one.recorded.by != self._by:
                    self._store.confirm_headcount(id_, one, self._act())
            return self._office(id_)

    def retire_office(self, id_: str, day: date) -> Office:
        """End an office; its past stays."""
        self._check_past(day)
        with self._store.writing():
            office = self._office(id_)
            if office.retired:
                raise RefusedError(f'office "{id_}" is retired since {office.retired} already')
            if day < office.opened:
                raise RefusedError(f'office "{id_}" opened on {office.opened}; name a later day')
            self._store.retire_office(id_, day, self._act())
            return self._office(id_)

    def set_headcount(self, heads: int, day: date, id_: str = "") -> Headcount:
        """Set a headcount from a day on, of an office or of the whole organisation.

        Once counting has begun, one that is raised waits until a second person says the same.
        """
        self._check_past(day)
        with self._store.writing():
            organisation = self._store.organisation()
            office = self._open_office(id_) if id_ else None
            headcounts = office.headcounts if office else organisation.headcounts
            if former := partition.waiting(headcounts, day, heads):
                if former.recorded.by == self._by:
                    raise RefusedError(
                        f"this headcount is by {self._by}, and another person confirms it"
                    )
                self._store.confirm_headcount(id_ or None, former, self._act())
                return Headcount(day, heads, former.recorded, self._by)
            waits = self._begun and partition.raises(organisation, office, day, heads)
            headcount = Headcount(day, heads, self._act(), "" if waits else self._by)
            self._store.add_headcount(id_ or None, headcount)
            return headcount

    def record(self, entry: Entry) -> Activity:
        """Record what happened."""
        with self._store.writing():
            self._check_office(entry)
            return self._activity(self._store.add_activity(entry, self._act()))

    def correct(self, id_: str, reason: str, **changed: Any) -> Activity:  # noqa: ANN401  # fields
        """Correct an activity: other values for some of its fields. The former version is kept."""
        with self._store.writing():
            former = self._standing(id_)
            before = {one.name: getattr(former, one.name) for one in fields(Entry)}
            if "first" in changed and former.first == former.last:
                changed.setdefault("last", changed["first"])  # what was on one day still is
            entry = made(**before | changed, today=self._today)
            if entry == former.entry():
                raise ValueError(f"{former.id} says exactly this already; change something")
            self._check_office(entry)
            why = values.line(reason)
            self._store.add_version(former, entry, why, self._act(), retracted=False)
            return self._activity(former.id)

    def retract(self, id_: str, reason: str) -> Activity:
        """Take an activity back: no sum holds it any more, and it stays readable."""
        with self._store.writing():
            former = self._standing(id_)
            self._store.add_version(
                former, former.entry(), values.line(reason), self._act(), retracted=True
            )
            return self._activity(former.id)

    def bring(self, lines: Sequence[Line], *, dry_run: bool = False) -> Brought:
        """Record the lines that are not on record yet, all of them or none.

        A line that an activity says, in its present or a former version, is that activity; so the
        same file twice adds nothing, and what was corrected or taken back does not come back. Two
        equal lines of one file are two activities.
        """
        with self._store.writing():
            known = Known(self._store.history())
            offices = {"", *(one.id for one in self._store.organisation().offices)}
            act, added, there = self._act(), [], []
            for number, entry in lines:
                if entry.office not in offices:
                    self._office(entry.office)  # which tells that there is none
                if former := known.take(entry):
                    there.append((number, former))
                else:
                    added.append((number, "" if dry_run else self._store.add_activity(entry, act)))
        return Brought(tuple(added), tuple(there))

    def answer(
        self, question: Question, given: Given, day: date, evidence: str, following: str
    ) -> Answer:
        """Answer a question of the self-assessment."""
        return self.answer_all([(question, given)], day, evidence, following)[0]

    def answer_all(
        self, given: Sequence[tuple[Question, Given]], day: date, evidence: str, following: str
    ) -> list[Answer]:
        """Answer questions of the self-assessment, with one evidence and one next step."""
        self._check_past(day)
        said = (day, values.line(evidence), values.line(following), self._act())
        answers = [Answer(question.id, answer, *said) for question, answer in given]
        with self._store.writing():
            self._store.organisation()  # answers of nobody are none
            for one in answers:
                self._store.add_answer(one)
        return answers

    def _act(self) -> Act:
        return Act(self._by, f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")

    def _check_past(self, day: date) -> None:
        if day > self._today:
            raise RefusedError(
                f"{day} is after today, {self._today}: what is planned is not recorded; say it "
                "when the day has come"
            )

    def _office(self, id_: str) -> Office:
        found = self._store.organisation().office(id_)
        if found is None:
            ids = ", ".join(one.id for one in self._store.offices()) or "none yet"
            raise ProgrammeError(f"there is no office {values.shown(id_)}; the offices are: {ids}")
        return found

    def _open_office(self, id_: str) -> Office:
        office = self._office(id_)
        if office.retired:
            raise RefusedError(f'office "{id_}" is retired since {office.retired}')
        return office

    def _check_office(self, entry: Entry) -> None:
        self._store.organisation()
        if entry.office:
            self._office(entry.office)

    def _activity(self, id_: str) -> Activity:
        found = self._store.activity(id_.strip().casefold())
        if found is None:
            raise ProgrammeError(
                f"there is no activity {values.shown(id_)}; see  blockfilter programme activities"
            )
        return found

    def _standing(self, id_: str) -> Activity:
        found = self._activity(id_)
        if found.retracted:
            raise RefusedError(f"{found.id} was taken back; record it anew")
        return found
