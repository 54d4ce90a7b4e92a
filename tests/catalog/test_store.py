"""Reading a folder of lists: all mistakes at once, each with file, block and remedy."""

import pytest

from blockfilter.catalog import store
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Role, Trigger

WIDE = Wide(["com", "uk", "co.uk", "*.ck", "!www.ck"])
TAXONOMY = """
[[category]]
id = "escort-ads"
title = "Escorts."
[[category]]
id = "other"
title = "Own lists."
"""
PROTECTED = '[[protected]]\nname = "Help.example."\nkind = "hotline"\nfrom = "test"\n'
SITE = """category = "escort-ads"
[[site]]
id = "one"
name = "One"
state = "active"
names = ["one.example"]
[site.evidence]
"one.example" = "seen"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "taxonomy.toml").write_text(TAXONOMY)
    (tmp_path / "protected.toml").write_text(PROTECTED)
    (tmp_path / "escort-ads.toml").write_text(SITE)
    return tmp_path


def problems(folder):
    with pytest.raises(ListError) as caught:
        store.read(folder, WIDE)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def test_a_folder_becomes_dossiers_and_rules(folder):
    catalog = store.read(folder, WIDE)
    assert catalog.protected == ("help.example",)
    curated = catalog.curated_list()
    assert (curated.id, curated.role) == ("curated", Role.BLOCK)
    (rule,) = curated.rules
    assert rule.trigger is Trigger.SUBTREE
    assert rule.value == names.from_text("one.example")
    assert (rule.category, rule.site, rule.mode) == ("escort-ads", "one", Mode.ENFORCE)
    assert catalog.protected_list().role is Role.PROTECTED


def test_each_key_becomes_its_trigger_and_exceptions_stay_open(folder):
    (folder / "escort-ads.toml").write_text(
        SITE.replace(
            '["one.example"]\n',
            '["one.example"]\nexact = ["Two.example"]\nsite-names = ["Three"]\n'
            'patterns = ["^four[0-9]"]\nexcept = ["help.one.example"]\n',
        )
        + '"Two.example" = "a"\n"Three" = "b"\n"^four[0-9]" = "c"\n'
    )
    rules = store.read(folder, WIDE).curated_list().rules
    assert [(rule.trigger, rule.value, rule.action) for rule in rules] == [
        (Trigger.SUBTREE, names.from_text("one.example"), Action.BLOCK),
        (Trigger.EXACT, names.from_text("two.example"), Action.BLOCK),
        (Trigger.SITE_NAME, b"three", Action.BLOCK),
        (Trigger.PATTERN, b"^four[0-9]", Action.BLOCK),
        (Trigger.SUBTREE, names.from_text("help.one.example"), Action.PASSTHRU),
    ]


def test_a_disputed_site_is_monitored(folder):
    (folder / "escort-ads.toml").write_text(
        SITE.replace('"active"', '"disputed"\nreason = "not sure"')
    )
    catalog = store.read(folder, WIDE)
    assert catalog.dossiers[0].reason == "not sure"
    assert [rule.mode for rule in catalog.curated_list().rules] == [Mode.MONITOR]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('state = "active"', 'state = "seized"', "state is none of active, disputed"),
        ('state = "active"', 'state = "disputed"', "reason belongs to a disputed site"),
        ('state = "active"', 'state = "active"\nreason = "x"', "reason belongs to a disputed"),
        ('id = "one"', 'id = "One!"', "id holds more than"),
        ('id = "one"\n', "", "needs id"),
        ('name = "One"', 'name = ""', "needs name"),
        ("names = ", "name-list = ", 'unknown key "name-list"'),
        ('["one.example"]', '"one.example"', "names is no list of texts"),
        ('["one.example"]', "[]", "lists nothing"),
        ('["one.example"]', '["one..example"]', "cannot be listed: a label holds"),
        ('["one.example"]', '["."]', "cannot be listed: a character"),
        ('["one.example"]', '["co.uk"]', "cannot be listed: a public suffix"),
        ('["one.example"]', '["any.ck"]', "cannot be listed: a public suffix"),
        ('["one.example"]', '["example"]', "cannot be listed: a single label"),
        ('["one.example"]', '["*.one.example"]', "cannot be listed: a wildcard"),
        ('["one.example"]', '["192.0.2.1"]', "cannot be listed: an address"),
        ('["one.example"]', '["https://one.example/"]', "cannot be listed: a character"),
        ('["one.example"]', '["one.example", "ONE.example."]', "is listed already"),
        ('["one.example"]', '["one.example"]\nsite-names = ["four"]', "fewer than 5 characters"),
        ('["one.example"]', '["one.example"]\nsite-names = ["a.label"]', "is no label"),
        ('["one.example"]', '["one.example"]\npatterns = ["(a"]', "is no RE2 expression"),
        ('["one.example"]', '["one.example"]\npatterns = [""]', "is found in any name"),
        ('["one.example"]', '["one.example"]\npatterns = [".*"]', "is found in any name"),
        ('["one.example"]', '["one.example"]\npatterns = ["[.]com$"]', "is found in any name"),
        ('["one.example"]', '["one.example"]\nexact = ["*.b.example"]', "a wildcard"),
        ('["one.example"]', '["one.example"]\nexcept = ["com"]', "a single label"),
        ('["one.example"]', '["one.example"]\nexact = ["b.example"]', "has no evidence"),
        ('"one.example" = "seen"', '"one.example" = ""', "has no evidence"),
        ('"one.example" = "seen"', '"one.example" = "s"\n"x.example" = "s"', "is not listed"),
        ("[site.evidence]", "[other]", 'unknown key "other"'),
        ('category = "escort-ads"', 'category = "other"', 'needs category = "escort-ads"'),
        ('category = "escort-ads"', 'category = ["escort-ads"]', 'needs category = "escort-ads"'),
        ('category = "escort-ads"\n', "", 'needs category = "escort-ads"'),
        pytest.param(SITE, "", 'needs category = "escort-ads"', id="empty"),
        pytest.param(SITE, "# none\n", 'needs category = "escort-ads"', id="a comment only"),
        pytest.param(SITE, "x = " + "[" * 100_000, "is not TOML", id="nested too deeply"),
        ("[[site]]", "[site]", "begin each block with [[site]]"),
    ],
)
def test_a_mistake_is_reported_with_its_file(folder, old, new, told):
    assert old in SITE
    (folder / "escort-ads.toml").write_text(SITE.replace(old, new))
    found = problems(folder)
    assert any(told in line for line in found), found
    assert all(line.startswith("escort-ads.toml: ") for line in found)


@pytest.mark.parametrize("name", ["own.toml", "other.toml"])
def test_a_file_is_named_for_a_category_of_the_curated_list(folder, name):
    (folder / name).write_text(f'category = "{name.removesuffix(".toml")}"\n')
    assert problems(folder) == [
        f"{name}: is named for no category of taxonomy.toml; rename it",
    ]


def test_a_protected_name_is_as_strict(folder):
    (folder / "protected.toml").write_text(PROTECTED.replace("Help.example.", "*.help.example"))
    (problem,) = problems(folder)
    assert problem.startswith('protected.toml: protected "*.help.example": ')
    assert "a wildcard" in problem


def test_an_exception_of_the_wildcard_rule_may_be_listed(folder):
    (folder / "escort-ads.toml").write_text(SITE.replace("one.example", "www.ck"))
    assert store.read(folder, WIDE).dossiers[0].names == ("www.ck",)


def test_all_mistakes_of_all_files_are_reported_at_once_with_their_block(folder):
    (folder / "escort-ads.toml").write_text(
        SITE.replace('"active"', '"gone"') + SITE.partition("\n")[2].replace("One", "Two")
    )
    (folder / "protected.toml").write_text(PROTECTED.replace("kind", "sort"))
    (folder / "more.toml").write_text("category = [")
    (folder / "taxonomy.toml").write_text(TAXONOMY + TAXONOMY.partition('"other"')[0] + '"other"\n')
    found = problems(folder)
    assert any(line.startswith('escort-ads.toml: site "one": state') for line in found)
    assert any("has the id of a site in escort-ads.toml" in line for line in found)
    assert any('is listed already, by escort-ads.toml, site "one"' in line for line in found)
    assert any(line.startswith('protected.toml: protected "Help.example.": ') for line in found)
    assert any(line.startswith("more.toml: is not TOML") for line in found)
    assert any(line.startswith("taxonomy.toml: ") and "id of another" in line for line in found)


@pytest.mark.parametrize("file", ["taxonomy.toml", "protected.toml"])
def test_a_missing_file_is_a_mistake(folder, file):
    (folder / file).unlink()
    assert f"{file}: is missing; put it back" in problems(folder)


def test_a_file_of_another_encoding_is_a_mistake(folder):
    (folder / "escort-ads.toml").write_bytes(SITE.encode("utf-16"))
    assert problems(folder) == [
        "escort-ads.toml: is not in UTF-8; save it in that encoding",
    ]


def test_the_shipped_folder_is_found_from_a_checkout():
    assert (store.shipped() / "taxonomy.toml").is_file()
