"""Health as a monitoring system sees it: exit code and lines, against a scripted server."""

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import dns.edns
import dns.message
import dns.rcode
import pytest
from click.testing import CliRunner

from blockfilter.cli import main
from blockfilter.health import NONCE_ZONE, TEST_NAME, examine, read_status

NXDOMAIN, SERVFAIL, REFUSED, NOERROR = (
    dns.rcode.NXDOMAIN,
    dns.rcode.SERVFAIL,
    dns.rcode.REFUSED,
    dns.rcode.NOERROR,
)
BLOCKED = (NXDOMAIN, 15)
FORWARDED = (NXDOMAIN, None)


class Script:
    """What the server answers: an rcode and an extended error, or None for silence."""

    def __init__(self, test=BLOCKED, nonce=FORWARDED, *, udp=True, tcp=True) -> None:
        self.test, self.nonce, self.udp, self.tcp = test, nonce, udp, tcp
        self.asked: list[str] = []

    def answer(self, packet: bytes) -> bytes | None:
        query = dns.message.from_wire(packet)
        name = query.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if name == TEST_NAME:
            answer = self.test
        else:
            assert name.endswith(f".{NONCE_ZONE}")
            answer = self.nonce
        if answer is None:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        response.set_rcode(answer[0])
        if answer[1] is not None:
            response.use_edns(options=[dns.edns.EDEOption(answer[1])])
        return response.to_wire()


