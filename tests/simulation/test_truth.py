"""The truth of a simulation: device-days known by hand, one of each device and day."""

import json

import pytest

from blockfilter.counts.tables import TABLES
from blockfilter.simulation.visits import Plan, generated, listed
from tests.simulation.world import WATCHED, YEAR, lines, policy, simulated

ESCORT, MASSAGE, REVIEW = "n0.escorts.example", "n0.massage.example", "n0.reviews.example"


def test_device_days_known_by_hand_are_the_truth(tmp_path):
    made = simulated(
        tmp_path,
        lines(
            f"2025-12-29T00:00 10.1.0.1 {ESCORT}",
            f"2026-01-04T23:59:59 10.1.0.1 {ESCORT}",
            f"2026-01-05T07:59:59 10.2.0.1 {ESCORT}",
            f"2026-01-06T08:00 10.2.0.1 www.{MASSAGE.upper()}",
            f"2026-01-06T11:59 10.3.0.1 {REVIEW}.",
            f"2026-01-07T12:00 10.3.0.1 {REVIEW}",
            f"2026-03-29T15:59 10.3.1.1 {MASSAGE}",
            f"2026-03-29T16:00 192.0.2.1 {MASSAGE}",
            f"2026-03-29T19:59 10.4.0.1 {MASSAGE}",
            f"2026-03-29T20:00 10.10.0.1 {MASSAGE}",
        ),
    )
    assert made.counted("T0") == {
        ("2026-W01", "total"): 2,
        ("2026-W02", "total"): 4,
        ("2026-W13", "total"): 4,
    }
    assert made.counted("T1") == {
        ("2026-Q1-P1", "escort-ads"): 3,
        ("2026-Q1-P1", "massage-ads"): 1,
        ("2026-Q1-P1", "other"): 2,
        ("2026-Q1-P3", "massage-ads"): 4,
    }
    assert made.counted("T2") == {
        ("2026-Q1", "20-08"): 4,
        ("2026-Q1", "08-12"): 2,
        ("2026-Q1", "12-16"): 2,
        ("2026-Q1", "16-20"): 2,
    }
    # Of an organisation all of whose offices are cells, clients of none are in no cell.
    assert made.counted("T3") == {
        ("2026-Q1", "office-1"): 2,
        ("2026-Q1", "office-2"): 2,
        ("2026-Q1", "office-3"): 3,
    }
    assert made.counted("TM") == {}


def test_a_device_counts_once_a_day_whatever_it_does(tmp_path):
    hours = ("00:30", "00:59:59", "01:00", "08:15", "12:15", "14:15", "16:15", "21:15", "23:59")
    made = simulated(
        tmp_path,
        lines(
            *(
                f"2026-01-06T{hour} 10.1.0.1 {name}"
                for hour in hours
                for name in (ESCORT, MASSAGE, REVIEW, "n1.escorts.example", WATCHED[0])
            )
        ),
    )
    for table in ("T0", "T1", "T2", "T3", "TM"):
        assert sum(made.truth(table).values()) == 1, table


def test_the_same_device_on_two_days_and_two_devices_on_one_are_two(tmp_path):
    made = simulated(
        tmp_path,
        lines(
            f"2026-01-06T23:59:59.999999 10.1.0.1 {ESCORT}",
            f"2026-01-07T00:00 10.1.0.1 {ESCORT}",
            f"2026-01-14T10:00 10.1.0.1 {ESCORT}",
            f"2026-01-14T10:00 10.1.0.2 {ESCORT}",
        ),
    )
    assert made.counted("T0") == {("2026-W02", "total"): 2, ("2026-W03", "total"): 2}


def test_a_name_that_is_not_listed_adds_nothing(tmp_path):
    asked = ("open.example", "escorts.example", "example", ".", "nn0.escorts.example", "co.uk")
    made = simulated(
        tmp_path, lines(*(f"2026-01-06T10:00 10.1.0.{n} {name}" for n, name in enumerate(asked, 1)))
    )
    assert all(made.counted(table) == {} for table in TABLES)


def test_a_name_on_trial_counts_in_its_own_table_alone(tmp_path):
    made = simulated(
        tmp_path,
        lines(
            f"2026-01-06T10:00 10.1.0.1 {WATCHED[0]}",
            f"2026-01-06T10:00 10.1.0.1 {WATCHED[1]}",
            f"2026-01-06T10:00 10.1.0.2 {WATCHED[1]}",
        ),
    )
    assert made.counted("TM") == {("2026-Q1-P1", "total"): 2}
    assert made.counted("T0") == made.counted("T1") == {}


