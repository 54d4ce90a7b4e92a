"""No octet of an address in anything that is written, whatever happens and at every level."""

import gc
import ipaddress
import logging
import os

import pytest

from blockfilter.hits.hit import Cell
from blockfilter.hits.recorder import Recorder
from tests.hits.world import Runtime

CLIENTS = [
    "203.0.113.77",
    "198.51.100.201",
    "::ffff:192.0.2.143",
    "2001:db8:1234:5678:9abc:def0:1122:3344",
    "fe80::a1b2:c3d4:e5f6:708%eth0",
]
CELLS = [Cell("escort-ads", "enforced"), Cell("other", "monitored")]


def forms(client: str) -> list[bytes]:
    """What an address may look like in a file: text, octets, hexadecimal."""
    address = ipaddress.ip_address(client.partition("%")[0])
    addresses = [address, getattr(address, "ipv4_mapped", None) or address]
    texts = {client, *(text for a in addresses for text in (str(a), a.exploded, a.packed.hex()))}
    return [*(text.encode() for text in texts), *(a.packed for a in addresses)]


NEEDLES = [form for client in CLIENTS for form in forms(client)]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)


def assert_silent(runtime: Runtime, caplog: pytest.LogCaptureFixture, recorder: Recorder) -> None:
    heard = runtime.octets() + caplog.text.encode() + repr(recorder.state).encode()
    assert not [needle for needle in NEEDLES if needle in heard]


@pytest.mark.parametrize("fault", [None, "store", "key", "office", "damage", "directory"])
def test_no_file_and_no_log_line_holds_an_address(start, runtime, clock, caplog, fault):
    recorder = start(addresses_per_device=2)  # so that IPv6 clients are recorded, too
    if fault == "store":
        (runtime.path / "hits-2026-11-23.db").unlink()
        (runtime.path / "hits-2026-11-23.db").mkdir()
    if fault == "key":
        (runtime.path / "day.key.new").mkdir()
    if fault == "office":
        recorder._offices = lambda client: [][int(client)]
    if fault == "damage":
        (runtime.path / "hits-2026-11-23.db").write_bytes(os.urandom(8192))
    if fault == "directory":
        recorder._journal._directory = runtime.path / "missing"
        recorder._journal.close()
    for _ in range(2):
        for client in CLIENTS:
            for cell in CELLS:
                recorder.record(client, cell)
        assert_silent(runtime, caplog, recorder)
        recorder.fold(clock())
        assert_silent(runtime, caplog, recorder)
    recorder.close()
    start()
    assert_silent(runtime, caplog, recorder)
    if fault is None:
        assert len({hit.token for hit in runtime.stored()}) == len(CLIENTS)


def test_the_scan_finds_what_it_looks_for(start, runtime, caplog):
    recorder = start()
    for client in CLIENTS:
        (runtime.path / "leak").write_bytes(forms(client)[-1])
        with pytest.raises(AssertionError):
            assert_silent(runtime, caplog, recorder)


def test_nothing_in_memory_refers_to_a_client_after_record(start):
    recorder = start()
    clients = [f"203.0.113.{number}" for number in range(50)]
    for client in clients:
        recorder.record(client, CELLS[0])
    gc.collect()
    for client in clients:
        holders = [holder for holder in gc.get_referrers(client) if holder is not clients]
        assert all(type(holder).__name__ == "frame" for holder in holders)


def test_two_days_have_no_token_in_common(start, runtime, clock):
    recorder = start()
    for day in ("2026-11-23", "2026-11-24"):
        clock.set(f"{day} 12:00")
        for number in range(500):
            recorder.record(f"10.0.{number >> 8}.{number & 255}", CELLS[0])
        recorder.fold(clock())
    monday = {hit.token for hit in runtime.stored("2026-11-23")}
    tuesday = {hit.token for hit in runtime.stored("2026-11-24")}
    assert len(monday) == len(tuesday) == 500
    assert not monday & tuesday
