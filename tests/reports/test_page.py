"""The page as a board gets it: what it says, what it never holds, and how it is for the small."""

import re
from datetime import date

import pytest

from blockfilter.counts import calendar, ledger, tables
from blockfilter.counts.frame import FramedOffice
from blockfilter.programme.store import NAME, Store
from blockfilter.reports import making, page, sentences
from blockfilter.reports.figures import Blocked, Category
from tests.reports import books
from tests.reports.books import TODAY, Ledgered, programme, record
from tests.reports.reading import Page

BLOCKED = Blocked(
    ("the curated list, release 12 of 4 May 2026",),
    (Category("escort-ads", "Directories of escorts.", 900), Category("other", "Own.", 5)),
)
HOSTILE = '<script>alert("1")</script> & | `x` [a](http://evil.example) <img src=x>'


def made(place, name=None, *, counting=True):
    period = calendar.parse(name) if name else None
    return making.make(place, period, lambda: BLOCKED, today=TODAY, counting=counting)


@pytest.fixture(scope="module")
def report(year):
    return made(year, "2026-Q4")


@pytest.fixture(scope="module")
def seen(report):
    return Page(page.html(report))


def test_a_page_needs_nothing_else(seen, report):
    assert seen.loads() == []
    assert seen.count("script") == 0
    text = page.html(report)
    assert not re.search(r"https?://", text)
    assert not re.search(r"@import|url\(", text)
    assert not any(key.startswith("on") for one in seen.elements for key in one.attributes)


def test_every_picture_has_its_table_and_is_drawn_for_both_widths(seen):
    assert seen.count("svg") == 2 * seen.count("figure")
    assert seen.count("figure") >= 6
    for name in ("svg", "table", "figcaption"):
        inside = [one for one in seen.elements if one.name == name and "figure" in one.path]
        assert len(inside) == seen.count("figure") * (2 if name == "svg" else 1)
    for one in seen.elements:
        if one.name == "svg":
            assert one.attributes["role"] == "img"


