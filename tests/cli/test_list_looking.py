"""`blockfilter list show|find|stats|log|blame|diff`: what there is, and how it came to be."""

import json

import pytest

from tests.cli.keeping import REASON, SITE, UNSIGNED

LINE = ["line", "at", "by", "what", "id", "why", "signed", "entry", "facts"]


@pytest.fixture
def blocklist(desk):
    """An imported list that waits for its second person."""
    lines = ("||listed.example^", "@@||open.listed.example^", "||only.example^", r"/^ads[0-9]+\./")
    (desk.place / "block.txt").write_text("\n".join(lines) + "\n")
    desk("import", "block.txt", "--title", "Block", "--category", "escort-ads", who="ada")


@pytest.mark.parametrize("what", ["example-ads", "EXAMPLE-ADS", "www.Ads.Example.", "example ads"])
def test_an_entry_is_shown_by_its_id_a_name_or_its_site_though_it_is_proposed(desk, what):
    desk.proposed()
    facts = desk.facts("show", what)
    assert list(facts) == ["entries", "rules", "allowed", "protected", "unsigned"]
    assert [entry["id"] for entry in facts["entries"]] == ["example-ads"]
    text = desk("show", what).stdout
    assert '[[site]]\nid = "example-ads"\nsite = "Example Ads"\n' in text
    assert 'state = "proposed"' in text
    assert text.endswith(f"{UNSIGNED}\n")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("listed.example", "listed.example and all below"),
        ("www.listed.example", "listed.example and all below"),
        ("x.open.listed.example", "open.listed.example and all below, which stays open"),
        ("ads7.example", r"/^ads[0-9]+\./"),
    ],
)
def test_an_imported_list_is_shown_with_the_rule_that_speaks_of_a_name(desk, blocklist, name, rule):
    facts = desk.facts("show", name)
    assert [entry["id"] for entry in facts["entries"]] == ["block"]
    assert {"list": "block", "rule": rule} in facts["rules"]
    assert f"# its rule: {rule}\n" in desk("show", name).stdout


def test_exceptions_and_protected_names_are_shown_too(desk):
    desk.proposed()
    desk("allow", "clinic.example", "--until", "2d", *REASON, who="ada")
    protected = desk.catalog / "protected.toml"
    block = '[[protected]]\nname = "own.example"\nkind = "own-zone"\nfrom = "ours"\n'
    protected.write_text(protected.read_text() + block)
    facts = desk.facts("show", "www.clinic.example")
    assert [one["name"] for one in facts["allowed"]] == ["clinic.example"]
    assert "clinic.example  allowed until " in desk("show", "clinic.example").stdout
    assert [one["kind"] for one in desk.facts("show", "own.example")["protected"]] == ["own-zone"]
    assert "own.example  protected (own-zone): ours" in desk("show", "own.example").stdout


@pytest.mark.parametrize("what", ["nosuch", "other.example", "xads.example", "", "bad name"])
def test_what_nothing_speaks_of_is_told(desk, blocklist, what):
    desk.proposed()
    told = desk.refusal("show", what, code=1)
    assert told.startswith(f'no entry has the id, the site or a rule for "{what}"; ')
    assert "blockfilter list find TEXT" in told


def test_entries_are_found_by_a_text_in_them(desk, blocklist):
    desk.proposed()
    desk("allow", "clinic.example", "--until", "2d", *REASON, who="ada")
    facts = desk.facts("find", "BY CITY")
    assert list(facts) == ["entries", "allowed", "unsigned"]
    assert [entry["id"] for entry in facts["entries"]] == ["example-ads"]
    assert [one["name"] for one in desk.facts("find", "clinic")["allowed"]] == ["clinic.example"]
    lines = desk("find", "").stdout.splitlines()
    assert lines[0] == "example-ads  proposed  escort-ads  Example Ads: ads.example"
    assert lines[1].startswith("block  proposed  escort-ads  Block: 4 rules, enforce")
    assert lines[2].startswith("clinic.example  allowed until ")


def test_nothing_found_is_exit_code_1(desk):
    desk.proposed()
    facts = desk.facts("find", "nosuch", code=1)
    assert facts == {"entries": [], "allowed": [], "unsigned": True}
    assert desk("find", "nosuch", code=1).stdout.startswith('nothing has "nosuch" in it\n')


def test_what_others_wrote_gives_a_terminal_no_orders(desk):
    desk.proposed()
    told = desk("find", "a\x1b[31mb", code=1).stdout
    assert "\x1b" not in told
    assert r"a\x1b[31mb" in told


