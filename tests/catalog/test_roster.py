"""Edits of maintainers.toml, and what the keys in it count for before and after."""

import pytest

from blockfilter.catalog import changelog, identity, roster, store, verify
from blockfilter.catalog.changelog import Writer
from blockfilter.catalog.keyholders import LOST_DAYS
from blockfilter.errors import ListError, RefusedError
from tests.catalog.people import Team, forge
from tests.catalogs import ADA, WIDE, Catalogue, made

AT = "2026-11-23T09:17:05Z"
BY_HAND = b"""\
# The people of the list.

[[maintainer]]
name = "ada"  # office
key = "K1"
# tea at four

[[maintainer]]
name = "ben"
key = "K2"
"""


def test_a_maintainer_more_leaves_comments_and_order():
    octets = roster.with_maintainer(BY_HAND, "carol", "K3")
    assert octets.startswith(BY_HAND)
    assert octets.decode().endswith('\n[[maintainer]]\nname = "carol"\nkey = "K3"\n')
    with pytest.raises(RefusedError, match="ada is a maintainer already"):
        roster.with_maintainer(BY_HAND, "ada", "K3")


def test_the_first_maintainer_of_all():
    octets = roster.with_maintainer(None, "ada", "K1")
    assert octets.decode().endswith('\n[[maintainer]]\nname = "ada"\nkey = "K1"\n')
    assert octets.startswith(b"# Who may change this catalogue")


def test_another_key_keeps_the_old_one_as_a_former_one():
    octets = roster.rotated(BY_HAND, "ada", "K3", AT, 'lost "it"')
    text = octets.decode()
    for comment in ("# The people of the list.", "# office", "# tea at four"):
        assert comment in text
    assert text.index('"K3"') < text.index("[[maintainer.former]]") < text.index('"ben"')
    twice = roster.rotated(octets, "ada", "K4", AT, "yearly").decode()
    assert twice.count("[[maintainer.former]]") == 2
    with pytest.raises(RefusedError, match="this is the key that ada has"):
        roster.rotated(BY_HAND, "ada", "K1", AT, "")
    with pytest.raises(RefusedError, match="carol is no maintainer"):
        roster.rotated(BY_HAND, "carol", "K3", AT, "")


def test_who_is_removed_stays_in_the_file_and_may_come_back():
    octets = roster.removed(BY_HAND, "ada", AT)
    assert b"# office" in octets
    assert f'removed = "{AT}"'.encode() in octets
    with pytest.raises(RefusedError, match="ada is no maintainer"):
        roster.removed(octets, "ada", AT)
    with pytest.raises(RefusedError, match="ben is the only maintainer"):
        roster.removed(octets, "ben", AT)
    back = roster.with_maintainer(octets, "ada", "K3").decode()
    assert 'key = "K3"' in back
    assert f'removed = "{AT}"' not in back
    assert 'reason = "removed"' in back


def test_a_broken_file_is_said():
    for octets in (b"=", b"\xff"):
        with pytest.raises(ListError, match="is not TOML"):
            roster.with_maintainer(octets, "ada", "K1")


@pytest.fixture
def two(tmp_path):
    return Team(tmp_path, "ada", "ben")


@pytest.fixture
def three(tmp_path):
    return Team(tmp_path, "ada", "ben", "carol")


def test_the_first_two_keys_are_given_by_one_person_and_the_third_by_two(two):
    new = two.key("carol")
    two.tries("ada", "enrol", "carol", new, done=False)
    two.tries("ada", "enrol", "carol", new, done=False)  # asking twice is no second person
    assert two.names() == ["ada", "ben"]
    two.tries("ben", "enrol", "carol", new, done=True)
    assert two.names() == ["ada", "ben", "carol"]


def test_two_people_give_the_same_key_or_none(two):
    mine, other = two.key("carol"), two.key("mallory")
    two.tries("ada", "enrol", "carol", mine, done=False)
    two.tries("ben", "enrol", "carol", other, done=False)
    two.tries("ben", "enrol", "dave", mine, done=False)
    assert two.names() == ["ada", "ben"]


