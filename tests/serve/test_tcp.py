"""DNS over TCP on real sockets: blocking clients here, the server on an event loop in a thread."""

import asyncio
import os
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from types import TracebackType
from typing import Any, Self

import dns.edns
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.serve import sockets, tcp
from blockfilter.serve.admission import Admission
from blockfilter.serve.keepalive import with_keepalive
from blockfilter.serve.tcp import Respond, TcpLimits, TcpServer

LIMITS = TcpLimits(connections=50, per_client=30, idle=5.0, frame=5.0, pipeline=20)
GONE = (ConnectionResetError, BrokenPipeError)
KEEPALIVE = dns.edns.OptionType(11)


@pytest.fixture(autouse=True)
def swift_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "_SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(tcp, "_ACCEPT_PAUSE", 0.1)


class Serving:
    """A server in a thread; `handle` is the test's own."""

    def __init__(
        self,
        handle: Callable[..., None],
        limits: TcpLimits = LIMITS,
        clients: tuple[str, ...] = ("127.0.0.0/8", "::1/128"),
        rate: int = 0,
        listening: socket.socket | None = None,
    ) -> None:
        self._sock = listening or sockets.bind_tcp("127.0.0.1", 0)
        self.address = self._sock.getsockname()
        self._handle, self._limits, self._rate = handle, limits, rate
        self._clients = [ip_network(client) for client in clients]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def handle(
        self, octets: bytes, client: str, respond: Callable[[bytes], None], /, tcp: bool = False
    ) -> None:
        self._handle(octets, client, respond, tcp=tcp)

    def refuse(self, octets: bytes, respond: Callable[[bytes], None], /) -> None:
        respond(octets[:3] + b"\x05" + octets[4:])

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        clock = time.monotonic
        admission = Admission(self._clients, rate=self._rate, exempt=[], clock=clock)
        self.server = TcpServer(self, admission, limits=self._limits, clock=clock)
        self.server.start(self._sock)
        self._ready.set()
        await self._stop.wait()
        self.server.close()
        await asyncio.sleep(0.01)

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        self.loop.call_soon_threadsafe(function, *arguments)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.call(self._stop.set)
        self._thread.join(5)

    def connect(self, source: str = "", receive_buffer: int = 0) -> socket.socket:
        client = socket.socket(self._sock.family)
        client.settimeout(5)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            client.bind((source, 0))
        try:
            client.connect(self.address)
        except OSError:
            client.close()
            raise
        return client


class Held:
    """A handler that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, Respond]] = []

    def __call__(self, packet: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        self.asked.append((packet, respond))

    def answer(self, serving: Serving, number: int) -> None:
        until(lambda: len(self.asked) > number)
        packet, respond = self.asked[number]
        serving.call(respond, packet)


def echo(packet: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
    assert tcp
    respond(packet)


def verbose(packet: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
    respond(packet[:12] + bytes(60000))


def until(condition: Callable[[], bool], seconds: float = 4.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def packet(ident: int, size: int = 20) -> bytes:
    return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + bytes(size - 12)


def framed(octets: bytes) -> bytes:
    return struct.pack("!H", len(octets)) + octets


def frames(count: int, first: int = 0) -> bytes:
    return b"".join(framed(packet(first + i)) for i in range(count))


def receive(client: socket.socket) -> bytes | None:
    head = exactly(client, 2)
    return exactly(client, struct.unpack("!H", head)[0]) if head else None


def exactly(client: socket.socket, size: int) -> bytes | None:
    octets = b""
    while len(octets) < size:
        more = client.recv(size - len(octets))
        if not more:
            return None
        octets += more
    return octets


def closed(client: socket.socket) -> bool:
    """Whether the server has closed: end of stream or a reset."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def still_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_frames_may_be_split_anywhere() -> None:
    with Serving(echo) as serving, serving.connect() as client:
        for octet in frames(2):
            client.sendall(bytes((octet,)))
            time.sleep(0.001)
        assert [receive(client), receive(client)] == [packet(0), packet(1)]


def test_several_queries_may_come_in_one_segment() -> None:
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(frames(15))
        assert [receive(client) for _ in range(15)] == [packet(i) for i in range(15)]