def test_ids_are_those_of_one_element(seen):
    ids = [one.attributes["id"] for one in seen.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for one in seen.elements:
        for label in one.attributes.get("aria-labelledby", "").split():
            assert label in ids


def test_the_page_speaks_of_everything_it_is_made_for(seen):
    shown = seen.shown()
    for said in (
        "Example Corp",
        "Fourth quarter of 2026",
        "About 143 attempts met the filter (114 to 172 at 95 %).",
        "By day most attempts were made from 12 to 16 o’clock.",
        "After the training of 22 to 26 June 2026, attempts fell by 50 % (between 37 and 62 %, at",
        "1,150 people informed (96 %)",
        "120 attendances at special events",
        "120 attendances at 1 event",
        "Talk by a survivor-led organisation",
        "21 of 35 practices are in place and 7 partly, a score of 70 of 100.",
        "W40: 14 (6 to 22)",
        "W09: lost",
        "W53: 11* (3 to 19)",
        "W45: 0, about 0 (−8 to 8)",
        "−3 (about 0)",
        "57 to 111",
        "1,230,000",
        "the curated list, release 12 of 4 May 2026",
        "At the end of 2026-W53 it was release curated 12.",
        "no change can be told from chance",
        "77 times in 100",
        "It is a comparison, not a proof of cause",
    ):
        assert said in shown.replace("\u00a0", " "), said
    assert "Simulated" not in shown


def test_privacy_is_told_in_three_sentences(seen):
    path = [text for at, text in seen.texts if at[-1] == "p" and "section" in at]
    start = next(n for n, text in enumerate(path) if text.startswith("For at most 27 hours"))
    assert len(path[start:]) == 3
    for sentence in path[start:]:
        assert sentence.count(". ") == 0
        assert sentence.endswith(".")


def test_offices_are_bands_and_never_numbers(seen):
    rows = [text for path, text in seen.texts if path[-1] in ("td", "th")]
    at = rows.index("Above")
    assert rows[at : at + 9] == [
        *("Above", "1", "Paris"),
        *("Similar", "2", "Berlin, other offices"),
        *("Below", "1", "Rome"),
    ]


def test_a_simulated_page_says_so_on_top(tmp_path):
    books.a_year(tmp_path, simulated=True)
    report = made(tmp_path, "2026-Q4")
    seen = Page(page.html(report))
    first = next(text for path, text in seen.texts if "body" in path)
    assert first == "Simulated"
    assert "(simulated)" in next(text for path, text in seen.texts if path[-1] == "title")
    assert 'content: "simulated"' in page.html(report)  # on every sheet of paper
    assert page.markdown(report).split("\n\n")[2].startswith("**These figures were made up")


def test_the_same_figures_make_the_same_octets(year):
    for form, render in making.FORMATS.items():
        assert render(made(year, "2026-Q4")) == render(made(year)), form


def test_a_year_has_offices_by_quarter(year):
    shown = Page(page.html(made(year, "2026"))).shown()
    assert "The year 2026" in shown
    assert "53 figures from 2026-W01 to 2026-W53" not in shown  # one was lost
    assert "52 figures from 2026-W01 to 2026-W53" in shown
    assert "in 52 of 53 weeks" in shown


def test_an_older_quarter_s_page_knows_nothing_of_later_trainings(year):
    labels = [one.training.id for one in made(year, "2026-Q1").trainings]
    assert labels == []
    assert [one.training.id for one in made(year, "2026-Q2").trainings] == ["a2"]
    assert [one.training.id for one in made(year, "2026-Q4").trainings] == ["a3", "a2"]


def test_what_people_wrote_is_text_wherever_it_stands(tmp_path):
    with Ledgered(tmp_path, offices=[FramedOffice("x", 300)]) as book:
        book.weeks("2026-W01", [20] * 13)
        book.put(tables.T3, "2026-Q1", {"x": "above", "other offices": "similar"})
    with programme(tmp_path, HOSTILE) as store:
        books.office(store, "x", HOSTILE, 300)
        record(store, "event", 20, "2026-02-03", note=HOSTILE, office="x")
        record(store, "trained", 20, "2026-02-10", source=HOSTILE)
    report = made(tmp_path)
    seen = Page(page.html(report))
    assert seen.count("script") == seen.count("img") == 0
    assert seen.loads() == []
    assert seen.shown().count(HOSTILE.split(" |")[0]) >= 4
    text = page.markdown(report)
    assert "<script" not in re.sub(r"\\<", "", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    (row,) = [line for line in text.splitlines() if line.startswith("| 3 February 2026 |")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 7


@pytest.mark.parametrize(
    ("heads", "said"),
    [
        (400, "totals are published every 4 or 5 weeks"),
        (120, "one number a year is published"),
        (30, "one band a year is published"),
        (12, "nothing is counted: any figure would be about somebody"),
    ],
)
def test_a_small_organisation_is_told_how_little_is_published(tmp_path, heads, said):
    with Ledgered(tmp_path, heads=heads) as book:
        book.frame(calendar.parse("2026-Q4"))
        book.cover("2026-W01", 53)
        if heads == 400:
            for quarter in range(1, 5):
                for part in range(1, 4):
                    book.put(tables.T0, f"2026-Q{quarter}-P{part}", {"total": 30})
        elif heads == 120:
            book.put(tables.T0, "2026", {"total": 43})
        elif heads == 30:
            book.put(tables.T0, "2026", {"total": "10-39"})
    programme(tmp_path, heads=heads).close()
    report = made(tmp_path, "2026-Q4")
    shown = Page(page.html(report)).shown()
    assert said in shown
    told = {
        120: "About 43 attempts met the filter in 2026 (35 to 51 at 95 %).",
        30: "10 to 39 attempts met the filter in 2026.",
    }
    assert told.get(heads, "") in shown.replace("\u00a0", " ")
    figure = next(one for one in page.tiles(report) if one.name.startswith("Attempts"))
    expected = {400: "90", 120: "43", 30: "10 to 39", 12: "not counted"}[heads]
    assert figure.figure == expected
    details = {400: "76 to 104 at 95 %", 120: "35 to 51 at 95 %, in 2026", 30: "in 2026"}
    assert figure.detail == details.get(heads, "see below")


@pytest.mark.parametrize(
    ("distinct", "name", "detail"),
    [
        (True, "People trained, so far", "83 % of the staff; 0 in the period"),
        (False, "Trained, so far", "attendances: at most 83 % of the staff; 0 in the period"),
    ],
)
def test_a_sum_of_attendances_does_not_call_itself_people(tmp_path, distinct, name, detail):
    with programme(tmp_path, heads=12) as store:
        record(store, "trained", 10, "2026-02-03", distinct=distinct)
    (tile,) = (one for one in page.tiles(made(tmp_path, "2026-Q2")) if one.figure == "10")
    assert (tile.name, tile.detail) == (name, detail)


def test_where_nothing_is_counted_the_programme_has_its_page(tmp_path):
    with programme(tmp_path, heads=12) as store:
        record(store, "trained", 10, "2026-02-03", distinct=True)
    report = made(tmp_path, "2026-Q1")
    shown = Page(page.html(report)).shown()
    assert "10 people trained (83 % of the staff)" in shown.replace("\u00a0", " ")
    assert "nothing is counted: any figure would be about somebody" in shown
    assert "How privacy was kept" not in shown
    assert report.budget is None


def test_counting_that_is_switched_off_is_told(tmp_path):
    programme(tmp_path, heads=1200).close()
    assert "Counting is switched off" in page.html(made(tmp_path, "2026-Q1", counting=False))


def test_without_a_programme_there_is_a_page_that_says_how_to_begin(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 13)
    report = made(tmp_path)
    shown = Page(page.html(report)).shown()
    assert "This organisation" in shown
    assert "blockfilter programme init" in shown
    assert "About 260 attempts" in shown


def test_a_programme_file_without_an_organisation_is_none(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 13)
    Store.create(tmp_path / NAME).close()
    assert made(tmp_path).efforts.organisation == "This organisation"


def test_a_quarter_of_lost_weeks_says_so(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [None] * 11)
        for week in (12, 13):
            book.put(tables.T0, f"2026-W{week}", {"total": 0}, state=ledger.NOT_MEASURED)
    report = made(tmp_path)
    assert next(one for one in page.tiles(report)).figure == "no figure"
    shown = Page(page.html(report)).shown()
    assert "T0, 2026-W01 to 2026-W11: lost: what had been counted was gone" in shown
    assert "T0, 2026-W12 to 2026-W13: not measured" in shown
    assert "There is no figure of attempts for this period." in shown


def test_when_no_band_stands_out_the_page_says_that(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20] * 13)
        book.put(tables.T2, "2026-Q1", {"20-08": 90, "08-12": 60, "12-16": 66, "16-20": 52})
    found = " ".join(sentences.findings(made(tmp_path)))
    assert "chance alone could have put it before 08 to 12 o’clock" in found


def test_totals_below_nothing_are_told_as_about_none(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [-2, 0, -1, 1] * 3 + [0])
    report = made(tmp_path)
    assert "About 0 attempts met the filter (" in sentences.findings(report)[0]
    assert next(one for one in page.tiles(report)).figure == "−6 (about 0)"


def test_the_training_told_first_is_the_largest_that_can_be_judged(report):
    told = sentences.main_training(report)
    assert told is not None
    assert told.training.id == "a2"
    assert told.training.first == date(2026, 6, 22)


def test_markdown_has_the_same_words_and_no_picture(report):
    text = page.markdown(report)
    assert text.startswith("# Example Corp: Fourth quarter of 2026\n")
    for finding in sentences.findings(report):
        assert f"- {finding}\n" in text
    assert "| W40: 14 (6 to 22) |" in text.replace("\u00a0", " ")
    assert "<svg" not in text
    assert "\n\n\n\n" not in text
