"""`blockfilter list propose|edit|approve|...`: what happens to entries, in text and in JSON."""

import hashlib
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.keeping import REASON, SITE, UNSIGNED

MOVED = ["entry", "by", "unsigned"]


def test_a_proposal_is_told_with_what_comes_next(desk):
    ended = desk("propose", "ads.example", *SITE, who="ada")
    runs = 'blockfilter list approve example-ads --reason "..." --catalog own'
    assert ended.stdout.splitlines() == [
        "proposed by ada: example-ads  proposed  escort-ads  Example Ads: ads.example",
        f"next: a second person runs  {runs}",
        UNSIGNED,
    ]
    assert ended.stderr == "blockfilter: made the catalogue own\n"
    assert (desk.catalog / "taxonomy.toml").is_file()


def test_a_proposal_in_json_is_the_whole_entry(desk):
    more = ("--note", "a note", "--reason", "why", "--evidence-date", "2026-11-01")
    facts = desk.facts(
        "propose", "ads.example", *SITE, *more, "--review", "90d", "--expires", "52w", who="ada"
    )
    assert list(facts) == MOVED
    entry = facts["entry"]
    today = datetime.now(UTC).date()
    assert (facts["by"], facts["unsigned"]) == ("ada", True)
    assert entry["review"] == (today + timedelta(days=90)).isoformat()
    assert entry["expires"] == (today + timedelta(weeks=52)).isoformat()
    assert (entry["note"], entry["reason"], entry["names"]) == ("a note", "why", ["ads.example"])
    assert entry["evidence"] == [
        {"reference": "front page seen on 2026-11-20", "date": "2026-11-01"}
    ]


def test_of_evidence_in_a_file_name_and_digest_are_kept(desk):
    (desk.place / "page.png").write_bytes(b"a picture")
    facts = desk.facts("propose", "ads.example", *SITE, "--evidence", "file:page.png", who="ada")
    found = facts["entry"]["evidence"][1]
    assert (found["reference"], found["sha256"]) == (
        "page.png",
        hashlib.sha256(b"a picture").hexdigest(),
    )
    told = desk.refusal("propose", "b.example", *SITE, "--evidence", "file:none", code=2)
    assert told == "--evidence file:none: No such file or directory; name a file"


@pytest.mark.parametrize(
    ("trigger", "value", "key"),
    [
        ("subtree", "ads.example", "names"),
        ("exact", "ads.example", "exact"),
        ("site-name", "exampleads", "site-names"),
        ("pattern", r"^ads[0-9]+\.example$", "patterns"),
    ],
)
def test_what_the_names_are_is_said_by_the_trigger(desk, trigger, value, key):
    facts = desk.facts("propose", value, *SITE, "--trigger", trigger, who="ada")
    assert facts["entry"][key] == [value]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--category", "nosuch"), 3, 'there is no category "nosuch"; the categories are '),
        (("--expires", "2026-13-01"), 2, '"2026-13-01" is no date like 2027-01-31'),
        (("--expires", "2020-01-01"), 2, "2020-01-01 is not after today"),
        (("--expires", "9999999d"), 2, "is no date like"),
        (("--review", "soon"), 2, '"soon" is no date like'),
        (("--evidence-date", "99999999999999999999d"), 2, "is no date like"),
        (("--site", " "), 2, "Invalid value for '--site': says nothing"),
        (("--criterion", ""), 2, "Invalid value for '--criterion': says nothing"),
        (("--evidence", ""), 2, "Invalid value for '--evidence': says nothing"),
        (("--licence", "\t"), 2, "holds a line end, a control character"),
        (("--site", "two\nlines"), 2, "holds a line end, a control character"),
        (("--site", "\udcff"), 2, "octets that are not UTF-8"),
        (("--note", "\x1b[31m"), 3, "note holds a control character"),
        (("--as", "system"), 3, '"system" is not a person; say who you are with --as NAME'),
        (("--as", "A B"), 3, '"A B" is no name of a-z'),
        (("--key", "none.key"), 1, "none.key: No such file or directory; name your secret key"),
        (("--trigger", "label"), 2, "'label' is not one of 'exact', 'subtree', 'site-name'"),
    ],
)
def test_a_wrong_option_is_told_with_its_remedy(desk, words, code, told):
    assert told in desk.refusal("propose", "b.example", *SITE, "--as", "ada", *words, code=code)