def test_no_answer_waits_for_the_client_to_acknowledge_the_one_before() -> None:
    with Serving(echo) as serving, serving.connect() as client:
        started = time.monotonic()
        for _ in range(100):
            client.sendall(frames(20))
            assert all(receive(client) for _ in range(20))
        assert time.monotonic() - started < 2  # with Nagle's algorithm: 4 s


def test_a_query_may_be_as_large_as_its_length_can_tell() -> None:
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(framed(packet(1, size=65535)))
        assert receive(client) == packet(1, size=65535)


def test_answers_leave_as_they_come_in_any_order() -> None:
    held = Held()
    with Serving(held) as serving, serving.connect() as client:
        client.sendall(frames(20))
        for number in reversed(range(20)):
            until(lambda: len(held.asked) == 20)
            held.answer(serving, number)
        assert [receive(client) for _ in range(20)] == [packet(i) for i in range(19, -1, -1)]


def test_a_query_is_answered_once() -> None:
    held = Held()
    with Serving(held) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        held.answer(serving, 0)
        held.answer(serving, 0)
        client.sendall(framed(packet(2)))
        held.answer(serving, 1)
        assert [receive(client), receive(client)] == [packet(1), packet(2)]


def test_at_the_pipeline_bound_reading_stops_until_answers_are_out() -> None:
    held = Held()
    with Serving(held) as serving, serving.connect() as client:
        client.sendall(frames(60))
        time.sleep(0.2)
        assert len(held.asked) == 20
        for number in range(60):
            held.answer(serving, number)
            assert receive(client) == packet(number)
        assert len(held.asked) == 60


def test_a_client_that_closes_its_side_still_gets_all_its_answers() -> None:
    held = Held()
    with Serving(held) as serving, serving.connect() as client:
        client.sendall(frames(60))
        client.shutdown(socket.SHUT_WR)
        for number in range(55):
            held.answer(serving, number)
        [connection] = serving.server._connections
        until(lambda: connection._heard_all)
        for number in range(55, 60):
            held.answer(serving, number)
        assert [receive(client) for _ in range(60)] == [packet(i) for i in range(60)]
        assert closed(client)
        until(lambda: not serving.server._connections, 0.3)


