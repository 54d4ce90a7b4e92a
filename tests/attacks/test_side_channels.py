"""Attack 13: watch from outside, and guess whether the target was blocked just now.

The target asks either for a listed name or for an open one, as a coin falls. The attacker is another
client, or another account on the machine. He looks at all that can be seen without a right: entries,
sizes and times of the directories and the room they take, the status file, what commands say, the
octets and the TTL of answers, and how long they take. Half of the rounds he learns from, in the other
half he guesses. Builds with a counter in the status, with files that come with the first hit, or
with a memory for blocks that all share are seen through.
"""

import contextlib
import itertools
import json
import math
import random
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from blockfilter.config.load import load
from blockfilter.daemon import status
from blockfilter.daemon.keeping import Keeping
from blockfilter.hits import journal
from blockfilter.hits.hit import Cell
from blockfilter.hits.journal import Journal
from blockfilter.hits.recorder import Recorder
from tests.attacks.attacker import halves
from tests.attacks.living import CONFIG, counting, keep_all, running
from tests.attacks.nights import Night
from tests.client import PATIENCE, query
from tests.counts.world import DAY, YEAR
from tests.policy.rules import blocking, policy, rule
from tests.world import ROOT, Server, World, run

TARGET, ATTACKER = "127.70.0.1", "127.71.0.1"
MINUTES = 100  # half to learn from; few enough that all hits of them fit into one page of the store
NIGHTS = 48
SECONDS = 100  # that a real server is watched, one round each
FEWER = 24  # of one that gives itself away
NAMES = 120  # the target asked for, and as many it did not
RELOADS = 6
CHANCE = 1e-3  # a smaller p-value of Kolmogorov and Smirnov is a difference
TRIES = 3  # an attack must win each time: by chance it does so once in a billion times

pytestmark = pytest.mark.timeout(600)

Raw = dict[str, Any]
Round = tuple[bool, Mapping[str, Hashable]]  # whether the target was blocked, and what was seen


