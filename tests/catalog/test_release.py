"""Releases: what goes in, what keeps one from being made, the way back."""

import json
import time
from datetime import date, timedelta

import pytest

from blockfilter.catalog import changelog, identity, release, snapshots, store, verify
from blockfilter.catalog.folder import sha256
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.making import KEPT_SNAPSHOTS
from blockfilter.catalog.manifest import rules_file
from blockfilter.catalog.site import State
from blockfilter.catalog.snapshots import Inputs
from blockfilter.errors import ListError, RefusedError
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.snapshot import Snapshot
from tests.catalogs import ADA, BEN, START, WIDE, Catalogue, compiling_here, made


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalogue"


def entries(catalogue):
    return {entry.id: entry for entry in store.read(catalogue.path, WIDE).entries()}


def states(catalogue):
    return {id_: entry.state for id_, entry in entries(catalogue).items()}


def in_force(path):
    """The release that must be in force."""
    found = release.in_force(path)
    assert found is not None
    return found


def listed(manifest, list_id):
    """What a release says of a list that must be in it."""
    found = manifest.listed(list_id)
    assert found is not None
    return found


def rules(catalogue, list_id="curated"):
    """The lines of a list of the release in force."""
    text = rules_file(catalogue.path, listed(in_force(catalogue.path), list_id)).read_text()
    return [line.split("\t") for line in text.splitlines()[1:]]


def names_in_force(catalogue, list_id="curated"):
    return [words[1] for words in rules(catalogue, list_id)]


