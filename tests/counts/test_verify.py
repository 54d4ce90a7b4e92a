"""Whatever is altered in counts.db, dropped from it or added to it is found."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from blockfilter.counts import audit, verify
from blockfilter.counts.audit import Line
from blockfilter.errors import StateError
from tests.counts.world import DAY, YEAR, World

EVENTS = {"began", "frozen", "opened", "released", "lost", "not measured", "charged", "covered"}
# What no figure depends on: how far days are closed is the close's own reminder.
UNTOLD = {("facts", "closed")}
TABLES = ("facts", "frames", "periods", "releases", "charges", "coverage", "audit")
FIGURE = "cell, place, value, low, high, head FROM releases"
FIRST = "\"table\" = 'T0' AND period = '2026-W01'"


@pytest.fixture(scope="module")
def ledger(memory):
    """A counts.db in which everything happened that can."""
    world = World(memory / "verify")
    world.begin(YEAR)
    world.keys = {YEAR + DAY: 2, YEAR + 2 * DAY: 2}
    world.live(YEAR, YEAR + 6 * DAY, 5)
    world.live(YEAR + 7 * DAY, YEAR + 13 * DAY, hours=0)
    world.live(YEAR + 14 * DAY, YEAR + 27 * DAY, 5)
    world.edit("accumulators.db", "DELETE FROM cells WHERE period = '2026-Q1' AND cell = 'hq'")
    world.live(YEAR + 28 * DAY, YEAR + 28 * DAY)
    assert {line["what"] for line in world.reader.events()} == EVENTS
    return world.state / "counts.db"


@pytest.fixture
def state(ledger, quick):
    shutil.copy(ledger, quick)
    return quick


def run(state, *statements):
    with closing(sqlite3.connect(state / "counts.db")) as connection:
        found = [connection.execute(*one).fetchall() for one in statements]
        connection.commit()
    return found[-1]


def lines(state):
    return [
        Line(*row) for row in run(state, ["SELECT number, line, digest FROM audit ORDER BY number"])
    ]


def each(ledger, quick, statements):
    """What is found after each of these, done to a whole ledger."""
    for one in statements:
        shutil.copy(ledger, quick)
        run(quick, *(one if isinstance(one[0], list) else [one]))
        yield one, verify.faults(quick)


def test_what_is_as_it_was_written_has_no_fault(state):
    before = (state / "counts.db").read_bytes()
    assert verify.faults(state) == []
    assert (state / "counts.db").read_bytes() == before


def test_every_dropped_line_is_found_the_last_one_too(ledger, quick, state):
    numbers = [line.number for line in lines(state)]
    drops = [["DELETE FROM audit WHERE number = ?", [number]] for number in numbers]
    for (_, (number,)), found in each(ledger, quick, drops):
        expected = (
            f"audit line {number} is missing" if number < numbers[-1] else "knows of another end"
        )
        assert any(expected in fault for fault in found), number


def test_every_altered_line_is_found_with_or_without_a_digest_of_its_own(ledger, quick, state):
    changes = []
    before = audit.START
    for number, text, digest in lines(state):
        for place in range(0, len(text), 17):
            other = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
            changes.append(["UPDATE audit SET line = ? WHERE number = ?", [other, number]])
        other = text.replace("202", "203")
        changes.append(
            ["UPDATE audit SET line = ?, digest = ? WHERE number = ?",
             [other, audit.digest(before, other), number]]
        )  # fmt: skip
        changes.append(["UPDATE audit SET digest = ? WHERE number = ?", [digest[::-1], number]])
        changes.append(["UPDATE audit SET number = number + 1000 WHERE number = ?", [number]])
        before = digest
    for change, found in each(ledger, quick, changes):
        assert found, change


@pytest.mark.parametrize(
    "text",
    ["", "nothing", "[]", "{}", '{"what":"released"}', '{"what":"opened","table":"T0","period":"2026-W02"}',
     '{"what":"charged","day":"2026-01-01","epochs":2}', '{"what":"covered","coverage":{"week":"2026-W01"}}'],
)  # fmt: skip
def test_an_added_line_is_found_even_where_its_digest_fits_and_the_end_is_moved(state, text):
    last = lines(state)[-1]
    digest = audit.digest(last.digest, text)
    number = last.number + 1
    run(state, ["INSERT INTO audit VALUES (?, ?, ?)", [number, text, digest]])
    assert any("knows of another end" in fault for fault in verify.faults(state))
    run(
        state,
        ["UPDATE facts SET value = ? WHERE key = 'lines'", [str(number)]],
        ["UPDATE facts SET value = ? WHERE key = 'head'", [digest]],
    )
    found = verify.faults(state)
    assert found
    assert not any("another end" in fault for fault in found)


def test_a_chain_that_was_cut_and_its_end_moved_contradicts_the_ledger(ledger, quick, state):
    whole = lines(state)
    cuts = []
    for last in whole[:-1]:
        cuts.append([
            ["DELETE FROM audit WHERE number > ?", [last.number]],
            ["UPDATE facts SET value = ? WHERE key = 'lines'", [str(last.number)]],
            ["UPDATE facts SET value = ? WHERE key = 'head'", [last.digest]],
        ])  # fmt: skip
    for cut, found in each(ledger, quick, cuts):
        assert found, cut


def test_every_row_that_is_gone_is_found(ledger, quick, state):
    for table in TABLES:
        for row in run(state, [f"SELECT * FROM {table}"]):
            if (table, row[0]) in UNTOLD:
                continue
            names = columns(state, table)
            condition = " AND ".join(f'"{name}" IS ?' for name in names)
            gone = [["PRAGMA foreign_keys = OFF"], [f"DELETE FROM {table} WHERE {condition}", row]]
            ((_, found),) = each(ledger, quick, [gone])
            assert found, (table, row)


def columns(state, table):
    return [row[1] for row in run(state, [f"PRAGMA table_info({table})"])]


def test_every_value_that_was_changed_is_found(ledger, quick, state):
    changes = []
    for table in TABLES:
        names = columns(state, table)
        for row in run(state, [f"SELECT * FROM {table}"]):
            if (table, row[0]) in UNTOLD:
                continue
            condition = " AND ".join(f'"{name}" IS ?' for name in names)
            for name, value in zip(names, row, strict=True):
                if (table, name) != ("releases", "place"):  # the order of cells, see below
                    changes.append(
                        [f'UPDATE {table} SET "{name}" = ? WHERE {condition}', [other(value), *row]]
                    )
    for change, found in each(ledger, quick, changes):
        assert found, change


def other(value):
    return f"{value}7" if isinstance(value, str) else 1000 + (value or 0)


def test_figures_in_another_order_are_found(state):
    run(state, ["UPDATE releases SET place = 100 - place WHERE \"table\" = 'T1'"])
    assert verify.faults(state) == ["T1 2026-Q1-P1: its figures are not those that were published"]


def test_figures_of_an_open_period_are_found(state):
    run(
        state,
        [f"INSERT INTO releases SELECT 'T0', '2026-W05', {FIGURE} WHERE {FIRST}"],
    )
    assert verify.faults(state) == ["T0 2026-W05: has figures that were never published"]


def test_figures_of_no_period_are_found(state):
    run(
        state,
        [f"INSERT INTO releases SELECT 'T9', period, {FIGURE} WHERE {FIRST}"],
    )
    assert verify.faults(state) == [
        "T9 2026-W01: has figures, and the audit chain knows of no such period"
    ]


def test_a_period_that_was_put_back_to_open_is_found(state):
    """So that it would be drawn a second time."""
    ((head,),) = run(
        state,
        ["SELECT digest FROM audit WHERE line LIKE '%\"2026-W01\"%' AND line LIKE '%\"opened\"%'"],
    )
    run(
        state,
        [f"DELETE FROM releases WHERE {FIRST}"],
        [f"UPDATE periods SET state = 'open', flagged = 0, head = ? WHERE {FIRST}", [head]],
    )
    assert verify.faults(state) == [
        "T0 2026-W01: the audit chain says something else of it",
        "T0 2026-W01: its figures are not those that were published",
    ]


def test_a_second_figure_is_found_in_the_chain(state):
    story = next(line for line in lines(state) if '"released"' in line.text)
    last = lines(state)[-1]
    digest = audit.digest(last.digest, story.text)
    run(
        state,
        ["INSERT INTO audit VALUES (?, ?, ?)", [last.number + 1, story.text, digest]],
    )
    assert any("ends T0 2026-W01 a second time" in fault for fault in verify.faults(state))


def test_what_is_simulated_cannot_pass_for_real(state):
    run(state, ["UPDATE facts SET value = '1' WHERE key = 'simulated'"])
    assert verify.faults(state) == [
        "the ledger and the audit chain do not agree whether it is simulated"
    ]


def test_where_there_is_nothing_there_is_nothing_to_verify(quick):
    for _ in range(2):
        with pytest.raises(
            StateError, match=r"counts\.db: there are no counts to verify; name the"
        ):
            verify.faults(quick)
        (quick / "counts.db").touch()  # it is being made just now


def test_what_is_no_ledger_is_damaged(quick):
    (quick / "counts.db").write_bytes(b"nothing of ours" * 900)
    with pytest.raises(StateError, match=r"counts\.db: is damaged .*take it back from a backup"):
        verify.faults(quick)
