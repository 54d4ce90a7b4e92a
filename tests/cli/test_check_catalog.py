"""`blockfilter check --catalog DIR`, `--draft` and `--trace`: which release decides, and by what."""

import json

import pytest

from tests.cli.keeping import REASON

KEYS = ["name", "blocked", "mode", "rule", "list", "site", "category", "why", "release"]
MET = ["place", "action", "mode", "rule", "list", "site", "category", "since"]


@pytest.fixture
def check(desk):
    """Asks `own`; the facts, one for each name."""

    def check(*words, catalog="own", code=0):
        ended = desk.run("check", "--catalog", catalog, "--json", *words, code=code)
        return [json.loads(line) for line in ended.stdout.splitlines()]

    return check


def blocked(facts):
    return [one["name"] for one in facts if one["blocked"]]


def told(desk, *words, code=0):
    return desk.run("check", "--catalog", "own", *words, code=code).stdout.splitlines()


def test_the_release_in_force_decides(desk, check):
    desk.released()
    desk.approved("More", "more.example")
    desk.proposed("Other", "other.example")
    facts = check("www.ads.example", "more.example", "other.example", "open.example")
    assert all(list(one) == KEYS for one in facts)
    assert blocked(facts) == ["www.ads.example"]
    assert (facts[0]["site"], facts[0]["category"]) == ("example-ads", "escort-ads")
    assert {one["release"] for one in facts} == {"1"}


def test_the_catalogue_may_stand_in_the_environment_as_for_those_who_keep_it(desk):
    desk.released()
    ended = desk.run("check", "--json", "ads.example", env={"BLOCKFILTER_CATALOG": "own"})
    assert json.loads(ended.stdout)["blocked"]
    assert ended.stderr == ""


def test_a_draft_decides_as_if_everything_proposed_were_approved(desk, check):
    desk.released()
    desk.approved("More", "more.example")
    desk.proposed("Other", "other.example")
    names = ("www.ads.example", "more.example", "other.example")
    facts = check("--draft", *names, "open.example")
    assert blocked(facts) == list(names)
    assert {one["release"] for one in facts} == {"2"}
    assert blocked(check(*names)) == ["www.ads.example"]  # nothing was released by it
    assert told(desk, "--draft", "more.example")[1] == (
        "  rule: more.example and all below (list curated, site more, category escort-ads, "
        "draft of release 2)"
    )


def test_a_draft_leaves_the_gate_aside(desk, check):
    desk.proposed("Search", "google.com")
    assert blocked(check("--draft", "google.com")) == ["google.com"]
    assert blocked(check("google.com")) == []


def test_a_draft_has_edits_and_lists_that_wait(desk, check):
    id_ = desk.released()
    desk("edit", id_, "--add", "mirror.example", "--remove", "ads.example", who="ada")
    desk("import", "-", "--title", "Theirs", "--mode", "monitor", stdin="theirs.example\n")
    names = ("ads.example", "mirror.example", "theirs.example")
    assert blocked(check(*names)) == ["ads.example"]
    facts = check("--draft", *names)
    assert blocked(facts) == ["mirror.example"]
    assert (facts[2]["mode"], facts[2]["list"]) == ("monitored", "theirs")


def test_without_a_release_nothing_is_blocked_and_a_warning_says_so(desk):
    desk.proposed()
    ended = desk.run("check", "--catalog", "own", "ads.example")
    assert ended.stdout == "ads.example: not blocked, on no list\n"
    assert "no release is in force yet, so nothing of this catalogue is blocked" in ended.stderr


def test_a_trace_shows_every_rule_in_the_order_of_precedence(desk, check):
    id_ = desk.released("Example Ads", "ads.example")
    (desk.place / "mine.txt").write_text("ads.example\n")
    desk("edit", id_, "--add", "www.ads.example", "--trigger", "exact", who="ada")
    desk("edit", id_, "--add", "adsexample", "--trigger", "site-name", who="ada")
    desk("edit", id_, "--add", r"^www\.ads[a-z]*\.", "--trigger", "pattern", who="ada")
    desk("edit", id_, "--except", "help.www.ads.example", who="ada")
    desk("approve", id_, *REASON, who="ben")
    desk("release", who="ben")
    (one,) = check("--trace", "--list", "mine.txt", "www.ads.example")
    assert list(one) == [*KEYS, "trace"]
    assert all(list(rule) == MET for rule in one["trace"])
    met = [(rule["place"], rule["rule"], rule["list"], rule["since"]) for rule in one["trace"]]
    own = str(desk.place / "mine.txt")
    assert met[0] == (1, "www.ads.example", "curated", 2)
    assert set(met[1:3]) == {
        (place, "ads.example and all below", *more)
        for place, more in zip(
            (2, 3) if met[1][2] == "curated" else (3, 2),
            (("curated", 1), (own, None)),
            strict=True,
        )
    }
    assert met[3] == (4, r"/^www\.ads[a-z]*\./", "curated", 2)
    assert len(met) == 4
    (one,) = check("--trace", "help.www.ads.example")
    assert not one["blocked"]
    first = one["trace"][0]
    assert (first["action"], first["rule"]) == ("passthru", "help.www.ads.example and all below")
    (one,) = check("--trace", "adsexample.com")
    assert [(rule["rule"], rule["since"]) for rule in one["trace"]] == [
        ("adsexample under any public suffix", 2)
    ]