def coins(rounds: int) -> list[bool]:
    """As many of either side, in each half."""
    half = [True, False] * (rounds // 4)
    return [side for _ in range(2) for side in random.SystemRandom().sample(half, len(half))]


def right(rounds: Sequence[Round]) -> float:
    """How often the attacker is right about the second half, by what told most in the first."""
    known, unknown = halves(rounds)
    best = max(known[0][1], key=lambda feature: _right(feature, known, known))
    return _right(best, known, unknown)


def _right(feature: str, known: Sequence[Round], of: Sequence[Round]) -> float:
    meant: dict[Hashable, Counter[bool]] = {}
    for was, seen in known:
        meant.setdefault(seen[feature], Counter())[was] += 1
    usual = Counter(was for was, _ in known)
    guesses = (meant.get(seen[feature], usual).most_common(1)[0][0] == was for was, seen in of)
    return sum(guesses) / len(of)


def blind(rounds: Sequence[Round]) -> bool:
    """Whether he is right as often as a coin, three standard deviations allowed."""
    return abs(right(rounds) - 0.5) <= 3 * 0.5 / math.sqrt(len(rounds) / 2)


def difference(before: Raw, after: Raw, prefix: str = "") -> dict[str, Hashable]:
    """What moved from one look to the next, and numbers by how much."""
    found: dict[str, Hashable] = {}
    for key in after.keys() | before.keys():
        one, other = before.get(key), after.get(key)
        found[f"{prefix}{key} moved"] = one != other
        if isinstance(one, int) and isinstance(other, int) and not key.endswith("time"):
            found[f"{prefix}{key} by"] = other - one
    return found


def outside(state: Path, runtime: Path) -> Raw:
    """What is seen without a right: the directories, and the room that is left where they are.

    Of the state directory a role that may read the figures sees each file's size and time as well.
    """
    seen: Raw = {}
    for name, folder in (("state", state), ("runtime", runtime)):
        found = folder.stat()
        seen |= {f"{name} time": found.st_mtime_ns, f"{name} size": found.st_size}
        seen[f"{name} links"] = found.st_nlink
    for path in (one for one in state.iterdir() if one.is_file()):
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            seen |= {f"{path.name} time": found.st_mtime_ns, f"{path.name} size": found.st_size}
    seen["room"] = 0
    for path in runtime.iterdir():
        with contextlib.suppress(FileNotFoundError):
            seen["room"] += path.stat().st_blocks
    return seen


def said(state: Path) -> Raw:
    """The status file, leaf by leaf."""
    leaves: Raw = {}

    def walk(path: str, value: object) -> None:
        if isinstance(value, Mapping):
            for key, one in value.items():
                walk(f"{path}/{key}", one)
        elif isinstance(value, list):
            for number, one in enumerate(value):
                walk(f"{path}/{number}", one)
        else:
            leaves[path] = value

    walk("status", json.loads((state / status.FILE).read_text()))
    return leaves


# What an account on the machine sees.


def minutes(place: Path) -> list[Round]:
    """A server's work of many minutes, in some of which the target is blocked; what is seen of each."""
    state, runtime = place / "state", place / "runtime"
    for folder in (state, runtime):
        folder.mkdir(0o700, parents=True)
    (place / "config.toml").write_text(CONFIG)
    rules = policy([blocking(rule("subtree", "listed.example"))], ["example"])
    settings = load(place / "config.toml", {}, {"HOME": str(place)})
    keeping = Keeping(settings, state, runtime, lambda: rules.snapshot)
    keeping.open()
    numbers = itertools.count(1)
    seen: list[Round] = []

    def turn() -> None:
        keeping.keep()
        status.write(state, dict(keeping.facts()))

    turn()
    for was in coins(MINUTES):
        client = f"127.70.0.{next(numbers)}"
        before = outside(state, runtime) | said(state)
        if was:
            keeping.recorder.record(client, Cell("escort-ads", "enforced"))
        else:
            keeping.tally.count(1, client)
        at_once = outside(state, runtime) | said(state)
        turn()
        after = outside(state, runtime) | said(state)
        seen.append((was, difference(before, at_once, "at once: ") | difference(before, after)))
    keeping.close()
    return seen


def nights(place: Path) -> list[Round]:
    """What is seen of each night, after days on some of which the target was blocked."""
    night = Night(place)
    night.begin(YEAR)
    seen: list[Round] = []
    for number, was in enumerate(coins(NIGHTS)):
        day = YEAR + number * DAY
        before = outside(night.state, night.runtime)
        noon = night.at(f"{day} 12:00")
        recorder = night.recorder(noon)
        recorder.open()
        if was:
            recorder.record("10.1.0.1", Cell("escort-ads", "enforced"))
        recorder.fold(noon)
        recorder.close()
        night.up(day)
        night.advance(night.due(day))
        seen.append((was, difference(before, outside(night.state, night.runtime))))
    every = set().union(*(one.keys() for _, one in seen))
    return [(was, {key: one.get(key) for key in every}) for was, one in seen]


def test_no_night_tells_whether_somebody_was_blocked_on_the_day(quick):
    assert any(blind(nights(quick / f"{number}")) for number in range(TRIES))


def test_no_entry_size_or_time_tells_whether_somebody_was_blocked(quick):
    assert any(blind(minutes(quick / f"{number}")) for number in range(TRIES))


def test_a_build_whose_files_come_with_a_hit_is_seen_through(quick, monkeypatch):
    rotate = Journal.rotate
    monkeypatch.setattr(Journal, "rotate", lambda self: not self._written or rotate(self))
    assert right(minutes(quick)) == 1


def test_a_build_whose_first_hit_takes_room_is_seen_through(quick, monkeypatch):
    monkeypatch.setattr(journal, "_write_head", lambda _file: None)
    assert right(minutes(quick)) == 1


def test_a_build_with_a_counter_in_its_status_is_seen_through(quick, monkeypatch):
    numbers, record, facts = itertools.count(), Recorder.record, Keeping.facts
    total = [next(numbers)]

    def count(self: Recorder, client: str, cell: Cell) -> None:
        total[0] = next(numbers)
        record(self, client, cell)

    monkeypatch.setattr(Recorder, "record", count)
    monkeypatch.setattr(Keeping, "facts", lambda self: {**facts(self), "blocked_total": total[0]})
    assert right(minutes(quick)) == 1


# What another client, and who runs the commands, is told.


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    with counting(world) as made:
        yield made


@pytest.fixture(scope="module")
def remembering(world: World) -> Iterator[Server]:
    """A weaker build."""
    with running(world, "planted_remembering") as made:
        yield made


def told(server: Server, names: Sequence[str]) -> list[tuple[bytes, ...]]:
    """The octets of answers to another client, over UDP and TCP, behind their ids."""
    answers: list[tuple[bytes, ...]] = []
    for name in names:
        packet = b"\0\1" + query(name).to_wire()[2:]
        with server.stream(ATTACKER) as stream:
            stream.send(packet)
            answers.append((server.octets(packet, source=ATTACKER), stream.receive() or b""))
    return answers


def test_octets_and_ttls_of_answers_and_what_commands_say_do_not_change(server):
    names = [f"n{number}.listed.example" for number in range(5)] + ["www.rubmaps.com", "eccie.net"]

    def commands() -> list[str]:
        health = run("health", "--server", str(server.address), place=server.place)
        asked = ("counts status --json", "report show --table T0 --json", "privacy")
        return [*keep_all(server, asked), health.stdout + health.stderr]

    before, outputs = told(server, names), commands()
    for name in names:
        for tcp in (False, True, False):
            server.ask(name, source=TARGET, tcp=tcp)
    server.hits(TARGET)
    assert told(server, names) == before
    assert commands() == outputs


class Stopwatch:
    """A client that sends prepared packets, and knows how long each answer took."""

    def __init__(self, server: Server, source: str) -> None:
        self._socket = server.datagrams(source)
        self._socket.settimeout(PATIENCE)
        self._packets: dict[str, bytes] = {}  # behind the id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, name: str) -> int:
        """Nanoseconds until the answer."""
        behind = self._packets.get(name)
        if behind is None:
            behind = self._packets[name] = query(name).to_wire()[2:]
        packet = random.randbytes(2) + behind
        began = time.perf_counter_ns()
        self._socket.send(packet)
        self._socket.recv(4096)
        return time.perf_counter_ns() - began


def asked_before(server: Server) -> float:
    """The p-value of a difference between names the target asked for and names nobody did."""
    tag = random.randrange(1 << 40)
    names = [f"x{tag:x}n{number}.listed.example" for number in range(2 * NAMES)]
    asked = set(random.sample(names, NAMES))
    with Stopwatch(server, TARGET) as target, Stopwatch(server, ATTACKER) as attacker:
        for name in names:
            target.ask(name if name in asked else name.replace("listed", "open"))
            attacker.ask("other.listed.example")
        # Each once: then he has asked himself.
        times = {name: attacker.ask(name) for name in random.sample(names, len(names))}
    return smirnov([times[one] for one in names if one in asked],
                   [times[one] for one in names if one not in asked])  # fmt: skip


def sites_since_the_start(server: Server) -> float:
    """The same for sites of the list, of which the target asked since the policy was loaded."""
    yes: list[float] = []
    no: list[float] = []
    for _ in range(RELOADS):
        assert server.reload()
        names = random.sample(listed(), len(listed()))
        asked = set(names[: len(names) // 2])
        with Stopwatch(server, TARGET) as target, Stopwatch(server, ATTACKER) as attacker:
            for name in asked:
                target.ask(name)
            for _ in range(50):
                attacker.ask("other.listed.example")
            for name in random.sample(names, len(names)):
                (yes if name in asked else no).append(attacker.ask(name))
    return smirnov(yes, no)


def listed() -> list[str]:
    """A name of each active site of the curated list."""
    dossiers = (
        tomllib.loads(path.read_text())["site"][0]
        for path in sorted((ROOT / "lists/sites").glob("*.toml"))
    )
    return [one["names"][0] for one in dossiers if one["state"] == "active" and one.get("names")]


def smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """The p-value of the two-sample test of Kolmogorov and Smirnov, by its asymptotic law."""
    both = sorted({*one, *other})
    size = math.sqrt(len(one) * len(other) / (len(one) + len(other)))
    apart = max(abs(_share(one, at) - _share(other, at)) for at in both)
    scale = (size + 0.12 + 0.11 / size) * apart
    tail = 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * scale) ** 2) for k in range(1, 100))
    return min(1.0, tail) if scale > 0.2 else 1.0  # below, the sum has not converged, and it is 1


