"""The promise as HTML, Markdown or plain text: the same words, laid out."""

import textwrap
from collections.abc import Iterator

from blockfilter.reports import page, sentences
from blockfilter.reports.chapters import chapters
from blockfilter.reports.promise import Chapter, Facts

WIDTH = 78  # columns of plain text
_TITLE = "What this filter stores about people, and what it does not"


def html(facts: Facts) -> str:
    """One file that needs nothing else."""
    return page.rendered("privacy.html", _context(facts))


def markdown(facts: Facts) -> str:
    """For an intranet."""
    return page.rendered("privacy.md", _context(facts))


def text(facts: Facts) -> str:
    """For a terminal or an e-mail."""
    lines = [*textwrap.wrap(f"{facts.organisation}: {_TITLE}", WIDTH), ""]
    if facts.simulated:
        lines += [*textwrap.wrap(f"Simulated. {sentences.SIMULATED}", WIDTH), ""]
    for chapter in chapters(facts):
        lines += [chapter.title, "-" * len(chapter.title), *_lines(chapter), ""]
    return "\n".join(lines)


def _lines(chapter: Chapter) -> Iterator[str]:
    for number, paragraph in enumerate(chapter.paragraphs):
        yield from [""] * (number > 0)
        yield from textwrap.wrap(paragraph, WIDTH)
    if chapter.items or chapter.rows:
        yield from [""] * bool(chapter.paragraphs)
    for item in chapter.items:
        yield from textwrap.wrap(item, WIDTH, initial_indent="- ", subsequent_indent="  ")
    for row in chapter.rows:
        told = "; ".join(
            f"{name.lower()}: {cell}"
            for name, cell in zip(chapter.head[1:], row[1:], strict=True)
            if cell
        )
        yield from textwrap.wrap(
            f"{row[0]}: {told}", WIDTH, initial_indent="* ", subsequent_indent="  "
        )


def _context(facts: Facts) -> dict[str, object]:
    return {
        "organisation": facts.organisation,
        "title": _TITLE,
        "simulated": sentences.SIMULATED if facts.simulated else "",
        "chapters": tuple(chapters(facts)),
    }
