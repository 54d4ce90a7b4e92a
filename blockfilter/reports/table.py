"""Figures for programs: JSON and CSV, by the schema `blockfilter.report/1`.

`templates/report.schema.json` describes the JSON; a change that could break a reader counts the
schema up. Values are the published ones, zero and below among them. In CSV a text that a
spreadsheet would run begins with an apostrophe.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from blockfilter.counts.reader import Row
from blockfilter.programme.reached import Reach
from blockfilter.reports import sentences, words
from blockfilter.reports.attempts import Attempts, Missing, Sum
from blockfilter.reports.figures import Report
from blockfilter.reports.trainings import Judged

SCHEMA = "blockfilter.report/1"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the beginning of one
_HEAD = ("section", "table", "period", "cell", "value", "low", "high", "note")

Line = tuple[object, ...]


def shown(table: str, rows: Sequence[Row], missing: Sequence[Missing], *, simulated: bool) -> str:
    """One table as JSON: what `report show --json` prints."""
    facts = {
        "schema": SCHEMA,
        "table": table,
        "simulated": simulated,
        "rows": [_row(one) for one in rows],
        "flagged": list(dict.fromkeys(one.period for one in rows if one.flagged)),
        "missing": [{"period": one.period, "state": one.state} for one in missing],
    }
    return json.dumps(facts, ensure_ascii=False)


def shown_csv(rows: Sequence[Row], *, simulated: bool) -> str:
    """One table as CSV; what is made up says so in each line."""
    head = ("table", "period", "cell", "value", "low", "high", "flagged", "simulated")
    said = "yes" if simulated else "no"
    lines = ((*one[:-1], "yes" if one.flagged else "", said) for one in rows)
    return _csv([head, *lines])


def whole(report: Report) -> str:
    """A report as JSON."""
    return json.dumps(_facts(report), ensure_ascii=False, indent=2) + "\n"


def _facts(report: Report) -> dict[str, Any]:
    period, found, budget = report.period, report.attempts, report.budget
    return {
        "schema": SCHEMA,
        "simulated": report.simulated,
        "organisation": report.efforts.organisation,
        "period": {
            "name": period.name,
            "first": period.first.isoformat(),
            "last": period.last.isoformat(),
        },
        "newest": report.newest.isoformat(),
        "complete": report.complete,
        "head": report.head,
        "heads": report.heads,
        "findings": sentences.findings(report),
        "reached": _reached(report),
        "practices": _practices(report),
        "detail": str(found.detail) if found else None,
        "tables": {id_: [_row(one) for one in rows] for id_, rows in found.rows.items()}
        if found
        else {},
        "totals": _totals(found) if found else {},
        "missing": [one._asdict() for one in found.missing] if found else [],
        "before_after": [_judged(one) for one in report.trainings],
        "coverage": [one._asdict() for one in report.coverage],
        "blocked": {
            "releases": list(report.blocked.releases),
            "categories": [one._asdict() for one in report.blocked.categories],
        },
        "privacy": {
            "per_device_day": str(budget.per_device_day) if budget else None,
            "epochs": budget.epochs if budget else None,
            "guess": words.significant(budget.guess) if budget else None,
            "sentences": list(sentences.privacy(budget)),
        },
    }


def _row(one: Row) -> dict[str, object]:
    """A figure; a band has no interval."""
    facts: dict[str, object] = {"period": one.period, "cell": one.cell, "value": one.value}
    if one.low is not None:
        facts |= {"low": one.low, "high": one.high}
    return facts


def _totals(found: Attempts) -> dict[str, list[dict[str, object]]]:
    """Sums over the period, with the intervals of the sums."""
    return {id_: [one._asdict() for one in sums] for id_, sums in _sums(found)}


def _reached(report: Report) -> dict[str, list[dict[str, object]]]:
    done = report.efforts.reached
    if done is None:
        return {}
    return {"period": [*map(_reach, done.period)], "so_far": [*map(_reach, done.cumulative)]}


def _reach(one: Reach) -> dict[str, object]:
    return {
        "kind": str(one.kind),
        "people": one.people,
        "records": one.records,
        "distinct": one.distinct,
        "heads": one.heads,
        "share": words.significant(one.share),
        "by_channel": dict(one.channels),
    }


def _practices(report: Report) -> dict[str, object]:
    done = report.efforts.reached
    return {
        "areas": [asdict(one) for one in done.practices] if done and done.answered else [],
        "scores": [
            {"day": day.isoformat(), "score": score} for day, score in report.efforts.scores
        ],
    }


def _judged(one: Judged) -> dict[str, object]:
    found, spans, training = one.comparison, one.windows, one.training
    low, high = found.interval or (None, None)
    return {
        "training": training.id,
        "ratio": words.significant(found.ratio),
        "low": words.significant(low),
        "high": words.significant(high),
        "p": words.significant(found.p),
        "verdict": str(found.verdict),
        "label": one.label,
        "first": training.first.isoformat(),
        "last": training.last.isoformat(),
        "people": training.people,
        "together": list(spans.together),
        "before": [total.period.name for total in spans.before],
        "after": [total.period.name for total in spans.after],
        "sentence": one.sentence,
    }


def whole_csv(report: Report) -> str:
    """A report as CSV: a line for each figure."""
    return _csv([_HEAD, *_lines(report)])


def _lines(report: Report) -> Iterator[Line]:
    period = report.period.name
    about: Mapping[str, object] = {
        "schema": SCHEMA,
        "simulated": "yes" if report.simulated else "no",
        "organisation": report.efforts.organisation,
        "newest": report.newest.isoformat(),
        "complete": "yes" if report.complete else "no",
        "head": report.head,
        "heads": report.heads,
    }
    for key, value in about.items():
        yield "report", "", period, key, value, "", "", ""
    done = report.efforts.reached
    for when, sums in (("period", done.period), ("so far", done.cumulative)) if done else ():
        for one in sums:
            counts = "people" if one.distinct else "attendances"
            yield "reached", when, period, one.kind, one.people, "", "", counts
    for area in done.practices if done and done.answered else ():
        yield "practices", "", period, area.area or "all", area.score, "", "", area.title
    if report.attempts:
        yield from _figures(report.attempts, period)
    for judged in report.trainings:
        fact = _judged(judged)
        where = ("before_after", "", fact["first"], fact["training"])
        yield *where, fact["ratio"], fact["low"], fact["high"], fact["verdict"]
    for week in report.coverage:
        yield "coverage", "", week.week, "served", week.served, "", "", ""
        yield "coverage", "", week.week, "uptime", week.uptime, "", "", ""
    for category in report.blocked.categories:
        yield "blocked", "", period, category.id, category.entries, "", "", category.title


def _figures(found: Attempts, period: str) -> Iterator[Line]:
    for id_, rows in found.rows.items():
        for row in rows:
            note = "flagged" if row.flagged else ""
            yield "figures", id_, row.period, row.cell, row.value, row.low, row.high, note
    for one in found.missing:
        yield "figures", one.table, one.period, "", "", "", "", one.state
    for id_, sums in _sums(found):
        for sum_ in sums:
            covers = f"{sum_.periods} of {sum_.due} periods"
            yield "totals", id_, period, sum_.cell, sum_.value, sum_.low, sum_.high, covers


def _sums(found: Attempts) -> Iterator[tuple[str, Sequence[Sum]]]:
    yield "T0", [found.total] if found.total else []
    yield "T1", found.categories
    yield "T2", found.hours
    yield "TM", [found.monitored] if found.monitored else []


def _csv(lines: Iterable[Line]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerows([_field(one) for one in line] for line in lines)
    return out.getvalue()


def _field(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
