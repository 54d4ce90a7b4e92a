"""Attack 14: lay a badge log, or a camera's, beside what is stored, and find the same moment.

The attacker knows to the second when each person sat down. What is stored must not be that fine: the
hour while the day lasts, the day in the accumulators, the week in what is published. Nor may the order
of rows tell it, as a query gives them or as they lie in the file: if the third row is the third to
come, the badge log names him. A build with a table that has a rowid does just that.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import pytest

from blockfilter.counts import calendar
from blockfilter.counts.calendar import Kind
from blockfilter.counts.database import ACCUMULATORS, COUNTS
from blockfilter.hits import store
from blockfilter.hits.hit import Cell
from blockfilter.hits.pseudonym import TOKEN_SIZE, packed
from blockfilter.hits.recorder import Recorder
from blockfilter.hits.store import Store
from tests.attacks.attacker import rank_correlation
from tests.attacks.organisation import COUNTED_AT, DAY, FIRST, ZONE, Organisation, wide

MET = Cell("escort-ads", "enforced")
BEGIN = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(hours=14, seconds=7)
HITS = f"hits-{FIRST.isoformat()}.db"
UNCORRELATED = 0.1
# Chance makes rho 1/sqrt(devices) wide: 0.1 is then more than four of these, once in 20,000 times.
CROWD = 2000
FEW, DAYS = 20, 90  # devices of an ordinary day, and days that are looked at together


class Watch:
    """The recorder's clock: it stands until somebody comes."""

    def __init__(self) -> None:
        self.now = BEGIN.timestamp()

    def __call__(self) -> float:
        return self.now


def arrivals(place: Path, devices: int, every: int) -> list[bytes]:
    """The tokens of devices in the order they came, within an hour; journals are moved now and then."""
    place.mkdir(exist_ok=True)
    watch = Watch()
    recorder = Recorder(place, ZONE, clock=watch)
    recorder.open()
    clients = [
        f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(devices)
    ]
    for number, client in enumerate(clients, 1):
        watch.now = BEGIN.timestamp() + 3000 * number / devices
        recorder.record(client, MET)
        if number % every == 0 or number == devices:
            recorder.fold(watch.now)
    key = (place / "day.key").read_bytes()
    recorder.close()
    return [blake2b(packed(one), key=key, digest_size=TOKEN_SIZE).digest() for one in clients]


def as_selected(path: Path) -> list[bytes]:
    """Tokens in the order a query gives them."""
    with closing(sqlite3.connect(path)) as connection:
        return [token for (token,) in connection.execute("SELECT token FROM hits NOT INDEXED")]


def as_they_lie(path: Path) -> list[bytes]:
    """Tokens in the order of their places in the file."""
    octets = path.read_bytes()
    return sorted(as_selected(path), key=octets.rfind)


def betrayal(order: Callable[[Path], list[bytes]], path: Path, came: list[bytes]) -> float:
    """How well the order of rows tells that of arrival, in either direction."""
    place = {token: number for number, token in enumerate(order(path))}
    return abs(rank_correlation((place[token], number) for number, token in enumerate(came)))


