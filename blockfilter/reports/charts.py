"""The pictures of a report: a course of periods, bars with whiskers, rates before and after. Pure.

Each is drawn twice, for a wide screen or paper and for a telephone; the style sheet shows one. What
a picture says stands in the table beside it, too. Where there is no figure, the line has a gap:
nothing is guessed. Shapes differ and not only colours, so that a print in grey says the same.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import NamedTuple

from blockfilter.reports import svg

WIDE, NARROW = 720, 360
_HEIGHT = {WIDE: 270, NARROW: 230}
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 10.0, 24.0, 40.0
_ROW, _BAR = 34.0, 16.0  # of bars: the height of a row, and of the bar in it
_LABEL_ROOM = 40.0  # between two labels of the axis of time
_DOT, _CAP = 3.2, 4.0


class Drawing(NamedTuple):
    """A picture for wide and for narrow screens, both markup."""

    wide: str
    narrow: str


class Point(NamedTuple):
    """A period of a course; without a value there is a gap, and `note` says why."""

    label: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    hollow: bool = False  # a figure with a reservation
    tick: str = ""  # what the axis says at it, mostly nothing


class Mark(NamedTuple):
    """Something that happened at a point, or from one to another; places are points' numbers."""

    first: int
    last: int
    label: str


class Bar(NamedTuple):
    """A bar with a whisker, where there is one."""

    label: str
    value: float
    shown: str
    low: float | None = None
    high: float | None = None


class Half(NamedTuple):
    """One side of a training: the rate of each period, and the mean."""

    label: str
    rates: Sequence[float]
    mean: float


def _both(draw: Callable[[int], str]) -> Drawing:
    return Drawing(draw(WIDE), draw(NARROW))


def _name(id_: str, width: int) -> str:
    return f"{id_}-{'wide' if width == WIDE else 'narrow'}"


def course(
    id_: str, title: str, description: str, points: Sequence[Point], marks: Sequence[Mark] = ()
) -> Drawing:
    """Figures over time as a line, with the band of their intervals and what happened meanwhile."""

    def draw(width: int) -> str:
        height = _HEIGHT[width]
        values = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
        up = svg.ticks(min(values, default=0), max(values, default=0))
        y = svg.Scale(up[0], up[-1], height - _BOTTOM, _TOP)
        x = svg.Scale(-0.5, max(len(points), 1) - 0.5, _LEFT, width - _RIGHT)
        parts = [*_levels(up, y, width), *_marks(marks, x, y), *_gaps(points, x, y)]
        for run in _runs(points):
            parts += _run(run, x, y)
        parts += _months(points, x, height - _BOTTOM)
        return svg.drawing(_name(id_, width), title, description, (width, height), "".join(parts))

    return _both(draw)


def _levels(up: Sequence[float], y: svg.Scale, width: int) -> Iterable[str]:
    """The lines of round values, and what they are."""
    for value in up:
        kind = "zero" if value == 0 else "grid"
        yield svg.line(kind, _LEFT, y(value), width - _RIGHT, y(value))
        label = svg.tick_label(value, up[1] - up[0])
        yield svg.text("tick", _LEFT - 6, y(value) + 4, label, "end")


