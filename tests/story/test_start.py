"""From the start to the end of a server: what it needs, what it refuses, how it goes."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.client import Address, Client, query
from tests.fakes import Received, ScriptedUpstream, addressed
from tests.story.test_blocked import blocked
from tests.world import Server, World, environ, free_port, has_ipv6, wait_until


def fails(server: Server) -> str:
    """The log of a server that must end by itself with exit code 1."""
    server.launch()
    assert server.ended() == 1, server.log
    assert "Traceback" not in server.log
    assert "ready:" not in server.log
    return server.log


@contextlib.contextmanager
def restarted(server: Server) -> Iterator[Server]:
    """The same server once more, in the same directories."""
    server.launch()
    try:
        server.wait_for_log("ready:")
        yield server
    finally:
        code = server.stop() if server.process.poll() is None else server.ended()
    assert code == 0


# Starting.


def test_a_port_in_use_is_a_clear_error(server: Server, world: World) -> None:
    second = world.prepare(listen=[str(server.address)])
    said = fails(second)
    assert str(server.address) in said
    assert "another program" in said or "in use" in said


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def test_port_53_in_use_names_the_stub_listener_setting(world: World, kind: int) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        try:
            taken.bind(("127.53.53.53", 53))
        except PermissionError:
            pytest.skip("port 53 needs a right that this user has not")
        if kind == socket.SOCK_STREAM:
            taken.listen()
        said = fails(world.prepare(listen=["127.53.53.53:53"]))
    assert "127.53.53.53:53" in said
    assert "DNSStubListener" in said


def test_an_address_that_is_not_ours_is_a_clear_error(world: World) -> None:
    assert "198.51.100.1" in fails(world.prepare(listen=["198.51.100.1:5353"]))


def test_an_upstream_that_is_this_server_is_found_as_a_loop(world: World) -> None:
    port = free_port()
    address = Address("127.0.0.1", port)
    assert "upstream" in fails(world.prepare(listen=[str(address)], upstreams=[address]))


@pytest.mark.parametrize("others", [0, 1])
def test_a_loop_through_a_third_party_is_found_with_a_nonce_name(world: World, others: int) -> None:
    port = free_port()

    def forward(asked: Received) -> list[bytes]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(asked.packet, ("127.0.0.1", port))
        return []

    with ScriptedUpstream(forward) as third, ScriptedUpstream(addressed()) as honest:
        upstreams = [honest.address] * others + [third.address]
        started = world.prepare(listen=[f"127.0.0.1:{port}"], upstreams=upstreams)
        said = fails(started)
        assert str(Address(*third.address)) in said
        names = {one.name for one in third.received}
        assert names
        assert not [one for one in names if one.lower().rstrip(".") in said.lower()]


def test_wrong_use_ends_with_2_and_every_mistake_at_once(world: World) -> None:
    server = world.prepare("--nonsense")
    server.launch()
    assert server.ended() == 2
    config = '[blocked]\nttl = 0\n[cache]\nmax_byte = 1\n[log]\nlevel = "loud"\n'
    said = fails(world.prepare(config=config, environment={"BLOCKFILTER_LOG__LEVEL": "loud"}))
    for word in ("blocked.ttl", "max_byte", "log.level"):
        assert word in said.replace("BLOCKFILTER_LOG__LEVEL", "log.level")


def test_an_unknown_variable_is_only_warned_of(world: World) -> None:
    with world.server(environment={"BLOCKFILTER_NONSENSE": "1"}) as server:
        assert "BLOCKFILTER_NONSENSE" in server.log
        assert blocked(server.ask("backpage.com"))


def test_a_dead_upstream_is_no_reason_not_to_start(world: World) -> None:
    with world.server(upstreams=[("127.0.0.1", free_port())]) as server:
        assert blocked(server.ask("backpage.com"))


def test_a_broken_list_at_the_very_first_start_is_said(world: World, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("<!DOCTYPE html><html></html>\n")
    assert "page.txt" in fails(world.prepare(lists=[page]))


def test_a_list_that_broke_before_a_restart_leaves_the_last_good_policy(
    world: World, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("last-good.example\n")
    with world.server(lists=[mine]) as server:
        pass
    mine.write_text("<!DOCTYPE html><html></html>\n")
    with restarted(server):
        assert "mine.txt" in server.log
        assert blocked(server.ask("www.last-good.example"))


def test_the_snapshot_is_reused_when_its_inputs_are_unchanged(world: World) -> None:
    with world.server() as first:
        before = {one.stat().st_ino for one in first.state.rglob("*.snapshot")}
    with restarted(first):
        assert before
        assert before == {one.stat().st_ino for one in first.state.rglob("*.snapshot")}


def test_a_damaged_snapshot_is_compiled_again(world: World) -> None:
    with world.server() as server:
        pass
    for path in server.state.rglob("*.snapshot"):
        octets = bytearray(path.read_bytes())
        octets[len(octets) // 2] ^= 0xFF
        path.write_bytes(octets)
    with restarted(server):
        assert blocked(server.ask("www.listed.example"))
        assert server.ask("example.com").answer


def test_status_json_is_kept_and_holds_no_counts(server: Server, world: World) -> None:
    path = server.state / "status.json"
    wait_until(path.exists, "status.json")

    def shape() -> object:
        status = json.loads(path.read_text())
        status.pop("updated", None)
        return status

    before = shape()
    for number in range(50):
        server.ask("backpage.com", source=f"127.12.0.{number + 1}")
        server.ask(world.fresh())
    server.hits("127.12.0.50")
    assert shape() == before


def test_a_runtime_directory_that_is_not_ram_backed_works_and_is_shown_as_degraded(
    world: World,
) -> None:
    runtime = Path.cwd() / f".runtime-{os.getpid()}"  # the folder of the clone: on a disk
    runtime.mkdir(mode=0o700)
    try:
        if filesystem(runtime) in {"tmpfs", "ramfs"}:
            pytest.skip("all of this machine is RAM-backed")
        with world.server(runtime=runtime) as server:
            server.wait_for_log("degraded")
            wait_until((server.state / "status.json").exists, "status.json")
            status = json.loads((server.state / "status.json").read_text())
            assert status["runtime"]["ram_backed"] is False
            server.ask("backpage.com", source="127.13.0.1")
            assert server.hits_of("127.13.0.1")
    finally:
        for path in runtime.iterdir():
            path.unlink()
        runtime.rmdir()


def filesystem(path: Path) -> str:
    done = subprocess.run(
        ["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_as_a_system_service_it_takes_systemds_directories_and_runtime_always_wins(
    world: World, tmp_path: Path
) -> None:
    port = free_port()
    places = {name: tmp_path / name for name in ("state", "runtime", "mine")}
    for place in places.values():
        place.mkdir(mode=0o700)
    environment = environ(tmp_path, {
        "STATE_DIRECTORY": str(places["state"]),
        "RUNTIME_DIRECTORY": str(places["runtime"]),
    })  # fmt: skip
    command = [sys.executable, "-m", "blockfilter", "serve", "--listen", f"127.0.0.1:{port}"]
    command += ["--upstream", str(Address(*world.upstream.address))]
    for extra, used, unused in (
        ([], "runtime", "mine"),
        (["--runtime", str(places["mine"])], "mine", "runtime"),
    ):
        for path in places["runtime"].iterdir():
            path.unlink()
        process = subprocess.Popen(
            [*command, *extra], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
        )
        try:
            asked = Client(Address("127.0.0.1", port))
            wait_until(lambda: answers(asked), "the server answers")  # noqa: B023
            assert (places[used] / "day.key").exists()
            assert not (places[unused] / "day.key").exists()
            wait_until((places["state"] / "status.json").exists, "status.json")
        finally:
            assert ends(process)


def ends(process: subprocess.Popen[bytes]) -> bool:
    """Whether SIGTERM ends a server cleanly; it is gone in any case."""
    process.terminate()
    try:
        return process.wait(10) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def answers(client: Client) -> bool:
    try:
        return blocked(client.ask("backpage.com", seconds=0.5))
    except (OSError, Exception):  # noqa: BLE001 - not yet
        return False


@contextlib.contextmanager
def activated(world: World, host: str) -> Iterator[Server]:
    """A server whose sockets on `host` are opened by somebody else, and are as systemd's: blocking."""
    server = world.prepare(listen=[], at=host)
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sock = stack.enter_context(socket.socket(family, kind))
            sock.bind(server.address)
            if kind == socket.SOCK_STREAM:
                sock.listen()
            server.inherits = [*server.inherits, sock]
        with restarted(server):
            yield server


