"""Edits keep what a person wrote: comments, order, spelling, other blocks."""

import tomllib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockfilter.catalog import edit, entries, store
from blockfilter.catalog.reader import Block
from blockfilter.catalog.site import (
    Act,
    Allowed,
    Dossier,
    Evidence,
    ImportedList,
    State,
)
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import ListError
from blockfilter.policy.rule import Mode, Trigger

WIDE = Wide(["com", "co.uk"])
ADA = Act("ada", "2026-11-23T09:00:00Z")
BEN = Act("ben", "2026-11-23T10:00:00Z")
BY_HAND = """\
# Ada looks after this file.

[[site]] # the first
id = "one"   # never changes
site = "One & Only"
state = "active"
category = 'escort-ads'  # out of order, as a person may write it
names = [
  # moved here in May
  "One.Example.",  # as it writes itself
  'two.example',
]
# why it is here
criterion = "advertises escorts by city"

# the evidence
[[site.evidence]]
reference = "front page" # kept as a PDF
date = 2026-11-20
# and this is about it

# ---- the second one, by Ben ----
[[site]]
id = "other"
site = "Other"
category = "escort-ads"
state = "retired"
names = ["other.example"]
# the end
"""
ONE = Dossier(
    id="one",
    site="One & Only",
    category="escort-ads",
    state=State.ACTIVE,
    names=("one.example", "two.example"),
    criterion="advertises escorts by city",
    evidence=(Evidence(reference="front page", date=date(2026, 11, 20)),),
)


def edited(entry, text=BY_HAND):
    return edit.updated(text.encode(), entry).decode()


def read_back(octets, entry):
    """The entry of a file, as reading the catalogue would give it."""
    kind = entries.kind(entry)
    (table,) = [one for one in tomllib.loads(octets.decode())[kind] if one["id"] == entry.id]
    problems: list[str] = []
    found = entries.Entries(WIDE, None, problems).entry(Block("f", table, problems), kind)
    assert problems == []
    return found


def test_an_entry_that_did_not_change_leaves_its_file_octet_for_octet():
    assert edited(ONE) == BY_HAND


def test_a_move_changes_its_lines_only():
    after = replace(ONE, state=State.DISPUTED, reason="blocks a clinic", changed=BEN)
    assert edited(after) == BY_HAND.replace('"active"', '"disputed"', 1).replace(
        'criterion = "advertises escorts by city"\n',
        'criterion = "advertises escorts by city"\n'
        'reason = "blocks a clinic"\n'
        'changed = { by = "ben", at = "2026-11-23T10:00:00Z" }\n',
    )


def test_names_come_one_a_line_and_comments_of_those_that_stay_stay():
    after = replace(ONE, names=("new.example", "one.example"))
    assert edited(after) == BY_HAND.replace(
        "  # moved here in May\n  \"One.Example.\",  # as it writes itself\n  'two.example',\n",
        '  "new.example",\n  # moved here in May\n  "One.Example.",  # as it writes itself\n',
    )


def test_a_comment_above_a_name_that_goes_stays():
    assert "  # moved here in May\n  'two.example',\n]" in edited(
        replace(ONE, names=("two.example",))
    )


def test_a_list_on_one_line_becomes_one_name_a_line():
    other = Dossier(
        id="other",
        site="Other",
        category="escort-ads",
        state=State.RETIRED,
        names=("more.example", "other.example"),
    )
    assert edited(other) == BY_HAND.replace(
        'names = ["other.example"]\n', 'names = [\n  "more.example",\n  "other.example",\n]\n'
    )


def test_a_new_key_comes_to_its_place():
    text = edited(replace(ONE, exact=("www.three.example",), review=date(2027, 5, 23), note="n"))
    assert '\n]\nexact = [\n  "www.three.example",\n]\n# why it is here\ncriterion' in text
    assert 'city"\nreview = 2027-05-23\nnote = "n"\n\n# the evidence\n' in text


def test_a_key_that_became_empty_goes():
    assert edited(replace(ONE, criterion="")) == BY_HAND.replace(
        'criterion = "advertises escorts by city"\n', ""
    )


def test_further_evidence_comes_below_the_last_one():
    more = Evidence(reference="press", date=date(2026, 11, 21), names=("two.example",))
    assert edited(replace(ONE, evidence=(*ONE.evidence, more))) == BY_HAND.replace(
        "# and this is about it\n",
        '# and this is about it\n\n[[site.evidence]]\nreference = "press"\ndate = 2026-11-21\n'
        'names = [\n  "two.example",\n]\n',
    )


def test_changed_evidence_is_changed_in_place():
    (only,) = ONE.evidence
    assert edited(replace(ONE, evidence=(replace(only, date=date(2026, 12, 1)),))) == (
        BY_HAND.replace("2026-11-20", "2026-12-01")
    )


