"""Weak builds: what the product would be without one of its defences. Each must lose to its attack."""

from collections.abc import Mapping

import pytest

from blockfilter.counts import close, publish, tables
from blockfilter.counts.accumulators import Accumulators, Key
from blockfilter.counts.ledger import Figure, Opened

_start = Accumulators.start


def _exact(values: Mapping[str, int]) -> dict[str, Figure]:
    return {cell: Figure(value) for cell, value in values.items()}


def begin_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accumulators begin at 0, and all noise comes with the release."""

    def start(opened: Accumulators, key: Key, noise: Mapping[str, int]) -> None:
        _start(opened, key, dict.fromkeys(noise, 0))

    monkeypatch.setattr(Accumulators, "start", start)


def draw_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is released is the accumulator as it is."""

    def figures(_one: Opened, values: Mapping[str, int]) -> dict[str, Figure]:
        return _exact(values)

    monkeypatch.setattr(publish, "_figures", figures)


def publish_from(monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    """No noise, but a smallest cell: an exact count from `least` on, nothing below."""
    begin_exact(monkeypatch)

    def figures(_one: Opened, values: Mapping[str, int]) -> dict[str, Figure]:
        return _exact({cell: value if value >= least else 0 for cell, value in values.items()})

    monkeypatch.setattr(publish, "_figures", figures)


def spare_small_counts(monkeypatch: pytest.MonkeyPatch, least: int = 5) -> None:
    """Noise on what is large alone."""
    begin_exact(monkeypatch)
    honest = publish._figures

    def figures(one: Opened, values: Mapping[str, int]) -> dict[str, Figure]:
        small = {cell: value for cell, value in values.items() if value < least}
        return honest(one, values) | _exact(small)

    monkeypatch.setattr(publish, "_figures", figures)


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
