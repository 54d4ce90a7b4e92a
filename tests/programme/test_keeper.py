"""Every change: what the rules let through, who must agree, and what is kept of it."""

from datetime import date
from pathlib import Path

import pytest

from blockfilter.errors import ProgrammeError, RefusedError
from blockfilter.programme import partition
from blockfilter.programme.known import Line
from blockfilter.programme.organisation import Act
from blockfilter.programme.practice import Given, question_of
from blockfilter.programme.store import NAME, Store
from tests.programme.records import BEGINNING, TODAY, entry, keeper, office, programme

NET = "10.1.0.0/16"
ADA = Act("ada", "2026-11-20T12:00:00Z")


def test_it_begins_once(store):
    found = store.organisation()
    assert (found.name, found.founded) == ("Example Corp", ADA)
    assert found.heads_at(BEGINNING) == 1200
    with pytest.raises(RefusedError, match="is begun already, for Example Corp"):
        keeper(store).found("Other", "", 7, BEGINNING)
    assert store.organisation() == found


def test_nothing_is_begun_where_something_is_wrong(tmp_path: Path):
    with Store.create(tmp_path / NAME) as store:
        for name, zone in (("", ""), ("two\nlines", ""), ("Example", "Europe/Atlantis")):
            with pytest.raises(ValueError):
                keeper(store).found(name, zone, 7, BEGINNING)
        with pytest.raises(RefusedError, match="is planned"):
            keeper(store).found("Example", "", 7, date(2026, 11, 21))
        assert not store.founded()


def test_who_acts_has_a_name(store):
    for wrong in ("", "Ada Lovelace", "ada@example.org", "a\n"):
        with pytest.raises(ValueError, match="no name of a-z"):
            keeper(store, wrong)


def test_before_counting_has_begun_an_office_needs_nobody_else(store):
    added = keeper(store).add_office(office("berlin", NET, "2001:DB8::/32"))
    assert added.confirmed_by == "ada"
    assert added.prefixes == (NET, "2001:db8::/32")
    assert store.offices() == (added,)
    assert store.organisation().office("berlin") == added


def test_once_counting_has_begun_it_waits_for_a_second_person(store):
    assert keeper(store, begun=True).add_office(office("berlin", NET)).confirmed_by == ""
    with pytest.raises(RefusedError, match="by ada; another person confirms it"):
        keeper(store, "ada", begun=True).confirm_office("berlin")
    assert store.offices()[0].confirmed_by == ""
    found = keeper(store, "ben", begun=True).confirm_office("berlin")
    assert (found.confirmed_by, found.headcounts[0].confirmed_by) == ("ben", "ben")
    with pytest.raises(RefusedError, match="nothing of office"):
        keeper(store, "cy", begun=True).confirm_office("berlin")


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (office("berlin", "10.9.0.0/16"), 'there is an office "berlin" already; choose another'),
        (office("b", NET), f'{NET} shares addresses with {NET} of office "berlin"'),
        (office("b", "10.0.0.0/8"), f'10.0.0.0/8 shares addresses with {NET} of office "berlin"'),
        (office("b", "10.1.2.3"), f'10.1.2.3/32 shares addresses with {NET} of office "berlin"'),
        (office("b", "::ffff:10.1.0.0/112"), f"{NET} shares addresses with {NET} of office"),
        (office("b", "10.8.0.0/16", "10.8.1.0/24"), "10.8.1.0/24 and 10.8.0.0/16 share addresses"),
        (office("b", opened=date(2026, 11, 21)), "what is planned is not recorded"),
        (office("b", *(f"10.2.{n}.0/24" for n in range(256)), "10.3.0.0/24"), "257 prefixes"),
    ],
)
def test_an_office_that_does_not_fit_is_refused(store, new, said):
    keeper(store).add_office(office("berlin", NET))
    with pytest.raises(RefusedError) as refused:
        keeper(store).add_office(new)
    assert said in str(refused.value)
    assert [one.id for one in store.offices()] == ["berlin"]