def test_evidence_that_goes_leaves_the_comments_around_it():
    text = edited(replace(ONE, evidence=()))
    assert "front page" not in text
    for kept in (
        "# the evidence\n",
        "# and this is about it\n",
        "# ---- the second one, by Ben ----\n[[site]]\n",
        "# the end",
    ):
        assert kept in text


def test_evidence_in_braces_is_as_good():
    text = BY_HAND.replace(
        '[[site.evidence]]\nreference = "front page" # kept as a PDF\ndate = 2026-11-20\n',
        'evidence = [{ reference = "front page", date = 2026-11-20 }]\n',
    )
    assert read_back(edited(replace(ONE, note="new"), text).encode(), ONE).note == "new"
    more = replace(ONE, evidence=(*ONE.evidence, Evidence(reference="s", date=date(2026, 1, 1))))
    after = edited(more, text)
    assert read_back(after.encode(), more) == more
    assert "# and this is about it" in after


def test_a_value_that_moves_out_of_a_table_of_its_own_leaves_the_comments_there():
    text = BY_HAND.partition("# ---- the second")[0] + (
        '[site.proposed]\nby = "ada"\nat = "2026-11-23T09:00:00Z"\n# ada again\n'
    )
    after = edited(replace(ONE, proposed=BEN), text)
    assert "[site.proposed]" not in after
    assert after.endswith("# ada again\n")


def test_an_entry_that_the_file_does_not_have_comes_last():
    new = replace(ONE, id="new", evidence=())
    assert edited(new).startswith(f'{BY_HAND}\n[[site]]\nid = "new"\n')


@pytest.mark.parametrize(
    "written",
    [
        'proposed.by = "ada" # who\nproposed.at = "2026-11-23T09:00:00Z"\n',
        'proposed = {by = "ada", at = "2026-11-23T09:00:00Z"}\n',
        '[site.proposed]\nby = "ada"\nat = "2026-11-23T09:00:00Z"\n',
        '[ site . "proposed" ]\nby = "ada"\nat = "2026-11-23T09:00:00Z"\n',
        '"proposed" = { "by" = \'ada\', at = """2026-11-23T09:00:00Z""" } # so\n',
    ],
)
def test_whatever_way_a_value_is_written_it_can_be_changed(written):
    text = BY_HAND.replace("\n# the evidence", f"{written}\n# the evidence")
    entry = replace(ONE, proposed=ADA)
    assert edited(entry, text) == text
    after = edited(replace(entry, proposed=BEN), text)
    assert read_back(after.encode(), entry).proposed == BEN
    for kept in ("# why it is here", "# the evidence", "# and this is about it"):
        assert kept in after


def test_lines_end_as_they_ended():
    text = BY_HAND.replace("\n", "\r\n")
    after = edited(replace(ONE, note="new", names=("one.example", "three.example")), text)
    assert after.count("\n") == after.count("\r\n")
    assert "# as it writes itself\r\n" in after


def test_a_file_without_a_last_line_end_is_no_trouble():
    text = '[[site]]\nid = "one"\nsite = "One"\ncategory = "c"\nstate = "active"\nnames=["one.example"]'
    entry = replace(ONE, site="One", category="c", names=("one.example",), criterion="x", note="n")
    assert read_back(edited(entry, text).encode(), entry) == entry


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"[[site]\n", "sites/one.toml: is not TOML"),
        (b"\xff\xfe", "sites/one.toml: is not in UTF-8"),
        (b'site = [{ id = "one" }]\n', "sites/one.toml: is written in a way"),
        (b"x = " + b"[" * 100_000, "sites/one.toml: is not TOML"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_with_its_place(octets, told):
    with pytest.raises(ListError, match=told.replace(".", "[.]")):
        edit.updated(octets, ONE)


def test_a_new_file_says_what_it_is_and_reads_back():
    octets = edit.updated(None, ONE)
    assert octets.startswith(b"# A dossier")
    assert read_back(octets, ONE) == ONE
    assert edit.place(ONE) == "sites/one.toml"


def test_a_list_has_a_file_of_its_own_kind():
    one = ImportedList(
        id="pub",
        title="Published",
        category="other",
        state=State.PROPOSED,
        sha256="0" * 64,
        rules=3,
    )
    octets = edit.updated(None, one)
    assert b"[[list]]" in octets
    assert read_back(octets, one) == one
    assert edit.place(one) == "imported/pub.toml"
    changed = replace(one, mode=Mode.MONITOR, plain_http=True, refused=2)
    assert read_back(edit.updated(octets, changed), one) == changed


# Any entry whatever: what is written is what is read.
LABEL = st.from_regex(r"[a-z][a-z0-9]{4,9}", fullmatch=True)
NAME = LABEL.map(lambda label: f"{label}.example")
NAMES = st.lists(NAME, max_size=4, unique=True).map(tuple)
SOME_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["C"]), max_size=20).map(lambda text: f"x{text}"),
    st.sampled_from(['a "quoted" text', "back\\slash", "# no comment", "two\nlines\t", "'''", "ü"]),
)
TEXT = st.just("") | SOME_TEXT
DAY = st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))
ACT = st.none() | st.sampled_from([ADA, BEN])


