"""A headcount holds from its day until a later one, and changes nothing before it."""

from datetime import date
from typing import Any

import pytest

from blockfilter.programme.organisation import Act, Headcount, Office, Organisation

ACT = Act("ada", "2026-11-20T12:00:00Z")


def heads(*figures: tuple[str, int], confirmed: str = "ada") -> tuple[Headcount, ...]:
    return tuple(Headcount(date.fromisoformat(day), n, ACT, confirmed) for day, n in figures)


def office(id_: str, *figures: tuple[str, int], **more) -> Office:
    given: dict[str, Any] = {"opened": date(2026, 1, 1), "confirmed_by": "ada"} | more
    return Office(id=id_, name=id_, headcounts=heads(*figures), added=ACT, **given)


def employer(*figures: tuple[str, int], offices: tuple[Office, ...] = ()) -> Organisation:
    return Organisation("Example", "", heads(*figures), offices, ACT)


@pytest.mark.parametrize(
    ("day", "number"),
    [("2025-12-31", None), ("2026-01-01", 100), ("2026-05-31", 100), ("2026-06-01", 120)],
)
def test_the_figure_of_the_latest_day_holds(day, number):
    found = employer(("2026-06-01", 120), ("2026-01-01", 100))
    assert found.heads_at(date.fromisoformat(day)) == number


def test_of_two_figures_of_one_day_the_one_recorded_last_holds():
    assert employer(("2026-01-01", 100), ("2026-01-01", 90)).heads_at(date(2026, 1, 1)) == 90


def test_without_a_figure_of_its_own_it_is_the_sum_of_its_open_offices():
    offices = (
        office("a", ("2026-01-01", 100)),
        office("b", ("2026-01-01", 200), retired=date(2026, 6, 1)),
        office("c", ("2026-01-01", 400), opened=date(2026, 3, 1)),
        office("d"),
    )
    found = employer(offices=offices)
    assert found.heads_at(date(2025, 12, 31)) is None
    assert found.heads_at(date(2026, 2, 1)) == 300
    assert found.heads_at(date(2026, 4, 1)) == 700
    assert found.heads_at(date(2026, 6, 1)) == 500
    assert employer(("2026-04-01", 999), offices=offices).heads_at(date(2026, 4, 1)) == 999


def test_what_waits_for_a_second_person_is_no_confirmed_figure():
    waiting = Headcount(date(2026, 6, 1), 5000, ACT, "")
    found = Organisation("Example", "", (*heads(("2026-01-01", 100)), waiting), (), ACT)
    assert found.heads_at(date(2026, 7, 1)) == 5000
    assert found.heads_at(date(2026, 7, 1), confirmed=True) == 100
    alone = employer(offices=(office("a", ("2026-01-01", 100), confirmed_by=""),))
    assert alone.heads_at(date(2026, 7, 1)) == 100
    assert alone.heads_at(date(2026, 7, 1), confirmed=True) is None


def test_an_office_is_open_from_its_first_day_until_the_day_it_is_retired():
    found = office("a", opened=date(2026, 2, 1), retired=date(2026, 3, 1))
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)]
    assert [found.open_at(day) for day in days] == [False, True, True, False]