def test_systemds_sockets_are_taken_from_listen_fds(world: World) -> None:
    with activated(world, "127.0.0.1") as server:
        for _ in range(3):
            assert blocked(server.ask("backpage.com", seconds=3.0))
            assert blocked(server.ask("backpage.com", tcp=True, seconds=3.0))


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_v4_mapped_addresses_become_ipv4_before_any_decision(world: World) -> None:
    """A socket of systemd is bound to both families."""
    with activated(world, "::") as server:
        mapped = Client(Address("127.0.0.1", server.address.port))
        assert blocked(mapped.ask("backpage.com", source="127.10.0.1"))
        assert server.hits_of("127.10.0.1"), "the token is made of the four octets"
        assert blocked(mapped.ask("backpage.com", source="127.10.0.2", tcp=True, seconds=3.0))
        assert server.hits_of("127.10.0.2")
        assert blocked(Client(Address("::1", server.address.port)).ask("backpage.com"))


def test_serve_without_any_option_works_for_an_ordinary_user(tmp_path: Path) -> None:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", 5335))
            except OSError:
                pytest.skip("somebody uses port 5335 of this machine")
    runtime = tmp_path / "xdg"
    runtime.mkdir(mode=0o700)
    process = subprocess.Popen(
        [sys.executable, "-m", "blockfilter", "serve"],
        cwd=tmp_path,
        env=environ(tmp_path, {"XDG_RUNTIME_DIR": str(runtime)}),
        stderr=subprocess.DEVNULL,
    )
    try:
        asked = Client(Address("127.0.0.1", 5335))
        wait_until(lambda: answers(asked), "the server answers")
        assert blocked(asked.ask("www.RubMaps.net", "HTTPS", tcp=True))
        state = tmp_path / ".local" / "state"
        wait_until(lambda: bool(list(state.rglob("status.json"))), "status.json")
        assert list(runtime.rglob("day.key"))
    finally:
        assert ends(process)


