"""A server killed at any instant has lost no hit whose answer it sent, and doubled none."""

import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blockfilter.hits.hit import Cell
from tests.faults.killing import BLOCKFILTER, ROOT, Lane, Verdict
from tests.faults.load import IN_FLIGHT, Kind, kinds

LANES = 3  # a start is the work of a core, so more lanes than cores gain nothing
KILLS = 200  # under load; those during a start come on top
PLANTED_KILLS = 6
EACH = 2  # sites of a category
HERE = Path(__file__).parent
RAM = Path("/dev/shm")

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """RAM-backed where there is such a thing: what a server should use, and faster."""
    if not RAM.is_dir():
        yield tmp_path
        return
    path = Path(tempfile.mkdtemp(dir=RAM))
    yield path
    shutil.rmtree(path)


def listed() -> list[Kind]:
    """Names of the curated list, two a category, and the cells they are recorded in."""
    blocked: dict[str, Cell] = {}
    monitored: dict[str, Cell] = {}
    taken: Counter[tuple[str, str]] = Counter()
    for file in sorted((ROOT / "lists/sites").glob("*.toml")):
        (site,) = tomllib.loads(file.read_text())["site"]
        mode = {"active": "enforced", "disputed": "monitored"}.get(site["state"])
        if not mode or not site.get("names") or taken[site["category"], mode] == EACH:
            continue
        taken[site["category"], mode] += 1
        found = blocked if mode == "enforced" else monitored
        found[site["names"][0]] = Cell(site["category"], mode)
    assert len(blocked) > 5
    assert monitored
    return kinds(blocked, monitored)


def run(command: tuple[str, ...], place: Path, kills: int, lanes: int) -> list[Verdict]:
    every = listed()

    def lane(number: int) -> Verdict:
        return Lane(100 + number, command, place / f"{number}", every).run(-(-kills // lanes))

    with ThreadPoolExecutor(lanes) as pool:
        return list(pool.map(lane, range(lanes)))


def planted(name: str, place: Path) -> Iterator[Verdict]:
    """Verdicts on a planted build, a few kills each: most are condemned by the first."""
    for attempt in range(3):
        command = (sys.executable, str(HERE / name))
        for verdict in run(command, place / f"{attempt}", PLANTED_KILLS, lanes=2):
            assert len(verdict.account.answered) > PLANTED_KILLS
            yield verdict


def test_200_kills_lose_no_hit_double_none_and_keep_every_token(place):
    verdicts = run(BLOCKFILTER, place, KILLS, LANES)
    for verdict in verdicts:
        assert not verdict.lost
        assert not verdict.doubled
        assert not verdict.unknown
        assert verdict.keys == 1
        assert verdict.stored >= len(verdict.account.answered)
    in_flight = [number for verdict in verdicts for number in verdict.account.in_flight]
    assert len(in_flight) >= KILLS
    assert set(in_flight) == {IN_FLIGHT}
    assert sum(len(verdict.account.answered) for verdict in verdicts) > KILLS * IN_FLIGHT / 2


def test_a_build_that_journals_after_the_answer_is_caught(place):
    assert any(verdict.lost for verdict in planted("planted_late.py", place))


def test_a_build_that_buffers_is_caught(place):
    assert any(verdict.lost for verdict in planted("planted_buffered.py", place))


def test_a_build_that_keeps_its_key_in_memory_is_caught(place):
    assert any(verdict.unknown for verdict in planted("planted_keyless.py", place))
