"""The list that ships: complete, right, and what is to be said of each of its sites."""

import csv
import tomllib

import pytest

from blockfilter.catalog import store, suffixes
from blockfilter.catalog.site import State
from tests.catalog.shared import shared_data

SAMPLE_SITES = {  # of the employers' guide: name, and a name or label it must be listed by
    "Backpage": "backpage.com",
    "Craigslist": "craigslist.org",
    "My Provider Guide": "myproviderguide.com",
    "Adult Friend Finder": "adultfriendfinder.com",
    "Find Hot Escorts": "findhotescorts",
    "TNA Board": "tnaboard.com",
    "Hot Local Escorts": "hotlocalescorts",
    "Naughty Reviews": "naughtyreviews.com",
    "Erotic Mugshots": "eroticmugshots.com",
    "Sexy Escorts USA": "sexyescortsusa",
    "Call Me 2nite": "callme2nite",
    "The Erotic Review": "theeroticreview.com",
    "Friend 4rent": "friend4rent",
    "Sex Finder": "sexfinder.com",
    "EroticMP": "eroticmp.com",
    "RubMaps": "rubmaps.com",
}


@pytest.fixture(scope="module")
def catalog():
    return store.read(store.shipped(), suffixes.read(suffixes.suffix_file()).icann)


@pytest.fixture(scope="module")
def by_name(catalog):
    return {dossier.name: dossier for dossier in catalog.dossiers}


def rows(file):
    folder = shared_data()
    if folder is None:
        pytest.skip("the published data are not here")
    with (folder / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("site", SAMPLE_SITES)
def test_every_sample_site_of_the_guide_is_listed(by_name, site):
    dossier = by_name[site]
    assert SAMPLE_SITES[site] in (*dossier.names, *dossier.site_names)


def test_there_are_sixteen_sample_sites():
    assert len(SAMPLE_SITES) == 16


def test_only_craigslist_is_disputed_and_the_reason_is_written_down(catalog):
    disputed = [site for site in catalog.dossiers if site.state is State.DISPUTED]
    assert [site.name for site in disputed] == ["Craigslist"]
    assert "2018" in disputed[0].reason


def test_every_candidate_is_listed_with_its_category_and_evidence(by_name):
    for row in rows("candidate-sites.csv"):
        dossier = by_name[row["site"]]
        assert dossier.category == row["category"]
        assert dossier.evidence[row["name"]] == row["attested_by"]
        assert row["name"] in (dossier.names if "." in row["name"] else dossier.site_names)


def test_nothing_else_is_listed(catalog):
    attested = {row["name"] for row in rows("candidate-sites.csv")}
    listed = {
        value
        for site in catalog.dossiers
        for value in (*site.names, *site.exact, *site.site_names, *site.patterns)
    }
    assert listed == attested


def test_the_protected_names_are_those_of_the_source(catalog):
    assert sorted(catalog.protected) == sorted(row["name"] for row in rows("protected-names.csv"))


def test_each_protected_name_keeps_its_kind_and_where_it_is_from():
    with (store.shipped() / store.PROTECTED_FILE).open("rb") as file:
        listed = tomllib.load(file)["protected"]
    by_name = {entry["name"]: entry for entry in rows("protected-names.csv")}
    assert {entry["name"]: entry for entry in listed} == by_name


def test_blocks_stand_in_the_order_of_their_ids_and_names_in_alphabetical_order(catalog):
    for category in {site.category for site in catalog.dossiers}:
        ids = [site.id for site in catalog.dossiers if site.category == category]
        assert ids == sorted(ids)
    for site in catalog.dossiers:
        assert list(site.names) == sorted(site.names)
    assert list(catalog.protected) == sorted(catalog.protected)


def test_each_category_has_a_title_of_one_sentence(catalog):
    assert {category for category, _ in catalog.categories} == {
        "classified-ads",
        "escort-ads",
        "hookup-ads",
        "massage-ads",
        "other",
        "review-board",
        "sugar-dating",
    }
    assert all(title.endswith(".") and title.count(".") == 1 for _, title in catalog.categories)


def test_no_name_is_both_listed_and_protected(catalog):
    for site in catalog.dossiers:
        for name in (*site.names, *site.exact):
            assert not any(name == p or name.endswith(f".{p}") for p in catalog.protected)