def test_an_answer_for_a_client_that_is_gone_goes_nowhere() -> None:
    held = Held()
    with Serving(held) as serving:
        with serving.connect() as client:
            client.sendall(framed(packet(1)))
            until(lambda: len(held.asked) == 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        until(lambda: not serving.server._connections)
        held.answer(serving, 0)
        with serving.connect() as other:
            other.sendall(framed(packet(9)))
            held.answer(serving, 1)
            assert receive(other) == packet(9)


def test_a_connection_without_queries_is_closed_after_the_idle_time() -> None:
    limits = LIMITS._replace(idle=0.2)
    with Serving(echo, limits) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        assert receive(client) == packet(1)
        started = time.monotonic()
        assert closed(client)
        assert 0.15 < time.monotonic() - started < 3


def test_a_connection_that_waits_for_its_answer_is_not_idle() -> None:
    held = Held()
    with Serving(held, LIMITS._replace(idle=0.2)) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        time.sleep(0.6)
        held.answer(serving, 0)
        assert receive(client) == packet(1)


def test_one_octet_at_a_time_does_not_extend_the_frames_deadline() -> None:
    limits = LIMITS._replace(frame=0.5)
    with Serving(echo, limits) as serving, serving.connect() as client:
        started = time.monotonic()
        with pytest.raises(GONE):
            for octet in framed(packet(1, size=400)):
                client.sendall(bytes((octet,)))
                time.sleep(0.02)
        assert time.monotonic() - started < 4


def test_a_frame_that_could_not_be_read_is_not_late() -> None:
    held = Held()
    limits = LIMITS._replace(frame=0.8, pipeline=100)
    with Serving(held, limits) as serving, serving.connect(receive_buffer=4096) as client:
        client.sendall(frames(91)[:-5])
        until(lambda: len(held.asked) == 90)
        time.sleep(0.4)
        for octets, respond in held.asked:
            serving.call(verbose, octets, "", respond)  # more than the client takes
        time.sleep(0.5)
        [connection] = serving.server._connections
        assert connection._paused
        assert all(receive(client) for _ in range(90))
        time.sleep(0.2)
        client.sendall(framed(packet(90))[-5:])
        held.answer(serving, 90)
        assert receive(client) == packet(90)


def test_for_a_client_that_never_reads_little_is_kept_and_then_it_is_cut_off() -> None:
    answered = []

    def count(octets: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        answered.append(1)
        verbose(octets, client, respond)

    with (
        Serving(count, LIMITS._replace(frame=0.6)) as serving,
        serving.connect(receive_buffer=4096) as client,
        serving.connect() as other,
    ):
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            while True:
                client.sendall(frames(500))
        kept = next(c for c in serving.server._connections if c._stuck_since is not None)
        assert kept._transport is not None
        assert kept._transport.get_write_buffer_size() < tcp._MOST_UNREAD + 65537
        assert sum(answered) < 200  # what the kernel takes, and no more
        other.sendall(framed(packet(1)))
        assert receive(other) is not None
        client.settimeout(4)
        with pytest.raises(GONE):
            while True:
                client.sendall(frames(500))


@pytest.mark.parametrize("half_closed", [False, True])
def test_a_client_that_leaves_a_little_unread_is_not_kept_for_ever(half_closed: bool) -> None:
    limits = LIMITS._replace(idle=0.5)

    def unread() -> int:
        return sum(
            c._transport.get_write_buffer_size()
            for c in serving.server._connections
            if c._transport
        )

    with Serving(verbose, limits) as serving, serving.connect(receive_buffer=4096) as client:
        while not unread():
            client.sendall(framed(packet(1)))
            time.sleep(0.01)
        assert 0 < unread() < tcp._MOST_UNREAD
        if half_closed:
            client.shutdown(socket.SHUT_WR)
        until(lambda: not serving.server._connections)


def test_queries_met_with_silence_give_their_places_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "_ANSWER_SECONDS", 0.3)
    held = Held()
    with Serving(held, LIMITS._replace(idle=0.4)) as serving, serving.connect() as client:
        client.sendall(frames(21))
        until(lambda: len(held.asked) == 21)
        held.answer(serving, 20)
        assert receive(client) == packet(20)
        client.sendall(frames(20))
        assert closed(client)
        until(lambda: not serving.server._connections)


@pytest.mark.parametrize("size", [0, 1, 11])
def test_a_frame_too_short_for_a_header_ends_the_connection(size: int) -> None:
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(framed(bytes(size)))
        assert closed(client)


def test_a_response_in_a_frame_is_met_with_silence_and_the_connection_lives() -> None:
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall((framed(b"\0\1\x80\0" + bytes(8)) * 30) + framed(packet(5)))
        assert receive(client) == packet(5)


def test_connections_of_one_client_are_bounded_and_come_free_again() -> None:
    with Serving(echo, LIMITS._replace(per_client=5)) as serving:
        mine = [serving.connect() for _ in range(5)]
        with serving.connect() as sixth, serving.connect("127.0.0.2") as another:
            assert closed(sixth)
            another.sendall(framed(packet(2)))
            assert receive(another) == packet(2)
        for client in mine:
            client.close()
        until(lambda: not serving.server._connections and not serving.server._of_client)
        with serving.connect() as late:
            late.sendall(framed(packet(3)))
            assert receive(late) == packet(3)


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 2048:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(2048, before[0]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_descriptors")
def test_of_six_hundred_connections_five_hundred_are_served() -> None:
    limits = LIMITS._replace(connections=500, per_client=20, idle=30.0)
    with Serving(echo, limits) as serving:
        clients = [serving.connect(f"127.0.1.{1 + i % 40}") for i in range(600)]
        until(lambda: sum(map(still_open, clients)) == 500)
        served = [client for client in clients if still_open(client)]
        for client in served:
            client.settimeout(5)
            client.sendall(framed(packet(1)))
        assert all(receive(client) == packet(1) for client in served)
        for client in clients:
            client.close()
        until(lambda: not serving.server._connections)


def test_without_descriptors_accepting_pauses_and_datagrams_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    udp, asker = sockets.bind_udp("127.0.0.1", 0), socket.socket(type=socket.SOCK_DGRAM)
    asker.settimeout(2)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with udp, asker, Serving(echo) as serving, socket.socket() as client:
        serving.call(serving.loop.add_reader, udp, lambda: udp.sendto(*udp.recvfrom(512)))
        client.settimeout(5)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            client.connect(serving.address)
            client.sendall(framed(packet(1)))
            until(lambda: "no descriptor is left" in caplog.text)
            for _ in range(5):
                asker.sendto(b"query", udp.getsockname())
                assert asker.recv(512) == b"query"
                time.sleep(0.1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert receive(client) == packet(1)
        serving.call(serving.loop.remove_reader, udp)
    assert caplog.text.count("no descriptor is left") == 1


def test_clients_from_outside_are_refused_once_and_closed() -> None:
    with Serving(echo, clients=("10.0.0.0/8",)) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)) + framed(packet(2)))
        refused = receive(client)
        assert refused is not None
        assert refused[3] == 5
        assert closed(client)


