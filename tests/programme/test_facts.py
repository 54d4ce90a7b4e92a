"""What the counts may know: only what nobody decided alone."""

from datetime import date
from pathlib import Path

import pytest

from blockfilter.errors import StateError
from blockfilter.programme.facts import NOTHING, Facts, OfficeFacts, facts, read
from blockfilter.programme.store import NAME, Store
from tests.programme.records import BEGINNING, TODAY, keeper, office, programme

NET = "10.1.0.0/16"


def known(store: Store, day: date = TODAY) -> Facts:
    return facts(store.organisation(), day)


def test_heads_and_open_offices_with_their_prefixes_in_the_order_of_ids(store):
    keep = keeper(store)
    keep.add_office(office("zurich", "10.9.0.0/16", heads=None))
    keep.add_office(office("berlin", NET, "2001:db8::/32"))
    keep.add_office(office("online"))
    assert known(store) == Facts(
        1200,
        (
            OfficeFacts("berlin", 300, (NET, "2001:db8::/32")),
            OfficeFacts("zurich", 0, ("10.9.0.0/16",)),
        ),
        "",
    )


def test_an_office_speaks_for_its_clients_while_it_is_open(store):
    keep = keeper(store)
    keep.add_office(office("berlin", NET, opened=date(2026, 2, 1)))
    keep.retire_office("berlin", date(2026, 5, 1))
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 4, 30), date(2026, 5, 1)]
    assert [len(known(store, day).offices) for day in days] == [0, 1, 1, 0]


def test_an_office_that_waits_speaks_for_nobody(store):
    keeper(store, begun=True).add_office(office("berlin", NET))
    assert known(store).offices == ()
    keeper(store, "ben", begun=True).confirm_office("berlin")
    assert known(store).offices == (OfficeFacts("berlin", 300, (NET,)),)


def test_a_headcount_that_one_person_raised_is_not_taken(store):
    keeper(store).add_office(office("berlin", NET))
    alone = keeper(store, begun=True)
    alone.set_headcount(9000, TODAY)
    alone.set_headcount(900, TODAY, "berlin")
    assert (known(store).heads, known(store).offices[0].heads) == (1200, 300)
    alone.set_headcount(1000, TODAY)
    assert known(store).heads == 1000


def test_before_the_first_headcount_nothing_is_known(store):
    assert known(store, date(2025, 12, 31)).heads == 0
    assert known(store, BEGINNING).heads == 1200


def test_a_file_is_read_and_one_that_is_not_there_says_nothing(tmp_path: Path):
    assert read(tmp_path / NAME, TODAY) is NOTHING
    with programme(tmp_path):
        pass
    assert read(tmp_path / NAME, TODAY) == Facts(1200, (), "")
    with Store.create(tmp_path / "empty.db"):
        pass
    assert read(tmp_path / "empty.db", TODAY) is NOTHING
    (tmp_path / "other.db").write_bytes(b"no database" * 500)
    with pytest.raises(StateError, match=r"other\.db: is no database"):
        read(tmp_path / "other.db", TODAY)
