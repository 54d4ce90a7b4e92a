"""DNS over TCP on real sockets: a blocking client in a thread, the server on an event loop."""

import asyncio
import socket
import struct
import threading
import time
from ipaddress import ip_network

import dns.edns
import dns.message
import pytest

from blockfilter.serve import sockets
from blockfilter.serve.admission import Admission
from blockfilter.serve.tcp import TcpLimits, TcpServer, with_keepalive

LIMITS = TcpLimits(connections=50, per_client=30, idle=5.0, frame=5.0, pipeline=20)


class Serving:
    """A server in a thread; `handle` is the test's own."""

    def __init__(self, handle, limits=LIMITS, clients="127.0.0.0/8"):
        self._udp, self._sock = sockets.bind_pair("127.0.0.1", 0)
        self._udp.close()
        self.address = self._sock.getsockname()
        self._handle, self._limits = handle, limits
        self._clients = [ip_network(clients)]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        admission = Admission(self._clients, rate=0, exempt=[], clock=time.monotonic)
        self.server = TcpServer(self._handle, admission, limits=self._limits, clock=time.monotonic)
        self.server.start(self._sock)
        self._ready.set()
        await self._stop.wait()
        self.server.close()
        await asyncio.sleep(0.01)

    def call(self, function, *arguments):
        self.loop.call_soon_threadsafe(function, *arguments)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_):
        self.call(self._stop.set)
        self._thread.join(5)

    def connect(self):
        client = socket.create_connection(self.address, timeout=5)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client


def packet(ident, size=20):
    return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + bytes(size - 12)


def framed(octets):
    return struct.pack("!H", len(octets)) + octets


def receive(client):
    head = exactly(client, 2)
    return exactly(client, struct.unpack("!H", head)[0]) if head else None


def exactly(client, size):
    octets = b""
    while len(octets) < size:
        more = client.recv(size - len(octets))
        if not more:
            return None
        octets += more
    return octets


def echo(octets, client, respond, tcp=False):
    assert tcp
    respond(octets)


