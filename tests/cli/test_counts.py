"""`blockfilter counts status|verify`: what became of the periods, and whether they are as written.

`counts close` acts on a server's own directories; most of its tests are in tests/daemon.
"""

import json
import re
import shutil
import sqlite3
from contextlib import closing

import pytest

from blockfilter.counts import calendar, verify
from blockfilter.counts.reader import Reader
from tests.counts.world import World
from tests.simulation.world import ESCORTS, lines, simulated

STATUS = {"began", "simulated", "quarter", "headcount", "offices", "tables", "privacy"}


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Fourteen simulated weeks: a quarter is over, and the next has begun."""
    visit = f"2026-01-06T10:00 10.1.0.1 {ESCORTS[0]}"
    return simulated(tmp_path_factory.mktemp("made"), lines(visit), weeks=14).state


@pytest.fixture
def counts(desk, made):
    """Runs a command on what was made."""

    def run(*words, state=made, **more):
        return desk.run("counts", *words, "--state", state, **more)

    return run


@pytest.fixture
def tampered(made, tmp_path):
    """A copy that somebody had a database shell on."""

    def change(*statements):
        state = tmp_path / "tampered"
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(made, state)
        with closing(sqlite3.connect(state / "counts.db")) as connection:
            for one in statements:
                connection.execute(one)
            connection.commit()
        return state

    return change


# status


def test_status_says_what_is_open_and_what_was_published(counts):
    text = counts("status").stdout.splitlines()
    assert text[:3] == [
        "simulated: none of this was counted at people",
        "counting since 2025-12-29",
        "frozen for 2026-Q2: headcount 1,200, offices: office-1, office-2, office-3",
    ]
    tables = [line.split(": ") for line in text[3:8]]
    assert [(one[0], one[-1]) for one in tables] == [
        ("T0 organisation, total", _said("14", "2026-W14", "2026-W15", "2026-04-12")),
        ("T1 by category", _said("3", "2026-Q1-P3", "2026-Q2-P1", "2026-04-26")),
        ("T2 by hour of the day", _said("1", "2026-Q1", "2026-Q2", "2026-06-28")),
        ("T3 offices against the organisation", _said("1", "2026-Q1", "2026-Q2", "2026-06-28")),
        ("TM monitored rules", _said("3", "2026-Q1-P3", "2026-Q2-P1", "2026-04-26")),
    ]
    assert text[8].startswith("privacy spent: epsilon 1.2 a device and day, so the best guess at")
    assert text[8].endswith("is right 77 times in 100 at most")
    assert len(text) == 9


def _said(published, newest, open_, last):
    return f"{published} published; newest {newest}; open {open_}, its figure comes after {last}"


def test_status_as_json(counts, made):
    facts = json.loads(counts("status", "--json").stdout)
    assert set(facts) == STATUS | {"degraded", "head"}
    assert facts["tables"][0] == {
        "table": "T0",
        "title": "organisation, total",
        "of_this_size": True,
        "open": "2026-W15",
        "next": "2026-04-12",
        "newest": "2026-W14",
        "not_measured": 0,
        "released": 14,
        "lost": 0,
    }
    assert facts["privacy"] == {"epsilon_per_device_day": 1.2, "keys_of_a_day": 1, "guess": 0.769}
    assert (facts["degraded"], facts["head"]) == ([], Reader(made).head)


def test_status_shows_no_figure_of_any_table(counts, tampered):
    """What it says is the same whatever was counted."""
    text = counts("status").stdout
    other = tampered("UPDATE releases SET value = 777777, low = 777777, high = 777777")
    assert counts("status", state=other).stdout == text


@pytest.mark.parametrize(
    ("headcount", "nothing"),
    [(24, "T0 T1 T2 T3 TM"), (30, "T1 T2 T3 TM"), (300, "T3"), (1200, "")],
)
def test_status_says_which_tables_a_small_organisation_has_not(
    counts, tmp_path, headcount, nothing
):
    state = simulated(tmp_path, [], headcount=headcount, weeks=1).state
    text = counts("status", state=state).stdout
    small = re.findall(r"^(T.) .*: not for an organisation of this size$", text, re.MULTILINE)
    assert small == nothing.split()


def test_status_of_real_counts_says_what_is_lost_and_what_lowers_protection(counts, tmp_path):
    world = World(tmp_path / "real")
    world.begin(calendar.parse("2026-W02").first)
    first = calendar.parse("2026-W02")
    world.live(first.first, first.last, devices=3)
    world.close().advance(world.due(calendar.parse("2026-W03").last), world.facts)
    world.edit("accumulators.db", "DELETE FROM cells WHERE period = '2026-W04'")
    world.close().advance(world.due(calendar.parse("2026-W03").last), world.facts)
    config = tmp_path / "off.toml"
    config.write_text("[counts]\nenabled = false\n")
    text = counts("status", "--config", config, state=world.state).stdout
    assert "simulated" not in text
    assert "T0 organisation, total: 1 published; 1 lost; 1 not measured; newest 2026-W02" in text
    assert "degraded: counting is switched off (counts.enabled)" in text.splitlines()


def test_status_without_counts_says_how_they_begin(counts, tmp_path):
    for place in (tmp_path / "none", tmp_path):
        ended = counts("status", state=place, code=1)
        assert ended.stdout == ""
        assert ended.stderr.startswith(f"blockfilter: {place / 'counts.db'}: there are no counts")
        assert "blockfilter programme init" in ended.stderr


@pytest.mark.parametrize("command", ["status", "verify"])
def test_a_file_that_is_no_ledger_is_refused(counts, tmp_path, command):
    (tmp_path / "counts.db").write_text("these are no counts " * 100)
    ended = counts(command, state=tmp_path, code=1)
    assert "counts.db: is damaged (SQLITE_NOTADB); take it back from a backup" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("command", ["status", "verify"])
def test_a_state_that_is_a_file_is_wrong_use(counts, tmp_path, command):
    (tmp_path / "file").touch()
    assert "is a file" in counts(command, state=tmp_path / "file", code=2).stderr


# verify


def test_verify_says_how_much_is_as_it_was_written(counts, made):
    head = Reader(made).head
    ended = counts("verify")
    assert ended.stdout == f"verified: 22 published periods (simulated), audit head {head[:16]}\n"
    facts = json.loads(counts("verify", "--json").stdout)
    assert facts == {"faults": [], "published": 22, "head": head, "simulated": True}


def test_verify_finds_any_audit_line_that_is_dropped_or_changed(counts, tampered, made):
    number = len(Reader(made).events())
    for line in (1, number // 2, number):
        drop = f"DELETE FROM audit WHERE number = {line}"
        change = f"UPDATE audit SET line = replace(line, '2026', '2036') WHERE number = {line}"
        for statement in (drop, change):
            ended = counts("verify", state=tampered(statement), code=1)
            assert "audit" in ended.stdout
            assert ended.stderr == ""
            assert "verified" not in ended.stdout


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE releases SET value = value + 1 WHERE period = '2026-W07'", "T0 2026-W07: its fig"),
        ("DELETE FROM releases WHERE period = '2026-Q1'", "T2 2026-Q1: its figures are not those"),
        ("UPDATE periods SET heads = 90000 WHERE period = '2026-W07'", "T0 2026-W07: the audit"),
        ("UPDATE periods SET epsilon = 'x', first = 'y' WHERE period = '2026-W07'", "T0 2026-W07"),
        ("UPDATE facts SET value = '0' WHERE key = 'simulated'", "whether it is simulated"),
        ("UPDATE facts SET value = 'never' WHERE key = 'began'", "when counting began"),
        ("UPDATE coverage SET served = 1 WHERE week = '2026-W03'", "2026-W03: the week's coverage"),
        ("DELETE FROM frames WHERE quarter = '2026-Q1'", "2026-Q1: what was frozen is not"),
        ("INSERT INTO charges VALUES ('2026-01-06', 2)", "2026-01-06: the keys of the day"),
    ],
)
def test_verify_finds_whatever_the_ledger_says_otherwise(counts, tampered, statement, sentence):
    ended = counts("verify", state=tampered(statement), code=1)
    assert sentence in ended.stdout
    facts = json.loads(counts("verify", "--json", state=tampered(statement), code=1).stdout)
    assert facts["faults"] == ended.stdout.splitlines()
    assert facts["published"] is facts["head"] is None


def test_verify_does_not_write(counts, made):
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    counts("verify")
    counts("status")
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_verify_without_counts_says_what_to_name(counts, tmp_path):
    ended = counts("verify", state=tmp_path, code=1)
    assert ended.stderr == (
        f"blockfilter: {tmp_path / 'counts.db'}: there are no counts to verify; name the state "
        "with --state DIR\n"
    )


def test_what_the_command_says_is_what_the_module_finds(counts, tampered):
    state = tampered("DELETE FROM audit WHERE number > 5")
    assert counts("verify", state=state, code=1).stdout.splitlines() == verify.faults(state)


# close


def test_nothing_is_closed_into_a_state_that_is_not_there(counts, tmp_path):
    state, runtime = tmp_path / "mistyped", tmp_path / "runtime"
    ended = counts("close", "--runtime", runtime, state=state, code=1)
    assert ended.stderr == (
        f"blockfilter: {state}: is not there; name the server's state with --state DIR\n"
    )
    assert not state.exists()
    assert not runtime.exists()


def test_no_hit_of_people_is_closed_into_a_simulation(counts, made, tmp_path):
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    ended = counts("close", "--runtime", tmp_path / "runtime")
    assert ended.stdout == "closed: nothing was due\n"
    assert not (tmp_path / "runtime").exists()
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_status_makes_no_directory(counts, tmp_path, made):
    counts("status", "--runtime", tmp_path / "runtime")
    assert not (tmp_path / "runtime").exists()


@pytest.mark.parametrize("command", ["status", "verify", "close"])
def test_a_state_that_cannot_be_read_is_told(counts, tmp_path, command):
    state = tmp_path / ("long" * 100)  # an error that root has, too
    ended = counts(command, state=state, code=1)
    assert "(File name too long)" in ended.stderr
    assert ended.stderr.count("\n") == 1
