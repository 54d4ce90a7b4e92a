"""SIGHUP: everything is read again, and comes into force whole or not at all."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import query
from tests.story.test_blocked import blocked
from tests.world import Server, World

GOOD = "[blocked]\nttl = 60\n"


@pytest.fixture(scope="module")
def reloaded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    mine = tmp_path_factory.mktemp("reload") / "mine.txt"
    mine.write_text("first.example\n")
    with world.server(lists=[mine], config=GOOD) as server:
        server.mine = mine  # type: ignore[attr-defined]
        yield server


def mine(server: Server) -> Path:
    path: Path = server.mine  # type: ignore[attr-defined]
    return path


def ttl(server: Server) -> int:
    return server.ask("backpage.com").authority[0].ttl


def test_sighup_re_reads_lists_and_swaps_the_policy_whole(reloaded: Server) -> None:
    for listed, open_ in (("second", "first"), ("first", "second")):
        mine(reloaded).write_text(f"{listed}.example\n")
        assert reloaded.reload()
        assert blocked(reloaded.ask(f"www.{listed}.example"))
        assert reloaded.ask(f"www.{open_}.example").answer


def test_sighup_re_reads_the_configuration(reloaded: Server) -> None:
    reloaded.config.write_text("[blocked]\nttl = 17\n[policy]\nallow = ['backpage.com']\n")
    assert reloaded.reload()
    assert reloaded.ask("backpage.com").answer
    assert reloaded.ask("eroticmp.com").authority[0].ttl == 17
    reloaded.config.write_text(GOOD)
    assert reloaded.reload()
    assert ttl(reloaded) == 60


@pytest.mark.parametrize(
    "broken",
    ["[blocked\n", "[blocked]\nttl = 0\n", '[blocked]\nttl = 17\nanswer = "maybe"\n', "\0\xff"],
    ids=["no TOML", "out of range", "half right", "binary"],
)
def test_a_broken_configuration_is_reported_and_the_old_one_stays(
    reloaded: Server, broken: str
) -> None:
    reloaded.config.write_text(broken, encoding="latin-1")
    assert not reloaded.reload()
    assert ttl(reloaded) == 60
    assert blocked(reloaded.ask("www.first.example"))
    reloaded.config.write_text(GOOD)
    assert reloaded.reload()


def test_a_broken_list_keeps_the_old_configuration_or_the_old_list(reloaded: Server) -> None:
    mine(reloaded).write_bytes(bytes(range(256)) * 10)
    reloaded.reload()
    assert blocked(reloaded.ask("www.first.example"))
    mine(reloaded).write_text("first.example\n")
    assert reloaded.reload()


def test_a_reload_loses_no_query(reloaded: Server) -> None:
    """While lists change, every query is answered, by the old policy or by the new one."""
    names = ["www.backpage.com", "always.first.example", "open.example", "turn.second.example"]
    packets = [query(name).to_wire() for name in names]
    reloaded.ask("open.example")
    lost, rcodes = [], Counter[tuple[int, int]]()
    done = threading.Event()

    def client(source: str) -> None:
        with reloaded.datagrams(source) as sock:
            sock.settimeout(3.0)
            while not done.is_set():
                for number, packet in enumerate(packets):
                    sock.send(packet)
                    try:
                        rcodes[number, sock.recv(4096)[3] & 15] += 1
                    except TimeoutError:
                        lost.append(number)

    clients = [threading.Thread(target=client, args=(f"127.9.0.{n}",)) for n in (1, 2)]
    for one in clients:
        one.start()
    try:
        for number in range(4):
            mine(reloaded).write_text("first.example\n" + "second.example\n" * (number % 2 == 0))
            assert reloaded.reload()
    finally:
        done.set()
        for one in clients:
            one.join()
    assert not lost
    assert set(rcodes) == {(0, 3), (1, 3), (2, 0), (3, 0), (3, 3)}
    assert sum(rcodes.values()) > 200


def test_two_signals_at_once_do_no_harm(reloaded: Server) -> None:
    for _ in range(5):
        reloaded.process.send_signal(1)
    assert reloaded.reload()
    assert blocked(reloaded.ask("www.first.example"))