def test_ones_own_key_is_renewed_alone_and_old_lines_stay_right(two):
    id_ = two.proposes("ada")
    old = two.actor("ada")
    two.tries("ada", "rotate", "ada", two.key("ada", "ada-2"), done=True)
    assert two.findings() == []
    two.keeper("ada", "ada-2").edit(id_, {"note": "by the new key"}, "")
    assert two.findings() == []
    with pytest.raises(RefusedError, match="the key is not the one that ada has"):
        two.actor("ada")
    with pytest.raises(RefusedError, match="without the key that the journal tells of"):
        Writer(changelog.read(two.path), old)


def test_the_old_key_signs_nothing_more_whatever_time_it_tells(two):
    old = two.actor("ada")
    early = changelog.read(two.path)[-1].at
    two.catalogue.passes(hours=1)
    two.tries("ada", "rotate", "ada", two.key("ada", "ada-2"), done=True)
    lines = changelog.read(two.path)
    journal = two.path / "journal.jsonl"
    before = journal.read_bytes()
    for follows in (lines, lines[:-1]):  # after the new key, and beside it as on a branch
        forged = forge(follows, old, at=early, what="resume", why="backdated")
        journal.write_bytes(before + forged)
        found = two.findings()
        assert found[0].place == f"journal.jsonl: line {len(lines) + 1}", found
        assert "not by ada's key of that time" in found[0].sentence
    # Where a merge puts the branch's line above the new key, its place in the file is no excuse.
    head, _, last = before.rstrip(b"\n").rpartition(b"\n")
    journal.write_bytes(head + b"\n" + forged + last + b"\n")
    (first, *_) = two.findings()
    assert first.place == f"journal.jsonl: line {len(lines)}"
    assert "signed by a key that line" in first.sentence


def test_nobody_takes_over_anothers_name(two):
    mallory = two.key("mallory")
    two.tries("ben", "rotate", "ada", mallory, done=False)
    two.tries("ben", "remove", "ada", done=False)
    two.keeper("ada").allow("a.example", two.catalogue.now.replace(day=25), "still here")
    two.catalogue.passes(days=LOST_DAYS + 1)  # ben waits, and ada has signed something
    two.tries("ben", "rotate", "ada", mallory, done=False)
    assert two.actor("ada").signer


def test_a_lost_key_of_three_is_replaced_by_the_other_two(three):
    new = three.key("ada", "ada-2")
    three.tries("ben", "rotate", "ada", new, done=False)
    three.tries("carol", "rotate", "ada", new, done=True)
    assert three.actor("ada", "ada-2").signer
    three.proposes("ada", file="ada-2")
    assert three.findings() == []


def test_the_one_whom_it_concerns_is_no_second_person(three):
    new = three.key("ada", "ada-2")
    three.tries("ada", "rotate", "ada", three.key("ada", "ada-3"), done=True)
    three.tries("ben", "rotate", "ada", new, done=False)
    asked = changelog.read(three.path)
    line = forge(asked, three.actor("ada", "ada-3"), at=asked[-1].at, what="ask", id="ada",
                 facts={"what": "rotate", "key": new})  # fmt: skip
    three.append(line)
    three.tries("ben", "rotate", "ada", new, done=False)


def test_a_lost_key_of_two_is_replaced_after_two_weeks_without_a_word(two):
    new = two.key("ada", "ada-2")
    two.tries("ben", "rotate", "ada", new, done=False)
    two.catalogue.passes(days=LOST_DAYS - 1)
    two.tries("ben", "rotate", "ada", new, done=False)  # which begins nothing anew
    two.catalogue.passes(days=1)
    two.tries("ben", "rotate", "ada", new, done=True)
    assert two.actor("ada", "ada-2").signer


def test_a_clock_that_is_set_forward_is_seen(two):
    new = two.key("ada", "ada-2")
    two.tries("ben", "rotate", "ada", new, done=False)
    now = two.catalogue.now
    two.catalogue.passes(days=LOST_DAYS + 1)
    two.tries("ben", "rotate", "ada", new, done=True)
    found = verify.verify(two.path, WIDE, now)
    assert [one.place for one in found] == [f"journal.jsonl: line {len(changelog.read(two.path))}"]
    assert "yet to come" in found[0].sentence