@pytest.mark.parametrize(
    ("name", "trigger", "told"),
    [
        ("bad name", "subtree", "a name holds no blank"),
        ("com", "subtree", "a single label, under which every site would be blocked"),
        ("192.0.2.1", "subtree", "an address is no name"),
        ("a" * 64 + ".example", "exact", "a label holds 1 to 63 octets"),
        ("abc", "site-name", "fewer than 5 characters"),
        ("a(b", "pattern", "is no RE2 expression: missing )"),
    ],
)
def test_a_wrong_name_is_told_with_its_remedy(desk, name, trigger, told):
    desk.proposed("Other", "other.example")
    words = ("propose", name, *SITE, "--trigger", trigger)
    assert told in desk.refusal(*words, who="ada", code=3)
    assert len(desk.facts("find", "")["entries"]) == 1


def test_a_site_has_one_dossier(desk):
    desk.proposed()
    told = desk.refusal("propose", "b.example", *SITE, who="ben", code=3)
    assert "has a dossier already, example-ads; add names to it with" in told
    told = desk.refusal("propose", "ads.example", *SITE, "--site", "B", who="ben", code=3)
    assert told.startswith("ads.example is listed already, by example-ads")


def test_approval_needs_a_second_person(desk):
    id_ = desk.proposed()
    told = desk.refusal("approve", id_, *REASON, who="ada", code=3)
    assert "needs a second person; ask another maintainer" in told
    ended = desk("approve", id_, *REASON, who="ben")
    assert ended.stdout.splitlines()[:2] == [
        "approved by ben: example-ads  approved  escort-ads  Example Ads: ads.example",
        "next: the next release brings it into force:  blockfilter list release --catalog own",
    ]
    told = desk.refusal("approve", id_, *REASON, who="ben", code=3)
    assert told.endswith("what it can do is reject, activate, dispute, retire")


def test_an_entry_makes_its_moves(desk):
    id_ = desk.proposed()
    states = []
    for what, who in (
        ("reject", "ben"),
        ("reopen", "ada"),
        ("approve", "ben"),
        ("activate", "ada"),
        ("dispute", "ada"),
        ("activate", "ben"),
        ("retire", "ada"),
        ("reopen", "ada"),
    ):
        facts = desk.facts(what, id_, *REASON, who=who)
        assert list(facts) == MOVED
        assert (facts["by"], facts["entry"]["reason"]) == (who, "seen the same")
        states.append(facts["entry"]["state"])
    assert states == [
        *("rejected", "proposed", "approved", "active"),
        *("disputed", "active", "retired", "proposed"),
    ]


@pytest.mark.parametrize("what", ["reject", "dispute", "reopen", "retire"])
@pytest.mark.parametrize("reason", [(), ("--reason", ""), ("--reason", "  ")])
def test_what_takes_an_entry_away_needs_a_reason(desk, what, reason):
    id_ = desk.proposed()
    assert "--reason" in desk.refusal(what, id_, *reason, who="ben", code=2)
    assert [line["what"] for line in desk.facts("log")["lines"]] == ["propose"]


@pytest.mark.parametrize("what", ["approve", "retire", "edit"])
def test_an_unknown_id_is_told(desk, what):
    desk.proposed()
    more = ("--note", "x") if what == "edit" else ()
    told = desk.refusal(what, "nosuch", *more, *REASON, who="ben", code=1)
    assert told == 'no entry has the id "nosuch"; blockfilter list find TEXT looks for one'


def test_an_edit_of_the_rules_waits_for_a_second_person(desk):
    id_ = desk.released()
    ended = desk("edit", id_, "--add", "Mirror.Example.", "--evidence", "a link", who="ada")
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("edited by ada: example-ads  proposed  ")
    assert lines[0].endswith("ads.example, mirror.example")
    assert lines[1].endswith("until then the version before stays as it is")
    facts = desk.facts("reject", id_, *REASON, who="ben")
    assert (facts["entry"]["state"], facts["entry"]["names"]) == ("active", ["ads.example"])
    desk("edit", id_, "--add", "mirror.example", "--trigger", "exact", who="ada")
    told = desk("reject", id_, *REASON, who="ben").stdout
    assert told.startswith("the edit was rejected by ben: example-ads  active")


def test_an_edit_of_words_counts_at_once(desk):
    id_ = desk.released()
    facts = desk.facts("edit", id_, "--note", "still there", "--review", "26w", who="ada")
    assert list(facts) == MOVED
    assert (facts["entry"]["state"], facts["entry"]["note"]) == ("active", "still there")
    told = desk.refusal("edit", id_, "--note", "still there", who="ada", code=3)
    assert told == "example-ads: nothing would change"