def tree(folder):
    """Every file and its content, what servers never see aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def policy(catalogue, tmp_path):
    inputs = Inputs((str(catalogue.path),), (), ())
    compiled = snapshots.current(inputs, tmp_path / "state", catalogue.now)
    return compiled, Policy(Snapshot(compiled.path.read_bytes()))


def verdict(catalogue, tmp_path, text):
    _, found = policy(catalogue, tmp_path)
    return found.explain(names.from_text(text)).mode


def journal(catalogue):
    return [(line.by, line.what, line.id) for line in changelog.read(catalogue.path)]


def test_a_release_brings_what_is_approved_into_force(path, tmp_path):
    catalogue = made(path, names=["b.example", "a.example"], released=False)
    catalogue.site("Not Yet", ["c.example"], approved=False)
    manifest = catalogue.release("the first")
    assert (manifest.serial, manifest.previous, manifest.by) == (1, None, "ada")
    assert manifest.date == "2026-11-23T09:17:05Z"
    assert release.in_force(path) == manifest
    assert names_in_force(catalogue) == ["a.example", "b.example"]
    assert rules(catalogue)[0] == ["subtree", "a.example", "escort-ads", "listed-site"]
    assert states(catalogue) == {"listed-site": State.ACTIVE, "not-yet": State.PROPOSED}
    assert journal(catalogue)[-2:] == [("ada", "activate", "listed-site"), ("ada", "release", "")]
    line = changelog.read(path)[-1]
    assert line.why == "the first"
    assert line.facts == {
        "serial": 1,
        "sha256": manifest.sha256,
        "previous": None,
        "lists": {one.id: one.sha256 for one in manifest.lists},
    }
    assert verify.verify(path, WIDE) == []
    assert verdict(catalogue, tmp_path, "www.a.example") == "enforced"
    assert verdict(catalogue, tmp_path, "c.example") is None


def test_servers_find_the_policy_of_a_release_compiled(path, tmp_path):
    catalogue = made(path, names=["a.example"])
    compiled, _ = policy(catalogue, tmp_path)
    assert compiled.path == path / "releases/1.snapshot"
    snapshot = Snapshot(compiled.path.read_bytes())
    assert (snapshot.release, snapshot.serial) == ("1", 1)
    assert not (tmp_path / "state").exists()
    assert not list((path / "releases").glob("next*"))


def test_every_file_of_a_release_but_its_snapshot_is_small_text(path):
    made(path, names=["a.example"])
    there = set(tree(path))
    assert {"releases/1.json", "releases/1.snapshot", "releases/current", "standing.json"} <= there
    assert "releases/1.json.minisig" not in there
    for one in (path / "rules").iterdir():
        assert sha256(one.read_bytes()) == one.stem


def test_a_second_release_needs_a_change(path):
    catalogue = made(path, names=["a.example"])
    before = tree(path)
    with pytest.raises(RefusedError, match="nothing has changed since release 1"):
        catalogue.release()
    assert tree(path) == before


def test_a_first_release_needs_something_that_is_approved(path):
    catalogue = made(path, released=False)
    catalogue.site("Not Yet", ["a.example"], approved=False)
    with pytest.raises(RefusedError, match="nothing is approved yet"):
        catalogue.release()
    assert release.in_force(path) is None


def test_an_entry_whose_words_alone_changed_becomes_active_all_the_same(path):
    catalogue = made(path, names=["a.example"])
    catalogue.keeper().edit("listed-site", {"criterion": "another one"}, "better words")
    catalogue.move("listed-site", "approve")
    assert catalogue.release().serial == 2
    assert states(catalogue) == {"listed-site": State.ACTIVE}


def test_a_change_that_waits_for_its_second_person_leaves_what_is_in_force(path):
    catalogue = made(path, names=["a.example"], sites={"Other": ["b.example"]})
    catalogue.keeper().edit("listed-site", {"names": ["c.example"]}, "it moved")
    with pytest.raises(RefusedError, match="nothing has changed"):
        catalogue.release()
    catalogue.site("Third", ["d.example"])
    catalogue.release()
    assert names_in_force(catalogue) == ["a.example", "b.example", "d.example"]
    assert states(catalogue)["listed-site"] is State.PROPOSED
    catalogue.move("listed-site", "approve")
    catalogue.release()
    assert names_in_force(catalogue) == ["b.example", "c.example", "d.example"]
    assert verify.verify(path, WIDE) == []


def test_a_dispute_softens_at_once_and_in_the_next_release(path, tmp_path):
    catalogue = made(path, names=["a.example"])
    catalogue.move("listed-site", "dispute")
    assert verdict(catalogue, tmp_path, "a.example") == "monitored"
    catalogue.release()
    assert rules(catalogue) == [["subtree", "a.example", "escort-ads", "listed-site", "monitor"]]
    assert verdict(catalogue, tmp_path, "a.example") == "monitored"
    catalogue.move("listed-site", "activate")
    assert verdict(catalogue, tmp_path, "a.example") == "monitored"  # as the release says
    catalogue.release()
    assert verdict(catalogue, tmp_path, "a.example") == "enforced"


def test_what_is_retired_is_watched_until_the_next_release_leaves_it_out(path, tmp_path):
    catalogue = made(path, names=["a.example"], sites={"Other": ["b.example"]})
    catalogue.move("listed-site", "dispute")
    catalogue.move("listed-site", "retire")
    assert verdict(catalogue, tmp_path, "a.example") == "monitored"
    catalogue.release()
    assert names_in_force(catalogue) == ["b.example"]
    catalogue.rollback(1)
    assert verdict(catalogue, tmp_path, "a.example") == "monitored"  # nobody stands by it any more


def test_an_entry_whose_time_is_over_is_retired_by_the_system_with_the_release(path, tmp_path):
    catalogue = made(path, names=["a.example"], released=False)
    id_ = catalogue.site("For A Week", ["b.example"], expires=date(2026, 11, 30))
    manifest = catalogue.release()
    assert manifest.expires == {id_: "2026-11-30"}
    catalogue.passes(days=7)
    assert verdict(catalogue, tmp_path, "b.example") is None
    assert catalogue.release().expires == {}
    assert names_in_force(catalogue) == ["a.example"]
    assert states(catalogue)[id_] is State.RETIRED
    assert journal(catalogue)[-2:] == [("system", "expire", id_), ("ada", "release", "")]
    assert verify.verify(path, WIDE) == []


def test_several_entries_of_one_file_are_changed_in_it_and_its_comments_stay(path):
    catalogue = made(path, released=False)
    one = catalogue.site("One", ["a.example"])
    other = catalogue.site("Other", ["b.example"])
    first, second = (path / f"sites/{id_}.toml" for id_ in (one, other))
    first.write_text("# by hand\n" + first.read_text() + "\n" + second.read_text())
    second.unlink()
    catalogue.release()
    assert states(catalogue) == {one: State.ACTIVE, other: State.ACTIVE}
    assert first.read_text().startswith("# by hand\n")
    assert not second.exists()


def test_the_gate_refuses_with_everything_it_found_and_nothing_changes(path):
    catalogue = made(path, names=["a.example"], protected=["clinic.example"])
    catalogue.site("Wrong", ["www.clinic.example"])
    catalogue.site("Wide", ["google.com"])
    before = tree(path)
    with pytest.raises(RefusedError) as caught:
        catalogue.release()
    told = str(caught.value)
    assert "[protected-touched]" in told
    assert "[popular-name]" in told
    assert "sites/wrong.toml: wrong" in told
    assert "sites/wide.toml: wide" in told
    assert tree(path) == before


def test_a_proposal_that_lint_finds_wrong_stops_no_release(path):
    catalogue = made(path, names=["a.example"], protected=["clinic.example"], released=False)
    catalogue.site("Wrong", ["www.clinic.example"], approved=False)
    assert catalogue.release().serial == 1


def many(count, first=0):
    return [f"site-{number}.example" for number in range(first, first + count)]


def test_more_change_than_usual_needs_two_people_who_force_the_same_content(path):
    catalogue = made(path, names=many(20))
    catalogue.keeper().edit("listed-site", {"names": many(30)}, "ten more")
    catalogue.move("listed-site", "approve")
    with pytest.raises(RefusedError, match=r"\[delta\]"):
        catalogue.release()
    assert journal(catalogue)[-1][1] == "approve"
    for _ in range(2):
        with pytest.raises(RefusedError, match="passes when a second person"):
            catalogue.release(force="they are all real")
        assert [what for _, what, _ in journal(catalogue)].count("force") == 1
    assert in_force(path).serial == 1
    with pytest.raises(RefusedError, match=r"\[delta\]"):
        catalogue.release(by=BEN)  # the second has to want it, too
    manifest = catalogue.release(by=BEN, force="I have looked")
    assert manifest.forced == release.Forced(("ada", "ben"), "I have looked")
    assert release.in_force(path) == manifest
    assert len(names_in_force(catalogue)) == 30
    assert verify.verify(path, WIDE) == []


def test_what_one_person_forced_counts_for_that_content_alone(path):
    catalogue = made(path, names=many(20))
    catalogue.keeper().edit("listed-site", {"names": many(30)}, "ten more")
    catalogue.move("listed-site", "approve")
    with pytest.raises(RefusedError):
        catalogue.release(force="they are all real")
    catalogue.site("One More", ["more.example"])
    with pytest.raises(RefusedError, match="passes when a second person"):
        catalogue.release(by=BEN, force="I have looked")
    assert in_force(path).serial == 1


def test_nothing_but_too_much_change_can_be_forced(path):
    catalogue = made(path, names=many(20), protected=["clinic.example"])
    catalogue.site("Wrong", ["www.clinic.example", *many(20, 100)])
    for person in (ADA, BEN):
        with pytest.raises(RefusedError, match=r"\[protected-touched\]"):
            catalogue.release(by=person, force="I want it")
    assert "force" not in [what for _, what, _ in journal(catalogue)]


def test_snapshots_of_older_releases_are_removed_and_their_releases_stay(path):
    catalogue = made(path, names=["a.example"])
    for number in range(KEPT_SNAPSHOTS + 1):
        catalogue.site(f"Site {number}", [f"s{number}.example"])
        catalogue.release()
    kept = {int(one.stem) for one in (path / "releases").glob("*.snapshot")}
    assert kept == set(range(3, KEPT_SNAPSHOTS + 3))
    assert release.serials(path) == tuple(range(1, KEPT_SNAPSHOTS + 3))
    assert catalogue.rollback(1).serial == 1


def test_a_draft_is_the_next_release_if_all_proposed_were_approved(path, tmp_path):
    catalogue = made(path, names=["a.example"])
    catalogue.site("Proposed", ["b.example"], approved=False)
    catalogue.keeper().edit("listed-site", {"names": ["c.example"]}, "it moved")
    catalogue.site("Over", ["d.example"], approved=False, expires=date(2026, 11, 30))
    catalogue.passes(days=10)
    before, into = tree(path), tmp_path / "draft"
    release.draft(path, WIDE, into, catalogue.now)
    assert tree(path) == before
    drafted = Catalogue(into)
    assert names_in_force(drafted) == ["b.example", "c.example"]
    assert verdict(drafted, tmp_path, "b.example") == "enforced"
    assert in_force(into).serial == 2


def test_a_rollback_moves_the_pointer_pauses_refreshing_and_is_journalled(path, tmp_path):
    catalogue = made(path, names=["a.example"])
    catalogue.site("Second", ["b.example"])
    catalogue.release()
    began = time.monotonic()
    assert catalogue.rollback(1, "b is a clinic").serial == 1
    assert time.monotonic() - began < 2
    assert in_force(path).serial == 1
    assert release.standing(path).paused
    line = changelog.read(path)[-1]
    assert (line.what, line.why, line.facts) == ("rollback", "b is a clinic", {"serial": 1})
    assert verdict(catalogue, tmp_path, "b.example") is None
    assert verify.verify(path, WIDE) == []
    assert catalogue.rollback(2).serial == 2  # and forward again


def test_after_a_rollback_the_next_release_has_a_serial_of_its_own(path):
    catalogue = made(path, names=["a.example"])
    catalogue.site("Second", ["b.example"])
    catalogue.release()
    catalogue.rollback(1)
    manifest = catalogue.release()
    assert (manifest.serial, manifest.previous) == (3, 1)
    assert release.standing(path).paused
    assert verify.verify(path, WIDE) == []


def test_refreshing_goes_on_when_it_is_told_to(path):
    catalogue = made(path, names=["a.example"])
    with pytest.raises(RefusedError, match="not paused"):
        release.resume(catalogue.folder, ADA, catalogue.now, "all is well")
    catalogue.site("Second", ["b.example"])
    catalogue.release()
    catalogue.rollback(1)
    release.resume(catalogue.folder, ADA, catalogue.now, "all is well")
    assert not release.standing(path).paused
    assert journal(catalogue)[-1] == ("ada", "resume", "")
    assert verify.verify(path, WIDE) == []


def test_a_rollback_to_what_is_not_there_or_in_force_is_refused(path):
    catalogue = made(path, names=["a.example"])
    with pytest.raises(RefusedError, match="release 7 does not exist; the releases are 1"):
        catalogue.rollback(7)
    with pytest.raises(RefusedError, match="release 1 is in force"):
        catalogue.rollback(1)
    assert not release.standing(path).paused


@pytest.mark.parametrize("damage", ["manifest", "another", "rules", "no rules", "unknown"])
def test_a_rollback_to_a_damaged_release_is_refused(path, damage):
    catalogue = made(path, names=["a.example"])
    catalogue.site("Second", ["b.example"])
    catalogue.release()
    manifest = release.read(path, 1)
    rules_of = rules_file(path, listed(manifest, "curated"))
    serial = 1
    match damage:
        case "manifest":
            (path / "releases/1.json").write_text("{}")
        case "another":
            (path / "releases/1.json").write_bytes(manifest._replace(notes="x").octets())
        case "rules":
            rules_of.write_text(rules_of.read_text().replace("a.example", "x.example"))
        case "no rules":
            rules_of.unlink()
        case "unknown":
            serial = 3
            (path / "releases/3.json").write_bytes(manifest._replace(serial=3).octets())
    with pytest.raises(RefusedError, match=f"release {serial} is"):
        catalogue.rollback(serial)
    assert in_force(path).serial == 2


def test_a_rollback_is_the_way_out_when_what_is_in_force_is_broken(path):
    catalogue = made(path, names=["a.example"])
    catalogue.site("Second", ["b.example"])
    catalogue.release()
    (path / "releases/2.json").write_text("{}")
    with pytest.raises(ListError, match="roll back"):
        catalogue.release()
    assert catalogue.rollback(1).serial == 1
    assert in_force(path).serial == 1


def test_rules_that_are_broken_keep_a_release_from_being_made(path):
    catalogue = made(path, names=["a.example"], imported={"ads": "b.example\n"})
    rules_file(path, listed(in_force(path), "ads")).write_text("")
    catalogue.site("Second", ["c.example"])
    with pytest.raises(ListError, match="is not as it was written"):
        catalogue.release()
    assert in_force(path).serial == 1


# Signed.


@pytest.fixture
def signed(path, tmp_path):
    """A catalogue of two people with keys, who made two releases."""
    keys = {name: identity.keygen(tmp_path / name, None) for name in ("ada", "ben")}
    catalogue = made(path, released=False)
    for name, key in keys.items():
        actor = ADA if name == "ada" else catalogue.proposer
        catalogue.keeper(actor).enrol(name, key, "we begin")
        if name == "ada":
            catalogue.proposer = identity.actor(identity.read(path), "ada", tmp_path / "ada")
    catalogue.approver = identity.actor(identity.read(path), "ben", tmp_path / "ben")
    catalogue.site("First", ["a.example"])
    catalogue.release()
    catalogue.site("Second", ["b.example"])
    catalogue.release()
    return catalogue


def test_a_release_is_signed_with_its_serial_and_date(signed, path):
    manifest = in_force(path)
    signature = (path / "releases/2.json.minisig").read_text()
    ada = identity.read(path).get("ada")
    assert ada is not None
    assert identity.verify(ada.key, manifest.octets(), signature) == (
        "serial:2 date:2026-11-23T09:17:05Z"
    )
    assert all(line.signature for line in changelog.read(path)[1:])
    assert verify.verify(path, WIDE) == []


def test_a_rollback_is_signed_and_so_is_what_it_goes_back_to(signed, path):
    signed.rollback(1)
    assert changelog.read(path)[-1].signature
    assert verify.verify(path, WIDE) == []


def test_a_rollback_by_a_key_that_was_changed_since_still_finds_the_signature(
    signed, path, tmp_path
):
    new = identity.keygen(tmp_path / "ada-2", None)
    signed.passes(hours=1)
    signed.keeper().rotate("ada", new, "the old laptop is gone")
    signed.proposer = identity.actor(identity.read(path), "ada", tmp_path / "ada-2")
    signed.passes(hours=1)
    assert signed.rollback(1).serial == 1
    assert verify.verify(path, WIDE) == []


@pytest.mark.parametrize("damage", ["none", "other", "garbage"])
def test_a_rollback_to_a_release_without_its_signature_is_refused(signed, path, damage):
    signature = path / "releases/1.json.minisig"
    match damage:
        case "none":
            signature.unlink()
        case "other":
            signature.write_bytes((path / "releases/2.json.minisig").read_bytes())
        case "garbage":
            signature.write_bytes(b"\xff")
    with pytest.raises(RefusedError, match="release 1 is damaged"):
        signed.rollback(1)


def test_what_ends_by_itself_needs_no_key_in_a_signed_release(signed, path):
    signed.site("For A Week", ["c.example"], expires=date(2026, 11, 30))
    signed.release()
    signed.passes(days=8)
    signed.site("Third", ["d.example"])
    signed.release()
    expire, *people = changelog.read(path)[-3:]
    assert (expire.by, expire.what, expire.signature) == ("system", "expire", None)
    assert [line.what for line in people] == ["activate", "release"]
    assert all(line.signature for line in people)
    assert verify.verify(path, WIDE) == []


# Lists of other people's.


def numbered(count):
    return "".join(f"ad-{number}.example\n" for number in range(count))


def test_an_imported_list_goes_in_by_the_digest_of_its_rules(path, tmp_path):
    catalogue = made(path, imported={"ads": numbered(12)}, released=False)
    manifest = catalogue.release()
    entry = entries(catalogue)["ads"]
    assert manifest.listed("ads") == release.Listed(
        "ads", "block", "escort-ads", "enforce", 12, entry.sha256
    )
    assert verdict(catalogue, tmp_path, "www.ad-3.example") == "enforced"
    catalogue.move("ads", "dispute")
    assert verdict(catalogue, tmp_path, "ad-3.example") == "monitored"
    assert listed(catalogue.release(), "ads").mode == "monitor"


def test_exceptions_of_an_imported_list_cancel_its_own_rules(path, tmp_path):
    catalogue = made(path, names=["ad-2.example"], imported={"ads": numbered(12)})
    wanted = {"except": ["ad-1.example", "ad-2.example"]}
    catalogue.keeper().edit("ads", wanted, "these are something else")
    catalogue.move("ads", "approve")
    manifest = catalogue.release()
    assert listed(manifest, "ads").rules == 12  # two are left out, two exceptions came
    assert verdict(catalogue, tmp_path, "www.ad-1.example") is None
    assert verdict(catalogue, tmp_path, "ad-2.example") == "enforced"  # by the site's dossier
    assert verdict(catalogue, tmp_path, "ad-3.example") == "enforced"
    assert verify.verify(path, WIDE) == []


def refreshed(catalogue, text, id_="ads"):
    """The list as its source has it now, its rules kept."""
    from blockfilter.catalog import imported

    file = catalogue.path.parent / "fetched.txt"
    file.write_text(text)
    before = entries(catalogue)[id_]
    brought = imported.bring(
        file,
        catalogue.path,
        format="domains",
        category=before.category,
        mode=before.mode,
        wide=WIDE,
    )
    catalogue.folder.keep_rules(brought.file, brought.sha256)
    return catalogue.keeper().refreshed(
        id_, brought._replace(file=brought_copy(catalogue, brought))
    )


def brought_copy(catalogue, brought):
    copy = catalogue.path / "rules/copy"
    copy.write_bytes((catalogue.path / f"rules/{brought.sha256}.rules").read_bytes())
    return copy


def derive(catalogue, changed):
    return release.derive(catalogue.folder, WIDE, changed, catalogue.now, "refresh of ads")


@pytest.fixture
def subscribed(path):
    catalogue = made(path, names=["a.example"], released=False)
    catalogue.bring("ads", numbered(20), url="https://lists.example/ads")
    catalogue.release()
    return catalogue


def test_a_refresh_becomes_a_release_of_the_systems(subscribed, path, tmp_path):
    before = in_force(path)
    manifest = derive(subscribed, {"ads": refreshed(subscribed, numbered(21))})
    assert (manifest.serial, manifest.previous, manifest.by) == (2, 1, "system")
    assert manifest.listed("curated") == before.listed("curated")
    assert (manifest.listed("ads").rules, manifest.listed("ads").mode) == (21, "enforce")
    assert journal(subscribed)[-1] == ("system", "release", "")
    assert verdict(subscribed, tmp_path, "ad-20.example") == "enforced"
    assert verify.verify(path, WIDE) == []
    with pytest.raises(RefusedError, match="nothing has changed"):
        derive(subscribed, {"ads": entries(subscribed)["ads"]})


def test_a_refresh_brings_nothing_else_into_force(subscribed, path):
    subscribed.site("Second", ["b.example"])
    manifest = derive(subscribed, {"ads": refreshed(subscribed, numbered(21))})
    assert manifest.listed("curated") == release.read(path, 1).listed("curated")
    assert states(subscribed)["second"] is State.APPROVED


def test_a_refresh_has_to_pass_the_gate_by_itself(subscribed, path):
    before = in_force(path)
    for text in (numbered(5), numbered(40), numbered(20) + "rainn.org\n"):
        changed = {"ads": refreshed(subscribed, text)}
        with pytest.raises(RefusedError, match=r"\[(delta|protected-touched)\]"):
            derive(subscribed, changed)
    assert release.in_force(path) == before


def test_no_refresh_while_paused_and_none_before_the_first_release(subscribed, path):
    changed = {"ads": refreshed(subscribed, numbered(21))}
    derive(subscribed, changed)
    subscribed.rollback(1)
    with pytest.raises(RefusedError, match="paused since a rollback"):
        derive(subscribed, changed)
    unreleased = made(path.with_name("other"), released=False)
    with pytest.raises(RefusedError, match="no release is in force yet"):
        derive(unreleased, changed)


def test_a_rollback_brings_the_old_copy_of_a_source_back(subscribed, path, tmp_path):
    derive(subscribed, {"ads": refreshed(subscribed, numbered(21))})
    subscribed.rollback(1)
    assert len(names_in_force(subscribed, "ads")) == 20
    assert verdict(subscribed, tmp_path, "ad-20.example") is None


def test_an_exception_for_a_time_comes_with_the_compiled_policy(path, tmp_path):
    catalogue = made(path, names=["a.example"])
    until = START + timedelta(days=1)
    catalogue.keeper().allow("www.a.example", until, "a customer asked")
    catalogue.site("Second", ["b.example"])
    catalogue.release()
    compiled, _ = policy(catalogue, tmp_path)
    assert compiled.path == path / "releases/2.snapshot"
    assert verdict(catalogue, tmp_path, "www.a.example") is None
    catalogue.passes(days=1)
    assert verdict(catalogue, tmp_path, "www.a.example") == "enforced"


def test_progress_is_told(path):
    told = []
    catalogue = made(path, names=["a.example"], released=False)
    release.make(
        catalogue.folder,
        WIDE,
        Actor("ada", None),
        notes="",
        force_reason=None,
        now=catalogue.now,
        progress=lambda *one: told.append(one),
    )
    assert told[0][0] == "reading the catalogue"
    assert "compiling" in [what for what, _, _ in told]
    json.dumps(told)