def test_an_office_that_waits_has_its_addresses_already(store):
    keeper(store, begun=True).add_office(office("berlin", NET))
    with pytest.raises(RefusedError, match='of office "berlin"'):
        keeper(store, "ben", begun=True).add_office(office("b", NET))


def test_what_is_reserved_or_no_id_is_wrong(store):
    for id_ in ("all", "elsewhere", "other offices", "Berlin", ""):
        with pytest.raises(ValueError):
            keeper(store).add_office(office(id_, name="x"))


def test_there_are_so_many_offices_and_no_more(store, monkeypatch):
    monkeypatch.setattr(partition, "MOST_OFFICES", 2)
    for id_ in ("a", "b"):
        keeper(store).add_office(office(id_))
    with pytest.raises(RefusedError, match="there are 2 offices"):
        keeper(store).add_office(office("c"))


def test_a_retired_office_gives_its_addresses_back_and_keeps_its_id(store):
    keep = keeper(store)
    keep.add_office(office("berlin", NET))
    found = keep.retire_office("berlin", date(2026, 6, 1))
    assert found.retired == date(2026, 6, 1)
    keep.add_office(office("berlin-2", NET))
    for attempt, said in (
        (lambda: keep.add_office(office("berlin")), "a retired id stays its own"),
        (lambda: keep.retire_office("berlin", TODAY), "is retired since 2026-06-01 already"),
        (lambda: keep.set_headcount(5, TODAY, "berlin"), "is retired since 2026-06-01"),
        (lambda: keeper(store, "ben").confirm_office("berlin"), "is retired since 2026-06-01"),
    ):
        with pytest.raises(RefusedError, match=said):
            attempt()


def test_an_office_retires_neither_before_it_opened_nor_later_than_today(store):
    keep = keeper(store)
    keep.add_office(office("berlin", opened=date(2026, 6, 1)))
    with pytest.raises(RefusedError, match="opened on 2026-06-01"):
        keep.retire_office("berlin", date(2026, 5, 31))
    with pytest.raises(RefusedError, match="say it when the day has come"):
        keep.retire_office("berlin", date(2026, 11, 21))


def test_what_is_not_there_is_told_with_what_is(store):
    with pytest.raises(ProgrammeError, match='no office "b"; the offices are: none yet'):
        keeper(store).retire_office("b", TODAY)
    keeper(store).add_office(office("berlin"))
    for attempt in (
        lambda: keeper(store).set_headcount(5, TODAY, "b"),
        lambda: keeper(store).record(entry(office="b")),
        lambda: keeper(store).bring([Line(2, entry()), Line(3, entry(office="b"))]),
    ):
        with pytest.raises(ProgrammeError, match='no office "b"; the offices are: berlin'):
            attempt()
    assert store.activities() == ()


