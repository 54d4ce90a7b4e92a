"""Where listed names lead to: proposed once, by the system, with what was seen; people decide."""

import pytest

from blockfilter.catalog import lint, looks, reference, store, verify
from blockfilter.catalog.change import REVIEW_DAYS, today
from blockfilter.catalog.life import Sign
from blockfilter.catalog.site import State
from blockfilter.catalog.successor import named, registrable
from blockfilter.errors import RefusedError
from tests.catalog.looking import HERE, Looking
from tests.catalog.people import Team
from tests.catalogs import ADA, BEN, WIDE, compiling_here

NEW = "listed-site-successor"
ENDED = {"retired": "retire", "rejected": "reject"}


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


@pytest.fixture
def looking(tmp_path):
    return redirected(Looking(tmp_path / "catalogue", "ads.example"), "www.new.test")


def redirected(looking, target, name="ads.example"):
    looking.resolver.records[name] = [f"CNAME {target}."]
    looking.resolver.records[target] = list(HERE)
    return looking


def right(looking):
    assert verify.verify(looking.path, WIDE, looking.now) == []


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("ads.example", "ads.example"),
        ("a.b.ads.example", "ads.example"),
        ("www.ads.co.uk", "ads.co.uk"),
        ("co.uk", "co.uk"),
        ("ads", "ads"),
    ],
)
def test_what_somebody_registered_ends_in_a_public_suffix(name, registered):
    assert registrable(name, WIDE) == registered


@pytest.mark.parametrize(
    ("target", "listed"),
    [
        ("new.test", "new.test"),
        ("www.new.test", "new.test"),
        ("www.new.co.uk", "new.co.uk"),
        ("ads.hoster.test", "ads.hoster.test"),
        ("www.ads.hoster.test", "www.ads.hoster.test"),
        ("www.co.uk", "www.co.uk"),
        ("www.www.test", "www.test"),
    ],
)
def test_the_name_itself_is_proposed_and_of_a_www_its_site(target, listed):
    assert named(target, WIDE) == listed


def test_it_is_proposed_after_weeks_with_the_evidence(looking):
    assert looking.weeks(2).proposed == ()
    summary = looking.weeks(1)
    assert (summary.proposed, summary.findings) == ((NEW,), 0)
    assert looking.lines()[3:] == [("system", "propose", NEW)]
    entry = looking.entry(NEW)
    assert (entry.state, entry.names) == (State.PROPOSED, ("new.test",))
    assert entry.site == "Listed Site, at new.test"
    assert entry.category == looking.entry().category
    assert [(one.reference, one.date) for one in entry.evidence] == [
        (
            (
                "ads.example leads to www.new.test (CNAME), seen at 3 looks from 2026-11-30 to "
                "2026-12-14"
            ),
            today(looking.now),
        )
    ]
    assert (entry.review - today(looking.now)).days == REVIEW_DAYS
    assert entry.proposed == entry.changed == ("system", "2026-12-14T09:17:05Z")
    right(looking)


def test_it_passes_lint_as_any_entry(looking):
    looking.weeks(3)
    found = lint.findings(
        store.read(looking.path, WIDE),
        WIDE,
        today(looking.now),
        reference=reference.reference(looking.path),
    )
    assert [one for one in found if NEW in one.place] == []


def test_it_is_proposed_once(looking):
    looking.weeks(3)
    assert looking.weeks(5).proposed == ()
    assert len(looking.lines()) == 4
    assert looking.found() == []


def test_a_target_that_changes_before_its_time_is_not_proposed(looking):
    looking.weeks(2)
    redirected(looking, "www.other.test")
    assert looking.weeks(2).proposed == ()
    assert looking.weeks(1).proposed == (NEW,)
    assert looking.entry(NEW).names == ("other.test",)


def test_one_person_adopts_it_and_another_approves(looking):
    looking.weeks(3)
    keeper = looking.catalogue.keeper
    assert keeper(ADA).move(NEW, "approve", "it is the same").state is State.PROPOSED
    with pytest.raises(RefusedError, match="needs a second person"):
        keeper(ADA).move(NEW, "approve", "sure")
    assert keeper(BEN).move(NEW, "approve", "seen the same").state is State.APPROVED
    looking.catalogue.release()
    assert looking.entry(NEW).state is State.ACTIVE
    assert looking.weeks(3).proposed == ()
    right(looking)


def test_what_was_rejected_is_not_proposed_again(looking):
    looking.weeks(3)
    looking.catalogue.move(NEW, "reject", "a newspaper")
    assert looking.weeks(5).proposed == ()
    assert looking.found() == []
    right(looking)


def test_what_was_taken_out_of_an_entry_is_not_proposed_again(looking):
    catalogue = looking.catalogue
    other = catalogue.site("Other", ["new.test", "other.test"])
    catalogue.keeper().edit(other, {"names": ["other.test"]}, "new.test was a mistake")
    assert looking.weeks(4).proposed == ()


