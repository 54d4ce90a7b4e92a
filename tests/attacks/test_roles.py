"""Attack 16: be somebody else on the machine; take the backup; alter what is on record.

Another account, as the dashboard's, tries every file and directory of a running server, alone and as a
member of its group. The backup is made as the deployment's README says and searched for what may not
be in it. Each line of the audit chain is altered, and dropped, the last one too: `counts verify` must
say so. A build whose directories all may read gives its sums and the sizes of its hits away.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from blockfilter.counts import verify
from tests.attacks.living import (
    CONFIG,
    DAY,
    MONDAY,
    ask_from,
    begin,
    keep,
    stopped_at_the_end,
)
from tests.counts.world import YEAR
from tests.counts.world import World as Counted
from tests.world import ROOT, World, run

NOBODY = 65534
CLIENTS = [f"127.60.0.{number}" for number in range(1, 31)]
READ, DENIED = "read", errno.errorcode[errno.EACCES]
# What a member of the group may read in the state directory: published, or facts of the service.
SHARED = {"counts.db", "programme.db", "status.json", "policy", "counts.db-journal"}
SECRET = {"accumulators.db", "accumulators.db-journal", "epochs.json"}

pytestmark = pytest.mark.timeout(180)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


class Place:
    """A server whose directories lie where another account could come to them, were it let in."""

    def __init__(self, world: World, planted: str = "") -> None:
        self.path = Path(tempfile.mkdtemp())
        self.path.chmod(0o755)
        self.state, self.runtime = self.path / "state", self.path / "runtime"
        environment = {"PLANTED": f"tests.attacks.{planted}"} if planted else {}
        options = ["--state", str(self.state), "--runtime", str(self.runtime)]
        self.server = world.prepare(*options, config=CONFIG, environment=environment)
        self.server.state, self.server.runtime = self.state, self.runtime
        self.server.set_clock(MONDAY - DAY)

    @contextlib.contextmanager
    def running(self, *, counting: bool) -> Iterator["Place"]:
        """It has hits of the day, and may count them: its week has begun then."""
        try:
            with stopped_at_the_end(self.server):
                self.server.start()
                if counting:
                    keep(self.server, "programme", "init", "--name", "Example",
                         "--headcount", "1200", "--date", "2026-11-01")  # fmt: skip
                    begin(self.server)
                ask_from(self.server, CLIENTS)
                self.server.hits(*CLIENTS)
                yield self
        finally:
            shutil.rmtree(self.path)

    def everything(self) -> list[Path]:
        """Its directories and all in them."""
        folders = (self.state, self.runtime)
        return [*folders, *(path for one in folders for path in one.rglob("*"))]


def attempt(path: Path) -> str:
    """What comes of reading a file or listing a directory."""
    try:
        list(path.iterdir()) if path.is_dir() else path.read_bytes()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return READ


def attempts(paths: Sequence[Path], groups: Sequence[int] = ()) -> dict[Path, str]:
    """What comes of it for somebody else, with these groups."""
    reader, writer = os.pipe()
    if not os.fork():
        with contextlib.suppress(BaseException):  # a child has nobody else to tell
            os.setgroups(list(groups))
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writer, json.dumps([attempt(path) for path in paths]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        said = json.loads(file.read())
    os.wait()
    return dict(zip(paths, said, strict=True))


@pytest.fixture(scope="module")
def product(world: World) -> Iterator[Place]:
    with Place(world).running(counting=True) as place:
        yield place


@as_root
def test_somebody_else_can_read_nothing(product: Place) -> None:
    found = attempts(product.everything())
    assert set(found.values()) <= {DENIED, "ENOENT"}  # a journal may have been moved meanwhile
    assert found[product.runtime] == found[product.state] == DENIED


@as_root
def test_a_member_of_the_group_can_read_what_is_published_and_no_more(product: Place) -> None:
    product.state.chmod(0o750)
    try:
        found = attempts(product.everything(), [os.getegid()])
    finally:
        product.state.chmod(0o700)
    readable = {path for path, end in found.items() if end == READ}
    within = {path.relative_to(product.state).parts[0] for path in readable - {product.state}}
    assert {"counts.db", "programme.db"} <= within <= SHARED
    for name in SECRET:
        assert found[product.state / name] == DENIED
    assert found[product.runtime] == found[product.runtime / "day.key"] == DENIED


def test_the_modes_of_all_files_say_the_same(product: Place) -> None:
    """For those who run this as no root."""
    for path in product.everything():
        with contextlib.suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
            hidden = path.is_relative_to(product.runtime) or path.name in SECRET
            assert not (hidden or path == product.state) or not mode & 0o077, path.name


@as_root
def test_a_build_with_open_directories_is_read(world: World) -> None:
    with Place(world, "planted_open").running(counting=False) as place:
        found = attempts(place.everything())
        assert found[place.runtime] == found[place.state] == READ


# The backup.


def documented() -> dict[str, str]:
    """What the deployment's README says of each file: whether it is backed up."""
    text = (ROOT / "deploy/README.md").read_text()
    table = text.partition("| back it up? |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    return {
        name.rstrip("/"): said.strip()
        for names, said in rows
        for name in re.findall(r"`…/([^`]*)`", names)
    }


