"""Weak builds: what the product would be without one of its defences. Each must lose to its attack."""

from collections.abc import Mapping

import pytest

from blockfilter.counts import close, publish, tables
from blockfilter.counts.accumulators import Accumulators, Key
from blockfilter.counts.ledger import Figure, Opened

_start, _end = Accumulators.start, Accumulators.end


def begin_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accumulators begin at 0, and all noise comes with the release."""

    def start(opened: Accumulators, key: Key, noise: Mapping[str, int]) -> None:
        _start(opened, key, dict.fromkeys(noise, 0))

    monkeypatch.setattr(Accumulators, "start", start)


def draw_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is released is the accumulator as it is."""

    def end(opened: Accumulators, key: Key, _noise: Mapping[str, int]) -> dict[str, int]:
        return opened.values(key)

    monkeypatch.setattr(Accumulators, "end", end)


def publish_from(monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    """No noise, but a smallest cell: an exact count from `least` on, nothing below."""
    begin_exact(monkeypatch)

    def end(opened: Accumulators, key: Key, _noise: Mapping[str, int]) -> dict[str, int]:
        return {cell: value if value >= least else 0 for cell, value in opened.values(key).items()}

    monkeypatch.setattr(Accumulators, "end", end)


def spare_small_counts(monkeypatch: pytest.MonkeyPatch, least: int = 5) -> None:
    """Noise on what is large alone."""
    begin_exact(monkeypatch)

    def end(opened: Accumulators, key: Key, noise: Mapping[str, int]) -> dict[str, int]:
        values = opened.values(key)
        small = [cell for cell, value in values.items() if value < least]
        return _end(opened, key, dict(noise) | dict.fromkeys(small, 0))

    monkeypatch.setattr(Accumulators, "end", end)


def halve_the_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise of half the width."""
    for module in (close, publish):
        honest = module.laplace
        monkeypatch.setattr(module, "laplace", lambda epsilon, draw=honest: draw(2 * epsilon))


def number_small_offices(monkeypatch: pytest.MonkeyPatch, heads: int) -> None:
    """Offices from so many heads on, as numbers."""
    monkeypatch.setattr(tables, "OFFICE_HEADS", heads)
    honest = publish._figures

    def figures(one: Opened, values: Mapping[str, int]) -> dict[str, Figure]:
        return honest(one._replace(form=tables.Form.NUMBER), values)

    monkeypatch.setattr(publish, "_figures", figures)
