"""A published list on its way into a catalogue, and CSV rows on theirs to become dossiers."""

from datetime import date
from typing import Any

import pytest

from blockfilter.catalog import imported, rows
from blockfilter.catalog.body import INCOMING
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.formats.listing import Refused
from blockfilter.catalog.site import Evidence
from blockfilter.errors import ListError, StateError
from blockfilter.message import name as names
from blockfilter.policy.rule import Mode, Trigger
from tests.catalogs import WIDE

TODAY = date(2026, 11, 23)


@pytest.fixture
def source(tmp_path):
    return tmp_path / "list.txt"


def bring(source, folder, **more):
    options: dict[str, Any] = {"category": "escort-ads", "mode": Mode.ENFORCE, "wide": WIDE} | more
    return imported.bring(source, folder, **options)


def test_a_list_becomes_one_file_of_rules_and_a_table_of_causes(source, tmp_path):
    source.write_text("0.0.0.0 b.example\ncom\na.example\na.example\ncom\ntwo words\n")
    told = []
    brought = bring(source, tmp_path, progress=lambda *facts: told.append(facts))
    assert (brought.format, brought.rules, brought.refused) == ("domains", 2, 3)
    assert brought.causes == (
        ("a single label, under which every site would be blocked", 2, (2, 5)),
        ("several words, and the first is no address", 1, (6,)),
    )
    assert [line for line, _ in brought.first] == [2, 5, 6]
    assert brought.file.parent == tmp_path / "rules"
    assert brought.file.name.endswith(INCOMING)
    found = rules_format.read(brought.file, category="escort-ads", mode=Mode.ENFORCE)
    assert [(rule.trigger, names.to_text(rule.value)) for rule in found] == [
        (Trigger.EXACT, "b.example"),
        (Trigger.SUBTREE, "a.example"),
    ]


def test_the_same_rules_have_the_same_digest_whatever_they_were_written_in(source, tmp_path):
    digests = set()
    for text in (
        "a.example\nb.example\n",
        "||b.example^\n||a.example^\n",
        "local=/a.example/b.example/\n",
    ):
        source.write_text(text)
        digests.add(bring(source, tmp_path).sha256)
    assert len(digests) == 1


def test_what_is_said_to_be_its_format_is_believed(source, tmp_path):
    source.write_text("*.a.example\nb.example\n")
    assert bring(source, tmp_path, format="domains").refused == 1
    assert bring(source, tmp_path, format="wildcard").refused == 0


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"com\n", b"\x1f\x8b\x08rest", b"a\tb\x00" * 50]
)
def test_a_file_that_is_no_list_leaves_nothing_behind(source, tmp_path, content):
    source.write_bytes(content)
    with pytest.raises(ListError):
        bring(source, tmp_path)
    folder = tmp_path / "rules"
    assert not folder.exists() or not list(folder.iterdir())


def test_a_folder_that_cannot_be_written_to_is_told(source, tmp_path):
    source.write_text("a.example\n")
    (tmp_path / "rules").write_text("a file where a folder belongs")
    with pytest.raises(StateError, match="cannot be written"):
        bring(source, tmp_path)


HEAD = "site,category,names,exact,criterion,evidence,evidence-date,source,licence,expires\n"


def read(path, text, **more):
    path.write_text(text)
    refused = Refused()
    found = list(rows.read(path, WIDE, refused, today=TODAY, **more))
    return found, refused


def test_a_row_is_a_dossier(source):
    ((number, dossier),), refused = read(
        source,
        HEAD + "Ads,escort-ads,a.example b.example,c.example,lists escorts,"
        "front page | imprint,2026-11-01,own,facts,2027-01-31\n",
    )
    assert (number, refused.count) == (2, 0)
    assert dossier.site == "Ads"
    assert (dossier.names, dossier.exact) == (("a.example", "b.example"), ("c.example",))
    day = date(2026, 11, 1)
    assert dossier.evidence == (
        Evidence(reference="front page", date=day),
        Evidence(reference="imprint", date=day),
    )
    assert (dossier.source, dossier.licence, dossier.expires) == ("own", "facts", date(2027, 1, 31))


def test_source_and_licence_of_the_command_are_of_rows_without(source):
    found, _ = read(
        source, "site,category,domain\nAds,escort-ads,a.example\n", source="them", licence="MIT"
    )
    assert [(one.source, one.licence, one.names) for _, one in found] == [
        ("them", "MIT", ("a.example",))
    ]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (",escort-ads,a.example,,,,,,,", "without a site"),
        ("Ads,,a.example,,,,,,,", "without a site or a category"),
        ("Ads,escort-ads,a.example,,,,,,,tomorrow", "a date that is none"),
        ("Ads,escort-ads,a.example,,,a | b | c,2026-11-01 | 2026-11-02,,,", "other numbers"),
    ],
)
def test_a_wrong_row_is_noted_with_its_line(source, row, cause):
    found, refused = read(source, f"{HEAD}{row}\nGood,escort-ads,good.example,,,,,,,\n")
    assert [number for number, _ in found] == [3]
    assert refused.first[0][0] == 2
    assert cause in refused.first[0][1]


def test_a_column_nobody_knows_is_refused_whole(source):
    with pytest.raises(ListError, match='has a column "licnce"'):
        read(source, "site,category,names,licnce\nAds,escort-ads,a.example,MIT\n")


def test_more_rows_than_people_can_read_are_refused_whole(source, monkeypatch):
    monkeypatch.setattr(rows, "MAX_ROWS", 2)
    with pytest.raises(ListError, match="more than 2 rows"):
        read(source, "site,category\n" + "Ads,escort-ads\n" * 3)


def test_which_files_hold_dossiers(source):
    for text, expected in (
        ("# a comment\nsite,category,names\n", True),
        ("domain,why\n", False),
        ("a.example\n", False),
    ):
        source.write_text(text)
        assert imported.holds_dossiers(source, "auto") is expected
        assert imported.holds_dossiers(source, "hosts") is False