@st.composite
def evidence(draw, listed):
    found = st.builds(
        Evidence,
        reference=SOME_TEXT,
        date=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        sha256=st.sampled_from(["", "ab" * 32]),
        names=st.integers(0, len(listed)).map(lambda count: listed[:count]),
    )
    return tuple(draw(st.lists(found, max_size=3)))


@st.composite
def dossiers(draw):
    names = draw(st.lists(NAME, min_size=1, max_size=4, unique=True).map(tuple))
    return Dossier(
        id="one",
        site=draw(SOME_TEXT),
        category="escort-ads",
        state=draw(st.sampled_from(State)),
        names=names,
        exact=draw(NAMES),
        site_names=tuple(draw(st.lists(LABEL, max_size=2, unique=True))),
        patterns=draw(st.sampled_from([(), ("^ads[0-9]+[.]", "x#\"y'z")])),
        exceptions=draw(NAMES),
        criterion=draw(TEXT),
        source=draw(TEXT),
        licence=draw(TEXT),
        review=draw(DAY),
        expires=draw(DAY),
        note=draw(TEXT),
        reason=draw(TEXT),
        proposed=draw(ACT),
        approved=draw(ACT),
        changed=draw(ACT),
        evidence=draw(evidence(names)),
    )


LISTS = st.builds(
    ImportedList,
    id=st.just("one"),
    title=SOME_TEXT,
    category=st.just("other"),
    state=st.sampled_from(State),
    mode=st.sampled_from(Mode),
    format=st.sampled_from(["", "hosts"]),
    trigger=st.sampled_from(["", *Trigger]).map(str),
    rules=st.integers(0, 2**40),
    refused=st.integers(0, 9),
    sha256=st.just("cd" * 32),
    exceptions=NAMES,
    source=TEXT,
    licence=TEXT,
    url=st.sampled_from(["", "https://lists.example/x.txt"]),
    key=TEXT,
    plain_http=st.booleans(),
    private=st.booleans(),
    review=DAY,
    expires=DAY,
    note=TEXT,
    reason=TEXT,
    proposed=ACT,
    approved=ACT,
    changed=ACT,
)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(dossiers() | LISTS)
def test_what_is_written_is_what_is_read(entry):
    assert read_back(edit.updated(None, entry), entry) == entry
    assert store.from_plain(store.plain(entry), "entry", WIDE) == entry


@FEW
@given(dossiers(), dossiers(), st.randoms(use_true_random=False))
def test_any_change_is_made_in_place_and_comments_survive(before, after, random):
    text = edit.updated(None, before).decode()
    lines: list[str] = []
    comments: list[str] = []
    for line in text.removesuffix("\n").split(
        "\n"
    ):  # a remark above any line that begins something
        if line.startswith(("id", "site", "state", "[", "source")) and random.random() < 0.7:
            comments.append(f"# remark {len(comments)}")
            lines.append(comments[-1])
        lines.append(line)
    commented = "\n".join(lines) + "\n\n# the end\n"
    assert tomllib.loads(commented) == tomllib.loads(text)
    found = edit.updated(commented.encode(), after)
    assert read_back(found, after) == after
    kept = {line.strip() for line in found.decode().split("\n")}
    in_evidence = commented.partition("[[site.evidence]]")[2]
    assert {one for one in comments if one not in in_evidence} <= kept
    assert "# the end" in kept
    assert edit.updated(found, after) == found


def allowed(name, until="2026-12-01T00:00:00Z"):
    return Allowed(name, until, "a ticket", "ada", "2026-11-23T09:00:00Z")


def test_exceptions_keep_comments_of_those_that_stay():
    first = edit.with_allowed(None, [allowed("a.example"), allowed("b.example")])
    assert tomllib.loads(first.decode())["allow"][0] == allowed("a.example")._asdict()
    marked = first.replace(b'name = "b.example"', b'name = "b.example" # the printer')
    after = edit.with_allowed(marked, [allowed("b.example"), allowed("c.example")])
    assert [one["name"] for one in tomllib.loads(after.decode())["allow"]] == [
        "b.example",
        "c.example",
    ]
    assert b"# the printer" in after
    assert after.startswith(b"# Names that stay open")
    for _ in range(3):  # gaps do not add up
        assert (
            edit.with_allowed(edit.with_allowed(after, [allowed("c.example")]), []).count(b"\n") < 4
        )
    none = edit.with_allowed(after, [])
    assert tomllib.loads(none.decode()) == {}
    assert none.startswith(b"# Names that stay open")


def test_an_exception_whose_end_changes_is_written_anew():
    first = edit.with_allowed(None, [allowed("a.example")])
    later = [allowed("a.example", "2027-01-01T00:00:00Z")]
    (one,) = tomllib.loads(edit.with_allowed(first, later).decode())["allow"]
    assert one["until"] == "2027-01-01T00:00:00Z"