def test_offices_that_are_no_cells_and_clients_of_none_are_together(tmp_path):
    # Offices of 250 people are cells. Two of 253 are, three are too few people to be.
    made = simulated(
        tmp_path,
        lines(
            f"2026-01-06T10:00 10.1.0.1 {ESCORT}",
            f"2026-01-06T10:00 10.6.0.1 {ESCORT}",
            f"2026-01-06T10:00 198.51.100.1 {ESCORT}",
        ),
        headcount=1498,  # four offices of 250 and two of 249
        offices=6,
    )
    assert made.counted("T3") == {
        ("2026-Q1", "office-1"): 1,
        ("2026-Q1", "other offices"): 2,
    }


def test_the_file_has_a_line_for_each_published_cell_and_no_other(year):
    told = json.loads((year.state / "truth.json").read_text())
    assert set(told) == {"simulated", "tables"}
    assert told["simulated"] is True
    assert list(told["tables"]) == list(TABLES)
    for table, rows in told["tables"].items():
        assert all(list(row) == ["period", "cell", "value"] for row in rows)
        assert all(type(row["value"]) is int and row["value"] >= 0 for row in rows)
        published = [(row.period, row.cell) for row in year.reader.rows(table)]
        assert [(row["period"], row["cell"]) for row in rows] == published
        assert published


def test_the_tables_agree_with_each_other_and_with_the_visits(year):
    found = generated(Plan(**YEAR), listed(policy()))
    devices = {(one.at.date(), one.client) for one in found if one.qname not in WATCHED}
    total = len(devices)
    assert 800 < total < 1200
    for table in ("T0", "T1", "T2", "T3"):
        assert sum(year.truth(table).values()) == total, table
    assert 0 < sum(year.truth("TM").values()) < total


def test_two_runs_have_the_same_visits_and_other_noise(tmp_path, year):
    again = simulated(tmp_path, **YEAR)
    assert again.truth("T0") == year.truth("T0")
    assert again.truth("TM") == year.truth("TM")
    weeks = [[row.value for row in one.reader.rows("T0")] for one in (year, again)]
    assert weeks[0] != weeks[1]  # 53 draws: once in 10^40
    other = simulated(tmp_path, seed=2)
    assert other.truth("T0") != {key: year.truth("T0")[key] for key in other.truth("T0")}


def test_the_cell_that_counts_is_drawn_and_nothing_fixes_it(tmp_path):
    met = lines(
        *(
            f"{month}-{day:02}T{hour}:15 10.1.0.{client} {name}"
            for month in ("2026-01", "2026-02", "2026-03")
            for day in range(6, 11)
            for client in range(1, 21)
            for hour, name in (("09", ESCORT), ("13", MASSAGE))
        )
    )
    parts = ("2026-Q1-P1", "2026-Q1-P2", "2026-Q1-P3")
    drawn = []
    for _ in range(4):
        made = simulated(tmp_path, met)
        assert sum(made.truth("T0").values()) == 300
        shares = [made.truth("T1")[part, "escort-ads"] for part in parts]
        assert all(10 < one < 90 for one in shares)  # of 100 coins: else once in 10^15
        assert made.truth("T2")["2026-Q1", "08-12"] == sum(shares)
        drawn.append(shares)
    assert drawn.count(drawn[0]) < 4  # by chance all the same once in 10^11


@pytest.mark.parametrize(
    ("headcount", "first"),
    [
        (24, {}),
        (30, {"T0": "2026"}),
        (100, {"T0": "2026"}),
        (300, {"T0": "2026-Q1-P1", "T1": "2026-Q1", "T2": "2026-Q1", "TM": "2026-Q1-P1"}),
        (
            3000,
            {
                "T0": "2026-W01",
                "T1": "2026-Q1-P1",
                "T2": "2026-Q1",
                "T3": "2026-Q1",
                "TM": "2026-Q1-P1",
            },
        ),
    ],
)
def test_whatever_an_organisation_of_a_size_publishes_has_its_truth(tmp_path, headcount, first):
    visit, weeks = f"2026-01-02T10:00 10.1.0.1 {ESCORT}", 53 if headcount < 250 else 13
    made = simulated(tmp_path, lines(visit), headcount=headcount, weeks=weeks)
    assert {id_: rows[0]["period"] for id_, rows in made.tables.items() if rows} == first
    for table in first:
        assert sum(made.truth(table).values()) == (table != "TM")
