"""`blockfilter simulate`: a folder that every other command reads, whole or not at all."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blockfilter.cli import simulate as command
from blockfilter.programme.store import NAME, Store
from blockfilter.simulation import visits
from tests.simulation.world import Simulated

ROOT = Path(__file__).parents[2]
HEAD = "at,client,qname\n"
PATIENCE = 60.0  # seconds until a process is where a test wants it, on a busy machine


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Where the curated list is compiled to, once."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def simulate(desk, compiled):
    """Runs the command in a folder of one's own."""

    def run(*words, code=0):
        env = {"XDG_STATE_HOME": str(compiled)}
        return desk.run("simulate", *words, code=code, env=env)

    return run


@pytest.fixture
def refusal(simulate, desk):
    """What is said where it is refused, and that nothing is made."""

    def run(*words, code=1):
        before = left(desk.place)
        ended = simulate(*words, code=code)
        assert ended.stdout == ""
        assert left(desk.place) == before
        lines = ended.stderr.splitlines()
        if code == 2:
            assert lines[0].startswith("Usage: blockfilter simulate")
            return lines[-1]
        assert all(line.startswith("blockfilter: ") for line in lines)
        return "\n".join(line.removeprefix("blockfilter: ") for line in lines)

    return run


def left(folder):
    return sorted(path.name for path in folder.iterdir())


# What is made.


def test_it_says_what_was_made_and_what_comes_next(simulate, desk):
    ended = simulate("--weeks", 13, "--headcount", 300, "-o", "a year")
    told, *more = ended.stdout.splitlines()
    said = r"simulated: \d\d+ visits in 13 weeks, 8 published periods; state directory a year"
    assert re.fullmatch(said, told)
    assert more == [
        "the truth behind the figures: a year/truth.json",
        "next: blockfilter report build --state 'a year' -o .",
    ]
    assert ended.stderr == ""  # no progress but on a terminal
    assert left(desk.place) == ["a year"]
    ended = simulate("--weeks", 1, "--rate", 0, "-o", "week")
    assert ended.stdout.splitlines()[0].startswith("simulated: 0 visits in 1 week, 1 published pe")
    assert ended.stdout.splitlines()[2] == "next: blockfilter report show --state week"


def test_every_other_command_reads_it(simulate, desk):
    simulate("--weeks", 13, "--training-week", "4", "--rate", 0.1, "-o", "year")
    status = json.loads(desk.run("counts", "status", "--state", "year", "--json").stdout)
    assert (status["simulated"], status["headcount"], status["degraded"]) == (True, 1200, [])
    assert desk.run("counts", "verify", "--state", "year").stdout.startswith("verified: 21 ")
    assert "(simulated)" in desk.run("programme", "show", "--state", "year").stdout
    desk.run("report", "build", "--state", "year")
    made = Simulated(desk.place / "year")
    for table in ("T0", "T1", "T2", "T3", "TM"):
        text = desk.run("report", "show", "--state", "year", "--table", table, "--json").stdout
        facts = json.loads(text)
        assert facts["simulated"] is True
        cells = [(one["period"], one["cell"]) for one in facts["rows"]]
        assert cells == list(made.truth(table))
    (page,) = [path for path in desk.place.iterdir() if path.suffix == ".html"]
    assert "Simulated" in page.read_text("utf-8")


def test_the_options_are_those_of_the_plan(simulate, desk):
    simulate(
        *("--headcount", 1000, "--offices", 4, "--weeks", 20, "--rate", 0.5, "--seed", 3),
        *("--training-week", "2026-W10", "--effect", -1, "-o", "half"),
    )
    made = Simulated(desk.place / "half")
    weeks = made.truth("T0")
    assert all(380 < weeks[f"2026-W{week:02}", "total"] < 620 for week in range(1, 11))
    assert all(weeks[f"2026-W{week:02}", "total"] == 0 for week in range(11, 21))
    frame = made.reader.frames()["2026-Q1"]
    assert (frame.heads, [one.heads for one in frame.offices]) == (1000, [250] * 4)
    with Store.readonly(desk.place / "half" / NAME) as store:
        training = next(one for one in store.activities() if one.kind == "trained")
    assert training.first.isoformat() == "2026-03-02"  # the Monday of 2026-W10


