"""A real NSD on loopback whose zones a test rewrites while it runs.

    with Nameserver(tmp_path, {".": ROOT, "ads.example": ["@ A 192.0.2.1"]}) as server:
        server.write("ads.example", ["@ A 192.0.2.2"])

Each zone has a SOA; a zone that names no server has one. `write` returns when the new zone is served.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from tests.client import PATIENCE
from tests.engines import program
from tests.fakes import closed_port

_TRY = 0.3  # seconds one try waits for an answer that may never come
_AGAIN = 20  # tries until a reload is asked for once more
_NSD = """\
server:
 ip-address: 127.0.0.1@{port}
 username: ""
 server-count: 1
 rrl-ratelimit: 0
 database: ""
 pidfile: "{place}/pid"
 zonelistfile: "{place}/zone.list"
 xfrdfile: "{place}/xfrd.state"
 xfrdir: "{place}"
 zonesdir: "{place}"
remote-control:
 control-enable: no
"""
_HEAD = """\
$ORIGIN {origin}
$TTL 60
@ SOA ns.invalid. hostmaster.invalid. {serial} 3600 600 86400 60
"""


class Nameserver:
    """Authoritative for some zones, the root among them."""

    def __init__(self, place: Path, zones: Mapping[str, Sequence[str]]) -> None:
        self.place = place / "nsd"
        self.place.mkdir()
        self.address = closed_port()
        self._serials = dict.fromkeys((".", *zones), 0)
        for zone in self._serials:
            self._put(zone, zones.get(zone, ()))

    def __enter__(self) -> Self:
        text = _NSD.format(port=self.address[1], place=self.place)
        for zone in self._serials:
            text += f'zone:\n name: "{zone}"\n zonefile: "{self._file(zone).name}"\n'
        config = self.place / "nsd.conf"
        config.write_text(text)
        self._log = (self.place / "log").open("w+b")
        self._process = subprocess.Popen(
            [program("nsd"), "-d", "-c", str(config)], stdout=self._log, stderr=subprocess.STDOUT
        )
        try:
            for zone in self._serials:
                self._wait(zone)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()

    def write(self, zone: str, records: Sequence[str]) -> None:
        """Other records for a zone, in force when this returns."""
        self._put(zone, records)
        self._wait(zone, reload=True)

    def _put(self, zone: str, records: Sequence[str]) -> None:
        self._serials[zone] += 1
        origin = zone if zone == "." else f"{zone}."
        head = _HEAD.format(origin=origin, serial=self._serials[zone])
        served = any(record.split()[:2] == ["@", "NS"] for record in records)
        server = [] if served else ["@ NS ns1.host.example."]
        self._file(zone).write_text(head + "".join(f"{one}\n" for one in (*server, *records)))

    def _file(self, zone: str) -> Path:
        return self.place / f"{zone.strip('.') or 'root'}.zone"

    def _wait(self, zone: str, *, reload: bool = False) -> None:
        asked = dns.message.make_query(f"{zone.strip('.')}.", "SOA", use_edns=0)
        until = time.monotonic() + PATIENCE
        tries = 0
        while self._serial(asked) != self._serials[zone]:
            if reload and tries % _AGAIN == 0:
                os.kill(self._process.pid, signal.SIGHUP)
            tries += 1
            if self._process.poll() is not None or time.monotonic() > until:
                log = (self.place / "log").read_text(errors="replace")
                raise AssertionError(f"nsd does not serve {zone}:\n{log[-3000:]}")
            time.sleep(0.05)

    def _serial(self, asked: dns.message.Message) -> int:
        try:
            answer = dns.query.udp(asked, self.address[0], _TRY, self.address[1])
        except (OSError, dns.exception.DNSException):
            return 0
        soa = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.SOA]
        return soa[0][0].serial if soa else 0
