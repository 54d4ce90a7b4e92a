"""A running blockfilter, seen from where people stand: its clients, its administrator, its upstream.

A `World` has an upstream that knows what a test tells it (`Zone`) and starts servers: real child
processes with directories of their own. A server is asked over real sockets from any loopback
address, with dnspython for a client, so that no octet is judged by the code that made it.
A server that leaves a traceback in its log, or does not end cleanly, fails the test that used it.
"""

import contextlib
import itertools
import os
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
from hashlib import blake2b
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple, Self

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from tests.fakes import Received, Script, ScriptedUpstream, Step, addressed

ROOT = Path(__file__).parents[1]
PATIENCE = 20.0  # seconds anything may take on a busy machine before the test fails
LISTED = """\
# What every server of the story has on its own list, beside the curated one.
listed.example            # the name and all below it
dot.pair.example
humantraffickinghotline.org
0.0.0.0 exact.example     # a hosts line: this name alone
0.0.0.0 www.polarisproject.org
"""


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


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


class Stream:
    """A TCP connection to a server."""

    def __init__(self, address: Address, source: str | None) -> None:
        self.socket = socket.create_connection(
            address, PATIENCE, (source, 0) if source is not None else None
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *packets: bytes) -> None:
        """The packets, each behind its length, in one write."""
        self.socket.sendall(b"".join(len(one).to_bytes(2, "big") + one for one in packets))

    def receive(self, seconds: float = PATIENCE) -> bytes | None:
        """The next message; None if the server closed. TimeoutError if neither happens."""
        self.socket.settimeout(seconds)
        while len(self._buffer) < 2 or len(self._buffer) < 2 + int.from_bytes(self._buffer[:2]):
            try:
                octets = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not octets:
                return None
            self._buffer += octets
        end = 2 + int.from_bytes(self._buffer[:2])
        message, self._buffer = self._buffer[2:end], self._buffer[end:]
        return message

    def ends(self, seconds: float) -> bool:
        """Whether the server closes within `seconds` without sending anything."""
        try:
            return self.receive(seconds) is None
        except TimeoutError:
            return False


def query(  # noqa: PLR0913 - a query has that many parts
    name: str | dns.name.Name,
    rdtype: str = "A",
    *,
    edns: bool = True,
    payload: int = 1232,
    options: Sequence[dns.edns.Option] = (),
    flags: str = "RD",
    do: bool = False,
) -> dns.message.QueryMessage:
    """A query as stubs send it: `flags` of the header in text, `do` for DNSSEC records."""
    message = dns.message.make_query(name, rdtype)
    message.flags = dns.flags.from_text(flags)
    if edns:
        message.use_edns(0, dns.flags.DO if do else 0, payload, options=list(options))
    return message


class Client:
    """Asks one server, from whatever address it is told."""

    def __init__(self, address: Address) -> None:
        self.address = address

    def send(
        self,
        message: dns.message.Message,
        *,
        tcp: bool = False,
        source: str | None = None,
        seconds: float = PATIENCE,
    ) -> dns.message.Message:
        """The response to `message`; dnspython checks id, question and form."""
        host, port = self.address
        if tcp:
            return dns.query.tcp(message, host, seconds, port, source=source)
        return dns.query.udp(message, host, seconds, port, source=source)

    def ask(  # noqa: PLR0913 - see query
        self,
        name: str | dns.name.Name,
        rdtype: str = "A",
        *,
        tcp: bool = False,
        source: str | None = None,
        seconds: float = PATIENCE,
        edns: bool = True,
        payload: int = 1232,
        options: Sequence[dns.edns.Option] = (),
        flags: str = "RD",
        do: bool = False,
    ) -> dns.message.Message:
        """The response to a question."""
        message = query(
            name, rdtype, edns=edns, payload=payload, options=options, flags=flags, do=do
        )
        return self.send(message, tcp=tcp, source=source, seconds=seconds)

    def octets(
        self, packet: bytes, *, source: str | None = None, seconds: float = PATIENCE
    ) -> bytes:
        """The datagram that comes back for `packet`."""
        with self.datagrams(source) as sock:
            sock.settimeout(seconds)
            sock.send(packet)
            return sock.recv(65535)

    def keeps_silent(self, packet: bytes) -> bool:
        """Whether `packet` is not answered: what is asked after it is answered, and nothing else."""
        last = query("listed.example").to_wire()
        with self.datagrams() as sock:
            sock.settimeout(PATIENCE)
            sock.send(packet)
            sock.send(last)
            if sock.recv(65535)[:2] != last[:2]:
                return False
            sock.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                return not sock.recv(65535)
        return True

    def datagrams(self, source: str | None = None) -> socket.socket:
        """A UDP socket connected to the server."""
        family = socket.AF_INET6 if ":" in self.address.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        if source is not None:
            sock.bind((source, 0))
        sock.connect(self.address)
        return sock

    def stream(self, source: str | None = None) -> Stream:
        """A TCP connection to the server."""
        return Stream(self.address, source)


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
        command = [sys.executable, "-m", "blockfilter", "serve", *self._options]
        self.process = subprocess.Popen(
            command,
            cwd=self.place,
            env=dict(self._environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
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
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"the server did not end:\n{self.log}") from None
        self._reader.join(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()
        return code

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
        shutil.copytree(first.state, self._warm)
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
            code = server.stop() if running else server.process.returncode
        assert "Traceback" not in server.log, server.log
        assert not running or code == 0, f"exit code {code}:\n{server.log}"

    def prepare(  # noqa: PLR0913 - as many as there are things to set
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
        """
        number = next(self._numbers)
        place, address = self._place / f"server{number}", Address(at, free_port(at))
        place.mkdir()
        if self._warm.exists():
            shutil.copytree(self._warm, place / "state")
        if runtime is None:
            runtime = self._fast / f"server{number}"
            runtime.mkdir(mode=0o700)
        wanted = [one.format(port=address.port) for one in listen or [str(address)]]
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
    """A port free for both UDP and TCP on every address of the family of `host`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with (
            socket.socket(family, socket.SOCK_STREAM) as stream,
            socket.socket(family, socket.SOCK_DGRAM) as datagrams,
        ):
            stream.bind(("", 0))
            with contextlib.suppress(OSError):
                datagrams.bind(stream.getsockname())
                return int(stream.getsockname()[1])


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