@contextmanager
def served(script: Script):
    """Listen on one port over UDP and TCP and play `script`."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self):
            reply = script.answer(self.request[0]) if script.udp else None
            if reply is not None:
                stray = bytes((reply[0] ^ 1, *reply[1:3], REFUSED)) + reply[4:]  # another id
                self.request[1].sendto(stray, self.client_address)
                self.request[1].sendto(reply, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self):
            length = int.from_bytes(self.rfile.read(2), "big")
            reply = script.answer(self.rfile.read(length)) if script.tcp else None
            if reply is not None:
                for octet in len(reply).to_bytes(2, "big") + reply:
                    self.wfile.write(bytes((octet,)))

    tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream)
    udp = socketserver.ThreadingUDPServer(tcp.server_address, Datagram)
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in (tcp, udp)]
    for thread in threads:
        thread.start()
    try:
        yield tcp.server_address
    finally:
        for server, thread in zip((tcp, udp), threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def run(tmp_path, monkeypatch):
    from blockfilter.config import directories, load

    monkeypatch.setattr(load, "SYSTEM_FILE", tmp_path / "none.toml")
    monkeypatch.setattr(directories, "SYSTEM_STATE", tmp_path / "none")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*arguments):
        result = CliRunner().invoke(main, ["health", *map(str, arguments)])
        return result.exit_code, result.output.splitlines()

    return run


def spelled(address) -> str:
    return f"{address[0]}:{address[1]}"


def write_status(directory, address, **facts) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    status = {
        "version": "0.1.0",
        "pid": os.getpid(),
        "updated": time.time(),
        "listeners": [spelled(address)],
        "upstreams": [{"address": "192.0.2.1:53", "up": True}],
        "policy": {
            "release": "2026.11",
            "serial": 1,
            "rules": 61,
            "lists": [{"id": "curated", "rules": 61, "error": None}],
            "error": None,
        },
        "hits": {"state": "ok", "detail": ""},
        "runtime": {"ram_backed": True},
    }
    (directory / "status.json").write_text(json.dumps(status | facts))


def test_a_server_that_does_its_work_is_healthy(run):
    script = Script()
    with served(script) as address:
        code, lines = run("--server", spelled(address))
    assert code == 0
    (line,) = lines
    assert line.startswith(f"ok: {spelled(address)} answers over UDP and TCP")
    assert script.asked[:2] == [TEST_NAME] * 2
    nonce, _, zone = script.asked[2].partition(".")
    assert (len(bytes.fromhex(nonce)), zone) == (16, NONCE_ZONE)


def test_no_two_nonces_are_the_same(run):
    script = Script()
    with served(script) as address:
        run("--server", spelled(address))
        run("--server", spelled(address))
    assert len(set(script.asked)) == 3


def test_a_blocked_answer_of_any_kind_is_one(run):
    with served(Script(test=(NOERROR, 15))) as address:
        assert run("--server", spelled(address))[0] == 0


def test_nobody_listening_is_named_first_and_found_at_once(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    begun = time.monotonic()
    code, lines = run("--server", spelled(address))
    assert time.monotonic() - begun < 1
    assert code == 1
    assert lines == [
        f"missing: listener: {spelled(address)} does not answer over UDP (connection refused)",
        f"missing: listener: {spelled(address)} does not answer over TCP (connection refused)",
    ]


@pytest.mark.parametrize(("deaf", "transport"), [({"udp": False}, "UDP"), ({"tcp": False}, "TCP")])
def test_one_transport_alone_is_not_enough_and_the_rest_is_still_asked(run, deaf, transport):
    with served(Script(nonce=(SERVFAIL, 23), **deaf)) as address:
        code, lines = run("--server", spelled(address))
    assert code == 1
    assert [line.split(":")[1].strip() for line in lines] == ["listener", "upstream"]
    assert f"over {transport}" in lines[0]


@pytest.mark.parametrize("code", [22, 23])
def test_a_failure_to_reach_upstreams_is_told_by_the_extended_error(run, code):
    with served(Script(nonce=(SERVFAIL, code))) as address:
        assert run("--server", spelled(address)) == (
            1,
            ["missing: upstream: none answers; check upstream.servers and the network"],
        )


@pytest.mark.parametrize("answer", [(SERVFAIL, None), (NOERROR, None), (REFUSED, None)])
def test_what_an_upstream_says_proves_that_it_answers(run, answer):
    with served(Script(nonce=answer)) as address:
        assert run("--server", spelled(address))[0] == 0


@pytest.mark.parametrize("answer", [(NXDOMAIN, None), (NOERROR, None), (SERVFAIL, 15)])
def test_a_test_name_that_is_not_blocked_means_no_policy(run, answer):
    with served(Script(test=answer)) as address:
        code, lines = run("--server", spelled(address))
    assert code == 1
    (line,) = lines
    assert line.startswith(f"missing: test name: {TEST_NAME} is not blocked")


def test_everything_missing_is_said_in_order(run, tmp_path):
    with served(Script(test=(NXDOMAIN, None), nonce=(SERVFAIL, 22), tcp=False)) as address:
        write_status(
            tmp_path,
            address,
            policy={
                "rules": 5,
                "error": "new policy refused",
                "lists": [{"id": "own", "error": "no usable line"}, {"id": "ok", "error": None}],
            },
            hits={"state": "failing", "detail": "disk full"},
        )
        code, lines = run("--server", spelled(address), "--state", tmp_path)
    assert code == 1
    assert [line.removeprefix("missing: ").split(";")[0].split(" (")[0] for line in lines] == [
        f"listener: {spelled(address)} does not answer over TCP",
        "upstream: none answers",
        "list: new policy refused",
        "list: own: no usable line",
        f"test name: {TEST_NAME} is not blocked",
        "hits: disk full",
    ]


def test_a_server_that_does_not_serve_this_host_says_so_and_nothing_else(run):
    script = Script(test=(REFUSED, None))
    with served(script) as address:
        code, lines = run("--server", spelled(address))
    assert code == 1
    (line,) = lines
    assert "add its network to server.clients" in line
    assert script.asked == [TEST_NAME] * 2


def test_an_upstream_that_never_answers_is_waited_for_within_the_budget():
    script = Script(nonce=None)
    with served(script) as address:
        begun = time.monotonic()
        report = examine(address, None, budget=2.0)
        assert 1.5 < time.monotonic() - begun < 3
    assert report.missing == (
        "upstream: no answer in time; check upstream.servers and the network",
    )
    assert len(set(script.asked)) == 2  # a lost datagram is sent again, under the same name


def test_a_server_that_accepts_and_says_nothing_is_found_within_the_budget():
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(tcp.getsockname())
        begun = time.monotonic()
        report = examine(tcp.getsockname(), None)
        assert time.monotonic() - begun < 6
    assert len(report.missing) == 2
    assert all("no answer in time" in line for line in report.missing)


def test_what_the_server_says_of_itself_is_shown(run, tmp_path):
    with served(Script()) as address:
        write_status(tmp_path, address)
        code, lines = run("--server", spelled(address), "--state", tmp_path)
    assert code == 0
    assert "policy 2026.11 with 61 rules is in force" in lines[-1]


def test_degraded_is_shown_and_still_healthy(run, tmp_path):
    with served(Script()) as address:
        write_status(
            tmp_path,
            address,
            upstreams=[{"address": "192.0.2.1:53", "up": False}],
            hits={"state": "degraded", "detail": "waiting for the store"},
            counts={"detail": "counts.db: cannot be used (SQLITE_FULL)"},
            runtime={"ram_backed": False},
        )
        code, lines = run("--server", spelled(address), "--state", tmp_path)
    assert code == 0
    assert [line.split(";")[0] for line in lines[:-1]] == [
        "degraded: upstream: 192.0.2.1:53 does not answer",
        "degraded: hits: waiting for the store",
        "degraded: counts: counts.db: cannot be used (SQLITE_FULL)",
        "degraded: runtime: the directory is not RAM-backed",
    ]
    assert lines[-1].startswith("ok: ")


def test_no_rules_at_all_is_a_missing_list(run, tmp_path):
    with served(Script()) as address:
        write_status(tmp_path, address, policy={"rules": 0, "lists": []})
        assert run("--server", spelled(address), "--state", tmp_path) == (
            1,
            ["missing: list: none is loaded"],
        )


def test_the_status_of_another_server_or_a_dead_one_is_not_believed(run, tmp_path):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)  # fmt: skip
    failing = {"hits": {"state": "failing", "detail": "x"}}
    with served(Script()) as address:
        write_status(tmp_path / "other", ("127.0.0.1", 1), **failing)
        write_status(tmp_path / "dead", address, pid=int(gone.stdout), **failing)
        for state in ("other", "dead"):
            assert run("--server", spelled(address), "--state", tmp_path / state)[0] == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 100_000, '{"pid": -5}', '{"pid": 1e999}', "5"]
)
def test_a_status_file_that_is_none_is_passed_over(tmp_path, text):
    (tmp_path / "status.json").write_text(text)
    assert read_status(tmp_path / "status.json") is None
    assert read_status(tmp_path / "missing.json") is None


def test_a_status_file_with_little_in_it_is_read_for_what_it_has(tmp_path):
    (tmp_path / "status.json").write_text(json.dumps({"pid": os.getpid(), "policy": 5}))
    status = read_status(tmp_path / "status.json")
    assert status is not None
    assert (status.listeners, status.rules, status.hits) == ((), 0, "")


def test_without_a_server_the_running_one_is_asked(run, tmp_path):
    with served(Script()) as address:
        write_status(tmp_path / "xdg/blockfilter", address)
        code, lines = run()
    assert code == 0
    assert spelled(address) in lines[-1]


def test_a_wildcard_listener_is_asked_on_loopback(run, tmp_path):
    with served(Script()) as address:
        config = tmp_path / "x.toml"
        config.write_text(f'[server]\nlisten = ["0.0.0.0:{address[1]}"]\n')
        code, lines = run("--config", config)
    assert code == 0
    assert spelled(address) in lines[-1]