def mean(place: Path, order: Callable[[Path], list[bytes]]) -> float:
    """The same over many days of few devices, with its sign."""
    total = 0.0
    for number in range(DAYS):
        day = place / str(number)
        came = arrivals(day, FEW, FEW // 4)
        where = {token: at for at, token in enumerate(order(day / HITS))}
        total += rank_correlation((where[token], at) for at, token in enumerate(came))
    return abs(total / DAYS)


def test_the_rows_of_a_crowd_have_no_order_of_arrival(quick):
    came = arrivals(quick, CROWD, CROWD // 10)
    for order in (as_selected, as_they_lie):
        assert betrayal(order, quick / HITS, came) < UNCORRELATED


def test_nor_do_those_of_an_ordinary_day(quick):
    """A few rows lie in one page, which SQLite fills from its end as they come: in the file, too,
    their order must be another one."""
    assert mean(quick, as_they_lie) < UNCORRELATED


def test_a_build_with_a_rowid_tells_the_order_of_arrival(quick, monkeypatch):
    monkeypatch.setattr(store, "_SCHEMA", store._SCHEMA.replace("WITHOUT ROWID, ", ""))
    came = arrivals(quick, CROWD, CROWD // 10)
    assert betrayal(as_selected, quick / HITS, came) > 0.9


def test_devices_of_a_day_come_to_the_close_in_no_order_of_arrival(quick):
    """They are told apart by their hours here: each device has its own."""
    place = quick / "runtime"
    place.mkdir()
    orders = []
    for number in range(90):
        recorder = Recorder(place, ZONE, clock=(watch := Watch()))
        recorder.open()
        for hour in range(20):
            watch.now = BEGIN.timestamp() + (hour - 14) * 3600
            recorder.record(f"127.0.{number}.{hour}", MET)
        recorder.fold(watch.now)
        recorder.close()
        found = [device.enforced[0][0] for device in Store(place).devices(FIRST)]
        orders.append(rank_correlation(enumerate(found)))
        for path in place.iterdir():
            path.unlink()
    assert abs(sum(orders) / len(orders)) < UNCORRELATED


# -- how fine it is ----------------------------------------------------------------------------------

CLOCK = re.compile(r"\d\d:\d\d")
MADE = ("_sqlite_migrations", "applied_at")  # when the file was made


def values(path: Path) -> Iterator[tuple[str, str, object]]:
    """Every value of a database, with its table and column."""
    with closing(sqlite3.connect(path)) as connection:
        select = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        for (table,) in connection.execute(select).fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"')
            columns = [one[0] for one in rows.description]
            for row in rows:
                yield from ((table, *one) for one in zip(columns, row, strict=True))


def with_a_time(path: Path) -> set[tuple[str, str]]:
    """Columns that hold a time of day, or a number that is a moment of that day."""
    start = datetime.combine(FIRST, datetime.min.time(), UTC).timestamp()
    found = set()
    for table, column, value in values(path):
        if isinstance(value, str) and CLOCK.search(value):
            found.add((table, column))
        if isinstance(value, int | float):
            units = (1, 1000, 10**6, 10**9)
            if any(start <= value / unit < start + 86400 for unit in units):
                found.add((table, column))
    return found


@pytest.fixture
def counted(quick: Path) -> Organisation:
    """A week in which three hundred came at known seconds of one hour; its close read real hits."""
    runtime = quick / "runtime"
    arrivals(runtime, 300, 30)
    organisation = Organisation(quick / "state", wide(["escort-ads"]))
    organisation.devices.add(FIRST, Store(runtime).devices(FIRST))
    organisation.live_until(FIRST + 8 * DAY)
    return organisation


def test_hits_are_as_fine_as_an_hour(quick, counted):
    path = quick / "runtime" / HITS
    assert with_a_time(path) == set()
    found = {(column, value) for _, column, value in values(path) if column != "token"}
    assert found == {
        ("day", FIRST.isoformat()),
        ("hour", 14),
        ("office", "elsewhere"),
        ("category", "escort-ads"),
        ("mode", "enforced"),
    }


def test_accumulators_are_as_fine_as_a_day(counted):
    assert with_a_time(counted.state / ACCUMULATORS) == {MADE}


def test_what_is_published_is_as_fine_as_a_week(counted):
    """Only the audit says what time it is: when days were closed, which is the same every night."""
    assert with_a_time(counted.state / COUNTS) == {MADE, ("audit", "line")}
    at = {event["at"][11:] for event in counted.reader().events()}
    assert at == {"00:30:00Z", f"{COUNTED_AT.isoformat()}Z"}
    periods = [calendar.parse(one.period) for one in counted.reader().periods()]
    assert min(period.days for period in periods) == 7
    assert {calendar.parse(one.week).kind for one in counted.reader().coverage()} == {Kind.WEEK}