def _marks(marks: Sequence[Mark], x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    free = x.start
    for one in marks:
        left, right = x(one.first - 0.5), x(one.last + 0.5)
        box = {"x": left, "y": y.end, "width": right - left, "height": y.start - y.end}
        yield svg.element("rect", {"class": "mark", **box})
        wide = svg.width_of(one.label)
        start = min(max(left, x.start), x.end - wide)
        if start >= free:
            yield svg.text("marked", start, y.end - 8, one.label)
            free = start + wide + 8


def _gaps(points: Sequence[Point], x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    for place, one in enumerate(points):
        if one.value is None:
            box = {"x": x(place - 0.5), "y": y.end, "height": y.start - y.end}
            yield svg.element("rect", {"class": "gap", "width": x(1) - x(0), **box})


def _runs(points: Sequence[Point]) -> list[list[tuple[int, Point]]]:
    """Points that stand side by side without a gap."""
    runs: list[list[tuple[int, Point]]] = [[]]
    for place, one in enumerate(points):
        if one.value is None:
            runs.append([])
        else:
            runs[-1].append((place, one))
    return [run for run in runs if run]


def _run(run: Sequence[tuple[int, Point]], x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    """Band, line and dots."""
    lows = [(x(at), y(p.low)) for at, p in run if p.low is not None]
    highs = [(x(at), y(p.high)) for at, p in run if p.high is not None]
    if len(run) == 1 and lows and highs:
        yield svg.line("whisker", *lows[0], *highs[0])
    elif lows and highs:
        yield svg.path("band", [*lows, *reversed(highs)], closed=True)
    places = [(x(at), y(p.value), p.hollow) for at, p in run if p.value is not None]
    if len(places) > 1:
        yield svg.path("line", [(across, up) for across, up, _ in places])
    for across, up, hollow in places:
        kind = "dot hollow" if hollow else "dot"
        yield svg.element("circle", {"class": kind, "cx": across, "cy": up, "r": _DOT})


def _months(points: Sequence[Point], x: svg.Scale, bottom: float) -> Iterable[str]:
    """The labels of the axis, as many as there is room for."""
    named = [(place, one.tick) for place, one in enumerate(points) if one.tick]
    free = -inf
    for place, label in named:
        at = x(place)
        yield svg.line("tickmark", at, bottom, at, bottom + 5)
        room = max(_LABEL_ROOM, svg.width_of(label) + 6)
        if at - free >= room:
            yield svg.text("tick", min(at, x.end - 14), bottom + 19, label, "middle")
            free = at


def bars(
    id_: str, title: str, description: str, rows: Sequence[Bar], most: float | None = None
) -> Drawing:
    """Lying bars with whiskers; `most` is the end of the axis where that is fixed, as for shares."""

    def draw(width: int) -> str:
        above = width == NARROW  # the label stands above its bar where there is no room beside it
        row = _ROW + (14 if above else 0)
        left = 8.0 if above else min(230.0, 16 + max(svg.width_of(one.label) for one in rows))
        room = 12 + max(svg.width_of(one.shown) for one in rows)
        ends = [v for one in rows for v in (one.value, one.low, one.high) if v is not None]
        x = svg.Scale(
            min(0.0, *ends), most or (max(0.0, *ends) or 1.0), left, width - room - _RIGHT
        )
        parts: list[str] = []
        for place, one in enumerate(rows):
            top = 6 + place * row
            parts += _bar(one, top, x, (left, width), above=above)
        height = int(12 + row * len(rows))
        return svg.drawing(_name(id_, width), title, description, (width, height), "".join(parts))

    return _both(draw)


def _bar(
    one: Bar, top: float, x: svg.Scale, edges: tuple[float, int], *, above: bool
) -> Iterable[str]:
    left, width = edges
    middle = top + (_ROW / 2 + 14 if above else _ROW / 2)
    if above:
        yield svg.text("label", left, top + 13, svg.shortened(one.label, width - left - 8))
    else:
        yield svg.text("label", left - 10, middle + 4, svg.shortened(one.label, left - 12), "end")
    start, end = sorted((x(0), x(one.value)))
    box = {"x": start, "y": middle - _BAR / 2, "width": max(end - start, 0.5), "height": _BAR}
    reach = (_ROW - 2) / 2
    yield svg.line("zero", x(0), middle - reach + _BAR / 2 * above, x(0), middle + reach)
    yield svg.element("rect", {"class": "bar", **box})
    if one.low is not None and one.high is not None:
        yield svg.line("whisker", x(one.low), middle, x(one.high), middle)
        for value in (one.low, one.high):
            yield svg.line("whisker", x(value), middle - _CAP, x(value), middle + _CAP)
    yield svg.text("value", width - 4.0, middle + 4, one.shown, "end")


def sides(
    id_: str, title: str, description: str, halves: tuple[Half, Half], between: str
) -> Drawing:
    """The rates before and after a training as dots, their means as lines, a gap for the training."""

    def draw(width: int) -> str:
        height = _HEIGHT[width] - 40
        was, now = halves
        rates = [*was.rates, *now.rates, was.mean, now.mean]
        up = svg.ticks(min(rates), max(rates))
        y = svg.Scale(up[0], up[-1], height - _BOTTOM, _TOP)
        count = len(was.rates) + 1 + len(now.rates)
        x = svg.Scale(-0.5, count - 0.5, _LEFT, width - _RIGHT)
        gap = len(was.rates)
        parts = [*_levels(up, y, width), *_marks([Mark(gap, gap, between)], x, y)]
        for start, half in ((0, was), (gap + 1, now)):
            parts += _half(half, start, x, y)
        return svg.drawing(_name(id_, width), title, description, (width, height), "".join(parts))

    return _both(draw)


def _half(half: Half, start: int, x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    left, right = x(start - 0.3), x(start + len(half.rates) - 0.7)
    yield svg.line("mean", left, y(half.mean), right, y(half.mean))
    for place, rate in enumerate(half.rates, start):
        yield svg.element("circle", {"class": "dot", "cx": x(place), "cy": y(rate), "r": _DOT})
    yield svg.text("tick", (left + right) / 2, y.start + 19, half.label, "middle")
