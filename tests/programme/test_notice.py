"""Notices: true to the configuration, whole, and safe whatever is filled in."""

import re
from datetime import date
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest

from blockfilter.counts import tables
from blockfilter.hits import day
from blockfilter.programme import notice
from blockfilter.programme.notice import FORMS, TEMPLATES, HelpLine, Notice, render

LINE = HelpLine("Help Line", "1-888-373-7888", "", "help.example", date(2026, 11, 20))
ALL = list(product(TEMPLATES, FORMS))


def filled(organisation: str = "Example Corp", **more) -> Notice:
    given: dict[str, Any] = {
        "enforced": True,
        "curated": True,
        "counted": True,
        "help": LINE,
    } | more
    return Notice(organisation=organisation, contact="human resources", **given)


def flat(text: str) -> str:
    return " ".join(text.split())


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


@pytest.mark.parametrize(("template", "form"), ALL)
def test_every_notice_names_organisation_help_and_contact(template, form):
    text = flat(render(template, form, filled()))
    for said in ("Example Corp", "Help Line", "1-888-373-7888", "help.example", "human resources"):
        assert said in text
    assert "2026-11-20" in text
    assert not re.search(r"[{}]{2}|{%|%}", text)


@pytest.mark.parametrize(("template", "form"), ALL)
def test_it_says_what_holds(template, form):
    def said(**more) -> str:
        return flat(render(template, form, filled(**more)))

    refused = r"refuses websites|[Ww]ebsites that advertise sexual services are refused"
    counted = r"[Cc]ount(s|ed)? attempts|[Aa]ttempts to open such websites are counted|attempts are counted"
    counted += r"|services are counted"
    assert re.search(refused, said())
    assert re.search(counted, said())
    assert not re.search(refused, said(enforced=False))
    assert re.search(counted, said(enforced=False))
    assert not re.search(counted, said(counted=False))
    assert re.search(refused, said(counted=False))
    neither = said(enforced=False, curated=False, counted=False)
    assert not re.search(f"{refused}|{counted}", neither)


def test_the_notice_to_all_staff_says_what_is_stored_and_what_is_not_protected():
    text = flat(render("all-staff-notice", "txt", filled()))
    assert "For up to 27 hours a random code stands" in text
    assert "fewer than 25 people nothing is counted at all" in text
    assert "Whoever runs the server could watch it today" in text
    assert "every entry has its evidence and two people behind it" in text
    own = flat(render("all-staff-notice", "txt", filled(curated=False)))
    assert "two people behind it" not in own
    off = flat(render("all-staff-notice", "txt", filled(counted=False)))
    assert "Nothing is counted: no attempt to open a website leaves any record." in off
    assert "27 hours" not in off


def test_its_figures_are_those_of_hits_and_counts():
    assert notice.KEPT_HOURS * 3600 == 24 * 3600 + day.CLOSES_AFTER
    assert notice.SMALLEST == tables.SMALLEST


@pytest.mark.parametrize(("template", "form"), ALL)
def test_a_number_for_text_messages_is_named_where_there_is_one(template, form):
    assert "233733" in render(template, form, filled(help=HelpLine(*TEXTING)))
    assert "ext message" not in flat(render(template, form, filled()))


TEXTING = ("Help Line", "+1 (888) 373-7888", "233733", "help.example", date(2026, 11, 20))


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_page_needs_nothing_else(template):
    text = render(template, "html", filled(help=HelpLine(*TEXTING)))
    page = Page(text)
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(tags)
    assert not re.search(r"https?:|//|@import|url\(", text)
    assert ("html", {"lang": "en"}) in page.tags
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    assert ("meta", viewport) in page.tags
    assert "@media print" in text
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links == (["tel:+1888373-7888"] if template == "poster" else [])


WILD = (
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "# Title",
    "- item",
    "*b* _i_ `c` [x](y)",
    "A & B",
    "1. Example",
)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", WILD)
def test_what_is_filled_in_is_never_markup(template, name):
    usual, wild = (Page(render(template, "html", filled(one))) for one in ("Example", name))
    assert [tag for tag, _ in wild.tags] == [tag for tag, _ in usual.tags]
    assert name in flat("".join(wild.words))
    lines = render(template, "md", filled(name)).splitlines()
    plain = render(template, "md", filled("Example")).splitlines()
    assert [line[:2] for line in lines if line[:2] in ("# ", "##", "- ")] == [
        line[:2] for line in plain if line[:2] in ("# ", "##", "- ")
    ]
    assert flat(name) in flat(render(template, "txt", filled(name)))


def test_markdown_shows_special_characters_as_they_are():
    text = render("poster", "md", filled("A*b_c [d] <e> #f | `g` \\h & &amp; ~"))
    assert r"A\*b\_c \[d\] \<e\> \#f \| \`g\` \\h & \&amp; \~" in flat(text)
    assert "\n1\\. Example" in render("supplier-letter", "md", filled("1. Example"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_plain_text_fits_a_terminal_and_breaks_no_number(template):
    text = render(template, "txt", filled("An organisation with a rather long name of its own"))
    assert max(map(len, text.splitlines())) <= notice.WIDTH
    assert "1-888-373-7888" in text
    assert "help.example" in text


@pytest.mark.parametrize(("template", "form"), ALL)
def test_the_same_is_the_same_and_ends_with_a_line_end(template, form):
    text = render(template, form, filled())
    assert text == render(template, form, filled())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text
