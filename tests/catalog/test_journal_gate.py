"""No release is built on a journal that does not hold; what only softens needs none that does."""

from dataclasses import replace

import pytest

from blockfilter.catalog import changelog, edit, store
from blockfilter.catalog.folder import JOURNAL
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.site import Act, State
from blockfilter.errors import RefusedError
from tests.catalog.people import Team, forge
from tests.catalogs import WIDE, compiling_here


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


@pytest.fixture
def team(tmp_path):
    people = Team(tmp_path, "ada", "ben")
    people.proposes("ada", "first.example")
    people.keeper("ben").move("first-example", "approve", "seen the same")
    people.catalogue.release()
    return people


def approves_alone(team, id_):
    """Write by hand what only the second person may do: an approval in Ben's name."""
    entry = store.read(team.path, WIDE).entry(id_)
    assert entry is not None
    act = Act("ben", changelog.read(team.path)[-1].at)
    after = replace(entry, state=State.APPROVED, approved=act, changed=act, reason="seen")
    place = team.path / "sites" / f"{id_}.toml"
    place.write_bytes(edit.updated(place.read_bytes(), after))
    line = {"at": act.at, "what": "approve", "id": id_, "why": "seen", "entry": store.plain(after)}
    team.append(forge(changelog.read(team.path), Actor("ben", None), **line))


def test_an_approval_that_the_second_person_did_not_sign_brings_nothing_into_force(team):
    team.proposes("ada", "second.example")
    approves_alone(team, "second-example")
    with pytest.raises(RefusedError, match="line 8.*is not signed, though ben has to"):
        team.catalogue.release()


def test_a_journal_of_which_an_octet_was_changed_carries_no_release(team):
    team.proposes("ada", "second.example")
    team.keeper("ben").move("second-example", "approve", "seen the same")
    journal = team.path / JOURNAL
    octets = journal.read_bytes()
    journal.write_bytes(octets.replace(b'"why":"seen the same"', b'"why":"seen no such"', 1))
    with pytest.raises(RefusedError, match="line 4") as refused:
        team.catalogue.release()
    assert "blockfilter list verify tells them all" in str(refused.value)
    journal.write_bytes(octets)
    assert team.catalogue.release().serial == 2


def test_a_maintainer_who_is_in_no_line_brings_nothing_into_force(team):
    team.proposes("ada", "second.example")
    team.keeper("ben").move("second-example", "approve", "seen the same")
    key = team.key("mallory")
    with (team.path / "maintainers.toml").open("a") as file:
        file.write(f'\n[[maintainer]]\nname = "mallory"\nkey = "{key}"\n')
    with pytest.raises(RefusedError, match="mallory"):
        team.catalogue.release()


def test_what_only_softens_is_done_all_the_same(team):
    journal = team.path / JOURNAL
    octets = journal.read_bytes()
    journal.write_bytes(octets.replace(b'"why":"seen the same"', b'"why":"seen no such"', 1))
    team.keeper("ben").move("first-example", "dispute", "it blocks a clinic")
    until = team.catalogue.now.replace(day=28)
    team.keeper("ada").allow("clinic.example", until, "a ticket")
