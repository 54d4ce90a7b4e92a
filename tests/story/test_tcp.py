"""TCP as RFC 7766 has it: pipelined, out of order, in pieces, within limits."""

import contextlib
import socket
import time
from collections.abc import Iterator

import dns.edns
import dns.message
import dns.rcode
import pytest

from tests.client import Stream, option, query
from tests.fakes import addressed, always
from tests.story.test_blocked import blocked
from tests.world import Server, World, Zone


def ids(*packets: bytes) -> list[bytes]:
    return [one[:2] for one in packets]


def keepalive(response: dns.message.Message) -> list[bytes]:
    """The data of the options edns-tcp-keepalive."""
    return [
        one.data
        for one in response.options
        if isinstance(one, dns.edns.GenericOption) and one.otype == 11
    ]


MOST_IN_KERNEL = 24 << 20  # what the kernel holds of a connection that nobody reads is less
ASKS_TO_KEEP = [option(11)]


@pytest.fixture(scope="module")
def strict(world: World) -> Iterator[Server]:
    """A server with small limits."""
    config = "[tcp]\nidle_seconds = 1\nquery_seconds = 1\nconnections = 12\nper_client = 4\n"
    with world.server(config=config) as server:
        yield server


def test_queries_are_pipelined(server: Server, world: World) -> None:
    packets = [query(world.fresh()).to_wire() for _ in range(40)]
    with server.stream() as stream:
        stream.send(*packets)
        got = [stream.receive() or b"" for _ in packets]
    assert sorted(ids(*got)) == sorted(ids(*packets))


def test_answers_come_out_of_order(server: Server, world: World, zone: Zone) -> None:
    slow, quick = world.fresh(), world.fresh()
    zone[slow] = addressed(delay=0.5)
    packets = [query(one).to_wire() for one in (slow, quick, "backpage.com")]
    with server.stream() as stream:
        stream.send(*packets)
        got = [stream.receive() or b"" for _ in packets]
    assert ids(got[2]) == ids(packets[0])
    assert sorted(ids(*got)) == sorted(ids(*packets))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_frames_are_split_anywhere(server: Server, size: int) -> None:
    packets = [query("backpage.com").to_wire(), query("listed.example", "HTTPS").to_wire()]
    octets = b"".join(len(one).to_bytes(2, "big") + one for one in packets)
    with server.stream() as stream:
        for at in range(0, len(octets), size):
            stream.socket.sendall(octets[at : at + size])
            time.sleep(0.002)
        assert ids(*(stream.receive() or b"" for _ in packets)) == ids(*packets)


def test_a_half_closed_connection_still_gets_its_answers(
    server: Server, world: World, zone: Zone
) -> None:
    name = world.fresh()
    zone[name] = addressed(delay=0.3)
    packets = [query(name).to_wire(), query("backpage.com").to_wire()]
    with server.stream() as stream:
        stream.send(*packets)
        stream.socket.shutdown(socket.SHUT_WR)
        got = [stream.receive() or b"" for _ in packets]
        assert sorted(ids(*got)) == sorted(ids(*packets))
        assert stream.receive() is None


def test_answers_of_64_kilobytes_come_whole(server: Server, world: World, zone: Zone) -> None:
    name = world.fresh()
    zone[name] = always(*(f'{name} 60 IN TXT "{n:03}{"x" * 245}"' for n in range(245)))
    with server.stream() as stream:
        for _ in range(3):
            stream.send(query(name, "TXT").to_wire())
            octets = stream.receive() or b""
            assert 62_000 < len(octets) <= 65535
            assert len(dns.message.from_wire(octets).answer[0]) == 245


def test_a_frame_of_no_octets_or_few_disturbs_nobody(server: Server) -> None:
    last = query("backpage.com").to_wire()
    for octets in (b"", b"x", b"x" * 11):
        with server.stream() as broken, server.stream() as other:
            broken.send(octets, last)
            other.send(last)
            assert ids(other.receive() or b"") == ids(last)
            assert (broken.receive() or last)[:2] == last[:2], "silence, whether closed or not"


def test_an_idle_connection_is_closed(strict: Server) -> None:
    with strict.stream() as unused, strict.stream() as used:
        used.send(query("backpage.com").to_wire())
        assert used.receive()
        start = time.monotonic()
        assert unused.ends(3.0)
        assert used.ends(3.0)
        assert time.monotonic() - start < 3.0