@pytest.mark.parametrize("state", ["proposed", "approved", "retired", "rejected"])
@pytest.mark.parametrize("how", ["names", "exact", "site_names", "patterns"])
def test_what_an_entry_speaks_of_is_not_proposed(looking, state, how):
    triggers = {
        "names": ["new.test"], "exact": ["new.test"], "site_names": ["brandnew"],
        "patterns": [r"^brandnew[0-9]\.test$"],
    }  # fmt: skip
    target = {"site_names": "brandnew.test", "patterns": "brandnew7.test"}.get(how, "new.test")
    redirected(looking, target)
    catalogue = looking.catalogue
    id_ = catalogue.site("Other", **{how: triggers[how]}, approved=state != "proposed")
    if state in ENDED:
        catalogue.move(id_, ENDED[state])
    assert looking.weeks(4).proposed == ()
    assert looking.found() == []


def test_what_an_imported_list_speaks_of_is_not_proposed(looking):
    looking.catalogue.bring("more", "new.test\n")
    assert looking.weeks(4).proposed == ()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("google.com", "which is well known or belongs to google.com"),
        ("d1.cloudfront.net", "which is well known or belongs to cloudfront.net"),
        ("help.own.test", "help.own.test and all below: touches own.test, protected"),
        ("own.test", "own.test and all below: touches own.test, protected"),
        ("www.rainn.org", "rainn.org and all below: touches rainn.org, protected"),
        ("hotIine.test", "hotiine.test"),
        ("co.uk", "which cannot be listed: a public suffix"),
        ("a\\032b.test", "which cannot be listed: a character"),
    ],
)
def test_what_nobody_may_list_is_a_finding_and_no_proposal(tmp_path, target, why):
    looking = redirected(Looking(tmp_path / "catalogue", "ads.example"), target.lower())
    looking.resolver.records[target.lower().replace("\\032", " ")] = list(HERE)
    protected = looking.path / "protected.toml"
    for name in ("own.test", "hotline.test"):
        block = f'\n[[protected]]\nname = "{name}"\nkind = "own-zone"\nfrom = "tests"\n'
        protected.write_text(protected.read_text() + block)
    summary = looking.weeks(3)
    assert (summary.proposed, summary.findings) == ((), 1)
    (sentence,) = looking.found()
    assert why in sentence
    looking.catalogue.passes(days=1)
    looking.catalogue.keeper().edit("listed-site", {"review": "2027-06-01"}, "still theirs")
    assert looking.found() == []
    assert looking.weeks(3).findings == 0


def test_a_catalogue_with_keys_needs_none_for_what_the_system_proposes(tmp_path):
    team = Team(tmp_path, "ada", "ben")
    looking = redirected(Looking.at(team.catalogue), "new.test")
    team.proposes("ada", "ads.example")
    team.keeper("ben").move("ads-example", "approve", "seen the same")
    team.keeper("ben").move("ads-example", "activate", "at once")
    assert looking.weeks(3).proposed == ("ads-example-successor",)
    line = looking.lines()[-1]
    assert line == ("system", "propose", "ads-example-successor")
    assert team.findings() == []
    team.keeper("ben").move("ads-example-successor", "approve", "it is")
    team.keeper("ada").move("ads-example-successor", "approve", "it is")
    assert team.findings() == []


def test_an_entry_that_was_changed_by_hand_proposes_nothing_and_ends_no_run(looking):
    looking.weeks(2)
    file = looking.path / "sites/listed-site.toml"
    file.write_text(file.read_text().replace("CC0-1.0", "MIT"))
    assert looking.weeks(1) == (1, 1, 0, 0, 0, 1, ())
    assert "new.test, which the next look proposes" in looking.found()[0]
    file.write_text(file.read_text().replace("MIT", "CC0-1.0"))
    assert looking.look().proposed == (NEW,)  # though no name is due


def test_evidence_is_a_line_that_lint_accepts_however_long_names_are(tmp_path):
    long = ".".join(["a" * 60] * 3)
    name, target = f"{long}.ads.example", f"{long}.new.test"
    looking = redirected(Looking(tmp_path / "catalogue", name), target, name)
    assert looking.weeks(3).proposed == (NEW,)
    (evidence,) = looking.entry(NEW).evidence
    assert "…aaa" in evidence.reference
    assert len(evidence.reference) <= lint.MAX_REFERENCE


def test_two_names_that_lead_to_one_propose_it_once(tmp_path):
    looking = Looking(tmp_path / "catalogue", "ads.example", "more.test")
    redirected(redirected(looking, "new.test"), "www.new.test", "more.test")
    assert looking.weeks(3).proposed == (NEW,)
    assert looks.read(looking.path, "listed-site")["more.test"].seen[Sign.ALIAS].ripe
    assert looking.found() == []
