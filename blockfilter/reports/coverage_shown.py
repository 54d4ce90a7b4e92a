"""How much was looked at, and what was blocked, as exhibits. Nothing here is a count of attempts."""

from blockfilter.counts.coverage import Coverage
from blockfilter.reports import words
from blockfilter.reports.exhibit import NONE, Exhibit
from blockfilter.reports.figures import Blocked, Report

_NOTE = (
    "Queries are those answered from the cache or forwarded, to three digits: blocked ones are not "
    "among them. Canaries are names by which browsers and devices ask whether to go round the "
    "network’s resolver; answered means they are told to stay."
)


def coverage(found: tuple[Coverage, ...]) -> Exhibit | None:
    """The weeks of the period, in facts that are not sensitive."""
    if not found:
        return None
    rows = tuple(
        (
            one.week,
            words.number(one.served),
            str(one.days_up),
            words.most(one.uptime),
            NONE if one.list_age is None else words.counted(one.list_age, "day"),
            NONE if one.offices_seen is None else words.percent(one.offices_seen),
            "answered" if one.canaries else "off",
        )
        for one in found
    )
    head = (
        "Week",
        "Queries, about",
        "Days up",
        "Time up",
        "Age of list",
        "Offices seen",
        "Canaries",
    )
    return Exhibit("coverage", "How much was looked at, by week", head, rows, None, (_NOTE,))


def blocked(found: Blocked) -> Exhibit | None:
    """Entries of the list by category."""
    if not found.categories:
        return None
    rows = [
        (words.category(one.id), one.title.rstrip("."), words.number(one.entries))
        for one in found.categories
    ]
    rows.append(("Together", "", words.number(sum(one.entries for one in found.categories))))
    head = ("Category", "What it is", "Entries")
    return Exhibit("blocked", "Entries of the list in force, by category", head, tuple(rows))


def releases(report: Report) -> tuple[str, ...]:
    """Which list is in force, and which one was at the period's end."""
    found = report.blocked.releases
    said = [f"In force when this page was made: {words.listed(found)}."] if found else []
    if report.coverage:
        last = report.coverage[-1]
        said.append(f"At the end of {last.week} it was release {last.release}.")
    return tuple(said)