class TestHeadcounts:
    """Who may raise one, and when."""

    def test_a_later_one_changes_nothing_before_it(self, store):
        keeper(store).set_headcount(1500, date(2026, 6, 1))
        found = store.organisation()
        assert [found.heads_at(day) for day in (BEGINNING, TODAY)] == [1200, 1500]
        assert [one.heads for one in found.headcounts] == [1200, 1500]

    def test_one_of_a_day_to_come_is_refused(self, store):
        with pytest.raises(RefusedError, match="is planned"):
            keeper(store).set_headcount(1500, date(2026, 11, 21))

    def test_once_counting_has_begun_a_raised_one_waits_until_another_says_the_same(self, store):
        waiting = keeper(store, begun=True).set_headcount(1500, TODAY)
        assert waiting.confirmed_by == ""
        with pytest.raises(RefusedError, match="another person confirms it"):
            keeper(store, begun=True).set_headcount(1500, TODAY)
        assert keeper(store, "ben", begun=True).set_headcount(1500, TODAY).confirmed_by == "ben"
        found = store.organisation()
        assert found.heads_at(TODAY, confirmed=True) == 1500
        assert [one.heads for one in found.headcounts] == [1200, 1500]

    def test_another_figure_confirms_nothing(self, store):
        keeper(store, begun=True).set_headcount(1500, TODAY)
        keeper(store, "ben", begun=True).set_headcount(1400, TODAY)
        assert store.organisation().heads_at(TODAY, confirmed=True) == 1200

    def test_one_that_is_lower_or_the_same_waits_for_nobody(self, store):
        for heads in (1200, 1100):
            assert keeper(store, begun=True).set_headcount(heads, TODAY).confirmed_by == "ada"
        assert keeper(store, begun=True).set_headcount(1200, TODAY).confirmed_by == ""

    def test_the_first_one_waits_for_nobody(self, tmp_path):
        with programme(tmp_path, heads=None) as store:
            assert keeper(store, begun=True).set_headcount(500, TODAY).confirmed_by == "ada"

    def test_one_over_what_the_offices_add_up_to_is_raised(self, tmp_path):
        with programme(tmp_path, heads=None) as store:
            keeper(store).add_office(office("berlin", heads=300))
            assert keeper(store, begun=True).set_headcount(301, TODAY).confirmed_by == ""

    def test_an_offices_own_is_confirmed_with_the_office(self, store):
        keeper(store).add_office(office("berlin", NET, heads=20))
        keeper(store, begun=True).set_headcount(400, TODAY, "berlin")
        found = store.organisation().office("berlin")
        assert found
        assert found.heads_at(TODAY) == 400
        assert found.heads_at(TODAY, confirmed=True) == 20
        with pytest.raises(RefusedError, match="by ada"):
            keeper(store, begun=True).confirm_office("berlin")
        assert keeper(store, "ben").confirm_office("berlin").heads_at(TODAY, confirmed=True) == 400

    def test_an_offices_first_one_waits_once_counting_has_begun(self, store):
        keeper(store).add_office(office("berlin", NET, heads=None))
        assert keeper(store, begun=True).set_headcount(400, TODAY, "berlin").confirmed_by == ""

    def test_nobody_confirms_what_they_wrote_themselves_beside_what_another_wrote(self, store):
        keeper(store, "ada", begun=True).add_office(office("berlin", NET, heads=20))
        keeper(store, "ben", begun=True).set_headcount(400, TODAY, "berlin")
        found = keeper(store, "ben", begun=True).confirm_office("berlin")
        assert found.confirmed_by == "ben"
        assert [one.confirmed_by for one in found.headcounts] == ["ben", ""]


def test_what_is_recorded_has_an_id_and_says_who_and_when(store):
    first = keeper(store).record(entry())
    second = keeper(store, "ben").record(entry())
    assert (first.id, first.version, first.recorded) == ("a1", 1, ADA)
    assert (second.id, second.recorded.by) == ("a2", "ben")
    assert store.activities() == (first, second)


def test_a_correction_keeps_what_it_corrects(store):
    first = keeper(store).record(entry(people=100, note="hall"))
    found = keeper(store, "ben").correct("A1", "counted again", people=90, distinct=True)
    assert (found.id, found.version, found.people, found.distinct) == ("a1", 2, 90, True)
    assert (found.note, found.reason, found.recorded.by) == ("hall", "counted again", "ben")
    assert store.history() == (first, found)
    assert store.activities() == (found,)


def test_another_day_for_what_took_one_is_one_day(store):
    keeper(store).record(entry())
    found = keeper(store).correct("a1", "wrong day", first=date(2026, 3, 9))
    assert (found.first, found.last) == (date(2026, 3, 9), date(2026, 3, 9))
    found = keeper(store).correct("a1", "two days", last=date(2026, 3, 10))
    assert keeper(store).correct("a1", "no", first=date(2026, 3, 8)).last == date(2026, 3, 10)


def test_a_correction_obeys_the_same_rules(store):
    keeper(store).record(entry())
    for changed, error in (
        ({"people": 100}, ValueError),  # it says that already
        ({"channel": "supervisors"}, ValueError),
        ({"topics": ("respond",)}, ValueError),
        ({"last": date(2026, 3, 1)}, ValueError),
        ({"first": date(2026, 12, 1)}, RefusedError),
        ({"office": "nowhere"}, ProgrammeError),
    ):
        with pytest.raises(error):
            keeper(store).correct("a1", "why", **changed)
    with pytest.raises(ProgrammeError, match='no activity "a7"'):
        keeper(store).correct("a7", "why", people=5)
    assert len(store.history()) == 1


