"""Other resolvers, told what an export says: real programs on loopback, as whoever runs the tests.

Each forwards what it does not block to an upstream that has the same address for every name, so a
response tells which it was. All files lie in a folder of the test's; a program that does not end
when it is told to fails the test.

    with Dnsmasq(tmp_path, export, upstream.address) as engine:
        assert engine.blocks("listed.example")
"""

import shutil
import subprocess
import time
from pathlib import Path
from typing import ClassVar, Self

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from tests.client import PATIENCE
from tests.fakes import ScriptedUpstream, addressed, closed_port

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OPEN, _SUNK = "192.0.2.1", "0.0.0.0"
_READY = "ready.open.example"  # no test blocks it
_TRY = 0.3  # seconds one try waits for an answer that may never come


def upstream() -> ScriptedUpstream:
    """What every engine forwards to; the test starts and stops it."""
    return ScriptedUpstream(addressed(_OPEN))


def program(name: str) -> str:
    """The path of a program, without which the test is skipped."""
    found = shutil.which(name, path=_SYSTEM_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def check(*command: str | Path) -> None:
    """Run a program that judges a file; the test fails with what it says."""
    done = subprocess.run(
        [program(str(command[0])), *map(str, command[1:])],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Engine:
    """One program, started anew for each export."""

    program: ClassVar[str]

    def __init__(self, place: Path, export: Path, address: tuple[str, int]) -> None:
        self.place = place / f"{type(self).__name__}-{export.name}".lower()
        self.place.mkdir()
        self.export = export
        self.upstream = address[1]
        self.address = closed_port()
        self.port = self.address[1]

    def command(self) -> list[str | Path]:
        """Write its configuration; what starts it in the foreground."""
        raise NotImplementedError

    def check(self) -> None:
        """What its own judge of configurations says of the export."""

    def __enter__(self) -> Self:
        command = [program(self.program), *map(str, self.command()[1:])]
        self.check()
        self._log = (self.place / "log").open("w+b")
        self._process = subprocess.Popen(
            command, cwd=self.place, stdout=self._log, stderr=subprocess.STDOUT
        )
        until = time.monotonic() + PATIENCE
        while True:
            try:
                if not self.blocks(_READY, _TRY):
                    return self
            except (TimeoutError, OSError, dns.exception.DNSException, AssertionError):
                time.sleep(0.02)
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                log = (self.place / "log").read_text(errors="replace")
                raise AssertionError(f"{self.program} did not start:\n{log[-3000:]}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()

    def blocks(self, name: str | dns.name.Name, seconds: float = PATIENCE) -> bool:
        """Whether it denies the name, with NXDOMAIN, NODATA or no address; else it forwards."""
        asked = dns.message.make_query(name, "A", use_edns=0)
        answer = dns.query.udp(asked, self.address[0], seconds, self.port)
        addresses = {
            record.address
            for rrset in answer.answer
            if rrset.rdtype == dns.rdatatype.A
            for record in rrset
        }
        if answer.rcode() == dns.rcode.NOERROR and addresses == {_OPEN}:
            return False
        assert answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), answer
        assert addresses <= {_SUNK}, answer
        return True

    def rcode(self, name: str) -> str:
        """How the name is denied."""
        asked = dns.message.make_query(name, "A", use_edns=0)
        answer = dns.query.udp(asked, self.address[0], PATIENCE, self.port)
        return dns.rcode.to_text(answer.rcode())

    def _write(self, name: str, text: str) -> Path:
        path = self.place / name
        path.write_text(text)
        return path


class Dnsmasq(Engine):
    """The export as its configuration."""

    program = "dnsmasq"

    def command(self) -> list[str | Path]:
        text = self._text(f"conf-file={self.export}\n")
        return ["dnsmasq", "--keep-in-foreground", "--conf-file=" + str(self._write("conf", text))]

    def check(self) -> None:
        check("dnsmasq", "--test", f"--conf-file={self.place / 'conf'}")

    def _text(self, more: str) -> str:
        return (
            f"port={self.port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\n"
            f"user=\ngroup=\npid-file=\nlog-facility=-\ncache-size=0\n"
            f"server=127.0.0.1#{self.upstream}\n{more}"
        )


class DnsmasqHosts(Dnsmasq):
    """The export as a hosts file."""

    def command(self) -> list[str | Path]:
        text = self._text(f"addn-hosts={self.export}\n")
        return ["dnsmasq", "--keep-in-foreground", "--conf-file=" + str(self._write("conf", text))]


_UNBOUND = """\
server:
 interface: 127.0.0.1
 port: {port}
 username: ""
 chroot: ""
 directory: "{place}"
 pidfile: ""
 use-syslog: no
 do-not-query-localhost: no
 do-daemonize: no
 msg-cache-size: 0
 rrset-cache-size: 0
 module-config: "{modules}"
remote-control:
 control-enable: no
{more}
forward-zone:
 name: "."
 forward-addr: 127.0.0.1@{upstream}
"""


class Unbound(Engine):
    """The export included into its configuration."""

    program = "unbound"
    modules = "iterator"

    def command(self) -> list[str | Path]:
        text = _UNBOUND.format(
            port=self.port,
            place=self.place,
            upstream=self.upstream,
            modules=self.modules,
            more=self.more(),
        )
        return ["unbound", "-d", "-p", "-c", self._write("conf", text)]

    def more(self) -> str:
        return f'include: "{self.export}"'

    def check(self) -> None:
        check("unbound-checkconf", self.place / "conf")


class UnboundRpz(Unbound):
    """The export as its policy zone."""

    modules = "respip iterator"

    def more(self) -> str:
        return f'rpz:\n name: "rpz.example"\n zonefile: "{self.export}"'


_NAMED = """\
options {{
 directory "{place}";
 pid-file none;
 session-keyfile none;
 listen-on port {port} {{ 127.0.0.1; }};
 listen-on-v6 {{ none; }};
 dnssec-validation no;
 empty-zones-enable no;
 max-cache-ttl 0;
 max-ncache-ttl 0;
 forward only;
 forwarders {{ 127.0.0.1 port {upstream}; }};
 response-policy {{ zone "{zone}"; }} qname-wait-recurse no break-dnssec yes;
}};
controls {{ }};
zone "{zone}" {{ type primary; file "{export}"; allow-query {{ none; }}; }};
"""


class Named(Engine):
    """The export as BIND's policy zone."""

    program = "named"
    zone = "rpz.example"

    def command(self) -> list[str | Path]:
        text = _NAMED.format(
            place=self.place,
            port=self.port,
            upstream=self.upstream,
            zone=self.zone,
            export=self.export,
        )
        return ["named", "-c", self._write("conf", text), "-f", "-g", "-n", "1"]

    def check(self) -> None:
        check("named-checkzone", "-q", self.zone, self.export)
        check("named-checkconf", self.place / "conf")