# Ending.


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_sigterm_drains_what_is_in_flight_then_ends(world: World, tcp: bool) -> None:
    slow = world.fresh()
    world.zone[slow] = addressed(delay=1.0)
    with world.server() as server, ThreadPoolExecutor(4) as clients:
        waiting = [clients.submit(server.ask, slow, tcp=tcp) for _ in range(4)]
        wait_until(lambda: len(world.asked(slow)) == 1, "the question is upstream")
        time.sleep(0.3)  # until all have asked
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert all(one.result().answer for one in waiting)
        assert server.ended() == 0
        assert time.monotonic() - start < 4.0


def test_a_dead_upstream_does_not_keep_a_server_from_ending(world: World) -> None:
    slow = world.fresh()
    world.zone[slow] = lambda asked: []
    with world.server() as server, server.datagrams() as sock, server.stream() as idle:
        sock.send(query(slow).to_wire())
        wait_until(lambda: bool(world.asked(slow)), "the question is upstream")
        start = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - start < 6.0
        assert idle.receive() is None


def test_a_server_that_was_killed_starts_again_in_the_same_directories(world: World) -> None:
    server = world.prepare()
    server.start()
    server.ask("backpage.com", source="127.14.0.1")
    server.kill()
    with restarted(server):
        assert [row.mode for row in server.hits_of("127.14.0.1")] == ["enforced"]
        assert blocked(server.ask("backpage.com"))