def test_without_a_training_there_is_no_effect(simulate, desk):
    truth = []
    for number, words in enumerate(([], ["--effect", 0])):
        simulate("--weeks", 4, *words, "-o", f"made-{number}")
        truth.append(Simulated(desk.place / f"made-{number}").truth("T0"))
    assert truth[0] == truth[1]
    assert all(truth[0].values())


def test_the_seed_fixes_the_visits_and_not_the_noise(simulate, desk):
    made = []
    for number, seed in enumerate((5, 5, 6)):
        simulate("--weeks", 13, "--seed", seed, "-o", f"made-{number}")
        made.append(Simulated(desk.place / f"made-{number}"))
    first, again, other = (one.truth("T0") for one in made)
    assert first == again != other
    values = [[row.value for row in one.reader.rows("T0")] for one in made]
    assert values[0] != values[1]  # 13 draws: the same once in 10^10


def test_given_visits_are_replayed(simulate, desk):
    (desk.place / "seen.csv").write_text(
        HEAD
        + "2026-01-06T14:03:00,10.1.0.1,backpage.com\n"
        + "2026-01-06T15:03:00,10.1.0.1,www.backpage.com\n"
        + "2026-01-06 15:03,10.2.0.1,BACKPAGE.com.\n"
        + "2026-01-05T09:00,10.1.0.1,backpage.com\n"
        + "2026-01-05T09:00,10.1.0.2,example.com\n"
    )
    ended = simulate("--visits", "seen.csv", "--weeks", 13, "-o", "replay")
    assert ended.stdout.startswith("simulated: 5 visits in 13 weeks, ")
    made = Simulated(desk.place / "replay")
    assert made.counted("T0") == {("2026-W02", "total"): 3}
    assert made.counted("T2") == {("2026-Q1", "12-16"): 2, ("2026-Q1", "08-12"): 1}
    assert made.counted("T3") == {("2026-Q1", "office-1"): 2, ("2026-Q1", "office-2"): 1}


@pytest.mark.parametrize("headcount", [1, 30, 100, 300, 3000])
def test_an_organisation_of_any_size(simulate, desk, headcount):
    simulate("--headcount", headcount, "--weeks", 1, "-o", "week")
    text = desk.run("counts", "status", "--state", "week").stdout
    assert f"headcount {headcount:,}" in text
    assert desk.run("report", "show", "--state", "week").stdout.startswith("T0 organisation")


def test_two_hundred_offices(simulate, desk):
    simulate("--headcount", 3000, "--offices", 200, "--weeks", 1, "-o", "week")
    status = json.loads(desk.run("counts", "status", "--state", "week", "--json").stdout)
    assert len(status["offices"]) == 200


def test_an_empty_folder_is_filled(simulate, desk):
    (desk.place / "year").mkdir()
    simulate("--weeks", 1, "-o", "year")
    assert "counts.db" in left(desk.place / "year")
    assert left(desk.place) == ["year"]


# What is refused.


def test_limits_are_those_of_the_simulation():
    assert (command.HEADS, command.OFFICES, command.WEEKS, command.RATE) == (
        visits.MOST_HEADS,
        visits.MOST_OFFICES,
        visits.MOST_WEEKS,
        visits.MOST_RATE,
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Missing option '-o'"),
        (["--headcount", 0], "'--headcount': 0 is not in the range"),
        (["--offices", 0], "'--offices': 0 is not in the range"),
        (["--offices", 201], "'--offices': 201 is not in the range"),
        (["--weeks", 0], "'--weeks': 0 is not in the range"),
        (["--rate", -0.1], "'--rate': -0.1 is not in the range"),
        (["--rate", "nan"], "'--rate': nan is no number"),
        (["--rate", "inf"], "'--rate': inf is not in the range"),
        (["--effect", -1.1], "'--effect': -1.1 is not in the range"),
        (["--effect", "nan"], "'--effect': nan is no number"),
        (["--effect", -0.4], "--effect is that of a training: name its --training-week, too"),
        (["--seed", -1], "'--seed': -1 is not in the range"),
        (["--headcount", 4, "--offices", 5], "--offices: there are more offices than people"),
        (
            ["--headcount", 200_000, "--offices", 3],
            "--offices: an office has addresses for 64,000 people; say more offices",
        ),
        (["--weeks", 10, "--training-week", "11"], "11 is none of the 10 simulated weeks; write"),
        (["--training-week", "0"], "0 is none of the 53 simulated weeks; write 26 or 2026-W26"),
        (["--training-week", "2025-W52"], "2025-W52 is none of the 53 simulated weeks"),
        (["--training-week", "2026-Q2"], "2026-Q2 is none of the 53 simulated weeks"),
        (["--training-week", "2026"], "2026 is none of the 53 simulated weeks"),
        (["--training-week", ""], " is none of the 53 simulated weeks"),
        (
            ["--training-week", 3, "--rate", 3, "--effect", 1],
            "--effect: the rate after the training would be more than 5.25 device-days",
        ),
    ],
)
def test_wrong_use_is_told(refusal, words, sentence):
    where = ["-o", "year"] if words else []
    assert sentence in refusal(*words, *where, code=2)