def test_what_is_taken_back_stays_readable_and_is_final(store):
    keeper(store).record(entry())
    found = keeper(store).retract("a1", "twice")
    assert (found.retracted, found.version, found.reason) == (True, 2, "twice")
    for attempt in (
        lambda: keeper(store).retract("a1", "again"),
        lambda: keeper(store).correct("a1", "again", people=5),
    ):
        with pytest.raises(RefusedError, match="a1 was taken back; record it anew"):
            attempt()
    assert keeper(store).record(entry()).id == "a2"


def test_lines_that_are_on_record_are_not_recorded_again(store):
    keep = keeper(store)
    lines = [Line(2, entry(people=5)), Line(3, entry(people=6)), Line(5, entry(people=5))]
    assert keep.bring(lines).added == ((2, "a1"), (3, "a2"), (5, "a3"))
    again = keep.bring([*lines, Line(6, entry(people=5))])
    assert again.added == ((6, "a4"),)
    assert [(number, one.id) for number, one in again.known] == [(2, "a1"), (3, "a2"), (5, "a3")]


def test_what_was_corrected_or_taken_back_does_not_come_back(store):
    keep = keeper(store)
    lines = [Line(2, entry(people=5)), Line(3, entry(people=6))]
    keep.bring(lines)
    keep.correct("a1", "counted again", people=50)
    keep.retract("a2", "twice")
    found = keep.bring([*lines, Line(4, entry(people=50))])
    assert [(number, one.id, one.retracted) for number, one in found.known] == [
        (2, "a1", False),
        (3, "a2", True),
    ]
    assert found.added == ((4, "a3"),)  # a1 stands for the line it came from


def test_a_line_is_first_of_all_what_still_says_it(store):
    keep = keeper(store)
    keep.bring([Line(2, entry(people=5)), Line(3, entry(people=6))])
    keep.correct("a1", "counted again", people=7)
    keep.correct("a2", "counted again", people=5)
    found = keep.bring([Line(2, entry(people=5))])
    assert [one.id for _, one in found.known] == ["a2"]


def test_a_dry_run_says_what_would_be_and_stores_nothing(store):
    keep = keeper(store)
    keep.record(entry(people=5))
    found = keep.bring([Line(2, entry(people=5)), Line(3, entry(people=6))], dry_run=True)
    assert (found.added, [number for number, _ in found.known]) == (((3, ""),), [2])
    assert len(store.activities()) == 1


def test_answers_are_dated_and_kept(store):
    first = keeper(store).answer(question_of("policies-1"), Given.NO, BEGINNING, "", "write it")
    second = keeper(store, "ben").answer(question_of("policies-1"), Given.YES, TODAY, "p. 12", "")
    assert store.answers() == (first, second)
    assert (second.evidence, second.next, second.recorded.by) == ("p. 12", "", "ben")
    with pytest.raises(RefusedError, match="is planned"):
        keeper(store).answer(question_of("policies-1"), Given.YES, date(2026, 11, 21), "", "")
    with pytest.raises(ValueError, match="never a person"):
        keeper(store).answer(question_of("policies-1"), Given.YES, TODAY, "ask a@b.example", "")


def test_nothing_is_recorded_of_nobody(tmp_path):
    with Store.create(tmp_path / NAME) as store:
        keep = keeper(store)
        for attempt in (
            lambda: keep.record(entry()),
            lambda: keep.bring([Line(2, entry())]),
            lambda: keep.add_office(office("berlin")),
            lambda: keep.set_headcount(5, TODAY),
            lambda: keep.answer(question_of("policies-1"), Given.YES, TODAY, "", ""),
        ):
            with pytest.raises(ProgrammeError, match="blockfilter programme init"):
                attempt()
