"""Reading a catalogue's folder: all mistakes at once, each with file, block and remedy."""

import subprocess
from dataclasses import replace
from datetime import date

import pytest

from blockfilter.catalog import reader, store
from blockfilter.catalog.folder import create
from blockfilter.catalog.site import Act, Allowed, Evidence, State
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Trigger

WIDE = Wide(["com", "uk", "co.uk", "*.ck", "!www.ck"])
TAXONOMY = """
[[category]]
id = "escort-ads"
title = "Escorts."
include = ["They advertise."]
exclude = ["Clinics.", "News."]
[[category]]
id = "other"
title = "Own lists."
"""
PROTECTED = '[[protected]]\nname = "Help.example."\nkind = "hotline"\nfrom = "test"\n'
SITE = """[[site]]
id = "one"
site = "One"
category = "escort-ads"
state = "active"
names = ["one.example"]
criterion = "advertises"
source = "research"
licence = "facts"
review = 2027-05-23
proposed = { by = "ada", at = "2026-11-23T09:00:00Z" }
[[site.evidence]]
reference = "seen"
date = 2026-11-20
names = ["one.example"]
"""
LIST = f"""[[list]]
id = "published"
title = "A published list"
category = "other"
state = "proposed"
mode = "monitor"
format = "hosts"
rules = 3
sha256 = "{"0a" * 32}"
url = "https://lists.example/hosts"
"""
ALLOW = """[[allow]]
name = "Ads.example"
until = "2026-12-01T00:00:00Z"
reason = "a ticket"
by = "ada"
at = "2026-11-23T09:00:00Z"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "imported").mkdir()
    (tmp_path / "taxonomy.toml").write_text(TAXONOMY)
    (tmp_path / "protected.toml").write_text(PROTECTED)
    (tmp_path / "sites/one.toml").write_text(SITE)
    return tmp_path


def problems(folder):
    with pytest.raises(ListError) as caught:
        store.read(folder, WIDE)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def test_a_folder_becomes_values(folder):
    (folder / "imported/published.toml").write_text(LIST)
    (folder / "allow.toml").write_text(ALLOW)
    catalog = store.read(folder, WIDE)
    assert catalog.protected == (store.Protected("help.example", "hotline", "test"),)
    assert catalog.categories[0] == store.Category(
        "escort-ads", "Escorts.", ("They advertise.",), ("Clinics.", "News.")
    )
    assert catalog.allowed == (
        Allowed("ads.example", "2026-12-01T00:00:00Z", "a ticket", "ada", "2026-11-23T09:00:00Z"),
    )
    (one,), (published,) = catalog.dossiers, catalog.imported
    assert catalog.entries() == (one, published)
    assert (one.id, one.review, one.state) == ("one", date(2027, 5, 23), State.ACTIVE)
    assert one.proposed == Act("ada", "2026-11-23T09:00:00Z")
    assert catalog.dossiers[0].evidence == (
        Evidence(reference="seen", date=date(2026, 11, 20), names=("one.example",)),
    )
    assert (published.title, published.mode, published.rules) == (
        "A published list",
        Mode.MONITOR,
        3,
    )
    assert catalog.entry("published") is published
    assert catalog.entry("two") is None
    assert catalog.places == {"one": "sites/one.toml", "published": "imported/published.toml"}


def test_each_key_becomes_its_trigger_and_exceptions_stay_open(folder):
    (folder / "sites/one.toml").write_text(
        SITE.replace(
            '["one.example"]\n',
            '["one.example"]\nexact = ["Two.example"]\nsite-names = ["Three"]\n'
            'patterns = ["^four[0-9]"]\nexcept = ["help.one.example"]\n',
            1,
        )
    )
    (dossier,) = store.read(folder, WIDE).dossiers
    assert [(rule.trigger, rule.value, rule.action) for rule in dossier.rules()] == [
        (Trigger.SUBTREE, names.from_text("one.example"), Action.BLOCK),
        (Trigger.EXACT, names.from_text("two.example"), Action.BLOCK),
        (Trigger.SITE_NAME, b"three", Action.BLOCK),
        (Trigger.PATTERN, b"^four[0-9]", Action.BLOCK),
        (Trigger.SUBTREE, names.from_text("help.one.example"), Action.PASSTHRU),
    ]


def test_several_blocks_may_stand_in_one_file(folder):
    (folder / "sites/one.toml").write_text(
        SITE + SITE.replace('"one"', '"two"').replace("one.example", "two.example")
    )
    catalog = store.read(folder, WIDE)
    assert [site.id for site in catalog.dossiers] == ["one", "two"]
    assert catalog.places["two"] == "sites/one.toml"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('state = "active"', 'state = "seized"', "state is none of proposed, approved, active"),
        ('state = "active"\n', "", "state is none of"),
        ('state = "active"', "state = [1]", "state is none of"),
        ('id = "one"', 'id = "One!"', "id is more than"),
        ('id = "one"', f'id = "{"a" * 65}"', "id is more than 64 characters"),
        ('id = "one"', 'id = "curated"', "has an id that blockfilter's own lists have"),
        ('id = "one"\n', "", "needs id"),
        ('site = "One"', 'site = ""', "needs site"),
        ('site = "One"', "site = 1", "site is no text"),
        ('site = "One"', r'site = "O\u001bne"', "site holds a control character"),
        ("names = ", "name-list = ", 'unknown key "name-list"; the keys are id, site, category'),
        ('names = ["one.example"]', 'names = "one.example"', "names is no list of texts"),
        ('names = ["one.example"]', "names = [1]", "names is no list of texts"),
        ('names = ["one.example"]', "names = []", "lists nothing; give it names, exact"),
        ('names = ["one.example"]', 'names = ["one..example"]', "cannot be listed: a label holds"),
        ('names = ["one.example"]', 'names = ["."]', "cannot be listed: a character"),
        ('names = ["one.example"]', 'names = ["co.uk"]', "cannot be listed: a public suffix"),
        ('names = ["one.example"]', 'names = ["any.ck"]', "cannot be listed: a public suffix"),
        ('names = ["one.example"]', 'names = ["example"]', "cannot be listed: a single label"),
        ('names = ["one.example"]', 'names = ["*.one.example"]', "cannot be listed: a wildcard"),
        ('names = ["one.example"]', 'names = ["192.0.2.1"]', "cannot be listed: an address"),
        ('names = ["one.example"]', 'names = ["https://one.example/"]', "listed: a character"),
        ('names = ["one.example"]', 'names = ["one.example", "ONE.example."]', "already, by names"),
        ("criterion = ", 'site-names = ["four"]\ncriterion = ', "fewer than 5 characters"),
        ("criterion = ", 'site-names = ["a.label"]\ncriterion = ', "is no label"),
        ("criterion = ", 'patterns = ["(a"]\ncriterion = ', "is no RE2 expression"),
        ("criterion = ", 'patterns = [""]\ncriterion = ', "is found in any name"),
        ("criterion = ", 'patterns = [".*"]\ncriterion = ', "is found in any name"),
        ("criterion = ", 'patterns = ["[.]com$"]\ncriterion = ', "is found in any name"),
        ("criterion = ", 'patterns = ["a\\tb"]\ncriterion = ', "holds a tab or a new line"),
        ("criterion = ", 'exact = ["*.b.example"]\ncriterion = ', "a wildcard"),
        ("criterion = ", 'except = ["com"]\ncriterion = ', "a single label"),
        ('category = "escort-ads"', 'category = "other"', '"other" is for lists of others'),
        ('category = "escort-ads"', 'category = "ads"', 'there is no category "ads"; the categ'),
        ('category = "escort-ads"', 'category = "Ads\\tof"', "category holds more than"),
        ('category = "escort-ads"', 'category = ["escort-ads"]', "category is no text"),
        ('category = "escort-ads"\n', "", "needs category"),
        ("review = 2027-05-23", 'review = "2027-05-23"', "review is no date"),
        ("review = 2027-05-23", "review = 2027-05-23T10:00:00Z", "review is no date"),
        ('by = "ada"', 'by = ""', 'one": proposed: needs by'),
        ('"2026-11-23T09:00:00Z"', '"2026-11-23 09:00"', "proposed: at is no time"),
        ('"2026-11-23T09:00:00Z"', '"2026-11-23T9:00:00Z"', "proposed: at is no time"),
        ('{ by = "ada", at = "2026-11-23T09:00:00Z" }', '"ada"', "proposed is no act"),
        (', at = "2026', ', on = "2026', 'proposed: unknown key "on"'),
        ('reference = "seen"', 'reference = ""', "evidence 1: needs reference"),
        ("date = 2026-11-20\n", "", "evidence 1: needs date"),
        ("date = 2026-11-20", "date = 2026-11-20\nsha256 = 'abc'", "sha256 is no SHA-256"),
        ("date = 2026-11-20", "date = 2026-11-20\nurl = 'abc'", 'unknown key "url"'),
        ('names = ["one.example"]\ncrit', 'names = ["b.example"]\ncrit', "which is not listed"),
        ("[[site.evidence]]", "[other]", 'unknown key "other"'),
        ("[[site.evidence]]", "[site.evidence]", "begin each block with [[site.evidence]]"),
        pytest.param(SITE, "x = " + "[" * 100_000, "is not TOML", id="nested too deeply"),
        pytest.param(SITE, '[site]\nid = "one"', "begin each block with [[site]]", id="[site]"),
        pytest.param(SITE, "site = [1]", "site 1 is no block", id="no block"),
        pytest.param(SITE, "x = 1", 'unknown key "x"; the keys are site', id="another key"),
        pytest.param(SITE, LIST, 'unknown key "list"; the keys are site', id="a list"),
    ],
)
def test_a_mistake_is_reported_with_its_file(folder, old, new, told):
    assert old in SITE
    (folder / "sites/one.toml").write_text(SITE.replace(old, new, 1))
    found = problems(folder)
    assert any(told in line for line in found), found
    assert all(line.startswith("sites/one.toml: ") for line in found)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rules = 3", "rules = -1", "rules is no number"),
        ("rules = 3", "rules = true", "rules is no number"),
        ("rules = 3", "private = 1", "private is neither true nor false"),
        ("rules = 3", 'trigger = "all"', "trigger is none of exact, subtree"),
        ('mode = "monitor"', 'mode = "off"', "mode is none of enforce, monitor"),
        ("https://", "file://", "url is no address"),
        ("0a", "0A", "sha256 is no SHA-256"),
        (f'sha256 = "{"0a" * 32}"\n', "", "needs sha256"),
        ('title = "A published list"', 'site = "x"', "needs title"),
        ('id = "published"', 'id = "one"', "has the id of an entry in sites/one.toml"),
        ("rules = 3", 'except = ["com"]', "a single label"),
    ],
)
def test_a_mistake_of_an_imported_list_is_reported(folder, old, new, told):
    (folder / "imported/published.toml").write_text(LIST.replace(old, new))
    found = problems(folder)
    assert any(told in line for line in found), found
    assert all(line.startswith("imported/published.toml: ") for line in found)


@pytest.mark.parametrize("missing", ["criterion", "source", "licence", "review", "proposed"])
def test_what_lint_judges_is_no_mistake_of_reading(folder, missing):
    lines = SITE.splitlines(keepends=True)
    (folder / "sites/one.toml").write_text(
        "".join(line for line in lines if not line.startswith(missing))
    )
    assert len(store.read(folder, WIDE).dossiers) == 1


def test_an_entry_without_evidence_and_long_overdue_can_be_read(folder):
    (folder / "sites/one.toml").write_text(
        SITE.partition("[[site.evidence]]")[0].replace("2027", "2001")
    )
    assert store.read(folder, WIDE).dossiers[0].evidence == ()


@pytest.mark.parametrize("key", ["names", "exact", "site-names", "patterns", "except"])
def test_what_two_entries_list_is_a_mistake_unless_one_of_them_is_over(folder, key):
    text = "twice" if key in ("site-names", "patterns") else "b.example"
    own = "exact" if key == "names" else "names"  # what each lists besides, and the other does not
    first, second = (
        SITE.partition("[[site.evidence]]")[0]
        .replace('id = "one"', f'id = "{name}"')
        .replace('names = ["one.example"]', f'{own} = ["{name}.example"]\n{key} = ["{text}"]')
        for name in ("one", "two")
    )
    (folder / "sites/one.toml").write_text(first)
    for state in State:
        (folder / "sites/two.toml").write_text(second.replace('"active"', f'"{state}"'))
        if state in (State.REJECTED, State.RETIRED):
            assert len(store.read(folder, WIDE).dossiers) == 2
        else:
            (problem,) = problems(folder)
            assert problem.startswith('sites/two.toml: site "two": ')
            assert 'is listed already, by sites/one.toml: site "one"' in problem


def test_a_protected_name_is_as_strict(folder):
    (folder / "protected.toml").write_text(PROTECTED.replace("Help.example.", "*.help.example"))
    (problem,) = problems(folder)
    assert problem.startswith('protected.toml: protected "*.help.example": ')
    assert "a wildcard" in problem


def test_a_protected_name_stands_there_once(folder):
    (folder / "protected.toml").write_text(PROTECTED + PROTECTED)
    (problem,) = problems(folder)
    assert '"help.example" is listed already' in problem


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Ads.example", "*.ads.example", "a wildcard"),
        ('"2026-12-01T00:00:00Z"', "2026-12-01", "until is no time"),
        ('by = "ada"', 'who = "ada"', "needs by"),
    ],
)
def test_an_exception_is_as_strict(folder, old, new, told):
    (folder / "allow.toml").write_text(ALLOW.replace(old, new))
    found = problems(folder)
    assert any(told in line and line.startswith("allow.toml: allow ") for line in found), found


def test_an_exception_of_the_wildcard_rule_may_be_listed(folder):
    (folder / "sites/one.toml").write_text(SITE.replace("one.example", "www.ck"))
    assert store.read(folder, WIDE).dossiers[0].names == ("www.ck",)


def test_all_mistakes_of_all_files_are_reported_at_once_with_their_block(folder):
    (folder / "sites/one.toml").write_text(
        SITE.replace('"active"', '"gone"') + SITE.replace("One", "Two")
    )
    (folder / "protected.toml").write_text(PROTECTED.replace("kind", "sort"))
    (folder / "sites/more.toml").write_text("category = [")
    (folder / "allow.toml").write_text("allow = 1")
    (folder / "taxonomy.toml").write_text(
        TAXONOMY + TAXONOMY.partition('"other"')[0] + '"other"\ntitle = "T."\n'
    )
    found = problems(folder)
    assert any(line.startswith('sites/one.toml: site "one": state') for line in found)
    assert any("has the id of an entry in sites/one.toml" in line for line in found)
    assert any('is listed already, by sites/one.toml: site "one"' in line for line in found)
    assert any(line.startswith('protected.toml: protected "Help.example.": ') for line in found)
    assert any(line.startswith("sites/more.toml: is not TOML") for line in found)
    assert any(line.startswith("allow.toml: allow is no array") for line in found)
    assert any(line.startswith("taxonomy.toml: ") and "id of another" in line for line in found)


def test_a_mistake_in_the_taxonomy_is_told_once_and_not_of_every_entry(folder):
    (folder / "taxonomy.toml").write_text("[[category")
    (problem,) = problems(folder)
    assert problem.startswith("taxonomy.toml: is not TOML")


@pytest.mark.parametrize("file", ["taxonomy.toml", "protected.toml"])
def test_a_missing_file_is_a_mistake(folder, file):
    (folder / file).unlink()
    assert f"{file}: is missing; put it back" in problems(folder)


def test_a_file_of_another_encoding_is_a_mistake(folder):
    (folder / "sites/one.toml").write_bytes(SITE.encode("utf-16"))
    assert problems(folder) == ["sites/one.toml: is not in UTF-8; save it in that encoding"]


def test_a_file_larger_than_any_hand_writes_is_a_mistake(folder):
    with (folder / "sites/one.toml").open("wb") as file:
        file.truncate(2**30)
    (problem,) = problems(folder)
    assert problem.startswith("sites/one.toml: is larger than")


def test_entries_beside_the_folder_of_entries_are_not_overlooked(folder):
    (folder / "escort-ads.toml").write_text(SITE)
    (folder / "of-mine.toml").write_text("x = 1")
    assert problems(folder) == [
        "escort-ads.toml: has blocks [[site]], which are read in sites/; move it there"
    ]


def test_hidden_files_of_editors_are_no_entries(folder):
    (folder / "sites/.#one.toml").symlink_to("nowhere")
    assert len(store.read(folder, WIDE).dossiers) == 1


def test_an_entry_is_found_by_what_it_lists_and_what_that_covers(folder):
    (folder / "sites/one.toml").write_text(
        SITE.replace(
            "criterion",
            'exact = ["Two.example"]\nsite-names = ["three"]\npatterns = ["^four[0-9]"]\ncriterion',
            1,
        ).replace('"active"', '"proposed"')
    )
    catalog = store.read(folder, WIDE)
    for text in (
        *("one.example", "WWW.One.Example.", "two.example", "three", "Three", "three.co.uk"),
        *("www.three.example", "three.blogspot.com", "four4.example", "^four[0-9]"),
    ):
        assert [site.id for site in catalog.by_name(text)] == ["one"], text
    for text in (
        *("example", "other.example", "www.two.example", "three.other.example", "www.three"),
        *("four.example", "^four", "not a name"),
    ):
        assert catalog.by_name(text) == [], text


def test_the_plain_form_is_json_in_the_order_of_the_keys(folder):
    (folder / "imported/published.toml").write_text(LIST)
    one, published = store.read(folder, WIDE).entries()
    assert list(store.plain(one).items()) == [
        ("kind", "site"),
        ("id", "one"),
        ("site", "One"),
        ("category", "escort-ads"),
        ("state", "active"),
        ("names", ["one.example"]),
        ("criterion", "advertises"),
        ("source", "research"),
        ("licence", "facts"),
        ("review", "2027-05-23"),
        ("proposed", {"by": "ada", "at": "2026-11-23T09:00:00Z"}),
        ("evidence", [{"reference": "seen", "date": "2026-11-20", "names": ["one.example"]}]),
    ]
    assert store.plain(published)["rules"] == 3
    assert "private" not in store.plain(published)
    for entry in (one, published):
        assert store.from_plain(store.plain(entry), "entry", WIDE) == entry


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "rule"}, "line 3: kind is none of site, list"),
        ({"names": ["co.uk"]}, 'line 3: "co.uk" cannot be listed: a public suffix'),
        ({"review": "20270523"}, "line 3: review is no date"),
        ({"review": "soon"}, "line 3: review is no date"),
        ({"evidence": [{"reference": "x", "date": "then"}]}, "line 3: evidence 1: date is no date"),
        ({"evidence": ["x"]}, "line 3: evidence 1 is no block"),
        ({"names": ["other.example"]}, 'is for "one.example", which is not listed'),
        ({"category": "other"}, '"other" is for lists of others'),
        ({"rules": 1}, 'unknown key "rules"'),
    ],
)
def test_a_plain_form_is_read_as_strictly(folder, changes, told):
    (one,) = store.read(folder, WIDE).entries()
    with pytest.raises(ListError) as caught:
        store.from_plain({**store.plain(one), **changes}, "line 3", WIDE)
    assert told in str(caught.value)


def test_a_plain_form_may_spell_what_it_lists_as_people_do(folder):
    (one,) = store.read(folder, WIDE).dossiers
    changes = {"names": ["Bücher.Example."], "note": "", "evidence": None}
    found = store.from_plain({**store.plain(one), **changes}, "entry", WIDE)
    assert found == replace(one, names=("xn--bcher-kva.example",), evidence=())


@pytest.mark.parametrize(
    ("site", "id_"),
    [
        ("Find Hot Escorts", "find-hot-escorts"),
        ("2backpage", "2backpage"),
        ("  Men's -- Élan & Co. ", "mens-elan-co"),
        ("東京", "site"),
        ("Curated", "curated-2"),
        ("A Name That Goes On And On Until Nobody Can Speak It", "a-name-that-goes-on-and-on-until-nobody"),
        ("x" * 99, "x" * 40),
    ],
)  # fmt: skip
def test_a_new_id_can_be_spoken(site, id_):
    assert store.new_id(site, ()) == id_
    assert reader.ID.fullmatch(id_)


def test_an_id_is_never_given_twice():
    assert store.new_id("One", {"one"}) == "one-2"
    assert store.new_id("One", {"one", "one-2", "one-3"}) == "one-4"


def test_a_new_catalogue_can_be_read_and_lists_nothing(tmp_path):
    create(tmp_path / "own", store.initial_files())
    catalog = store.read(tmp_path / "own", WIDE)
    assert catalog.entries() == ()
    assert catalog.protected == ()
    assert "escort-ads" in {category.id for category in catalog.categories}


def test_git_keeps_octets_and_the_lines_of_both_branches(tmp_path):
    create(tmp_path, store.initial_files())
    for path in ("journal.jsonl", "rules/x.rules", "releases/1.snapshot", ".lock"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"one\r\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)
    said = [
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True, text=True)
        for words in (
            ["check-attr", "merge", "--", "journal.jsonl"],
            ["check-attr", "text", "--", "rules/x.rules"],
            ["status", "--porcelain", "-uall"],
        )
    ]
    assert said[0].stdout == "journal.jsonl: merge: union\n"
    assert said[1].stdout == "rules/x.rules: text: unset\n"
    assert "journal.jsonl" in said[2].stdout
    assert "snapshot" not in said[2].stdout
    assert ".lock" not in said[2].stdout


def test_the_shipped_folder_is_found_from_a_checkout():
    assert (store.shipped() / "taxonomy.toml").is_file()


def test_the_files_that_are_read_are_known(folder):
    (folder / "allow.toml").write_text(ALLOW)
    (folder / "maintainers.toml").write_text("")
    assert [str(path.relative_to(folder)) for path in store.files(folder)] == [
        "allow.toml",
        "protected.toml",
        "sites/one.toml",
        "taxonomy.toml",
    ]
