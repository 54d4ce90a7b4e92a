"""Every rule that speaks of a name, the strongest first, and since which release it is there."""

import pytest

from blockfilter.catalog import release, snapshots, trace
from blockfilter.catalog.inputs import Inputs, OwnList
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Mode
from blockfilter.policy.snapshot import Snapshot
from tests.catalogs import compiling_here, made


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


@pytest.fixture
def catalogue(tmp_path):
    return made(tmp_path / "catalogue", names=["a.example"])


def met(tmp_path, name, *catalogues, lists=(), allow=()):
    """The rules that speak of a name, as policies are compiled of these."""
    own = tuple(OwnList(str(path), Mode.ENFORCE) for path in lists)
    inputs = Inputs(tuple(str(one.path) for one in catalogues), own, tuple(allow))
    compiled = snapshots.current(inputs, tmp_path / "state", catalogues[0].now)
    policy = Policy(Snapshot(compiled.path.read_bytes()))
    return trace.rules(policy, names.from_text(name), inputs)


def told(found):
    return [(one.action, one.list, one.site, one.since) for one in found]


def test_a_name_that_no_rule_speaks_of(catalogue, tmp_path):
    assert met(tmp_path, "b.example", catalogue) == []


def test_a_rule_is_told_with_all_that_is_known_of_it(catalogue, tmp_path):
    assert met(tmp_path, "www.a.example", catalogue) == [
        trace.Met(1, "block", "enforce", "a.example and all below", "curated", "listed-site", "escort-ads", 1)
    ]  # fmt: skip


def test_protected_names_stand_before_exceptions_and_these_before_lists(tmp_path):
    catalogue = made(tmp_path / "c", names=["deep.a.example"], imported={"ads": "a.example\n"})
    own = tmp_path / "own.txt"
    own.write_text("a.example\n")
    found = met(tmp_path, "deep.a.example", catalogue, lists=[own], allow=["a.example"])
    assert [one.place for one in found] == list(range(1, len(found) + 1))
    assert [one.action for one in found] == ["passthru", "block", "block", "block"]
    assert [(one.list, one.since) for one in found[1:]] == [
        ("curated", 1),
        ("ads", 1),
        (str(own), None),
    ]
    protected = made(tmp_path / "p", names=["a.example"], protected=["help.org"])
    assert [(one.list, one.action) for one in met(tmp_path, "help.org", protected)] == [
        ("protected", "passthru")
    ]


def test_an_exception_of_a_list_stands_before_what_it_cancels(catalogue, tmp_path):
    catalogue.keeper().edit("listed-site", {"except": ["help.a.example"]}, "")
    catalogue.move("listed-site", "approve")
    catalogue.release()
    assert told(met(tmp_path, "help.a.example", catalogue)) == [
        ("passthru", "curated", "listed-site", 2),
        ("block", "curated", "listed-site", 1),
    ]


def test_since_is_the_first_of_the_releases_without_a_gap(catalogue, tmp_path):
    catalogue.site("Other", ["b.example"])
    catalogue.release()  # 2: a and b
    catalogue.keeper().move("listed-site", "retire", "")
    catalogue.release()  # 3: b
    catalogue.keeper().move("listed-site", "reopen", "")
    catalogue.move("listed-site", "approve")
    catalogue.release()  # 4: a and b
    assert told(met(tmp_path, "a.example", catalogue)) == [("block", "curated", "listed-site", 4)]
    assert told(met(tmp_path, "b.example", catalogue)) == [("block", "curated", "other", 2)]


def test_since_does_not_look_at_what_was_rolled_back(catalogue, tmp_path):
    catalogue.site("Other", ["b.example"])
    catalogue.release()
    catalogue.rollback(1)
    assert told(met(tmp_path, "a.example", catalogue)) == [("block", "curated", "listed-site", 1)]
    assert met(tmp_path, "b.example", catalogue) == []


def test_a_dispute_changes_the_mode_and_not_the_release(catalogue, tmp_path):
    catalogue.move("listed-site", "dispute")
    (found,) = met(tmp_path, "a.example", catalogue)
    assert (found.mode, found.since) == ("monitor", 1)
    catalogue.release()
    (found,) = met(tmp_path, "a.example", catalogue)
    assert (found.mode, found.since) == ("monitor", 1)


def test_every_kind_of_rule_finds_its_release(tmp_path):
    catalogue = made(tmp_path / "catalogue", released=False)
    catalogue.site("Exact", exact=["only.example"])
    catalogue.site("Names", site_names=["escortadverts"])
    catalogue.site("Pattern", patterns=[r"^x-[0-9]+\.ads\.example$"])
    catalogue.release()
    wanted = {
        "only.example": "exact",
        "www.escortadverts.de": "names",
        "x-7.ads.example": "pattern",
    }
    for name, site in wanted.items():
        (found,) = met(tmp_path, name, catalogue)
        assert (found.site, found.since, found.list) == (site, 1, "curated"), name


def test_two_catalogues_are_told_apart(catalogue, tmp_path):
    own = made(tmp_path / "own", names=["other.example"])
    own.site("Same", ["a.example"])
    own.release()
    found = met(tmp_path, "a.example", catalogue, own)
    assert {(one.list, one.site, one.since) for one in found} == {
        ("curated", "listed-site", 1),
        ("local", "same", 2),
    }


def test_an_old_release_whose_rules_are_gone_is_where_nothing_is_known(catalogue, tmp_path):
    catalogue.site("Other", ["b.example"])
    catalogue.release()
    assert [one.since for one in met(tmp_path, "a.example", catalogue)] == [1]
    (catalogue.path / f"rules/{release.read(catalogue.path, 1).lists[0].sha256}.rules").unlink()
    assert [one.since for one in met(tmp_path, "a.example", catalogue)] == [2]
