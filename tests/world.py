"""A running blockfilter, seen from where people stand: its clients, its administrator, its upstream.

A `World` has an upstream that knows what a test tells it (`Zone`) and starts servers: real child
processes with directories of their own, asked over real sockets (see tests.client).
A server that leaves a traceback in its log, or does not end cleanly, fails the test that used it.
"""

import contextlib
import fcntl
import itertools
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple, Self

from tests.client import PATIENCE, Address, Client
from tests.fakes import Received, Script, ScriptedUpstream, Step, addressed

ROOT = Path(__file__).parents[1]
LISTED = """\
# What every server of the story has on its own list, beside the curated one.
listed.example            # the name and all below it
dot.pair.example
humantraffickinghotline.org
0.0.0.0 exact.example     # a hosts line: this name alone
0.0.0.0 www.polarisproject.org
"""


class Hit(NamedTuple):
    """A row of the table `hits`."""

    day: str
    hour: int
    office: str
    category: str
    mode: str
    token: bytes


class Zone:
    """What the upstream knows: a script for each name; any other name has the address 192.0.2.1."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._otherwise = addressed()

    def __setitem__(self, name: str, script: Script) -> None:
        self._scripts[name.lower()] = script

    def __call__(self, query: Received) -> Iterable[Step]:
        return self._scripts.get(query.name.lower(), self._otherwise)(query)


class Server(Client):
    """`blockfilter serve` in a process of its own, with `place` for all its files."""

    def __init__(
        self,
        place: Path,
        runtime: Path,
        options: Sequence[str],
        environment: Mapping[str, str],
        address: Address,
    ) -> None:
        super().__init__(address)
        self.place, self.runtime, self.state = place, runtime, place / "state"
        self.config = place / "blockfilter.toml"
        self.inherits: Sequence[socket.socket] = ()  # what systemd would hand over
        self.clock = place / "clock"  # where there is one, see tests.clocked
        self._options, self._environment = options, environment
        self._lines: list[str] = []
        self._told = threading.Condition()

    def start(self) -> None:
        """Start; returns when the server says that it is ready."""
        self.launch()
        self.wait_for_log("ready:")

    def launch(self) -> None:
        """Start, and wait for nothing."""
        self._lines.clear()
        clocked = ["tests.clocked", str(self.clock)] if self.clock.exists() else ["blockfilter"]
        command = [sys.executable, "-m", *clocked, "serve", *self._options]
        given = [fcntl.fcntl(one, fcntl.F_DUPFD, 50) for one in self.inherits]
        if given:  # the first must be 3, and LISTEN_PID the server's own
            moves = " ".join(f"{3 + at}<&{fd}" for at, fd in enumerate(given))
            told = f"export LISTEN_FDS={len(given)} LISTEN_PID=$$"
            command = ["bash", "-c", f'exec {moves}; {told}; exec "$@"', "serve", *command]
        self.process = subprocess.Popen(
            command,
            cwd=self.place,
            env=dict(self._environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            pass_fds=given,
        )
        for fd in given:
            os.close(fd)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._told:
                self._lines.append(line)
                self._told.notify_all()
        with self._told:
            self._told.notify_all()

    def set_clock(self, moment: datetime) -> None:
        """Move its wall clock, from before its start on; it runs on from there."""
        draft = self.clock.with_suffix(".new")
        draft.write_text(repr(moment.timestamp() - time.time()))
        draft.replace(self.clock)

    @property
    def log(self) -> str:
        """All that was written to stdout and stderr since the start."""
        return "".join(list(self._lines))

    def wait_for_log(self, *texts: str, after: int = 0) -> str:
        """The first line after the line number `after` that contains one of `texts`."""

        def found() -> str | None:
            return next((one for one in self._lines[after:] if any(t in one for t in texts)), None)

        with self._told:
            self._told.wait_for(lambda: found() or not self._reader.is_alive(), PATIENCE)
            line = found()
        assert line, f"none of {texts} in the log:\n{self.log}"
        return line

    def reload(self) -> bool:
        """SIGHUP; whether the new policy came into force."""
        lines = len(self._lines)
        self.process.send_signal(signal.SIGHUP)
        return "policy reloaded" in self.wait_for_log(
            "policy reloaded", "reload failed", after=lines
        )

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.ended()

    def kill(self) -> None:
        """SIGKILL to the whole process group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.ended()

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        try:
            self.process.wait(PATIENCE)
            return self.process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"the server did not end:\n{self.log}") from None
        finally:
            self.process.wait()
            self._reader.join(PATIENCE)
            assert self.process.stdout
            self.process.stdout.close()

    def token(self, client: str) -> bytes:
        """What a hit of `client` must be stored under today."""
        key = (self.runtime / "day.key").read_bytes()
        return blake2b(ip_address(client).packed, key=key, digest_size=16).digest()

    def stored(self) -> list[Hit]:
        """The rows that are in the store now."""
        rows: list[Hit] = []
        for path in sorted(self.runtime.glob("hits-*.db")):
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                columns = "day, hour, office, category, mode, token"
                rows += (Hit(*row) for row in db.execute(f"SELECT {columns} FROM hits"))
        return rows

    def hits(self, *clients: str) -> list[Hit]:
        """The stored rows as soon as there are some of each of `clients`."""

        def there() -> bool:
            with contextlib.suppress(sqlite3.OperationalError):  # being created, or locked
                tokens = {row.token for row in self.stored()}
                return all(self.token(client) in tokens for client in clients)
            return False

        wait_until(there, "a hit of each client in the store")
        return self.stored()

    def hits_of(self, client: str) -> list[Hit]:
        """The stored rows of `client`, as soon as there are some."""
        token = self.token(client)
        return [row for row in self.hits(client) if row.token == token]

    def memory(self) -> int:
        """Resident octets."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(one.split()[1]) * 1024 for one in lines if one.startswith("VmRSS"))

    def descriptors(self) -> int:
        """Open files and sockets."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class World:
    """An upstream and the servers that forward to it."""

    def __init__(self, place: Path) -> None:
        self.zone = Zone()
        self.upstream = ScriptedUpstream(self.zone)
        self._place = place
        self._numbers = itertools.count(1)
        self._fast = Path(tempfile.mkdtemp(dir=_memory()))
        self._warm = place / "warm"
        self.listed = place / "listed.txt"
        self.listed.write_text(LISTED)

    def __enter__(self) -> Self:
        self.upstream.start()
        with self.server() as first:  # its compiled policy spares the others a second each
            pass
        fresh = shutil.ignore_patterns("epochs.json")  # each has a runtime directory of its own
        shutil.copytree(first.state, self._warm, ignore=fresh)
        return self

    def __exit__(self, *_: object) -> None:
        self.upstream.stop()
        shutil.rmtree(self._fast)

    def fresh(self, below: str = "example.") -> str:
        """A name nobody has used so far."""
        return f"n{next(self._numbers)}.{below}"

    def asked(self, name: str) -> list[Received]:
        """What came to the upstream about `name`."""
        return [one for one in list(self.upstream.received) if one.name.lower() == name.lower()]

    @contextlib.contextmanager
    def server(self, *options: str, **settings: object) -> Iterator[Server]:
        """A server that is ready, and is stopped in the end; see `prepare` for the settings."""
        server = self.prepare(*options, **settings)  # type: ignore[arg-type]
        try:
            server.start()
            yield server
        finally:
            running = server.process.poll() is None
            code = server.stop() if running else server.ended()
        assert "Traceback" not in server.log, server.log
        assert not running or code == 0, f"exit code {code}:\n{server.log}"

    def prepare(
        self,
        *options: str,
        config: str | None = None,
        upstreams: Sequence[Sequence[object]] | None = None,
        lists: Sequence[Path] | None = None,
        listen: Sequence[str] | None = None,
        at: str = "127.0.0.1",
        runtime: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Server:
        """A server that is not started yet.

        `listen` may hold "{port}"; without it the server listens at `at`, where it is asked, too.
        An empty one is for sockets that are handed over (`Server.inherits`).
        """
        number = next(self._numbers)
        place, address = self._place / f"server{number}", Address(at, free_port(at))
        place.mkdir()
        if self._warm.exists():
            shutil.copytree(self._warm, place / "state")
        if runtime is None:
            runtime = self._fast / f"server{number}"
            runtime.mkdir(mode=0o700)
        every = [str(address)] if listen is None else listen
        wanted = [one.format(port=address.port) for one in every]
        ups = [self.upstream.address] if upstreams is None else upstreams
        command = ["--state", str(place / "state"), "--runtime", str(runtime), *options]
        command += itertools.chain(*(("--listen", one) for one in wanted))
        command += itertools.chain(*(("--upstream", str(Address(*one))) for one in ups))  # type: ignore[arg-type]
        command += itertools.chain(
            *(("--list", str(one)) for one in ([self.listed] if lists is None else lists))
        )
        if config is not None:
            (place / "blockfilter.toml").write_text(config)
            command += ["--config", str(place / "blockfilter.toml")]
        return Server(place, runtime, command, environ(place, environment or {}), address)


def environ(place: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of an ordinary user whose home is `place`; hits are stored every second."""
    return {
        "PATH": os.defpath,
        "HOME": str(place),
        "TMPDIR": str(place),
        "PYTHONPATH": str(ROOT),
        "BLOCKFILTER_HITS__FOLD_SECONDS": "1",
        "BLOCKFILTER_LOG__LEVEL": "debug",
        **more,
    }


def run(
    *arguments: str, place: Path, text: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command of blockfilter that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "blockfilter", *arguments],
        cwd=place,
        env=environ(place, environment or {}),
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def free_port(host: str = "127.0.0.1") -> int:
    """A port free for both UDP and TCP on every address of the family of `host`.

    It is none that the kernel gives away by itself: it must still be free after a restart.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with (
            contextlib.suppress(OSError),
            socket.socket(family, socket.SOCK_STREAM) as stream,
            socket.socket(family, socket.SOCK_DGRAM) as datagrams,
        ):
            stream.bind(("", port))
            datagrams.bind(("", port))
            return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return as soon as `condition` holds; AssertionError with `what` if that takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def outside_address() -> str | None:
    """An IPv4 address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("10.255.255.255", 9))  # UDP: nothing is sent
        except OSError:
            return None
        host = str(sock.getsockname()[0])
    return None if ip_address(host).is_loopback else host


def has_ipv6() -> bool:
    """Whether ::1 can be listened on."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def _memory() -> str | None:
    """A RAM-backed directory, if there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
