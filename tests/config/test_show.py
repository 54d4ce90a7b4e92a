"""The settings in force, in words a machine reads back."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.config import fields
from blockfilter.config.load import load, read
from blockfilter.config.settings import Settings
from blockfilter.config.show import show
from blockfilter.config.validate import schema

FULL = {
    "server.listen": ["127.0.0.1:53", "[fe80::1%lo]:53"],
    "server.state": '/var/lib/with "quotes" and \\',
    "blocked.answer": "address",
    "blocked.addresses": ["192.0.2.1"],
    "policy.allow": ["a.example"],
    "route": [{"zone": "x.test", "servers": ["192.0.2.1"]}, {"zone": "y.test", "servers": ["::1"]}],
    "list": [{"file": "/a/ü.txt", "mode": "monitor"}],
    "counts.addresses_per_device": 2,
}


@pytest.mark.parametrize("overrides", [{}, FULL])
def test_what_is_shown_reads_back_to_the_same_settings(tmp_path, overrides):
    loaded = read(None, overrides, {})
    file = tmp_path / "shown.toml"
    file.write_text("\n".join(show(loaded.settings, loaded.origins)), "utf-8")
    assert load(file, {}, {}) == loaded.settings


def test_every_key_is_shown_under_its_explanation():
    lines = list(show(Settings(), {}))
    for name, table in fields.sections().items():
        at = lines.index(f"[{name}]")
        assert lines[at - 1].startswith("# ")
        for setting in fields.settings_of(table):
            at = next(i for i in range(at, len(lines)) if lines[i].startswith(f"{setting.name} = "))
            assert lines[at - 1].startswith(f"# {setting.doc}")
    for name, setting in fields.arrays().items():
        assert f"# [[{name}]]" in lines
        for one in fields.settings_of(fields.table_of(setting.hint)):
            assert any(line.startswith(f"# {one.name}: {one.doc}") for line in lines)


def test_every_explanation_is_one_line_that_ends():
    for key, setting in fields.every_key():
        assert setting.doc, key
        assert "\n" not in setting.doc, key
        assert setting.doc.endswith("."), key
        assert len(setting.doc) <= 90, key


def test_where_a_setting_was_set_is_shown_and_only_for_what_is_no_default():
    loaded = read(None, {"tcp.pipeline": 5}, {"BLOCKFILTER_LOG__LEVEL": "debug"})
    sources = [line for line in show(loaded.settings, loaded.origins) if "Set by" in line]
    assert [source.partition("Set by ")[2] for source in sources] == [
        "command line.",
        "BLOCKFILTER_LOG__LEVEL.",
    ]


def test_the_schema_names_every_key_with_explanation_and_default():
    described = json.loads(json.dumps(schema()))
    assert described["additionalProperties"] is False
    for name, table in fields.sections().items():
        section = described["$defs"][described["properties"][name]["$ref"].rpartition("/")[2]]
        assert section["additionalProperties"] is False
        for setting in fields.settings_of(table):
            key = section["properties"][setting.name]
            assert key["description"] == setting.doc
            assert key["default"] == fields.plain(setting.hint, setting.default)
    assert set(described["properties"]) == {*fields.sections(), *fields.arrays()}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_written_as_toml_that_reads_back(text):
    assert tomllib.loads(f"x = {fields.toml(text)}")["x"] == text
    assert tomllib.loads(f"{fields.toml_key(text)} = 1") == {text: 1}
