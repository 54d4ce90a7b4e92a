"""Elements of a drawing: scales, ticks, text. Pure; the same values give the same octets.

A drawing has no script, no style of its own and no foreign asset: the page's style sheet gives each
class its colour, for light, dark and paper. Numbers have one decimal, which no screen shows wrong.
"""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

MOST_TICKS = 6  # more are no longer read but counted
_STEPS = (1, 2, 5, 10)
_LEAST = 1e-9  # what differs by less does not differ
_LETTER = 6.7  # width of a letter at the size the style sheet sets, on the safe side


class Scale(NamedTuple):
    """From a value to a place on an axis."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float) -> list[float]:
    """Round values from at or below `low` to at or above `high`, with zero among them."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _LEAST:
        high = low + 1.0
    rough = (high - low) / (MOST_TICKS - 2)
    power = 10.0 ** floor(log10(rough))
    step = next(one * power for one in _STEPS if one * power >= rough * (1 - 1e-9))
    return [n * step for n in range(floor(low / step + 1e-9), ceil(high / step - 1e-9) + 1)]


def number(value: float) -> str:
    """A coordinate."""
    return f"{value + 0.0:.1f}"


def tick_label(value: float, step: float) -> str:
    """A value at an axis, with as many decimals as its step has."""
    decimals = max(0, -floor(log10(step)))
    return f"{value:,.{decimals}f}".replace("-", "−")


def element(name: str, attributes: Mapping[str, object], content: str = "") -> str:
    """One element; attribute values are escaped, the content is markup already."""
    written = "".join(
        f' {key}="{escape(number(value) if isinstance(value, float) else str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """A line of a class."""
    return element("line", {"class": kind, "x1": x1, "y1": y1, "x2": x2, "y2": y2})


def text(kind: str, x: float, y: float, content: str, anchor: str = "start") -> str:
    """A text of a class; it is escaped."""
    return element(
        "text", {"class": kind, "x": x, "y": y, "text-anchor": anchor}, escape(content) or " "
    )


def path(kind: str, points: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    """Points joined."""
    joined = " L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", {"class": kind, "d": f"M{joined}{' Z' if closed else ''}"})


def width_of(content: str) -> float:
    """About how wide a text is."""
    return len(content) * _LETTER


def shortened(content: str, width: float) -> str:
    """A text that fits."""
    room = int(width / _LETTER)
    return content if len(content) <= room else f"{content[: max(room - 1, 1)]}…"


def drawing(id_: str, title: str, description: str, size: tuple[int, int], content: str) -> str:
    """The whole: an image with a title and a description for who does not see it."""
    width, height = size
    named = element("title", {"id": f"{id_}-title"}, escape(title))
    described = element("desc", {"id": f"{id_}-desc"}, escape(description))
    attributes = {
        "role": "img",
        "aria-labelledby": f"{id_}-title {id_}-desc",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
    }
    return element("svg", attributes, named + described + content)
