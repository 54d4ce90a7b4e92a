"""Attack 11: fill a cell with devices of one's own, until one more shows.

An insider sends nine devices of his own to a category, or to a name that he put on the list himself,
and asks whether there was a tenth. A smallest cell of ten publishes exactly when there was: such a build
tells him for certain. Noise does not care how many there are. A cell that is the insider's alone does
not exist: his own entries count under "other", whatever category he writes, and so does a category of
fewer than 25 names.
"""

from pathlib import Path

import pytest

from blockfilter.counts import tables
from blockfilter.counts.contribution import bounded
from blockfilter.counts.frame import Facts
from blockfilter.counts.noise import laplace
from tests.attacks import planted
from tests.attacks.attacker import ENOUGH, MARGIN, QUICK, QUICK_MARGIN, auc, bound
from tests.attacks.organisation import DAY, FIRST, PART, Organisation, met, stolen, wide
from tests.policy.rules import blocking, name, policy, rule

OWN = 9  # devices of the insider
SMALLEST = 10
COUNTED = 1000  # of one cell, so that it shows through the noise: 100 of noise is rarer than 1e-8


def padded(place: Path, cells: int) -> tuple[list[int], list[int]]:
    """Figures of categories with nine devices and one more, and of such with nine."""
    more, fewer = ([f"{who}-{n:05}" for n in range(cells)] for who in ("more", "none"))
    organisation = Organisation(place, wide([*more, *fewer]))
    day = FIRST + 3 * DAY
    organisation.devices.add(day, [met(one) for one in (*more, *fewer) for _ in range(OWN)])
    organisation.devices.add(day, map(met, more))
    organisation.live_until(FIRST + PART[1] * DAY)
    found = organisation.numbers(tables.T1.id, PART[0])
    return [found[one] for one in more], [found[one] for one in fewer]


def test_padding_a_category_does_not_show_one_more(quick):
    assert auc(*padded(quick, QUICK)) <= bound(tables.T1.epsilon) + QUICK_MARGIN


@pytest.mark.statistical
@pytest.mark.timeout(300)
def test_padding_a_category_never_passes_the_epsilon(quick):
    scores = [padded(quick / str(part), ENOUGH // 2) for part in range(2)]
    more, fewer = ([value for part in scores for value in part[side]] for side in (0, 1))
    assert auc(more, fewer) <= bound(tables.T1.epsilon) + MARGIN  # 0.57


@pytest.mark.statistical
def test_padding_the_total_never_passes_its_epsilon():
    """Figures by the functions that the pipeline makes them with: T0 has one cell a week."""
    epsilon = tables.T0.epsilon

    def total(devices: int) -> int:
        day = bounded([met("escort-ads")] * devices)
        count = tables.shares("T0", (tables.TOTAL,), day)[tables.TOTAL]
        return laplace(2 * epsilon) + count + laplace(epsilon)

    more, fewer = ([total(devices) for _ in range(ENOUGH)] for devices in (OWN + 1, OWN))
    assert auc(more, fewer) <= bound(epsilon) + MARGIN  # 0.62


def test_a_build_with_a_smallest_cell_tells_for_certain(quick, monkeypatch):
    planted.publish_from(monkeypatch, SMALLEST)
    assert auc(*padded(quick, 50)) == 1.0


# -- a cell of one's own -----------------------------------------------------------------------------


def counted(
    place: Path, categories: dict[str, int], met_categories: dict[str, int]
) -> dict[str, int]:
    """T1 of a part: each category was met by so many devices."""
    organisation = Organisation(place, Facts(heads=1000, categories=categories))
    for category, devices in met_categories.items():
        organisation.devices.add(FIRST, [met(category)] * devices)
    organisation.live_until(FIRST + PART[1] * DAY)
    return dict(organisation.numbers(tables.T1.id, PART[0]))


def about(value: int) -> int:
    """A figure in thousands."""
    return round(value / COUNTED)


def test_an_entry_of_his_own_counts_under_other(quick):
    """Whatever category he writes to it: the policy records what it is, and the close adds it up."""
    private = rule("exact", "only.example", "escort-ads")
    curated = [rule("exact", f"n{number}.example", "escort-ads") for number in range(30)]
    decided = policy([blocking(*curated), blocking(private, id_="his", own=True)], ["example"])
    ((category, mode),) = decided.decide(name("only.example")).cells
    assert (category, mode) == (tables.OTHER, "enforced")
    assert decided.snapshot.names_by_category()["escort-ads"] == 30
    found = counted(quick, decided.snapshot.names_by_category(), {category: COUNTED})
    assert {cell: about(value) for cell, value in found.items()} == {"escort-ads": 0, "other": 1}


def test_his_own_entries_do_not_make_a_category_large_enough():
    few = [rule("exact", f"n{number}.example", "tiny") for number in range(24)]
    own = [rule("exact", f"own{number}.example", "tiny") for number in range(50)]
    decided = policy([blocking(*few), blocking(*own, id_="his", own=True)], ["example"])
    assert decided.snapshot.names_by_category()["tiny"] == 24


def test_a_category_of_few_names_has_no_cell(quick):
    found = counted(
        quick,
        {"many": 25, "few": 24, "one": 1},
        {"many": COUNTED, "few": COUNTED, "one": 2 * COUNTED, "unknown": COUNTED},
    )
    assert {cell: about(value) for cell, value in found.items()} == {"many": 1, "other": 4}


def test_a_category_that_grows_within_a_period_has_no_cell_before_the_next(quick):
    organisation = Organisation(quick, Facts(heads=1000, categories={"tiny": 24}))
    organisation.live_until(FIRST + 10 * DAY)
    organisation.facts = Facts(heads=1000, categories={"tiny": 500})
    organisation.devices.add(FIRST + 11 * DAY, [met("tiny")] * COUNTED)
    organisation.live_until(FIRST + PART[1] * DAY)
    assert set(organisation.numbers(tables.T1.id, PART[0])) == {"other"}
    organisation.live_until(FIRST + PART[1] * DAY + DAY)
    assert set(stolen(quick, tables.T1.id, "2026-Q1-P2")) == {"tiny", "other"}