def test_clients_from_outside_share_the_connections_of_one_and_keep_nobody_out() -> None:
    limits = LIMITS._replace(connections=8, per_client=5)
    with Serving(echo, limits, clients=("127.0.0.1/32",)) as serving:
        outside = [serving.connect(f"127.0.2.{i}") for i in range(1, 10)]
        until(lambda: sum(map(still_open, outside)) == 5)
        with serving.connect() as inside:
            inside.sendall(framed(packet(1)))
            assert receive(inside) == packet(1)
        for client in outside:
            client.close()
        until(lambda: not serving.server._connections and not serving.server._of_client)


def own_address() -> str:
    """An IPv4 address of this machine other than loopback, which has no rate."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 53))
        except OSError:
            pytest.skip("this machine has only loopback")
        return str(probe.getsockname()[0])


def test_over_the_rate_queries_are_dropped_and_the_connection_lives() -> None:
    own = own_address()
    served: list[bytes] = []

    def collect(octets: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        assert client == own
        served.append(octets)
        respond(octets)

    listening = sockets.bind_tcp(own, 0)
    serving = Serving(collect, clients=(own,), rate=5, listening=listening)
    with serving, serving.connect(own) as client:
        client.sendall(frames(30))
        assert [receive(client) for _ in range(5)] == [packet(i) for i in range(5)]
        time.sleep(1.1)
        assert len(served) == 5
        client.sendall(framed(packet(77)))
        assert receive(client) == packet(77)


def test_a_flood_in_one_connection_lets_others_take_their_turns() -> None:
    order: list[str] = []

    def note(octets: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        if "127.0.0.2" not in order and client == "127.0.0.2":
            other.sendall(framed(packet(1)))  # arrives while the flood is being worked on
        order.append(client)
        respond(octets)

    with Serving(note) as serving, serving.connect("127.0.0.2") as flood:
        other = serving.connect("127.0.0.3")
        with other:
            other.sendall(framed(packet(0)))
            assert receive(other) == packet(0)
            flood.sendall(frames(700))
            assert [receive(flood) for _ in range(700)] == [packet(i) for i in range(700)]
            assert receive(other) == packet(1)
    assert order.index("127.0.0.3", 1) < 100


def test_draining_answers_all_that_was_read_and_takes_nothing_new() -> None:
    held = Held()
    with Serving(held) as serving, serving.connect() as client:
        client.sendall(frames(25))
        until(lambda: len(held.asked) == 20)
        drained = asyncio.run_coroutine_threadsafe(
            serving.server.drain(time.monotonic() + 3), serving.loop
        )
        time.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            serving.connect()
        client.sendall(framed(packet(99)))
        for number in range(25):
            held.answer(serving, number)
        assert [receive(client) for _ in range(25)] == [packet(i) for i in range(25)]
        assert closed(client)
        drained.result(3)
    assert len(held.asked) == 25


def test_draining_waits_for_a_client_that_reads_late() -> None:
    handled: list[bytes] = []

    def note(octets: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        handled.append(octets)
        verbose(octets, client, respond)

    with Serving(note) as serving, serving.connect(receive_buffer=4096) as client:
        client.sendall(frames(400))
        until(lambda: any(c._stuck_since is not None for c in serving.server._connections))
        [connection] = serving.server._connections
        assert len(connection._buffer) + len(handled) * len(framed(packet(0))) == len(frames(400))
        assert len(handled) < 400
        drained = asyncio.run_coroutine_threadsafe(
            serving.server.drain(time.monotonic() + 4), serving.loop
        )
        time.sleep(0.1)
        assert all(receive(client) for _ in range(400))
        assert closed(client)
        client.close()
        drained.result(3)


def test_a_client_that_asks_on_while_the_server_drains_keeps_its_answers() -> None:
    for _ in range(10):
        held = Held()
        with Serving(held) as serving, serving.connect() as client:
            client.sendall(frames(20))
            until(lambda held=held: len(held.asked) == 20)  # type: ignore[misc]
            drained = asyncio.run_coroutine_threadsafe(
                serving.server.drain(time.monotonic() + 3), serving.loop
            )

            def answer_all(held: Held = held, client: socket.socket = client) -> None:
                client.sendall(frames(5, first=50))  # unread when the last answer leaves
                for octets, respond in held.asked:
                    respond(octets)

            serving.call(answer_all)
            time.sleep(0.02)
            assert [receive(client) for _ in range(20)] == [packet(i) for i in range(20)]
            assert client.recv(1) == b""  # an end, and no reset
            client.close()
            drained.result(1)


def test_a_client_that_resets_as_the_server_drains_hurts_nobody() -> None:
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        assert receive(client) == packet(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        async def reset_and_drain() -> None:
            client.close()  # the server has no turn to hear of it
            await serving.server.drain(time.monotonic() + 3)

        asyncio.run_coroutine_threadsafe(reset_and_drain(), serving.loop).result(2)


def test_draining_closes_idle_connections_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "_LINGER_SECONDS", 0.1)
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        assert receive(client) == packet(1)
        time.sleep(0.2)
        started = time.monotonic()
        drain = serving.server.drain(started + 3)
        asyncio.run_coroutine_threadsafe(drain, serving.loop).result(3)
        assert time.monotonic() - started < 0.5


def test_draining_does_not_wait_for_a_client_that_keeps_its_side_open() -> None:
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        assert receive(client) == packet(1)
        started = time.monotonic()
        drain = serving.server.drain(started + 4)
        asyncio.run_coroutine_threadsafe(drain, serving.loop).result(5)
        assert time.monotonic() - started < 2


def test_draining_ends_at_its_deadline() -> None:
    held = Held()
    with Serving(held) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        until(lambda: len(held.asked) == 1)
        started = time.monotonic()
        asyncio.run_coroutine_threadsafe(serving.server.drain(started + 0.3), serving.loop).result(
            3
        )
        assert 0.2 < time.monotonic() - started < 1
        serving.call(serving.server.close)
        assert closed(client)


def test_an_error_in_the_handler_ends_that_connection_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(octets: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        if octets[1] == 1:
            raise ValueError("secret.example")
        respond(octets)

    with Serving(fail) as serving:
        with serving.connect() as client:
            client.sendall(framed(packet(1)))
            assert closed(client)
        with serving.connect() as client:
            client.sendall(framed(packet(2)))
            assert receive(client) == packet(2)
    assert "secret" not in caplog.text
    assert "127.0.0.1" not in caplog.text
    assert "ValueError" in caplog.text


def test_an_inherited_socket_that_would_block_does_not_stop_the_loop() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    with Serving(echo, listening=listening) as serving:
        for _ in range(3):
            with serving.connect() as client:
                client.sendall(framed(packet(1)))
                assert receive(client) == packet(1)


def test_ipv6_clients_are_served() -> None:
    listening = sockets.bind_tcp("::1", 0)
    with Serving(echo, listening=listening) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        assert receive(client) == packet(1)


def test_a_client_mapped_into_ipv6_is_judged_and_known_as_ipv4() -> None:
    clients: list[str] = []

    def note(octets: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        clients.append(client)
        respond(octets)

    both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    adopted = socket.socket(fileno=os.dup(both.fileno()))
    both.close()
    serving = Serving(note, clients=("127.0.0.0/8",), listening=adopted)
    with serving, socket.create_connection(("127.0.0.1", adopted.getsockname()[1]), 5) as client:
        client.sendall(framed(packet(1)))
        assert receive(client) == packet(1)
    assert clients == ["127.0.0.1"]


def keepalive_query(**kwargs: Any) -> dns.message.QueryMessage:
    option = dns.edns.GenericOption(KEEPALIVE, b"")
    return dns.message.make_query("example.org", "A", use_edns=0, options=[option], **kwargs)


def response_to(query: dns.message.QueryMessage) -> dns.message.Message:
    return dns.message.make_response(query, our_payload=1232)


def told(octets: bytes) -> list[tuple[int, bytes | None]]:
    return [(option.otype, option.to_wire()) for option in dns.message.from_wire(octets).options]


def test_a_client_that_asks_is_told_the_idle_time_over_the_wire() -> None:
    def answer(octets: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        respond(response_to(query).to_wire())

    query = keepalive_query()
    with Serving(answer, LIMITS._replace(idle=12.5)) as serving, serving.connect() as client:
        client.sendall(framed(query.to_wire()))
        octets = receive(client)
    assert octets is not None
    assert told(octets) == [(11, struct.pack("!H", 125))]


def test_a_client_is_told_to_close_while_the_server_drains() -> None:
    held, query = Held(), keepalive_query()
    with Serving(held) as serving, serving.connect() as client:
        client.sendall(framed(query.to_wire()))
        until(lambda: len(held.asked) == 1)
        asyncio.run_coroutine_threadsafe(serving.server.drain(time.monotonic() + 3), serving.loop)
        time.sleep(0.05)
        serving.call(held.asked[0][1], response_to(query).to_wire())
        octets = receive(client)
    assert octets is not None
    assert told(octets) == [(11, b"\0\0")]


def test_the_idle_time_stands_behind_an_extended_error() -> None:
    query = keepalive_query()
    response = response_to(query)
    response.use_edns(
        0, payload=1232, options=[dns.edns.EDEOption(dns.edns.EDECode.BLOCKED, "blocked by policy")]
    )
    assert [
        code for code, _ in told(with_keepalive(query.to_wire(), response.to_wire(), 10.0))
    ] == [
        15,
        11,
    ]


def other_queries() -> Iterator[bytes]:
    yield dns.message.make_query("example.org", "A").to_wire()
    yield dns.message.make_query("example.org", "A", use_edns=0).to_wire()
    for code, value in ((11, b"\0\x64"), (10, b"\0\x0b\0\0\0\0\0\0")):
        option = dns.edns.GenericOption(dns.edns.OptionType(code), value)
        yield dns.message.make_query("example.org", "A", use_edns=0, options=[option]).to_wire()


@pytest.mark.parametrize(
    "query", list(other_queries()), ids=["no-edns", "bare", "valued", "cookie"]
)
def test_a_client_that_does_not_ask_is_not_told(query: bytes) -> None:
    response = response_to(keepalive_query()).to_wire()
    assert with_keepalive(query, response, 10.0) == response


def test_a_response_without_an_opt_stays_as_it_is() -> None:
    query = dns.message.make_query("example.org", "A")
    response = dns.message.make_response(query).to_wire()
    assert with_keepalive(keepalive_query().to_wire(), response, 10.0) == response


def test_a_response_without_room_stays_as_it_is() -> None:
    query = keepalive_query()
    response = response_to(query).to_wire()
    record = b"\xc0\x0c\0\x10\0\1\0\0\0\0"
    for free, grows in ((5, False), (6, True)):
        rdata = bytes(65535 - free - len(response) - len(record) - 2)
        at = len(response) - 11
        full = response[:at] + record + struct.pack("!H", len(rdata)) + rdata + response[at:]
        assert len(full) == 65535 - free
        assert (with_keepalive(query.to_wire(), full, 10.0) != full) is grows


@given(at=st.integers(0, 43), octet=st.integers(0, 255), cut=st.integers(12, 44))
def test_whatever_the_query_the_response_stays_a_message(at: int, octet: int, cut: int) -> None:
    broken = bytearray(keepalive_query(id=1).to_wire())
    broken[at] = octet
    response = response_to(keepalive_query()).to_wire()
    octets = with_keepalive(bytes(broken[:cut]), response, 10.0)
    assert told(octets) in ([], [(11, struct.pack("!H", 100))])