def test_everything_is_counted(desk, blocklist):
    desk.released()
    desk.proposed("More", "more.example")
    facts = desk.facts("stats")
    assert facts == {
        "sites": 2,
        "lists": 1,
        "states": {"active": 1, "proposed": 2},
        "categories": {"escort-ads": 3},
        "rules": {"subtree": 2, "exact": 0, "site-name": 0, "pattern": 0, "imported": 4},
        "protected": 0,
        "exceptions": 0,
        "release": 1,
        "journal": 6,
        "unsigned": True,
    }
    lines = desk("stats").stdout.splitlines()
    assert lines[2:5] == [
        "states: 1 active, 2 proposed",
        "categories: 3 escort-ads",
        "rules: 2 subtree, 4 imported",
    ]


def test_the_journal_is_told(desk):
    desk.released()
    facts = desk.facts("log")
    assert list(facts) == ["lines", "unsigned"]
    assert all(list(line) == LINE for line in facts["lines"])
    assert [line["what"] for line in facts["lines"]] == [
        *("propose", "approve", "activate", "release")
    ]
    first, second, _, last = desk("log").stdout.splitlines()[:4]
    assert first.endswith(" ada propose example-ads (ads.example)")
    assert second.endswith(" ben approve example-ads: seen the same")
    assert last.endswith(" ben release: with example-ads (serial 1)")


def test_the_journal_of_one_entry_is_told(desk):
    desk.released()
    desk.proposed("More", "more.example")
    assert {line["id"] for line in desk.facts("log", "more")["lines"]} == {"more"}
    told = desk.refusal("log", "nosuch", code=1)
    assert told.startswith('the journal has nothing about "nosuch"; list blame NAME takes a name')


def test_who_brought_a_name_is_told_with_the_release(desk, blocklist):
    desk.released()
    desk.proposed("More", "more.example")
    facts = desk.facts("blame", "www.ads.example")
    assert list(facts) == ["entries", "lines", "unsigned"]
    assert facts["entries"] == ["example-ads"]
    assert [(line["what"], line["by"]) for line in facts["lines"]] == [
        ("propose", "ada"),
        ("approve", "ben"),
        ("activate", "ben"),
        ("release", "ben"),
    ]
    assert desk.facts("blame", "www.only.example")["entries"] == ["block"]
    assert " ada import block" in desk("blame", "only.example").stdout
    told = desk.refusal("blame", "other.example", code=1)
    assert told.startswith('no entry speaks of "other.example"; blockfilter check NAME --trace')


def test_what_the_next_release_would_change_is_told(desk):
    desk.released()
    assert desk("diff").stdout == f"nothing would change\n{UNSIGNED}\n"
    desk.approved("More", "more.example")
    desk.proposed("Other", "other.example")
    facts = desk.facts("diff")
    assert list(facts) == ["since", "lists", "waiting", "unsigned"]
    assert (facts["since"], facts["waiting"]) == (1, ["other"])
    assert facts["lists"] == [
        {
            "id": "curated",
            "added": ["subtree more.example escort-ads more [enforce]"],
            "removed": [],
        }
    ]
    assert desk("diff").stdout.splitlines()[:3] == [
        "curated: 1 added, 0 removed",
        "  + subtree more.example escort-ads more [enforce]",
        "waiting for a second person: other",
    ]


def test_what_changed_since_a_release_is_told(desk):
    desk.released()
    desk.released("More", "more.example")
    facts = desk.facts("diff", 1)
    assert facts["since"] == 1
    assert facts["lists"][0]["added"] == ["subtree more.example escort-ads more [enforce]"]
    assert desk("diff", 2).stdout.startswith("nothing has changed\n")
    assert desk.refusal("diff", 7, code=1) == "there is no release 7; the releases are 1, 2"
    assert "0 is not in the range" in desk.refusal("diff", 0, code=2)


def test_before_the_first_release_everything_is_new(desk):
    desk.approved()
    facts = desk.facts("diff")
    assert facts["since"] is None
    assert [len(one["added"]) for one in facts["lists"] if one["id"] == "curated"] == [1]
    assert desk.refusal("diff", 1, code=1) == "there is no release 1; there is none yet"


def test_the_shipped_catalogue_is_meant_where_none_is_named(desk):
    ended = desk.run("list", "show", "www.rubmaps.net", "--json")
    assert [entry["id"] for entry in json.loads(ended.stdout)["entries"]] == ["rubmaps"]
    ended = desk.run("list", "find", "nosuch", env={"BLOCKFILTER_CATALOG": "own"}, code=1)
    assert "own: is no catalogue" in ended.stderr
    desk("propose", "ads.example", *SITE, "--catalog", "other", who="ada")
    ended = desk.run("list", "find", "ads", env={"BLOCKFILTER_CATALOG": "other"})
    assert ended.stdout.startswith("example-ads  proposed")


def test_a_name_that_is_protected_for_everybody_is_shown_in_a_catalogue_of_ones_own(desk):
    desk.proposed()
    facts = desk.facts("show", "www.rainn.org")
    assert [one["name"] for one in facts["protected"]] == ["rainn.org"]
    assert facts["entries"] == []
    assert "rainn.org  protected (" in desk("show", "rainn.org").stdout
