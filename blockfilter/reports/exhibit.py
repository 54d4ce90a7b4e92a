"""An exhibit of a report: a table, most with a picture that shows the same figures.

The modules `*_shown` make them, of words and of markup that is ready; page and Markdown only lay
them out.
"""

from collections.abc import Sequence
from typing import NamedTuple

from blockfilter.reports.charts import Bar, Drawing

NONE = "–"  # a cell without a figure


class Exhibit(NamedTuple):
    """A table with its heading, and a picture of it where there is one."""

    id: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    drawing: Drawing | None = None
    notes: tuple[str, ...] = ()


def told(bars: Sequence[Bar]) -> str:
    """What bars show, for who does not see them."""
    return "; ".join(f"{one.label}: {one.shown}" for one in bars) + "."