def _share(values: Sequence[float], at: float) -> float:
    return sum(value <= at for value in values) / len(values)


def differs(attack: Callable[[Server], float], server: Server) -> bool:
    return all(attack(server) < CHANCE for _ in range(TRIES))


@pytest.mark.parametrize("attack", [asked_before, sites_since_the_start])
def test_how_long_a_block_takes_tells_nobody_that_others_asked(server, attack):
    assert not differs(attack, server)


@pytest.mark.parametrize("attack", [asked_before, sites_since_the_start])
def test_a_build_that_remembers_for_all_is_seen_through(remembering, attack):
    assert differs(attack, remembering)


# A real server, second by second.


def seconds(server: Server, rounds: int) -> list[Round]:
    """What is seen of each second of a server that moves its hits once a second."""
    seen = []
    probe = "probe.listed.example"
    with Stopwatch(server, ATTACKER) as attacker:
        for was in coins(rounds):
            before = outside(server.state, server.runtime) | said(server.state)
            name = f"x{random.randrange(1 << 40):x}.{'listed' if was else 'open'}.example"
            server.ask(name, source=f"127.70.{random.randrange(250)}.{random.randrange(1, 250)}")
            at_once = outside(server.state, server.runtime) | said(server.state)
            quickest = min(attacker.ask(probe) for _ in range(5)) // 10_000
            time.sleep(1.05)
            after = outside(server.state, server.runtime) | said(server.state)
            looks = difference(before, at_once, "at once: ") | difference(before, after)
            seen.append((was, looks | {"latency": quickest}))
    every = set().union(*(one.keys() for _, one in seen))
    return [(was, {key: one.get(key) for key in every}) for was, one in seen]


@pytest.mark.statistical
def test_no_second_of_a_server_tells_whether_somebody_was_blocked(server):
    assert any(blind(seconds(server, SECONDS)) for _ in range(2))


@pytest.mark.statistical
def test_a_server_with_a_counter_in_its_status_is_seen_through(world):
    with running(world, "planted_counter") as weak:
        assert right(seconds(weak, FEWER)) > 0.9