def closed(client):
    """Whether the server has closed: end of stream or a reset."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_frames_may_be_split_anywhere():
    with Serving(echo) as serving, serving.connect() as client:
        for octet in framed(packet(7)) + framed(packet(8)):
            client.sendall(bytes((octet,)))
            time.sleep(0.001)
        assert receive(client) == packet(7)
        assert receive(client) == packet(8)


def test_several_queries_may_come_in_one_segment():
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(b"".join(framed(packet(i)) for i in range(15)))
        assert [receive(client) for _ in range(15)] == [packet(i) for i in range(15)]


def test_answers_leave_as_they_come_in_any_order():
    waiting = []

    def collect(octets, client, respond, tcp=False):
        waiting.append((octets, respond))
        if len(waiting) == 20:
            for held, answer in reversed(waiting):
                answer(held)

    with Serving(collect) as serving, serving.connect() as client:
        client.sendall(b"".join(framed(packet(i)) for i in range(20)))
        assert [receive(client)[1] for _ in range(20)] == list(range(19, -1, -1))


def test_at_the_pipeline_bound_reading_stops_until_answers_are_out():
    waiting = []

    def collect(octets, client, respond, tcp=False):
        waiting.append((octets, respond))

    with Serving(collect) as serving, serving.connect() as client:
        client.sendall(b"".join(framed(packet(i)) for i in range(60)))
        time.sleep(0.3)
        assert len(waiting) == 20
        answered = 0
        while answered < 60:
            held, answer = waiting[answered]
            serving.call(answer, held)
            assert receive(client) == packet(answered)
            answered += 1
        assert len(waiting) == 60


def test_a_client_that_closes_its_side_still_gets_its_answers():
    waiting = []

    def collect(octets, client, respond, tcp=False):
        waiting.append((octets, respond))

    with Serving(collect) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)) + framed(packet(2)))
        client.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
        for held, answer in waiting:
            serving.call(answer, held)
        assert receive(client) == packet(1)
        assert receive(client) == packet(2)
        assert closed(client)


def test_an_answer_for_a_client_that_is_gone_goes_nowhere():
    waiting = []

    def collect(octets, client, respond, tcp=False):
        waiting.append((octets, respond))

    with Serving(collect) as serving:
        with serving.connect() as client:
            client.sendall(framed(packet(1)))
            time.sleep(0.1)
        time.sleep(0.1)
        [(held, answer)] = waiting
        serving.call(answer, held)
        with serving.connect() as other:
            other.sendall(framed(packet(9)))
            time.sleep(0.1)
            serving.call(waiting[1][1], packet(9))
            assert receive(other) == packet(9)


def test_a_connection_without_queries_is_closed_after_the_idle_time():
    limits = LIMITS._replace(idle=0.5)
    with Serving(echo, limits) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        assert receive(client) == packet(1)
        started = time.monotonic()
        assert closed(client)
        assert 0.3 < time.monotonic() - started < 3


def test_one_octet_at_a_time_does_not_extend_the_frames_deadline():
    limits = LIMITS._replace(frame=0.5)
    with Serving(echo, limits) as serving, serving.connect() as client:
        started = time.monotonic()
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for octet in framed(packet(1, size=400)):
                client.sendall(bytes((octet,)))
                time.sleep(0.02)
        assert time.monotonic() - started < 4


def test_a_client_that_never_reads_is_cut_off():
    def verbose(octets, client, respond, tcp=False):
        respond(octets[:12] + bytes(60000))

    limits = LIMITS._replace(frame=0.5, pipeline=20)
    with Serving(verbose, limits) as serving, serving.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        started = time.monotonic()
        with pytest.raises((ConnectionResetError, BrokenPipeError, TimeoutError)):
            while time.monotonic() - started < 6:
                client.sendall(framed(packet(1)) * 50)
                time.sleep(0.05)
        assert time.monotonic() - started < 6


def test_a_frame_too_short_for_a_header_ends_the_connection():
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(framed(b"short"))
        assert closed(client)


def test_a_response_in_a_frame_is_met_with_silence_and_the_connection_lives():
    with Serving(echo) as serving, serving.connect() as client:
        client.sendall(framed(b"\0\1\x80\0" + bytes(8)) + framed(packet(5)))
        assert receive(client) == packet(5)


def test_connections_are_bounded_for_one_client_and_in_all():
    limits = LIMITS._replace(connections=20, per_client=5)
    with Serving(echo, limits) as serving:
        mine = [serving.connect() for _ in range(5)]
        time.sleep(0.1)
        with serving.connect() as sixth:
            assert closed(sixth)
        others = []
        for host in range(2, 8):
            for _ in range(4):
                client = socket.socket()
                client.settimeout(5)
                client.bind((f"127.0.0.{host}", 0))
                client.connect(serving.address)
                others.append(client)
        time.sleep(0.2)
        assert sum(still_open(c) for c in (*mine, *others)) == 20
        for client in (*mine, *others):
            client.close()
        time.sleep(0.2)
        with serving.connect() as late:
            late.sendall(framed(packet(3)))
            assert receive(late) == packet(3)


def still_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_clients_from_outside_are_closed_at_once():
    with Serving(echo, clients="10.0.0.0/8") as serving, serving.connect() as client:
        assert closed(client)


def test_draining_answers_what_was_asked_and_takes_nothing_new():
    waiting = []

    def collect(octets, client, respond, tcp=False):
        waiting.append((octets, respond))

    with Serving(collect) as serving, serving.connect() as client:
        client.sendall(framed(packet(1)))
        time.sleep(0.1)
        drained = asyncio.run_coroutine_threadsafe(
            serving.server.drain(time.monotonic() + 3), serving.loop
        )
        time.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            serving.connect()
        serving.call(waiting[0][1], packet(1))
        assert receive(client) == packet(1)
        assert closed(client)
        drained.result(3)


def test_an_error_in_the_handler_ends_that_connection_only(caplog):
    def fail(octets, client, respond, tcp=False):
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
    assert "ValueError" in caplog.text


def keepalive_query(**kwargs):
    option = dns.edns.GenericOption(dns.edns.OptionType(11), b"")
    return dns.message.make_query("example.org", "A", use_edns=0, options=[option], **kwargs)


def test_a_client_that_asks_is_told_the_idle_time():
    query = keepalive_query()
    response = dns.message.make_response(query, our_payload=1232)
    octets = with_keepalive(query.to_wire(), response.to_wire(), 10.0)
    [option] = dns.message.from_wire(octets).options
    assert (option.otype, option.to_wire()) == (11, struct.pack("!H", 100))


def test_a_client_that_does_not_ask_is_not_told():
    query = dns.message.make_query("example.org", "A", use_edns=0)
    response = dns.message.make_response(query, our_payload=1232).to_wire()
    assert with_keepalive(query.to_wire(), response, 10.0) == response


def test_a_response_without_an_opt_stays_as_it_is():
    query = dns.message.make_query("example.org", "A")
    response = dns.message.make_response(query).to_wire()
    assert with_keepalive(keepalive_query().to_wire(), response, 10.0) == response
