"""What is different between releases, and what the next one would change."""

import pytest

from blockfilter.catalog import changes, release
from blockfilter.errors import ListError
from tests.catalogs import WIDE, compiling_here, made


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


@pytest.fixture
def catalogue(tmp_path):
    return made(tmp_path / "catalogue", names=["a.example"])


def since(catalogue, serial=None):
    return changes.since(catalogue.path, WIDE, serial, catalogue.now)


def line(name, site, mode="enforce"):
    return f"subtree {name} escort-ads {site} [{mode}]"


A, B = line("a.example", "listed-site"), line("b.example", "other")


def files(catalogue):
    return {
        str(path): path.read_bytes()
        for path in catalogue.path.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_nothing_changed(catalogue):
    before = files(catalogue)
    assert since(catalogue) == (1, ())
    assert since(catalogue, 1) == (1, ())
    assert files(catalogue) == before


def test_before_the_first_release_all_is_new(tmp_path):
    catalogue = made(tmp_path / "catalogue", names=["a.example"], released=False)
    found = since(catalogue)
    assert found.since is None
    assert found.lists == (("curated", (A,), ()), ("protected", (), ()))


def test_the_next_release_brings_what_is_approved_and_no_proposal(catalogue):
    catalogue.site("Other", ["b.example"])
    catalogue.site("Not Yet", ["c.example"], approved=False)
    assert since(catalogue) == (1, (("curated", (B,), ()),))


def test_the_next_release_drops_what_was_retired_or_is_over(catalogue):
    catalogue.site("Other", ["b.example"])
    catalogue.release()
    catalogue.move("listed-site", "retire")
    assert since(catalogue) == (2, (("curated", (), (A,)),))
    catalogue.keeper().edit("other", {"expires": "2026-11-30"}, "")
    catalogue.move("other", "approve")
    assert since(catalogue).lists == (("curated", (), (A,)),)
    catalogue.passes(days=7)
    assert since(catalogue).lists == (("curated", (), (A, B)),)


def test_a_dispute_and_a_moved_name(catalogue):
    catalogue.move("listed-site", "dispute")
    (curated,) = since(catalogue).lists
    assert curated.removed == (A,)
    assert len(curated.added) == 1
    assert "monitor" in curated.added[0]
    catalogue.move("listed-site", "activate")
    catalogue.keeper().edit("listed-site", {"names": ["x.example"]}, "")
    assert since(catalogue).lists == ()  # it waits for its second person
    catalogue.move("listed-site", "approve")
    assert since(catalogue).lists == (("curated", (line("x.example", "listed-site"),), (A,)),)


def test_since_an_older_release(catalogue):
    catalogue.site("Other", ["b.example"])
    catalogue.release()
    catalogue.move("listed-site", "retire")
    catalogue.release()
    assert since(catalogue, 1) == (1, (("curated", (B,), (A,)),))
    assert since(catalogue, 2) == (2, (("curated", (), (A,)),))
    assert since(catalogue, 3) == (3, ())
    catalogue.rollback(1)
    assert since(catalogue, 3) == (3, (("curated", (A,), (B,)),))
    with pytest.raises(ListError, match="there is no release 9; the releases are 1, 2, 3"):
        since(catalogue, 9)


def test_lists_of_others_come_change_mode_and_go(catalogue):
    catalogue.bring("ads", "c.example\nd.example\n")
    assert since(catalogue).lists == (("ads", ("subtree c.example [enforce]", "subtree d.example [enforce]"), ()),)  # fmt: skip
    catalogue.release()
    catalogue.keeper().edit("ads", {"except": ["d.example"]}, "")
    catalogue.move("ads", "approve")
    (ads,) = since(catalogue).lists
    assert ads.removed == ("subtree d.example [enforce]",)
    assert len(ads.added) == 1
    assert "passthru" in ads.added[0]
    catalogue.move("ads", "retire")
    (ads,) = since(catalogue).lists
    assert (ads.added, len(ads.removed)) == ((), 2)


def test_rules_that_are_gone_are_said(catalogue):
    catalogue.site("Other", ["b.example"])
    (catalogue.path / f"rules/{release.read(catalogue.path, 1).lists[0].sha256}.rules").unlink()
    with pytest.raises(
        ListError, match="cannot be read .*; take the file back from a copy or from git"
    ):
        since(catalogue)
