"""`blockfilter list lint|verify|simulate`: what is wrong, tampered with, or would change."""

import pytest

from tests.cli.keeping import REASON, SITE, UNSIGNED


def test_a_clean_catalogue_has_no_findings(desk):
    desk.approved()
    assert desk.facts("lint") == {"findings": [], "errors": 0, "warnings": 0, "unsigned": True}
    assert desk("lint").stdout == f"nothing found\n{UNSIGNED}\n"


def test_findings_are_told_with_place_rule_and_remedy(desk):
    desk.proposed("Example Ads", "ads.example", "www.ads.example")
    facts = desk.facts("lint", code=1)
    assert (facts["errors"], facts["warnings"]) == (0, 1)
    (found,) = facts["findings"]
    assert list(found) == ["rule", "severity", "place", "sentence", "remedy"]
    assert (found["rule"], found["place"]) == (
        "redundant",
        "sites/example-ads.toml: example-ads",
    )
    lines = desk("lint", code=1).stdout.splitlines()
    assert lines[0].startswith("sites/example-ads.toml: example-ads: warning [redundant]: ")
    assert lines[1] == "0 errors, 1 warning"
    # The remedy is a command that works.
    words = found["remedy"].partition("blockfilter list ")[2].split()
    desk(*words, who="ada")
    desk("lint")


def test_a_right_catalogue_is_verified(desk):
    desk.released()
    assert desk.facts("verify") == {"findings": [], "unsigned": True}
    assert desk("verify").stdout == (
        f"verified: 4 journal lines; chain, states and second persons are right\n{UNSIGNED}\n"
    )


def test_an_octet_changed_in_the_journal_is_named(desk):
    desk.released()
    journal = desk.catalog / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"seen the same"', b'"seen the sane"')
    journal.write_bytes(b"".join(lines))
    facts = desk.facts("verify", code=1)
    assert facts["findings"][0]["place"].startswith("journal.jsonl: line ")
    assert "journal.jsonl: line " in desk("verify", code=1).stdout.splitlines()[0]


@pytest.fixture
def keepers(desk):
    """One site in force, one proposed, and one whose end is proposed by nobody."""
    desk.released()
    desk.proposed("More", "more.example")
    return desk


SEEN = """\
# what the resolver saw
www.more.example
  12 more.example
more.example 3
ads.example,7
other.example

0.0.0.0 ads.example
bad..name
42
"""


def test_names_seen_are_held_against_the_next_release(keepers):
    (keepers.place / "seen.txt").write_text(SEEN)
    facts = keepers.facts("simulate", "--against", "seen.txt")
    assert list(facts) == ["seen", "queries", "changed", "unknown", "unknown_lines", "unsigned"]
    assert (facts["seen"], facts["queries"]) == (5, 24)
    assert (facts["unknown"], facts["unknown_lines"]) == (3, [8, 9, 10])
    assert facts["changed"] == [
        {
            "name": name,
            "was": "open",
            "becomes": "blocked",
            "why": "on the list",
            "entry": "more",
            "times": times,
        }
        for name, times in (("more.example", 15), ("www.more.example", 1))
    ]


def test_a_simulation_is_told_in_words(keepers):
    ended = keepers("simulate", "--against", "-", stdin=SEEN)
    assert ended.stdout.splitlines() == [
        "more.example: open -> blocked (more), seen 15 times",
        "www.more.example: open -> blocked (more)",
        "of 5 names, seen 24 times: 2 blocked",
        "3 lines were no names: 8, 9, 10",
        UNSIGNED,
    ]
    ended = keepers("simulate", "--against", "-", stdin="ads.example\n")
    assert ended.stdout.startswith("of 1 name: nothing changes\n")


def test_what_would_open_or_be_watched_is_told_with_the_entry_that_blocked(keepers):
    keepers("retire", "example-ads", *REASON, who="ada")
    keepers(
        "import", "-", "--title", "Watched", "--mode", "monitor", stdin="w.example\n", who="ada"
    )
    facts = keepers.facts("simulate", "--against", "-", stdin="ads.example\nw.example\n")
    assert [(one["was"], one["becomes"], one["entry"]) for one in facts["changed"]] == [
        ("monitored", "open", "example-ads"),
        ("open", "monitored", "watched"),
    ]


@pytest.mark.parametrize("octets", [b"", b"\xff\xfe\n\n", b"\x00\n", b"a" * 70_000])
def test_what_is_no_file_of_names_is_no_crash(keepers, octets):
    assert keepers.facts("simulate", "--against", "-", stdin=octets)["seen"] == 0


def test_a_file_that_is_not_there_is_wrong_use(desk):
    desk("propose", "ads.example", *SITE, who="ada")
    told = desk.refusal("simulate", "--against", "none.txt", code=2)
    assert told == "Invalid value for '--against': 'none.txt': No such file or directory"
    assert "Missing option '--against'" in desk.refusal("simulate", code=2)
