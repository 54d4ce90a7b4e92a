"""`blockfilter list release|releases|rollback|allow|disallow|subscribe|...`."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.keeping import REASON, SITE, UNSIGNED

RELEASE = ["serial", "in_force", "date", "by", "notes", "previous", "forced", "sha256", "lists"]


def test_a_release_is_told(desk):
    desk.approved()
    ended = desk("release", "--notes", "the first one", who="ben")
    lines = ended.stdout.splitlines()
    assert lines[0] == "release 1 by ben is in force: curated 1 rule, protected 0 rules"
    assert lines[1].startswith("sha256 ")
    assert lines[2] == UNSIGNED


def test_a_release_in_json(desk):
    desk.approved()
    facts = desk.facts("release", "--notes", "the first one", who="ben")
    assert list(facts) == ["release", "unsigned"]
    assert list(facts["release"]) == RELEASE
    made = facts["release"]
    assert (made["serial"], made["in_force"], made["by"], made["notes"]) == (
        *(1, True, "ben", "the first one"),
    )
    assert [(one["id"], one["rules"]) for one in made["lists"]] == [
        ("curated", 1),
        ("protected", 0),
    ]


def test_what_the_rules_forbid_is_refused_with_code_3(desk):
    desk.proposed()
    told = desk.refusal("release", who="ada", code=3)
    assert told == "nothing is approved yet; a second person approves what was proposed"
    desk("approve", "example-ads", *REASON, who="ben")
    desk("release", who="ada")
    told = desk.refusal("release", who="ada", code=3)
    assert told == "nothing has changed since release 1; there is nothing to release"
    assert "--force needs --reason" in desk.refusal("release", "--force", who="ada", code=2)


def test_each_finding_of_the_gate_is_a_line(desk):
    desk.approved("Search", "google.com", "bing.com")
    told = desk.refusal("release", who="ada", code=3)
    assert "google.com" in told
    assert len(told.splitlines()) == len(set(told.splitlines())) == 4
    assert desk.facts("releases")["releases"] == []


def test_what_the_gate_found_is_told_in_json_too(desk):
    desk.approved("Search", "google.com")
    facts = json.loads(desk("release", "--json", who="ada", code=3).stdout)
    assert list(facts) == ["release", "findings", "unsigned"]
    assert facts["release"] is None
    (found, _) = facts["findings"]
    assert (found["rule"], found["severity"]) == ("popular-name", "error")
    assert found["remedy"].endswith("blockfilter list edit search --remove google.com")


def test_names_that_must_stay_open_are_told_by_the_rule_that_blocks_them(desk):
    desk("propose", "^[a-f][.]", *SITE, "--trigger", "pattern", who="ada")
    desk("approve", "example-ads", *REASON, who="ben")
    found = json.loads(desk("release", "--json", who="ada", code=3).stdout)["findings"]
    (one,) = (one for one in found if one["rule"] == "must-stay-open")
    assert (
        "a.root-servers.net, b.root-servers.net, c.root-servers.net and 4 more" in one["sentence"]
    )


def test_a_list_that_changes_much_needs_two_people_and_a_reason(desk):
    names = [f"site{number}.example" for number in range(40)]
    desk.released("Many", *names)
    gone = [word for name in names[:20] for word in ("--remove", name)]
    desk("edit", "many", *gone, who="ada")
    desk("approve", "many", *REASON, who="ben")
    assert "--force" in desk.refusal("release", who="ada", code=3)
    force = ("release", "--force", "--reason", "the site shrank")
    desk.refusal(*force, who="ada", code=3)
    desk.refusal(*force, who="ada", code=3)
    made = desk.facts(*force, who="ben")["release"]
    assert made["forced"]["by"] == ["ada", "ben"]


def test_releases_are_listed_and_the_one_in_force_is_marked(desk):
    desk("propose", "ads.example", *SITE, who="ada")
    assert desk("releases").stdout == f"no release yet\n{UNSIGNED}\n"
    assert desk.facts("releases") == {"releases": [], "paused": False, "unsigned": True}
    desk("approve", "example-ads", *REASON, who="ben")
    desk("release", "--notes", "one", who="ben")
    desk.released("More", "more.example")
    desk("rollback", 1, *REASON, who="ada")
    facts = desk.facts("releases")
    assert [(one["serial"], one["in_force"]) for one in facts["releases"]] == [
        (1, True),
        (2, False),
    ]
    assert facts["paused"] is True
    lines = desk("releases").stdout.splitlines()
    assert lines[0].startswith("* 1  ")
    assert lines[0].endswith("  ben  curated 1 rule, protected 0 rules  one")
    assert lines[1].startswith("  2  ")
    resume = "blockfilter list refresh --resume --catalog own  goes on"
    assert lines[2] == f"refreshing is paused since a roll-back; {resume}"


def test_a_rollback_is_quick_and_pauses_refreshing(desk):
    desk.released()
    desk.released("More", "more.example")
    began = time.monotonic()
    facts = desk.facts("rollback", 1, *REASON, who="ada")
    assert time.monotonic() - began < 2
    assert list(facts) == ["release", "paused", "unsigned"]
    assert (facts["release"]["serial"], facts["release"]["in_force"]) == (1, True)
    lines = desk("rollback", 2, *REASON, who="ada").stdout.splitlines()
    assert lines[0].startswith("release 2 is in force again: curated 2 rules")
    resume = "blockfilter list refresh --resume --catalog own  goes on"
    assert lines[1] == f"refreshing is paused; {resume}"


@pytest.mark.parametrize(
    ("serial", "code", "told"),
    [
        (1, 3, "release 1 is in force; there is nothing to roll back"),
        (9, 3, "release 9 does not exist; the releases are 1"),
        (0, 2, "0 is not in the range"),
        ("x", 2, "'x' is not a valid integer range"),
    ],
)
def test_a_wrong_serial_is_told(desk, serial, code, told):
    desk.released()
    assert told in desk.refusal("rollback", serial, *REASON, who="ada", code=code)


def test_refreshing_goes_on_when_told_to(desk):
    desk.released()
    desk.released("More", "more.example")
    desk("rollback", 1, *REASON, who="ada")
    assert desk.facts("refresh", "--resume", *REASON, who="ada") == {
        "outcomes": [],
        "unsigned": True,
    }
    assert desk.facts("releases")["paused"] is False
    told = desk.refusal("refresh", "--resume", *REASON, who="ada", code=3)
    assert told == "refreshing is not paused; there is nothing to resume"


def test_an_exception_ends_by_itself_or_by_command(desk):
    desk.proposed()
    ended = desk("allow", "Clinic.Example.", "--until", "2d", *REASON, who="ada")
    assert ended.stdout.startswith("allowed by ada until 20")
    assert ended.stdout.splitlines()[0].endswith("Z: clinic.example and all below")
    facts = desk.facts("allow", "shop.example", "--until", "90m", *REASON, who="ada")
    assert list(facts) == ["allowed", "unsigned"]
    assert list(facts["allowed"]) == ["name", "until", "reason", "by", "at"]
    left = datetime.fromisoformat(facts["allowed"]["until"]) - datetime.now(UTC)
    assert timedelta(minutes=88) < left <= timedelta(minutes=90)
    facts = desk.facts("disallow", "CLINIC.example.", *REASON, who="ben")
    assert facts == {"disallowed": "clinic.example", "by": "ben", "unsigned": True}
    told = desk("disallow", "shop.example", *REASON, who="ben").stdout
    assert told.startswith("no longer allowed, by ben: shop.example\n")
    told = desk.refusal("disallow", "shop.example", *REASON, who="ben", code=1)
    assert told.startswith('there is no exception for "shop.example"')


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--until", "200d"), 3, "ends within 90 days"),
        (("--until", "0d"), 3, "and after now"),
        (("--until", "2020-01-01"), 3, "and after now"),
        (("--until", "0001-01-01T00:00+14:00"), 2, "out of all time"),
        (("--until", "999999w"), 2, "out of all time"),
        (("--until", "soon"), 2, '"soon" is neither 2027-01-31'),
        (("--until", ""), 2, '"" is neither 2027-01-31'),
        (("--until", "2d", "--reason", ""), 2, "says nothing; write it out"),
        ((), 2, "Missing option '--until'"),
    ],
)
def test_a_wrong_end_is_told(desk, words, code, told):
    desk.proposed()
    command = ("allow", "clinic.example", *REASON, *words)
    assert told in desk.refusal(*command, who="ada", code=code)


@pytest.mark.parametrize(("name", "code"), [("bad name", 1), ("com", 3), ("a..b", 1)])
def test_a_name_that_cannot_be_allowed_is_told(desk, name, code):
    desk.proposed()
    desk.refusal("allow", name, "--until", "2d", *REASON, who="ada", code=code)


def test_subscriptions_there_are_none(desk):
    desk.proposed()
    assert desk.facts("subscriptions") == {"subscriptions": [], "unsigned": True}
    assert desk("subscriptions").stdout == f"no subscriptions\n{UNSIGNED}\n"
    assert desk.facts("refresh", "--due") == {"outcomes": [], "unsigned": True}
    assert desk("refresh").stdout == f"nothing is due\n{UNSIGNED}\n"
    told = desk.refusal("refresh", "nosuch", code=1)
    assert told == (
        "nosuch: no subscription has this id; blockfilter list subscriptions shows them"
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("https://127.0.0.1:1/x.txt",), 1, "(--private-address)"),
        (("https://127.0.0.1:1/x.txt", "--private-address"), 1, "cannot be reached"),
        (("http://lists.example/x.txt",), 1, "(--plain-http)"),
        (("ftp://lists.example/x.txt",), 1, "is no web address"),
        (("not a url",), 1, "is no web address"),
        (("https://127.0.0.1:1/x", "--key", "foo"), 1, "--key: is no minisign public key"),
        (("https://127.0.0.1:1/x", "--category", "nosuch"), 3, "the categories are"),
    ],
)
def test_what_cannot_be_subscribed_is_told_and_not_kept(desk, words, code, told):
    desk.proposed()
    assert told in desk.refusal("subscribe", *words, who="ada", code=code)
    assert desk.facts("subscriptions")["subscriptions"] == []
