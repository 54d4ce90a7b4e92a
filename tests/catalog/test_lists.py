"""The list that ships: complete, right, and what is to be said of each of its sites."""

import csv
from datetime import date

import pytest

from blockfilter.catalog import edit, store, suffixes
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


GATHERED = date(2026, 11, 20)  # the day the candidates were
EVERYWHERE = "Rights, health, legal and other support"  # may never be listed, in any category


@pytest.fixture(scope="module")
def catalog():
    return store.read(store.shipped(), suffixes.read(suffixes.suffix_file()).icann)


@pytest.fixture(scope="module")
def by_site(catalog):
    return {dossier.site: dossier for dossier in catalog.dossiers}


def rows(file):
    folder = shared_data()
    if folder is None:
        pytest.skip("the published data are not here")
    with (folder / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("site", SAMPLE_SITES)
def test_every_sample_site_of_the_guide_is_listed(by_site, site):
    dossier = by_site[site]
    assert SAMPLE_SITES[site] in (*dossier.names, *dossier.site_names)


def test_there_are_sixteen_sample_sites():
    assert len(SAMPLE_SITES) == 16


def test_only_craigslist_is_disputed_and_the_reason_is_written_down(catalog):
    disputed = [site for site in catalog.dossiers if site.state is State.DISPUTED]
    assert [site.site for site in disputed] == ["Craigslist"]
    assert "2018" in disputed[0].reason
    assert {site.state for site in catalog.dossiers} == {State.ACTIVE, State.DISPUTED}


def test_every_candidate_is_listed_with_its_category_and_evidence(by_site):
    for row in rows("candidate-sites.csv"):
        dossier = by_site[row["site"]]
        assert dossier.category == row["category"]
        assert row["name"] in (dossier.names if "." in row["name"] else dossier.site_names)
        attesting = [one for one in dossier.evidence if row["name"] in (one.names or [row["name"]])]
        assert [(one.reference, one.date) for one in attesting] == [(row["attested_by"], GATHERED)]


def test_nothing_else_is_listed(catalog):
    attested = {row["name"] for row in rows("candidate-sites.csv")}
    assert {value for site in catalog.dossiers for value in site.triggers()} == attested


def test_every_entry_says_why_where_from_and_when_to_look_again(catalog):
    for site in catalog.dossiers:
        assert site.criterion.endswith("."), site.id
        assert site.source, site.id
        assert "no licence applies" in site.licence, site.id
        assert site.evidence, site.id
        assert site.review is not None, site.id
        assert site.review > GATHERED, site.id


def test_two_people_stand_for_every_entry(catalog):
    for site in catalog.dossiers:
        assert site.proposed is not None, site.id
        assert site.approved is not None, site.id
        assert site.proposed.by != site.approved.by, site.id


def test_the_protected_names_are_those_of_the_source(catalog):
    listed = [(one.name, one.kind, one.reason) for one in catalog.protected]
    source = rows("protected-names.csv")
    assert sorted(listed) == sorted((row["name"], row["kind"], row["from"]) for row in source)


def test_each_entry_has_a_file_of_its_own_that_is_named_for_it(catalog):
    for entry in catalog.entries():
        assert catalog.places[entry.id] == edit.place(entry)
        octets = (store.shipped() / edit.place(entry)).read_bytes()
        assert edit.updated(octets, entry) == octets


def test_names_stand_in_alphabetical_order(catalog):
    for site in catalog.dossiers:
        assert list(site.names) == sorted(site.names)
    names = [one.name for one in catalog.protected]
    assert names == sorted(names)


def test_the_categories_are_those_of_the_readme(catalog):
    assert [category.id for category in catalog.categories] == [
        "classified-ads",
        "escort-ads",
        "hookup-ads",
        "massage-ads",
        "review-board",
        "sugar-dating",
        "other",
    ]
    readme = (store.shipped() / "README.md").read_text("utf-8")
    assert all(f"`{category.id}`" in readme for category in catalog.categories)


def test_each_category_has_a_title_and_written_criteria_in_whole_sentences(catalog):
    for category in catalog.categories:
        assert category.title.count(".") == 1, category.id
        for sentence in (category.title, *category.include, *category.exclude):
            assert sentence.endswith("."), sentence
        if category.id != store.OTHER:
            assert 2 <= len(category.include) <= 4, category.id
            assert 2 <= len(category.exclude) <= 4, category.id


def test_no_category_may_list_help_news_or_research(catalog):
    for category in catalog.categories:
        if category.id not in (store.OTHER, "sugar-dating"):
            assert category.exclude[-1].startswith(EVERYWHERE), category.id
        if category.id != store.OTHER:
            assert "news, research, art and law" in category.exclude[-1], category.id


def test_no_name_is_both_listed_and_protected(catalog):
    protected = [one.name for one in catalog.protected]
    for site in catalog.dossiers:
        for name in (*site.names, *site.exact):
            assert not any(name == p or name.endswith(f".{p}") for p in protected)


def test_a_new_catalogue_begins_with_the_same_rules_for_git():
    for name in (".gitattributes", ".gitignore", "taxonomy.toml"):
        assert (store.shipped() / name).read_bytes() == store.initial_files()[name]