@pytest.fixture(scope="module")
def backup(product: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made as the README says, while the server runs."""
    made = tmp_path_factory.mktemp("backup")
    for name in [one for one, said in documented().items() if said.startswith("yes")]:
        with (
            contextlib.closing(sqlite3.connect(product.state / name)) as source,
            contextlib.closing(sqlite3.connect(made / name)) as copy,
        ):
            source.backup(copy)
    return made


def test_the_readme_speaks_of_every_file_and_takes_two(product: Place, backup: Path) -> None:
    said = documented()
    assert {path.name for path in backup.iterdir()} == {"counts.db", "programme.db"}
    assert said["accumulators.db"].startswith("**never**")
    assert said["epochs.json"].startswith("**never**")
    there = {path.name.removesuffix("-journal") for path in product.state.iterdir()}
    assert there - {"counts.lock", "status.tmp"} == set(said)


def test_no_token_no_key_and_no_open_sum_is_in_the_backup(product: Place, backup: Path) -> None:
    octets = b"".join(path.read_bytes() for path in backup.iterdir())
    forms = [product.server.token(client) for client in CLIENTS]
    forms.append((product.runtime / "day.key").read_bytes())
    assert not [form for form in forms if form in octets or form.hex().encode() in octets]
    assert not [client for client in CLIENTS if client.encode() in octets]
    with contextlib.closing(sqlite3.connect(backup / "counts.db")) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        assert database.execute("SELECT count(*) FROM releases").fetchone() == (0,)
    assert not tables & {"cells", "days", "seen", "hits"}


def test_a_restored_backup_is_verified(product: Place, backup: Path) -> None:
    done = run("counts", "verify", "--state", str(backup), place=product.server.place)
    assert (done.returncode, done.stdout[:8]) == (0, "verified")


# The audit chain.


def alterations(database: sqlite3.Connection) -> Iterator[str]:
    """Each line of the chain altered, and dropped."""
    rows = database.execute("SELECT number, line FROM audit ORDER BY number").fetchall()
    assert len(rows) > 10
    for number, line in rows:
        at = re.search(r"\d(?=\D*$)", line)
        assert at
        other = line[: at.start()] + str((int(at[0]) + 1) % 10) + line[at.end() :]
        yield f"UPDATE audit SET line = '{other}' WHERE number = {number}"
        yield f"DELETE FROM audit WHERE number = {number}"


def test_one_altered_or_dropped_line_is_found(quick: Path) -> None:
    world = Counted(quick / "two weeks")
    world.begin(YEAR)
    world.live(YEAR, YEAR + 13 * DAY, devices=5)
    ledger, state = world.state / "counts.db", quick / "altered"
    assert verify.faults(world.state) == []
    state.mkdir()
    with contextlib.closing(sqlite3.connect(ledger)) as database:
        changes = list(alterations(database))
    for change in changes:
        shutil.copy(ledger, state)
        with contextlib.closing(sqlite3.connect(state / "counts.db")) as database:
            database.execute(change)
            database.commit()
        assert verify.faults(state), change
    done = run("counts", "verify", "--state", str(state), place=quick)
    assert done.returncode == 1, "the chain's last line was dropped"
    assert "audit" in done.stdout