def test_a_wish_that_is_dated_back_is_seen(two):
    new = two.key("ada", "ada-2")
    line = forge(changelog.read(two.path), two.actor("ben"), at="2026-10-01T00:00:00Z", what="ask",
                 id="ada", facts={"what": "rotate", "key": new})  # fmt: skip
    two.append(line)
    assert "before that of a line above it" in two.findings()[0].sentence


def test_a_key_given_by_one_person_alone_is_seen(two):
    before = (two.path / "journal.jsonl").read_bytes()
    new = two.key("ada", "ada-2")
    for what, name in (("rotate", "ada"), ("enrol", "mallory")):
        line = forge(changelog.read(two.path), two.actor("ben"), at=AT, what=what, id=name,
                     facts={"key": new})  # fmt: skip
        (two.path / "journal.jsonl").write_bytes(before + line)
        assert "needs a second person" in two.findings()[0].sentence
        (two.path / "journal.jsonl").write_bytes(before)


@pytest.mark.parametrize("what", ["enrol", "rotate"])
def test_one_key_is_one_persons(three, what):
    name = "dave" if what == "enrol" else "ben"
    with pytest.raises(RefusedError, match="the key is or was ada's"):
        getattr(three.keeper("carol"), what)(name, three.public["ada"], "two votes")
    assert three.findings() == []


def test_who_leaves_removes_themselves_and_what_they_signed_still_counts(three):
    three.proposes("carol")
    three.tries("carol", "remove", "carol", done=True)
    assert three.names() == ["ada", "ben"]
    with pytest.raises(RefusedError, match="carol is no maintainer"):
        three.actor("carol")
    three.tries("ada", "enrol", "carol", three.key("carol", "carol-2"), done=False)
    three.tries("ben", "enrol", "carol", three.public["carol"], done=True)
    three.proposes("carol", "b.example", "carol-2")
    assert three.findings() == []


def test_removal_by_others_needs_two(three):
    three.tries("ada", "remove", "carol", done=False)
    three.tries("ben", "remove", "carol", done=True)
    assert three.names() == ["ada", "ben"]


def test_the_last_one_stays(tmp_path):
    team = Team(tmp_path, "ada")
    with pytest.raises(RefusedError, match="ada is the only maintainer"):
        team.keeper("ada").remove("ada", "leaving")


def test_a_wish_of_somebody_who_left_counts_no_more(three):
    new = three.key("dave")
    three.tries("carol", "enrol", "dave", new, done=False)
    three.tries("carol", "remove", "carol", done=True)
    three.tries("ada", "enrol", "dave", new, done=False)


def test_the_catalogue_stays_signed_when_the_file_is_emptied(two):
    id_ = two.proposes("ada")
    (two.path / "maintainers.toml").write_text("")
    assert identity.actor(identity.read(two.path), "mallory", None).signer is None
    before = (two.path / "journal.jsonl").read_bytes()
    with pytest.raises(RefusedError, match=r"maintainers\.toml was changed by hand"):
        Catalogue(two.path, ADA).move(id_, "approve")
    assert (two.path / "journal.jsonl").read_bytes() == before
    assert [one.rule for one in two.findings()] == ["key", "key"]


@pytest.mark.parametrize("name", ["system", "Ada", "a b", ""])
def test_nobody_is_enrolled_under_a_name_that_is_none(tmp_path, name):
    catalogue = made(tmp_path / "catalogue", released=False)
    with pytest.raises(RefusedError, match="is no name"):
        catalogue.keeper().enrol(name, identity.keygen(tmp_path / "key", None), "")
    assert not (catalogue.path / "journal.jsonl").exists()
    assert (catalogue.path / "maintainers.toml").read_bytes() == (
        store.initial_files()["maintainers.toml"]
    )


def test_what_is_no_key_is_given_to_nobody(tmp_path):
    catalogue = made(tmp_path / "catalogue", released=False)
    with pytest.raises(ListError, match="is no minisign public key"):
        catalogue.keeper().enrol("ada", "RWQ", "")
