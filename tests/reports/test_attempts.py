"""The figures of a period out of a real ledger: sums, intervals, what is missing and why."""

from collections import defaultdict
from fractions import Fraction

import pytest

from blockfilter.counts import calendar, ledger, tables
from blockfilter.counts.reader import Reader
from blockfilter.reports.attempts import Book, Detail, attempts
from tests.reports.books import Ledgered

Q1, Q4, YEAR = calendar.parse("2026-Q1"), calendar.parse("2026-Q4"), calendar.parse("2026")


def found(place, period):
    return attempts(Book(Reader(place)), period)


def noise(epsilons, reach=400):
    """The law of a sum of discrete Laplace draws, term by term."""
    law: dict[int, float] = {0: 1.0}
    for epsilon in epsilons:
        alpha = 2.718281828459045 ** -float(epsilon)
        draw = [(1 - alpha) / (1 + alpha) * alpha ** abs(k) for k in range(-60, 61)]
        summed: defaultdict[int, float] = defaultdict(float)
        for at, chance in law.items():
            for k, more in enumerate(draw, -60):
                if abs(at + k) <= reach:
                    summed[at + k] += chance * more
        law = summed
    return law


def test_a_sum_has_the_interval_of_the_sum_of_its_noise(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20, 18, -3, 25])
    total = found(tmp_path, Q1).total
    assert total is not None
    assert (total.value, total.periods, total.due) == (60, 4, 4)
    width = total.high - total.value
    assert total.value - total.low == width
    law = noise([Fraction(4, 5), Fraction(2, 5)] * 4)
    within = [sum(p for k, p in law.items() if abs(k) <= reach) for reach in (width - 1, width)]
    assert within[0] < 0.95 <= within[1]
    assert width < 4 * 8  # narrower than the intervals one after another


def test_noise_for_several_addresses_makes_a_wider_interval(tmp_path):
    for addresses in (1, 2):
        place = tmp_path / str(addresses)
        place.mkdir()
        with Ledgered(place, addresses=addresses) as book:
            book.weeks("2026-W01", [20, 18])
    one, two = (found(tmp_path / n, Q1).total for n in ("1", "2"))
    assert one is not None
    assert two is not None
    assert two.high - two.value > 1.8 * (one.high - one.value)


def test_a_week_without_a_figure_is_told_and_not_guessed(tmp_path):
    with Ledgered(tmp_path) as book:
        book.weeks("2026-W01", [20, None, 18])
        book.put(tables.T0, "2026-W04", {"total": 0}, state=ledger.NOT_MEASURED)
        book.put(tables.T0, "2026-W05", {"total": 0}, state=ledger.OPEN)
    told = found(tmp_path, Q1)
    assert told.total is not None
    assert (told.total.value, told.total.periods, told.total.due) == (38, 2, 5)
    assert [(one.period, one.state) for one in told.missing] == [
        ("2026-W02", "lost"),
        ("2026-W04", "not measured"),
        ("2026-W05", "open"),
    ]
    assert [(one.period.name, one.state) for one in told.course] == [
        ("2026-W01", "released"),
        ("2026-W02", "lost"),
        ("2026-W03", "released"),
        ("2026-W04", "not measured"),
    ]


def test_an_open_period_has_no_row(tmp_path):
    with Ledgered(tmp_path) as book:
        book.put(tables.T0, "2026-W01", {"total": 0}, state=ledger.OPEN)
    told = found(tmp_path, Q1)
    assert told.rows["T0"] == ()
    assert told.total is None


def test_cells_are_summed_over_the_parts_of_a_quarter(year):
    told = found(year, Q4)
    assert [(one.cell, one.value, one.periods) for one in told.categories] == [
        ("escort-ads", 84, 3),
        ("massage-ads", 36, 3),
        ("review-board", -3, 3),
        ("other", 15, 3),
    ]
    assert [(one.cell, one.value) for one in told.hours] == [
        ("20-08", 18),
        ("08-12", 36),
        ("12-16", 66),
        ("16-20", 31),
    ]
    assert told.monitored is not None
    assert told.monitored.value == 7 + 8 + 9
    assert [str(row.value) for row in told.offices] == ["similar", "above", "below", "similar"]


def test_a_cell_of_one_part_only_says_so(tmp_path):
    with Ledgered(tmp_path) as book:
        book.put(tables.T1, "2026-Q1-P1", {"old-ads": 5, "other": 4})
        book.put(tables.T1, "2026-Q1-P2", {"escort-ads": 7, "other": 3})
        book.put(tables.T1, "2026-Q1-P3", {"escort-ads": 8, "other": 2})
    cells = [(one.cell, one.value, one.periods, one.due) for one in found(tmp_path, Q1).categories]
    assert cells == [("escort-ads", 15, 2, 3), ("other", 9, 3, 3), ("old-ads", 5, 1, 3)]


def test_the_course_of_a_quarter_goes_back_a_year(year):
    course = found(year, Q4).course
    assert (course[0].period.name, course[-1].period.name) == ("2026-W01", "2026-W53")
    assert found(year, calendar.parse("2026-Q2")).course[-1].period.name == "2026-W26"
    assert len(found(year, YEAR).course) == 53


def test_a_year_is_the_sum_of_its_quarters(year):
    quarters = [found(year, calendar.parse(f"2026-Q{n}")).total for n in range(1, 5)]
    whole = found(year, YEAR).total
    assert whole is not None
    assert whole.value == sum(one.value for one in quarters if one)
    assert (whole.periods, whole.due) == (52, 53)


@pytest.mark.parametrize(
    ("heads", "detail"),
    [
        (24, Detail.NOTHING),
        (25, Detail.BANDS),
        (49, Detail.BANDS),
        (50, Detail.YEARS),
        (249, Detail.YEARS),
        (250, Detail.PARTS),
        (999, Detail.PARTS),
        (1000, Detail.WEEKS),
    ],
)
def test_how_much_is_published_is_told_by_the_headcount(tmp_path, heads, detail):
    with Ledgered(tmp_path, heads=heads) as book:
        book.frame(Q1)
    told = found(tmp_path, Q1)
    assert (told.heads, told.detail) == (heads, detail)
    assert found(tmp_path, Q4).detail is Detail.UNKNOWN


def test_yearly_figures_stand_in_every_later_report(tmp_path):
    with Ledgered(tmp_path, heads=120) as book:
        book.put(tables.T0, "2026", {"total": 43})
        book.put(tables.T0, "2027", {"total": 0}, state=ledger.OPEN)
        book.frame(calendar.parse("2027-Q1"))
    told = found(tmp_path, calendar.parse("2027-Q1"))
    assert [one.row.value for one in told.course if one.row] == [43]
    assert told.total is None
    assert [one.period for one in told.missing] == ["2027"]
    assert found(tmp_path, YEAR).total is not None
