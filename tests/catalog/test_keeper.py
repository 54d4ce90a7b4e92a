"""What people do with a catalogue, what one of them cannot do alone, and that refusals write nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from blockfilter.catalog import changelog, release, store, verify
from blockfilter.catalog.change import REVIEW_DAYS
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.opening import MAX_ALLOW_DAYS
from blockfilter.catalog.site import Dossier, Evidence, ImportedList, State
from blockfilter.errors import ListError, RefusedError
from blockfilter.policy.rule import Mode, Trigger
from tests.catalogs import ADA, BEN, START, WIDE, compiling_here, made

CAROL = Actor("carol", None)
EVERY_MOVE = ("approve", "reject", "activate", "dispute", "retire", "reopen", "adopt")


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


@pytest.fixture
def catalogue(tmp_path):
    return made(tmp_path / "catalogue", released=False)


def entry(catalogue, id_):
    """The entry that its file has."""
    found = store.read(catalogue.path, WIDE).entry(id_)
    assert found is not None
    return found


def state(catalogue, id_):
    return entry(catalogue, id_).state


def tree(catalogue):
    files = (one for one in catalogue.path.rglob("*") if one.is_file() and one.name != ".lock")
    return {str(one.relative_to(catalogue.path)): one.read_bytes() for one in files}


class Refused:
    """A block that must be refused, with nothing written."""

    def __init__(self, catalogue, match, error=RefusedError):
        self._catalogue = catalogue
        self._raises = pytest.raises(error, match=match)

    def __enter__(self):
        self._before = tree(self._catalogue)
        self._raises.__enter__()

    def __exit__(self, *how):
        ended = self._raises.__exit__(*how)
        assert tree(self._catalogue) == self._before
        return ended


def right(catalogue):
    """The catalogue is as its journal tells."""
    assert verify.verify(catalogue.path, WIDE, catalogue.now) == []


# Proposals.


def propose(catalogue, site="Ads", name="a.example", by=ADA, **changes):
    values = {
        "category": "escort-ads", "criterion": "lists escorts", "source": "own", "licence": "facts",
        "evidence": [Evidence(reference="front page", date=START.date())],
    } | changes  # fmt: skip
    return catalogue.keeper(by).propose(site, {Trigger.SUBTREE: [name]}, **values)


def test_a_proposal_is_a_file_a_line_and_no_more(catalogue):
    before = tree(catalogue)
    made_ = propose(catalogue, reason="seen twice", note="careful")
    new = {"sites/ads.toml", "journal.jsonl", "standing.json"}
    assert set(tree(catalogue)) - set(before) == new
    assert entry(catalogue, "ads") == made_
    assert (made_.state, made_.names) == (State.PROPOSED, ("a.example",))
    assert made_.proposed == made_.changed == ("ada", "2026-11-23T09:17:05Z")
    assert made_.review == START.date() + timedelta(days=REVIEW_DAYS)
    (line,) = changelog.read(catalogue.path)
    assert (line.by, line.what, line.id, line.why) == ("ada", "propose", "ads", "seen twice")
    assert line.entry == store.plain(made_)
    right(catalogue)


@pytest.mark.parametrize("site", ["Ads", "ads", " ADS ", "Ads\t"])
def test_a_site_has_one_dossier(catalogue, site):
    propose(catalogue)
    with Refused(catalogue, "has a dossier already, ads; add names to it"):
        propose(catalogue, site, "b.example")


def test_a_name_is_in_one_entry(catalogue):
    propose(catalogue)
    for name in ("a.example", "A.Example.", "a.EXAMPLE"):
        with Refused(catalogue, "a.example is listed already, by ads"):
            propose(catalogue, "Other", name)
    catalogue.move("ads", "reject")
    assert propose(catalogue, "Other", "a.example").id == "other"
    right(catalogue)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"category": "nothing"}, 'there is no category "nothing"; the categories are'),
        ({"name": "com"}, "single label"),
        ({"name": "co.uk"}, "public suffix"),
        ({"name": "a b.example"}, "a name holds no blank"),
        ({"site": ""}, "site"),
        ({"source": "a\nb\x00"}, "control character"),
    ],
)
def test_a_proposal_that_cannot_be_read_is_not_written(catalogue, changes, sentence):
    with Refused(catalogue, sentence):
        propose(catalogue, **changes)


def test_an_id_is_never_given_again(catalogue):
    assert propose(catalogue).id == "ads"
    catalogue.move("ads", "reject")
    (catalogue.path / "sites/ads.toml").unlink()
    assert propose(catalogue).id == "ads-2"


def test_many_are_proposed_in_one_go_and_the_wrong_ones_told(catalogue):
    def draft(site, *names):
        return Dossier(id="new", site=site, category="escort-ads", state=State.ACTIVE, names=names)

    drafts = [
        draft("One", "one.example"),
        draft("ONE", "other.example"),
        draft("Two", "one.example"),
        draft("Three"),
        draft("Four", "four.example"),
    ]
    proposed, wrong = catalogue.keeper().propose_all(enumerate(drafts, 7))
    assert [one.id for one in proposed] == ["one", "four"]
    assert [number for number, _ in wrong] == [8, 9, 10]
    assert {one.state for one in proposed} == {State.PROPOSED}  # whatever the draft said
    assert len(changelog.read(catalogue.path)) == 2
    right(catalogue)


# Moves.


def test_the_life_of_an_entry(catalogue):
    propose(catalogue)
    steps = [
        (BEN, "approve", State.APPROVED), (ADA, "activate", State.ACTIVE),
        (CAROL, "dispute", State.DISPUTED), (BEN, "activate", State.ACTIVE),
        (ADA, "retire", State.RETIRED), (ADA, "reopen", State.PROPOSED),
        (BEN, "reject", State.REJECTED), (BEN, "reopen", State.PROPOSED),
        (ADA, "approve", State.APPROVED), (ADA, "dispute", State.DISPUTED),
        (ADA, "retire", State.RETIRED), (CAROL, "reopen", State.PROPOSED),
        (BEN, "approve", State.APPROVED), (BEN, "retire", State.RETIRED),
    ]  # fmt: skip
    for by, what, after in steps:
        catalogue.passes(minutes=1)
        assert catalogue.keeper(by).move("ads", what, f"{what} it").state is after
        found = entry(catalogue, "ads")
        assert (found.state, found.reason) == (after, f"{what} it")
        right(catalogue)
    assert [line.what for line in changelog.read(catalogue.path)[1:]] == [w for _, w, _ in steps]


def test_a_move_that_is_none_writes_nothing(catalogue):
    propose(catalogue)
    for what in ("activate", "dispute", "retire", "reopen"):
        with Refused(catalogue, f"ads is proposed, and {what} starts from"):
            catalogue.keeper(BEN).move("ads", what, "")
    with Refused(catalogue, 'no entry has the id "nothing"', ListError):
        catalogue.keeper().move("nothing", "approve", "")


def test_rejecting_what_was_approved_stops_it(catalogue):
    propose(catalogue)
    catalogue.move("ads", "approve")
    assert catalogue.keeper(CAROL).move("ads", "reject", "a clinic").state is State.REJECTED
    right(catalogue)


def test_reopening_what_another_entry_lists_now_is_refused(catalogue):
    propose(catalogue)
    catalogue.move("ads", "reject")
    propose(catalogue, "Other", "a.example")
    with Refused(catalogue, "a.example is listed already, by other"):
        catalogue.keeper().move("ads", "reopen", "")
    assert state(catalogue, "other") is State.PROPOSED  # all can still be read


# Two persons.


def test_nobody_approves_alone(catalogue):
    propose(catalogue)
    with Refused(catalogue, "needs a second person"):
        catalogue.keeper(ADA).move("ads", "approve", "")
    catalogue.move("ads", "approve")
    catalogue.release()
    ways = [
        ("an edit", lambda keeper: keeper.edit("ads", {"names": ["b.example"]}, "")),
        ("another category", lambda keeper: keeper.edit("ads", {"category": "review-board"}, "")),
        ("an exception less", lambda keeper: keeper.edit("ads", {"except": ["x.example"]}, "")),
        ("no end", lambda keeper: keeper.edit("ads", {"expires": "2030-01-01"}, "")),
    ]
    for called, way in ways:
        for by in (ADA, BEN):  # who proposed it first, and who approved it
            way(catalogue.keeper(by))
            with Refused(catalogue, f"was proposed by {by.name}"):
                catalogue.keeper(by).move("ads", "approve", called)
            with Refused(catalogue, "nothing has changed|nothing is approved"):
                catalogue.release(by=by)
            catalogue.keeper(by).move("ads", "reject", "back")
            assert state(catalogue, "ads") is State.ACTIVE
    for what in ("retire", "reopen"):
        catalogue.keeper(ADA).move("ads", what, "")
    with Refused(catalogue, "was proposed by ada"):
        catalogue.keeper(ADA).move("ads", "approve", "my own again")
    with Refused(catalogue, "has a proposer"):
        catalogue.keeper(ADA).move("ads", "adopt", "")
    right(catalogue)


def test_an_edit_takes_the_approval_away(catalogue):
    propose(catalogue)
    catalogue.move("ads", "approve")
    catalogue.keeper(ADA).edit("ads", {"names": ["a.example", "bank.example"]}, "one more")
    with Refused(catalogue, "nothing is approved yet"):
        catalogue.release()
    catalogue.move("ads", "approve")
    assert catalogue.release().serial == 1
    right(catalogue)


@pytest.mark.parametrize("what", ["proposed", "approved", "state", "id", "changed", "kind"])
def test_what_moves_change_no_edit_does(catalogue, what):
    propose(catalogue)
    with Refused(catalogue, f"{what} cannot be edited"):
        catalogue.keeper().edit("ads", {what: "approved"}, "")


def test_a_file_that_was_approved_by_hand_comes_into_force_for_nobody(catalogue):
    propose(catalogue)
    file = catalogue.path / "sites/ads.toml"
    by_ben = '"approved"\napproved = { by = "ben", at = "2026-11-23T09:17:05Z" }'
    file.write_text(file.read_text().replace('"proposed"', by_ben))
    assert state(catalogue, "ads") is State.APPROVED
    with Refused(catalogue, "so it was changed by hand"):
        catalogue.release()
    for what in EVERY_MOVE:
        with Refused(catalogue, "so it was changed by hand"):
            catalogue.keeper(BEN).move("ads", what, "")
    with Refused(catalogue, "so it was changed by hand"):
        catalogue.keeper().edit("ads", {"note": "x"}, "")


def test_names_put_into_an_approved_file_come_into_force_for_nobody(catalogue):
    propose(catalogue)
    catalogue.move("ads", "approve")
    catalogue.release()
    file = catalogue.path / "sites/ads.toml"
    file.write_text(file.read_text().replace('"a.example"', '"a.example", "bank.example"'))
    propose(catalogue, "Other", "other.example")
    catalogue.move("other", "approve")
    with Refused(catalogue, r"sites/ads\.toml: ads is not as the journal's last line"):
        catalogue.release()


def test_comments_and_order_are_everybodys(catalogue):
    propose(catalogue)
    file = catalogue.path / "sites/ads.toml"
    file.write_text(file.read_text().replace("[[site]]", "# ask Carol first\n[[site]]"))
    catalogue.move("ads", "approve")
    catalogue.release()
    assert "# ask Carol first\n" in file.read_text()


def test_one_person_forces_nothing(catalogue):
    names = [f"a{number}.example" for number in range(20)]
    first = catalogue.site("Many", names)
    catalogue.release()
    catalogue.keeper().edit(first, {"names": names[:9]}, "fewer")
    catalogue.move(first, "approve")
    for _ in range(3):
        with pytest.raises(RefusedError, match="second person releases the same content"):
            catalogue.release(by=ADA, force="I want it")
    assert catalogue.release(by=BEN, force="so do I").forced == (("ada", "ben"), "so do I")
    right(catalogue)


# Edits.


def test_words_change_at_once_and_leave_the_state(catalogue):
    propose(catalogue)
    catalogue.move("ads", "approve")
    words = {"note": "n", "source": "s", "licence": "l", "review": "2027-06-01"}
    after = catalogue.keeper(CAROL).edit("ads", words, "words")
    assert (after.state, after.note, after.review) == (State.APPROVED, "n", date(2027, 6, 1))
    assert catalogue.keeper().edit("ads", {"note": None}, "").note == ""
    right(catalogue)


def test_an_edit_of_nothing_or_of_something_wrong_writes_nothing(catalogue):
    propose(catalogue)
    with Refused(catalogue, "ads: nothing would change"):
        catalogue.keeper().edit("ads", {"names": ["A.example"]}, "")
    with Refused(catalogue, "lists nothing"):
        catalogue.keeper().edit("ads", {"names": None}, "")
    with Refused(catalogue, "colour"):
        catalogue.keeper().edit("ads", {"colour": "red"}, "")
    with Refused(catalogue, "there is no category"):
        catalogue.keeper().edit("ads", {"category": "nothing"}, "")
    propose(catalogue, "Other", "b.example")
    with Refused(catalogue, "b.example is listed already, by other"):
        catalogue.keeper().edit("ads", {"exact": ["b.example"]}, "")


def test_an_exception_of_two_entries_does_not_break_the_catalogue(catalogue):
    propose(catalogue)
    propose(catalogue, "Other", "b.example")
    catalogue.keeper().edit("ads", {"except": ["help.a.example"]}, "")
    with Refused(catalogue, "help.a.example is listed already, by ads"):
        catalogue.keeper().edit("other", {"except": ["help.a.example"]}, "")
    assert state(catalogue, "other") is State.PROPOSED


def test_what_is_settled_or_disputed_is_not_edited(catalogue):
    propose(catalogue)
    catalogue.move("ads", "approve")
    catalogue.move("ads", "dispute")
    with Refused(catalogue, "ads is disputed"):
        catalogue.keeper().edit("ads", {"names": ["b.example"]}, "")
    catalogue.keeper().edit("ads", {"note": "a word is no rule"}, "")
    catalogue.move("ads", "retire")
    with Refused(catalogue, "ads is retired; reopen it"):
        catalogue.keeper().edit("ads", {"note": "x"}, "")
    right(catalogue)


# Lists of other people's.


def bring(catalogue, text="b.example\nc.example\n", url="", **how):
    return catalogue.bring("Theirs", text, url=url, approved=False, **how)


@pytest.mark.parametrize("url", ["", "https://lists.example/ads"])
def test_a_list_waits_for_a_second_person(catalogue, url):
    id_ = bring(catalogue, url=url)
    found = entry(catalogue, id_)
    assert isinstance(found, ImportedList)
    assert (found.state, found.rules, found.url) == (State.PROPOSED, 2, url)
    assert (catalogue.path / f"rules/{found.sha256}.rules").exists()
    assert changelog.read(catalogue.path)[-1].what == ("subscribe" if url else "import")
    with Refused(catalogue, "needs a second person"):
        catalogue.keeper(ADA).move(id_, "approve", "")
    with Refused(catalogue, "nothing is approved yet"):
        catalogue.release()
    catalogue.move(id_, "approve")
    assert catalogue.release().listed(id_)
    right(catalogue)


def test_a_change_of_a_list_waits_for_a_second_person(catalogue):
    id_ = bring(catalogue, mode=Mode.MONITOR, url="https://lists.example/ads")
    catalogue.move(id_, "approve")
    catalogue.release()
    changes = ({"mode": "enforce"}, {"url": "https://other.example/"}, {"except": ["b.example"]}, {"key": "x"}, {"private": True})  # fmt: skip
    for change in changes:
        catalogue.keeper(BEN).edit(id_, change, "")
        assert state(catalogue, id_) is State.PROPOSED
        with Refused(catalogue, "was proposed by ben"):
            catalogue.keeper(BEN).move(id_, "approve", "")
        catalogue.keeper(BEN).move(id_, "reject", "")
    assert state(catalogue, id_) is State.ACTIVE
    for key, value in {"sha256": "0" * 64, "rules": 7, "refused": 1}.items():
        with Refused(catalogue, f"{key} cannot be edited; import the list again"):
            catalogue.keeper(BEN).edit(id_, {key: value}, "")
    right(catalogue)


def brought(catalogue, text):
    from blockfilter.catalog import imported

    file = catalogue.path.parent / "fetched.txt"
    file.write_text(text)
    return imported.bring(
        file, catalogue.path, format="domains", category="escort-ads", mode=Mode.ENFORCE, wide=WIDE
    )


def test_the_system_refreshes_what_two_approved_and_nothing_else(catalogue):
    id_ = bring(catalogue, url="https://lists.example/ads")
    new = brought(catalogue, "b.example\n")
    with Refused(catalogue, "is proposed; what nobody approved is not refreshed"):
        catalogue.keeper().refreshed(id_, new)
    catalogue.move(id_, "approve")
    after = catalogue.keeper().refreshed(id_, new, {"octets": 9})
    assert (after.rules, after.state, after.sha256) == (1, State.APPROVED, new.sha256)
    line = changelog.read(catalogue.path)[-1]
    assert (line.by, line.what, line.facts) == ("system", "refresh", {"octets": 9})
    propose(catalogue)
    other = brought(catalogue, "b.example\n")
    with Refused(catalogue, "ads is no subscription", ListError):
        catalogue.keeper().refreshed("ads", other)
    other.file.unlink()
    right(catalogue)


def test_an_id_of_a_list_is_given_once(catalogue):
    propose(catalogue)
    new = brought(catalogue, "b.example\n")
    how = {"title": "T", "category": "escort-ads", "source": "s", "licence": "l"}
    with Refused(catalogue, 'the id "ads" has been given'):
        catalogue.keeper().bring(new, **how, id_="ads")
    with Refused(catalogue, "there is no category"):
        catalogue.keeper().bring(new, **{**how, "category": "nothing"})
    assert catalogue.keeper().bring(new, **how, id_="ads-of-others").id == "ads-of-others"


# What happens by itself.


def test_a_successor_is_adopted_by_one_and_approved_by_another(catalogue):
    propose(catalogue)
    found = catalogue.keeper().successor("ads", "new.example", "a.example is an alias of it")
    assert found
    assert found.proposed
    assert (found.proposed.by, found.names, found.state) == ("system", ("new.example",), "proposed")
    assert found.evidence[0].reference == "a.example is an alias of it"
    assert catalogue.keeper(ADA).move(found.id, "approve", "it is").state is State.PROPOSED
    assert changelog.read(catalogue.path)[-1].what == "adopt"
    with Refused(catalogue, "was proposed by ada"):
        catalogue.keeper(ADA).move(found.id, "approve", "again")
    assert catalogue.keeper(BEN).move(found.id, "approve", "it is").state is State.APPROVED
    right(catalogue)


def test_a_successor_is_proposed_once_and_never_when_it_was_judged(catalogue):
    propose(catalogue)
    before = tree(catalogue)
    for listed in ("a.example", "www.a.example"):
        assert catalogue.keeper().successor("ads", listed, "x") is None
    assert tree(catalogue) == before
    found = catalogue.keeper().successor("ads", "new.example", "x")
    assert found
    assert catalogue.keeper().successor("ads", "new.example", "x") is None
    catalogue.move(found.id, "reject")
    assert catalogue.keeper().successor("ads", "new.example", "x") is None
    right(catalogue)


def test_an_entry_whose_time_is_over_retires_with_the_next_release(catalogue):
    propose(catalogue, expires=date(2026, 11, 30))
    propose(catalogue, "Other", "b.example")
    for id_ in ("ads", "other"):
        catalogue.move(id_, "approve")
    assert catalogue.release().expires == {"ads": "2026-11-30"}
    catalogue.passes(days=7)
    catalogue.release()
    assert state(catalogue, "ads") is State.RETIRED
    assert ("system", "expire") in [(one.by, one.what) for one in changelog.read(catalogue.path)]
    right(catalogue)


# Exceptions.


def allow(catalogue, name="www.A.example.", **until):
    return catalogue.keeper().allow(name, catalogue.now + timedelta(**until), "a ticket")


def test_an_exception_is_in_force_at_once(catalogue):
    allowed = allow(catalogue, days=2)
    assert allowed == ("www.a.example", "2026-11-25T09:17:05Z", "a ticket", "ada", "2026-11-23T09:17:05Z")  # fmt: skip
    assert release.standing(catalogue.path).allow == (("www.a.example", allowed.until),)
    right(catalogue)
    allow(catalogue, days=3)  # which takes its place
    assert len(store.read(catalogue.path, WIDE).allowed) == 1
    catalogue.passes(days=4)
    allow(catalogue, "b.example", days=1)  # the one that ended goes
    assert [one.name for one in store.read(catalogue.path, WIDE).allowed] == ["b.example"]
    right(catalogue)
    catalogue.keeper(BEN).disallow("B.example", "done")
    assert release.standing(catalogue.path).allow == ()
    right(catalogue)


def test_an_exception_ends_and_is_of_a_site(catalogue):
    for until in ({}, {"seconds": -1}, {"days": MAX_ALLOW_DAYS, "seconds": 1}):
        with Refused(catalogue, f"an exception ends within {MAX_ALLOW_DAYS} days"):
            allow(catalogue, **until)
    assert allow(catalogue, days=MAX_ALLOW_DAYS)
    for wide in ("com", "co.uk", "CO.UK.", "."):
        with Refused(catalogue, "is no site"):
            allow(catalogue, wide, days=1)
    for wrong in ("*.a.example", "192.0.2.1", "a..example", ""):
        with Refused(catalogue, "cannot be allowed", ListError):
            allow(catalogue, wrong, days=1)
    with Refused(catalogue, 'there is no exception for "c.example"', ListError):
        catalogue.keeper().disallow("c.example", "")


def test_an_exception_told_in_another_zone_ends_when_it_does(catalogue):
    from datetime import timezone

    until = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=2)))
    assert catalogue.keeper().allow("a.example", until, "x").until == "2026-11-23T10:00:00Z"
    assert until.astimezone(UTC).hour == 10
