"""Texts for employees, managers, suppliers and walls, filled in for one organisation.

A template is plain text in blocks; each block is filled by jinja2 on its own, after the text has
been taken apart, so nothing that is filled in can become markup. One text becomes Markdown, plain
text or one HTML file that needs nothing else, prints on one or two pages and reads on a telephone:

========  =======================================
``# ``    the title
``## ``   a heading
``! ``    a line to be seen from far away
``- ``    an item; it goes on in indented lines
nothing   a paragraph, up to the next empty line
========  =======================================
"""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib.resources import files
from itertools import groupby
from typing import NamedTuple

TEMPLATES: Mapping[str, str] = {
    "all-staff-notice": "to everyone: what is done, what is counted, where to get help",
    "leadership-message": "from the top: where we stand and why",
    "supervisor-note": "to supervisors: how to answer questions and disclosures",
    "supplier-letter": "to suppliers: what is expected of them",
    "poster": "for walls: the help line",
}
KEPT_HOURS = 27  # the longest a code of the day is kept, until three hours after the day's end
SMALLEST = 25  # heads below which nothing is counted, as the counts have it
WIDTH = 78  # columns of plain text

_MARKS = {"# ": "title", "## ": "heading", "! ": "large", "- ": "item"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~]|&(?=#?\w+;))")  # of Markdown, anywhere
_LEADING = re.compile(r"^(\d*)([-+.)])(?=\s)")  # and where a block begins


@dataclass(frozen=True, slots=True)
class HelpLine:
    """Where help is to be had, and when somebody last made sure of it."""

    name: str
    phone: str
    text: str  # number for text messages, "" for none
    web: str
    last_verified: date


@dataclass(frozen=True, slots=True)
class Notice:
    """What is filled in."""

    organisation: str
    contact: str  # a function, such as "human resources"
    enforced: bool  # something is refused, and not only watched
    curated: bool  # by the curated list
    counted: bool  # attempts are recorded and counted
    help: HelpLine


class Block(NamedTuple):
    """A part of a text."""

    kind: str  # title, heading, large, item, paragraph, small
    text: str


def render(template: str, form: str, notice: Notice) -> str:
    """The text of a template as "md", "html" or "txt"."""
    return _FORMS[form](template, list(blocks(template, notice)), notice)


def blocks(template: str, notice: Notice) -> Iterator[Block]:
    """The blocks of a template, filled in; one that is empty then is left out."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701  # no markup yet
    facts = asdict(notice) | {"hours": KEPT_HOURS, "smallest": SMALLEST}
    for kind, text in _blocks(_source(f"{template}.txt")):
        filled = " ".join(environment.from_string(text).render(facts).split())
        if filled:
            yield Block(kind, filled)
    yield Block("small", f"Help line verified on {notice.help.last_verified}.")


def _source(name: str) -> str:
    return (files("blockfilter.programme") / "templates" / name).read_text("utf-8")


def _blocks(source: str) -> Iterator[tuple[str, str]]:
    """Take a template apart."""
    kind, lines = "paragraph", list[str]()
    for line in [*source.splitlines(), ""]:
        mark = next((mark for mark in _MARKS if line.startswith(mark)), None)
        if lines and (mark or not line):
            yield kind, "\n".join(lines)
            kind, lines = "paragraph", []
        if mark:
            kind, line = _MARKS[mark], line.removeprefix(mark)
        if line:
            lines.append(line)


def _markdown(_template: str, parts: list[Block], _notice: Notice) -> str:
    marks = {"title": "# ", "heading": "## ", "item": "- "}
    written = []
    for kind, text in parts:
        escaped = _LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))
        shown = f"**{escaped}**" if kind == "large" else marks.get(kind, "") + escaped
        written.append(Block(kind, shown))
    return _spaced(written)


def _plain(_template: str, parts: list[Block], _notice: Notice) -> str:
    return _spaced([one._replace(text=_wrapped(one)) for one in parts])


def _wrapped(block: Block) -> str:
    first, others = {"item": ("- ", "  "), "large": ("    ", "    ")}.get(block.kind, ("", ""))
    lines = textwrap.wrap(
        block.text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,  # a telephone number stays whole
    )
    rule = {"title": "=", "heading": "-"}.get(block.kind)
    return "\n".join([*lines, rule * max(map(len, lines))] if rule else lines)


def _html(template: str, parts: list[Block], notice: Notice) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    environment.lstrip_blocks = True
    page = environment.from_string(_source("page.html"))
    runs = [(kind, [one.text for one in run]) for kind, run in groupby(parts, lambda one: one.kind)]
    title = next(one.text for one in parts if one.kind == "title")
    dialled = re.sub(r"[^0-9+-]", "", notice.help.phone)
    return page.render(title=title, runs=runs, template=template, dialled=dialled) + "\n"


def _spaced(parts: list[Block]) -> str:
    """Blocks with an empty line between them, items of one list without."""
    text, before = "", ""
    for block in parts:
        gap = "" if not before else "\n" if before == block.kind == "item" else "\n\n"
        text, before = text + gap + block.text, block.kind
    return text + "\n"


_FORMS: Mapping[str, Callable[[str, list[Block], Notice], str]] = {
    "md": _markdown,
    "html": _html,
    "txt": _plain,
}
FORMS = tuple(_FORMS)
