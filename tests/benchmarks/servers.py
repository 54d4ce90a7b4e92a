"""The servers side by side: how each is told the same thing.

Each forwards everything to one NSD, answers the same list by NXDOMAIN (the name and all below it),
runs one worker, logs nothing a query causes, validates nothing and has a cache that holds what the
workload repeats. What differs is said in the class of the server.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.load import rcode
from tests.benchmarks.process import Process

_START = 180.0  # seconds a server has to read a million names
_POLL = 0.05
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server of a run lives and whom it asks."""

    folder: Path
    runtime: Path  # RAM-backed, for what must not reach a disk
    port: int
    upstream: int
    core: int


@dataclass(slots=True)
class Server:
    """A server that answers."""

    name: str
    port: int
    process: Process
    ready: float  # seconds from start to the first answer


Start = Callable[[Place, Sequence[str]], list[str]]


def start(name: str, place: Place, names: Sequence[str]) -> Server:
    """Write the configuration of server `name`, start it, wait until it answers."""
    place.folder.mkdir(parents=True, exist_ok=True)
    place.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    return launch(name, SERVERS[name](place, names), place)


def launch(name: str, command: Sequence[str], place: Place) -> Server:
    """Start `command` and wait until it answers."""
    process = Process(command, place.core, place.folder / "log")
    while rcode(place.port, "ready.open.example") is None:
        waited = time.monotonic() - process.started
        if not process.running or waited > _START:
            process.stop()
            raise SystemExit(f"{name} did not start:\n{process.log.read_text()[-2000:]}")
        time.sleep(_POLL)
    return Server(name, place.port, process, time.monotonic() - process.started)


def program(name: str) -> str:
    """Find a program of the system, in the sbin folders too."""
    found = shutil.which(name, path=_SYSTEM_PATH)
    if found is None:
        raise SystemExit(
            f"{name} is missing: apt-get install unbound dnsmasq-base dnsdist nsd dnsperf"
        )
    return found


def nsd(place: Place, _names: Sequence[str]) -> list[str]:
    """The upstream: authoritative for the root, one wildcard below it."""
    _write(
        place.folder / "root.zone",
        [
            "$ORIGIN .",
            "$TTL 3600",
            "@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 3600",
            "@ NS ns.invalid.",
            "* A 198.51.100.7",
            "* AAAA 2001:db8::7",
        ],
    )
    folder = place.folder
    lines = [
        "server:",
        f" ip-address: 127.0.0.1@{place.port}",
        ' username: ""',
        " server-count: 1",
        " rrl-ratelimit: 0",
        " rrl-whitelist-ratelimit: 0",
        ' database: ""',
        f' pidfile: "{folder}/pid"',
        f' zonelistfile: "{folder}/zone.list"',
        f' xfrdfile: "{folder}/xfrd.state"',
        f' xfrdir: "{folder}"',
        f' zonesdir: "{folder}"',
        "remote-control:",
        " control-enable: no",
        "zone:",
        ' name: "."',
        ' zonefile: "root.zone"',
    ]
    return [program("nsd"), "-d", "-c", str(_write(folder / "nsd.conf", lines))]


def unbound(place: Place, names: Sequence[str]) -> list[str]:
    """RPZ: a name and all below it take two records. A fresh port a query, as by default."""
    zone = place.folder / "list.rpz"
    head = [
        "$ORIGIN list.rpz.",
        "$TTL 60",
        "@ SOA ns.invalid. h.invalid. 1 3600 600 86400 60",
        "@ NS ns.invalid.",
    ]
    _write(
        zone,
        [*head, *(line for name in names for line in (f"{name} CNAME .", f"*.{name} CNAME ."))],
    )
    lines = [
        "server:",
        f" interface: 127.0.0.1@{place.port}",
        " num-threads: 1",
        ' username: ""',
        ' chroot: ""',
        ' pidfile: ""',
        f' directory: "{place.folder}"',
        " use-syslog: no",
        " verbosity: 0",
        " do-daemonize: no",
        " do-not-query-localhost: no",
        ' module-config: "respip iterator"',
        " msg-cache-size: 64m",
        " rrset-cache-size: 128m",
        "remote-control:",
        " control-enable: no",
        "rpz:",
        " name: list.rpz",
        f' zonefile: "{zone}"',
        "forward-zone:",
        ' name: "."',
        f" forward-addr: 127.0.0.1@{place.upstream}",
    ]
    return [program("unbound"), "-d", "-c", str(_write(place.folder / "unbound.conf", lines))]


def dnsmasq(place: Place, names: Sequence[str]) -> list[str]:
    """``local=/name/``. At most 64 upstream sockets, shared; a full cache is searched at a miss."""
    lines = [
        f"port={place.port}",
        "listen-address=127.0.0.1",
        "bind-interfaces",
        "user=root",
        "pid-file",
        "no-resolv",
        "no-hosts",
        "no-poll",
        f"server=127.0.0.1#{place.upstream}",
        "cache-size=10000",  # the most it advises; the cached workload repeats 5,000
        "dns-forward-max=2000",
        *(f"local=/{name}/" for name in names),
    ]
    config = _write(place.folder / "dnsmasq.conf", lines)
    return [program("dnsmasq"), "--keep-in-foreground", f"--conf-file={config}"]


def dnsdist(place: Place, names: Sequence[str]) -> list[str]:
    """A suffix tree and a packet cache. Its upstream port stays the same, its id counts up."""
    listing = _write(place.folder / "list.txt", names)
    lines = [
        f'setLocal("127.0.0.1:{place.port}")',
        f'newServer({{address="127.0.0.1:{place.upstream}", name="nsd", healthCheckMode="up"}})',
        'setSecurityPollSuffix("")',
        "setVerboseHealthChecks(false)",
        "setMaxUDPOutstanding(65535)",
        'getPool(""):setCache(newPacketCache(200000, {maxTTL=86400}))',
        "list = newSuffixMatchNode()",
        f'for name in io.lines("{listing}") do list:add(newDNSName(name)) end',
        'soa = {60, "ns.invalid.", "h.invalid.", 1, 3600, 600, 86400, 60}',
        'refused = SetNegativeAndSOAAction(true, "list.rpz.", unpack(soa))',
        "addAction(SuffixMatchNodeRule(list, true), refused)",
    ]
    config = _write(place.folder / "dnsdist.conf", lines)
    return [program("dnsdist"), "--supervised", "--disable-syslog", "-C", str(config)]


def blockfilter(place: Place, names: Sequence[str]) -> list[str]:
    """Ours, as an administrator starts it, with the list it ships and the long one."""
    listing = _write(place.folder / "list.txt", names)
    command = [sys.executable, "-m", "blockfilter", "serve"]
    command += ["--listen", f"127.0.0.1:{place.port}", "--upstream", f"127.0.0.1:{place.upstream}"]
    command += ["--list", str(listing), "--state", str(place.folder / "state")]
    return [*command, "--runtime", str(place.runtime)]


def _write(path: Path, lines: Iterable[str]) -> Path:
    with path.open("w") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


SERVERS: dict[str, Start] = {
    "unbound": unbound,
    "dnsmasq": dnsmasq,
    "dnsdist": dnsdist,
    "blockfilter": blockfilter,
}