def test_a_folder_that_cannot_be_made_is_refused(refusal, desk):
    (desk.place / "full").mkdir()
    (desk.place / "full/notes.txt").write_text("mine")
    (desk.place / "file").touch()
    long = "x" * 250
    refusals = {
        "full": "full: is not empty; name a new folder with -o",
        "file": "file: is no folder; name a new one with -o",
        "file/year": "file/year: cannot be made or used (",
        ".": ".: is not empty",
        long: f"{long}: cannot be made or used (File name too long)",
        "/proc/self/year": "/proc/self/year: cannot be made or used (",
    }
    for folder, sentence in refusals.items():
        assert refusal("--weeks", 1, "-o", folder).startswith(sentence)
    assert (desk.place / "full/notes.txt").read_text() == "mine"


def test_wrong_lines_of_visits_are_told_by_number(refusal, desk):
    right = "2026-01-05T14:03,10.1.0.1,backpage.com\n"
    (desk.place / "seen.csv").write_text(HEAD + right + "noon,10.1.0.1,a.example\n" + right)
    assert refusal("--visits", "seen.csv", "-o", "year").splitlines() == [
        "seen.csv: line 3: at is no time; write 2026-01-05T14:03:00, in the local time",
        "seen.csv: nothing was replayed: 1 of 3 visits are wrong",
    ]
    late = "2026-01-12T14:03,10.1.0.1,backpage.com\n"
    (desk.place / "seen.csv").write_text(HEAD + late)
    told = refusal("--visits", "seen.csv", "--weeks", 2, "-o", "year")
    assert told.startswith("seen.csv: line 2: at lies outside 2025-12-29 to 2026-01-11; see --wee")
    assert refusal("--visits", "none.csv", "-o", "year").startswith("none.csv: cannot be read (")


# Processes of their own: a full disk, a kill.


def begun(desk, compiled, *words, **more):
    """The command as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "blockfilter", "simulate", *map(str, words)],
        cwd=desk.place,
        env=os.environ | {"XDG_STATE_HOME": str(compiled), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_a_full_disk_leaves_nothing(simulate, desk, compiled):
    simulate("--weeks", 1, "-o", "before")  # so that the list is compiled

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (48 << 10, 48 << 10))

    process = begun(desk, compiled, "--weeks", 53, "-o", "year", preexec_fn=small)
    output, problem = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (1, "")
    assert problem.startswith("blockfilter: ")
    assert "cannot be" in problem
    assert problem.count("\n") == 1
    assert left(desk.place) == ["before"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_simulation_that_is_ended_leaves_no_folder_half_made(simulate, desk, compiled, how):
    simulate("--weeks", 1, "-o", "before")
    process = begun(desk, compiled, "--weeks", 520, "-o", "year", "--rate", 1)
    deadline = time.monotonic() + PATIENCE
    while left(desk.place) == ["before"]:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    hidden = [name for name in left(desk.place) if name.startswith(".year.simulating-")]
    assert left(desk.place) == sorted([*hidden, "before"])
    assert len(hidden) == (1 if how is signal.SIGKILL else 0)
    simulate("--weeks", 1, "-o", "year")  # the next one removes what a killed one left
    assert left(desk.place) == ["before", "year"]