def test_a_connection_in_use_is_not_idle(strict: Server) -> None:
    with strict.stream() as stream:
        for _ in range(6):
            stream.send(query("backpage.com").to_wire())
            assert stream.receive()
            time.sleep(0.4)


def test_a_query_that_takes_too_long_to_arrive_ends_the_connection(strict: Server) -> None:
    packet = query("backpage.com").to_wire()
    with strict.stream() as stream:
        stream.socket.sendall(len(packet).to_bytes(2, "big"))
        start = time.monotonic()
        with contextlib.suppress(OSError):  # a drop now and then buys no time
            for octet in packet[:-1]:
                stream.socket.sendall(bytes([octet]))
                if stream.ends(0.15):
                    break
        assert 0.5 < time.monotonic() - start < 2.5


def answers(stream: Stream) -> bool:
    """Whether the connection is served."""
    try:
        stream.send(query("backpage.com").to_wire())
        return stream.receive(1.0) is not None
    except (OSError, TimeoutError):
        return False


def test_connections_are_limited_per_client_and_in_all_and_udp_is_not(strict: Server) -> None:
    with contextlib.ExitStack() as stack:

        def served(source: str, count: int) -> int:
            streams = []
            for _ in range(count):
                with contextlib.suppress(OSError):
                    streams.append(stack.enter_context(strict.stream(source)))
            return sum(answers(one) for one in streams)

        assert served("127.7.0.1", 6) == 4
        assert served("127.7.0.2", 4) == 4
        assert served("127.7.0.3", 4) == 4
        assert served("127.7.0.4", 2) == 0, "twelve in all"
        assert blocked(strict.ask("backpage.com", source="127.7.0.4"))
    time.sleep(0.2)
    with strict.stream("127.7.0.4") as stream:
        assert answers(stream), "when others have gone there is room again"


def test_edns_keepalive_is_told_to_who_asks_over_tcp(server: Server, world: World) -> None:
    for name in ("backpage.com", world.fresh(), "localhost"):
        (data,) = keepalive(server.ask(name, tcp=True, options=ASKS_TO_KEEP))
        assert int.from_bytes(data) == 100, "ten seconds in tenths, as configured"
        assert not keepalive(server.ask(name, tcp=True))
        assert not keepalive(server.ask(name, options=ASKS_TO_KEEP)), "never over UDP"
        assert server.ask(name, tcp=True, edns=False).edns == -1


def test_at_the_bound_of_a_connection_reading_stops_until_answers_are_out(server: Server) -> None:
    """A client that sends for ever and reads nothing costs no memory, and loses no answer."""
    packet = query(f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 40}.backpage.com").to_wire()
    frame = len(packet).to_bytes(2, "big") + packet
    before, sent = server.memory(), 0
    with server.stream() as stream:
        for kind in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            stream.socket.setsockopt(socket.SOL_SOCKET, kind, 1 << 16)
        stream.socket.settimeout(0.7)
        octets = frame * (MOST_IN_KERNEL // len(frame))
        with contextlib.suppress(TimeoutError):
            while sent < len(octets):
                sent += stream.socket.send(octets[sent : sent + (1 << 16)])
        assert sent < len(octets), "the server has stopped reading"
        assert blocked(server.ask("backpage.com", seconds=1.0)), "others are served"
        assert server.memory() - before < 8 << 20
        for _ in range(sent // len(frame)):
            assert (stream.receive() or b"")[:2] == packet[:2]


def test_a_slow_name_on_a_full_connection_does_not_stop_other_connections(
    server: Server, world: World, zone: Zone
) -> None:
    names = [world.fresh() for _ in range(30)]  # more than may be in work for one connection
    for name in names:
        zone[name] = addressed(delay=0.4)
    packets = [query(name).to_wire() for name in names]
    with server.stream() as full, server.stream() as other:
        full.send(*packets)
        other.send(query("backpage.com").to_wire())
        assert other.receive(0.3)
        assert sorted(ids(*(full.receive() or b"" for _ in names))) == sorted(ids(*packets))


def test_zone_transfers_are_refused_over_tcp(server: Server) -> None:
    for rdtype in ("AXFR", "IXFR"):
        with server.stream() as stream:
            stream.send(query("example.com", rdtype).to_wire())
            assert dns.message.from_wire(stream.receive() or b"").rcode() == dns.rcode.REFUSED