def test_protected_names_and_exceptions_stand_before_what_they_open(desk, check):
    desk.released()
    desk("allow", "www.ads.example", "--until", "2d", *REASON, who="ada")
    protected = desk.catalog / "protected.toml"
    block = '[[protected]]\nname = "help.www.ads.example"\nkind = "own-zone"\nfrom = "ours"\n'
    protected.write_text(protected.read_text() + block)
    desk("release", who="ada", code=3)  # the gate leaves no such list behind; a draft shows it
    (one,) = check("--draft", "--trace", "help.www.ads.example")
    assert (one["blocked"], one["why"]) == (False, "protected: no list may block it")
    assert [(rule["list"], rule["action"]) for rule in one["trace"]] == [
        ("protected", "passthru"),
        ("allow", "passthru"),
        ("curated", "block"),
    ]
    assert [rule["since"] for rule in one["trace"]] == [None, None, 1]


def test_a_trace_in_words(desk):
    desk.released()
    desk("allow", "www.ads.example", "--until", "2d", *REASON, who="ada")
    assert told(desk, "--trace", "www.ads.example", "open.example") == [
        "www.ads.example: not blocked, allowed here",
        "  rule: www.ads.example and all below (list allow, category allow, release 1)",
        "  1. passthru (enforce) www.ads.example and all below: list allow, category allow",
        (
            "  2. block (enforce) ads.example and all below: list curated, site example-ads, "
            "category escort-ads, since release 1"
        ),
        "open.example: not blocked, on no list",
    ]


def test_a_disputed_entry_is_traced_as_watched(desk, check):
    id_ = desk.released()
    desk("dispute", id_, *REASON, who="ada")
    (one,) = check("--trace", "ads.example")
    assert (one["blocked"], one["mode"]) == (False, "monitored")
    assert [(rule["mode"], rule["since"]) for rule in one["trace"]] == [("monitor", 1)]


def test_a_trace_of_a_draft_tells_what_no_release_has(desk, check):
    desk.released()
    desk.proposed("More", "www.ads.example")
    (one,) = check("--draft", "--trace", "www.ads.example")
    assert [(rule["site"], rule["since"]) for rule in one["trace"]] == [
        ("more", None),
        ("example-ads", 1),
    ]


def test_after_a_rollback_the_older_release_is_traced(desk, check):
    desk.released()
    desk.released("More", "more.example")
    desk("rollback", 1, *REASON, who="ada")
    facts = check("--trace", "ads.example", "more.example")
    assert [one["trace"] and one["trace"][0]["since"] for one in facts] == [1, []]
    assert {one["release"] for one in facts} == {"1"}


def test_ones_own_catalogue_is_layered_on_the_curated_one(desk):
    desk.released()
    (desk.place / "c.toml").write_text(f'[catalog]\nlocal = "{desk.catalog}"\n')
    words = ("check", "--config", "c.toml", "--trace", "--json", "ads.example", "rubmaps.com")
    own, curated = map(json.loads, desk.run(*words).stdout.splitlines())
    assert (own["blocked"], own["list"], own["category"]) == (True, "local", "escort-ads")
    assert [(rule["list"], rule["since"]) for rule in own["trace"]] == [("local", 1)]
    assert (curated["list"], curated["trace"][0]["since"]) == ("curated", 1)
    assert own["release"].endswith("+local 1")


@pytest.mark.parametrize("more", [(), ("--draft",), ("--trace",)])
def test_a_folder_that_is_no_catalogue_is_told(desk, more):
    ended = desk.run("check", "--catalog", "none", *more, "ads.example", code=1)
    assert ended.stdout == ""
    place = desk.place / "none"
    assert ended.stderr == f"blockfilter: {place}: is no catalogue; name a folder that is one\n"
    assert not place.exists()


def test_a_broken_catalogue_is_told_in_a_line_a_mistake(desk):
    desk.released()
    (desk.catalog / "sites/example-ads.toml").write_text("x = [\n")
    (desk.catalog / "protected.toml").write_text("y = [\n")
    assert told(desk, "ads.example")[0] == "ads.example: blocked, on the list"
    ended = desk.run("check", "--catalog", "own", "--draft", "ads.example", code=1)
    lines = ended.stderr.splitlines()
    assert [line.partition("own/")[2].partition(":")[0] for line in lines] == [
        "protected.toml",
        "sites/example-ads.toml",
    ]
    assert all(line.startswith("blockfilter: ") for line in lines)


def test_what_is_no_name_is_code_2_and_the_others_are_decided(desk, check):
    desk.released()
    assert blocked(check("--trace", "bad..name", "ads.example", code=2)) == ["ads.example"]
