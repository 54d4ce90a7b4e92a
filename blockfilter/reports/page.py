"""The page of a report: one HTML file that needs nothing else, or Markdown with the same words.

No script, no foreign asset, no font but the reader's own; it prints on A4. Everything that people
wrote is escaped, in Markdown as well. No time of making is in it, so that the same inputs give the
same octets.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from blockfilter.programme.activity import Kind
from blockfilter.programme.reached import Reach
from blockfilter.reports import (
    attempts_shown,
    coverage_shown,
    efforts_shown,
    sentences,
    trainings_shown,
    words,
)
from blockfilter.reports.attempts import Detail
from blockfilter.reports.beforeafter import Verdict
from blockfilter.reports.exhibit import Exhibit
from blockfilter.reports.figures import Report
from blockfilter.reports.trainings import METHOD

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


class Tile(NamedTuple):
    """One of the key figures on top."""

    name: str
    figure: str
    detail: str


class Section(NamedTuple):
    """A heading, what is said below it, and what is shown."""

    id: str
    title: str
    sentences: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]


def html(report: Report) -> str:
    """The page."""
    return rendered("report.html", _context(report))


def markdown(report: Report) -> str:
    """The page without its pictures."""
    return rendered("report.md", _context(report))


def rendered(template: str, context: Mapping[str, object]) -> str:
    """A template of this package, filled in; in HTML no line breaks before a percent sign."""
    text = _environment().get_template(template).render(context)
    return text.replace(" %", "\u00a0%") if template.endswith(".html") else text


def in_markdown(text: object) -> str:
    """A text of others in Markdown: nothing in it is markup, and it stays on its line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("blockfilter.reports"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["plain"] = in_markdown
    return made


def _context(report: Report) -> dict[str, Any]:
    period = report.period
    return {
        "organisation": report.efforts.organisation,
        "title": words.title(period),
        "span": words.span(period.first, period.last),
        "period": period.name,
        "simulated": sentences.SIMULATED if report.simulated else "",
        "tiles": tuple(tiles(report)),
        "findings": sentences.findings(report),
        "sections": tuple(one for one in sections(report) if one.sentences or one.exhibits),
        "newest": words.day(report.newest),
        "head": report.head,
    }


def tiles(report: Report) -> Iterator[Tile]:
    """The key figures."""
    done = report.efforts.reached
    if done is not None:
        for now, ever in zip(done.period, done.cumulative, strict=True):
            if now.kind is not Kind.EVENT:
                yield _reached(now, ever)
    yield _attempts(report)
    yield from _training(report)


def _reached(now: Reach, ever: Reach) -> Tile:
    """Whom the employer reached; what is a sum of attendances does not call itself people."""
    done = sentences.REACHED[now.kind]
    share = sentences.share(ever) + (" of the staff" if ever.share is not None else "")
    detail = f"{share}; {words.number(now.people)} in the period"
    if ever.distinct:
        return Tile(f"People {done}, so far", words.number(ever.people), detail)
    return Tile(f"{done.capitalize()}, so far", words.number(ever.people), f"attendances: {detail}")


def _attempts(report: Report) -> Tile:
    found = report.attempts
    if found is None or found.detail in (Detail.NOTHING, Detail.UNKNOWN):
        return Tile("Attempts", "not counted", "see below")
    if found.total is None and found.detail in (Detail.WEEKS, Detail.PARTS):
        return Tile("Attempts in the period", "no figure", "see below")
    if found.total is None:
        rows = [one.row for one in found.course if one.row]
        if not rows:
            return Tile("Attempts", "none yet", "one figure a year")
        newest, when = rows[-1], f"in {rows[-1].period}"
        between = words.interval(newest.low, newest.high)
        detail = f"{between} at 95 %, {when}" if between else when
        return Tile("Attempts", words.figure(newest.value), detail)
    between = words.interval(found.total.low, found.total.high)
    return Tile("Attempts in the period", words.figure(found.total.value), f"{between} at 95 %")


def _training(report: Report) -> Iterator[Tile]:
    """What the largest training of the last year did."""
    one, name = sentences.main_training(report), "Since the training"
    if one is None:
        return
    when = words.span(one.windows.first, one.windows.last)
    ratio, interval = one.comparison.ratio, one.comparison.interval
    if one.verdict is Verdict.TOO_EARLY:
        yield Tile(name, "too early to tell", when)
    elif one.verdict is Verdict.UNCLEAR or ratio is None or interval is None:
        yield Tile(name, "no clear change", f"{when}: not told from chance")
    else:
        sign = words.MINUS if ratio < 1 else "+"
        ends = sorted(abs(end - 1) for end in interval)
        between = f"{words.number(100 * ends[0])} to {words.percent(ends[1])}"
        yield Tile(name, f"{sign}{words.percent(abs(ratio - 1))}", f"{between} at 95 %, {when}")


def sections(report: Report) -> Iterator[Section]:
    """The page below the findings, in its order."""
    efforts, shown = report.efforts, efforts_shown
    none = () if efforts.reached else ("Nothing is on record: blockfilter programme init begins.",)
    yield _section("done", "What we did", none, shown.reached(efforts), shown.activities(efforts))
    yield _section("practices", "Practices", (), shown.practices(efforts), shown.scores(efforts))
    yield _attempts_section(report)
    yield _trainings_section(report)
    yield _section(
        "coverage",
        "Coverage",
        ("A count is worth as much as the traffic it saw.",) if report.coverage else (),
        coverage_shown.coverage(report.coverage),
    )
    yield _section(
        "blocked",
        "What is blocked",
        coverage_shown.releases(report),
        coverage_shown.blocked(report.blocked),
    )
    yield _section("privacy", "How privacy was kept", sentences.privacy(report.budget))


def _section(id_: str, title: str, said: tuple[str, ...], *exhibits: Exhibit | None) -> Section:
    return Section(id_, title, said, tuple(one for one in exhibits if one is not None))


def _attempts_section(report: Report) -> Section:
    found = report.attempts
    if found is None:
        return _section("attempts", "Attempts", (sentences.uncounted(report),))
    said = [sentences.SIZES[found.detail]]
    if found.detail not in (Detail.NOTHING, Detail.UNKNOWN):
        said = [sentences.WHAT_IS_COUNTED, *said, attempts_shown.monitored(found)]
    return _section(
        "attempts",
        "Attempts",
        tuple(one for one in (*said, *sentences.missing(found.missing)) if one),
        attempts_shown.course(found, report.trainings),
        attempts_shown.years(found),
        attempts_shown.categories(found),
        attempts_shown.hours(found),
        attempts_shown.offices(found, report.offices),
    )


def _trainings_section(report: Report) -> Section:
    found = report.trainings
    return _section(
        "trainings",
        "Before and after training",
        (METHOD,) if found else (),
        *trainings_shown.pictures(found),
        trainings_shown.table(found),
    )
