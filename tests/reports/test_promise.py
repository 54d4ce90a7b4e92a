"""The promise to employees: made from facts, and the facts that lower it are in it by themselves."""

from dataclasses import replace
from fractions import Fraction

import pytest

from blockfilter.counts.frame import Frame, FramedOffice
from blockfilter.reports import promised
from blockfilter.reports.chapters import chapters
from blockfilter.reports.figures import Blocked, Category
from blockfilter.reports.lowered import lowered
from blockfilter.reports.promise import Facts, Help
from tests.reports.reading import Page

OFFICES = (FramedOffice("berlin", 700), FramedOffice("rome", 500), FramedOffice("bonn", 40))
FRAME = Frame(quarter="2026-Q1", heads=1240, offices=OFFICES, zone="Europe/Berlin")
FACTS = Facts(
    organisation="Example Corp",
    blocked=Blocked(
        ("the curated list, release 12 of 4 May 2026",),
        (Category("escort-ads", "Directories of escorts.", 900), Category("other", "", 5)),
    ),
    answer="a name that does not exist",
    watched=0,
    counting=True,
    addresses=1,
    in_memory=True,
    spent=Fraction(6, 5),
    frames=(FRAME,),
    help=Help("Help Line", "1-888-373-7888", "", "help.example"),
)


def told(facts):
    return " ".join(promised.text(facts).split())


def test_the_promise_says_what_is_blocked_kept_published_and_protected():
    text = told(FACTS)
    for said in (
        "905 entries of sites that advertise commercial sex",
        "the curated list, release 12 of 4 May 2026",
        "answered as a name that does not exist",
        "protected names, which no list can ever refuse",
        "For up to 27 hours, in memory, a random code",
        "until midnight, then destroyed",
        "at most 27 hours",
        "T0: what: organisation, total; for each: week; cells: total; epsilon: 0.4",
        "berlin (700) and rome (500). 1 smaller ones count as “other offices”",
        "time zone Europe/Berlin",
        "at best 77 times in 100",
        "whoever controls the server today can watch today".capitalize(),
        "five days in one week are already not protected",
        "at best 92 times in 100",
        "firewalls, proxies",
        "Nothing does at present.",
        "Help Line: call 1-888-373-7888 or see help.example.",
    ):
        assert said in text, said


def test_the_guess_comes_from_what_was_spent_and_planned():
    assert FACTS.best_guess == 77
    assert replace(FACTS, frames=(), spent=None).best_guess == 77  # the closed list of tables
    assert replace(FACTS, keys=2).best_guess == 92
    small = replace(FACTS, frames=(replace(FRAME, heads=120, offices=()),), spent=Fraction(2, 5))
    assert small.best_guess == 60
    assert "at best 60 times in 100" in told(small)
    assert replace(small, spent=Fraction(6, 5)).best_guess == 77  # what was spent stays spent


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"in_memory": False}, "not in memory: the day’s codes touch a disk"),
        ({"in_memory": None}, "is not known here"),
        ({"addresses": 2}, "IPv6 is counted, with 2 addresses for a device"),
        ({"keys": 2}, "a device may have counted as 2 on it. The 92 in 100 above"),
        (
            {"frames": (replace(FRAME, heads=400), replace(FRAME, quarter="2026-Q2"))},
            "Since 2026-Q2 more is published: the headcount rose from 400 to 1,240.",
        ),
        (
            {
                "frames": (
                    replace(FRAME, offices=OFFICES[:1]),
                    replace(FRAME, quarter="2026-Q2"),
                )
            },
            "Since 2026-Q2 there are more offices: bonn and rome.",
        ),
    ],
)
def test_what_lowers_protection_is_told(change, said):
    facts = replace(FACTS, **change)
    assert any(said in one for one in lowered(facts))
    text = told(facts)
    assert said in text
    assert "Nothing does at present." not in text


def test_what_raises_it_is_none_of_it():
    shrunk = replace(FRAME, quarter="2026-Q2", heads=400, offices=())
    assert list(lowered(replace(FACTS, frames=(FRAME, shrunk)))) == []
    assert list(lowered(replace(FACTS, in_memory=None, simulated=True))) == []


def test_where_nothing_is_counted_nothing_is_promised_about_counts():
    text = told(replace(FACTS, counting=False))
    assert "Nothing is recorded of it, and nothing is counted." in text
    assert "T0" not in text
    assert "27 hours" not in text


def test_a_small_organisation_is_told_what_it_has():
    tiny = replace(FACTS, frames=(replace(FRAME, heads=12, offices=()),), spent=None)
    assert "For fewer than 25 people nothing is counted" in told(tiny)
    band = replace(FACTS, frames=(replace(FRAME, heads=30, offices=()),), spent=None)
    assert "a band: fewer than 10, 10 to 39, 40 or more" in told(band)


def test_before_anything_is_frozen_the_tables_are_those_of_a_large_organisation():
    text = told(replace(FACTS, frames=(), spent=None))
    assert "Nothing is published yet. For an organisation of 1,000 people and more:" in text
    assert "T2: what: by hour of the day" in text


def test_watched_lists_are_told():
    assert "1 list is only watched" in told(replace(FACTS, watched=1))
    assert "2 lists are only watched" in told(replace(FACTS, watched=2))


def test_a_number_for_text_messages_is_told_where_there_is_one():
    line = Help("Help", "1", "233733", "help.example")
    assert "call 1, send a text message to 233733 or see" in told(replace(FACTS, help=line))


def test_every_form_has_the_same_words():
    page = Page(promised.html(FACTS))
    shown = page.shown().replace("\u00a0", " ")
    markdown = promised.markdown(FACTS).replace("\\", "")
    for chapter in chapters(FACTS):
        for text in (chapter.title, *chapter.paragraphs, *chapter.items):
            assert text in shown
            assert text in markdown
        for row in chapter.rows:
            for cell in row:
                assert cell in shown
                assert cell in markdown
    assert page.loads() == []
    assert page.count("script") == 0
    assert all(len(line) <= promised.WIDTH for line in promised.text(FACTS).splitlines())


def test_a_simulation_says_so_in_every_form():
    facts = replace(FACTS, simulated=True)
    assert promised.text(facts).splitlines()[2].startswith("Simulated. ")
    assert "**Simulated.**" in promised.markdown(facts)
    page = Page(promised.html(facts))
    assert next(text for path, text in page.texts if "body" in path) == "Simulated"


def test_hostile_names_are_text():
    facts = replace(FACTS, organisation="<script>x</script> | [a](b)")
    page = Page(promised.html(facts))
    assert page.count("script") == 0
    assert "<script>x</script>" in page.shown()
    assert "# \\<script\\>x\\</script\\> \\| \\[a\\](b): What" in promised.markdown(facts)