def test_an_edit_changes_every_value(desk):
    id_ = desk.proposed("Example Ads", "ads.example", "b.example")
    entry = desk.facts(
        *("edit", id_, "--remove", "B.example", "--except", "shop.ads.example"),
        *("--category", "massage-ads", "--site", "New", "--criterion", "c", "--source", "s"),
        *("--licence", "l", "--note", "n", "--expires", "90d", "--reason", "r"),
        who="ada",
    )["entry"]
    assert (entry["names"], entry["except"]) == (["ads.example"], ["shop.ads.example"])
    assert [entry[key] for key in ("category", "site", "criterion", "source")] == [
        *("massage-ads", "New", "c", "s")
    ]
    assert [entry[key] for key in ("licence", "note", "reason")] == ["l", "n", "r"]
    entry = desk.facts("edit", id_, "--remove", "shop.ads.example", who="ada")["entry"]
    assert "except" not in entry


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--remove", "none.example"), 2, "--remove none.example: the entry does not list it"),
        (("--remove", "ads.example"), 3, "lists nothing"),
        (("--mode", "monitor"), 2, "--mode: example-ads is a dossier; only a list has that."),
        (("--category", "nosuch"), 3, "there is no category"),
        (("--add", "com"), 3, "a single label"),
        (("--site", ""), 2, "says nothing"),
        (("--review", "yesterday"), 2, "is no date"),
    ],
)
def test_a_wrong_edit_changes_nothing(desk, words, code, told):
    id_ = desk.proposed()
    assert told in desk.refusal("edit", id_, *words, who="ada", code=code)
    assert len(desk.facts("log")["lines"]) == 1


def test_a_list_is_edited_by_what_it_has(desk):
    (desk.place / "ads.txt").write_text("a.example.com\n")
    desk("import", "ads.txt", "--category", "escort-ads", "--title", "Ads", who="ada")
    entry = desk.facts("edit", "ads", "--mode", "monitor", "--site", "Other", who="ada")["entry"]
    assert (entry["mode"], entry["title"]) == ("monitor", "Other")
    told = desk.refusal("edit", "ads", "--add", "b.example", who="ada", code=2)
    assert told == "--add: ads is a list; only a dossier has that."


class TestEditor:
    """`list edit ID` opens what $EDITOR names."""

    def edited(self, desk, before, after, **more):
        script = desk.place / "editor.py"
        script.write_text(
            "import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n"
            f"path.write_text(path.read_text().replace({before!r}, {after!r}))\n"
            "import os; os.utime(path, (9e9, 9e9))\n"  # an editor that saves within the second
        )
        return desk.refusal if more.get("code") else desk.facts, {
            "env": {"EDITOR": f"{sys.executable} {script}"},
            "who": "ada",
            **more,
        }

    def test_what_it_saves_is_the_change(self, desk):
        id_ = desk.proposed()
        ask, more = self.edited(desk, "ads.example", "Ads2.Example")
        assert ask("edit", id_, **more)["entry"]["names"] == ["ads2.example"]

    def test_a_line_taken_out_is_a_value_taken_away(self, desk):
        id_ = desk.proposed()
        desk("edit", id_, "--note", "old", who="ada")
        ask, more = self.edited(desk, 'note = "old"\n', "")
        assert "note" not in ask("edit", id_, **more)["entry"]

    @pytest.mark.parametrize(
        ("before", "after", "code", "told"),
        [
            ("[[site]]", "[[site", 1, "what the editor saved is not TOML"),
            ("[[site]]", "[[sites]]", 1, "something else than one block [[site]]"),
            ('site = "', 'sitt = "', 1, 'unknown key "sitt"'),
            ('"proposed"', '"active"', 3, "state cannot be edited; moves change them"),
            ('"example-ads"', '"other"', 3, "id cannot be edited"),
            ("nothing", "nothing", 3, "nothing would change"),
        ],
    )
    def test_what_cannot_be_is_told_and_nothing_changes(self, desk, before, after, code, told):
        id_ = desk.proposed()
        ask, more = self.edited(desk, before, after, code=code)
        assert told in ask("edit", id_, **more)
        assert len(desk.facts("log")["lines"]) == 1

    def test_an_editor_that_is_not_there_is_told(self, desk):
        id_ = desk.proposed()
        told = desk.refusal("edit", id_, who="ada", code=1, env={"EDITOR": "nosuch-editor"})
        assert told.endswith("name your editor in EDITOR, or use options")
        told = desk.refusal("edit", id_, who="ada", code=2, env={"EDITOR": "true"})
        assert told == "The editor was left without saving; nothing was changed."
