"""The service manager's side is played with real sockets."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from blockfilter.config.systemd import Notifier, inherited_sockets, watchdog_seconds
from blockfilter.errors import ListenError

PID = str(os.getpid())


@contextmanager
def passed(*sockets: socket.socket):
    """Put `sockets` at consecutive descriptors, as systemd does from 3 on."""
    first = 200
    with ExitStack() as stack:
        for at, sock in enumerate(sockets):
            os.dup2(sock.fileno(), first + at, inheritable=True)
            stack.callback(_close, first + at)
        yield first


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # the test closed it through its socket


def test_bound_and_listening_sockets_are_taken_with_their_kind():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.create_server(("127.0.0.1", 0)) as tcp,
    ):
        udp.bind(("127.0.0.1", 0))
        with passed(udp, tcp) as first:
            environ = {"LISTEN_PID": PID, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "dns:dns"}
            found = inherited_sockets(environ, first=first)
            try:
                assert [one.type for one in found] == [socket.SOCK_DGRAM, socket.SOCK_STREAM]
                assert [one.getsockname() for one in found] == [
                    udp.getsockname(),
                    tcp.getsockname(),
                ]
                assert not any(one.get_inheritable() for one in found)
            finally:
                for one in found:
                    one.close()


def test_the_first_descriptor_is_three():
    code = (
        "import os, sys; from blockfilter.config.systemd import inherited_sockets;"
        "os.environ['LISTEN_PID'] = str(os.getpid()); os.environ['LISTEN_FDS'] = '1';"
        "os.dup2(int(sys.argv[1]), 3);"
        "print(inherited_sockets(os.environ)[0].getsockname()[1])"
    )
    with socket.create_server(("127.0.0.1", 0)) as tcp:
        number = str(tcp.fileno())
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, number],
            check=True,
            capture_output=True,
            text=True,
            pass_fds=[tcp.fileno()],
        )
        assert int(done.stdout) == tcp.getsockname()[1]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": PID},
        {"LISTEN_PID": PID, "LISTEN_FDS": "x"},
        {"LISTEN_PID": PID, "LISTEN_FDS": "0"},
    ],
)
def test_without_activation_of_this_process_nothing_is_taken(environ):
    assert inherited_sockets(environ) == ()


def test_sockets_that_cannot_serve_dns_are_refused_by_name():
    left, right = socket.socketpair()
    connected = socket.socket()
    with left, right, connected:
        for wrong in (left, connected):
            with passed(wrong) as first, pytest.raises(ListenError, match="stub"):
                environ = {"LISTEN_PID": PID, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "stub"}
                inherited_sockets(environ, first=first)


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path):
    file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    try:
        with pytest.raises(ListenError, match="no socket"):
            inherited_sockets({"LISTEN_PID": PID, "LISTEN_FDS": "1"}, first=file)
    finally:
        os.close(file)


@pytest.mark.parametrize("abstract", [True, False])
def test_the_manager_hears_each_state(tmp_path, abstract):
    name = f"blockfilter-test-{PID}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}" if abstract else name)
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": f"@{name}" if abstract else name})
        notifier.ready("listening")
        assert manager.recv(1000) == b"READY=1\nSTATUS=listening"
        notifier.reloading()
        state, _, usec = manager.recv(1000).decode().partition("\nMONOTONIC_USEC=")
        assert state == "RELOADING=1"
        assert usec.isdigit()
        notifier.alive()
        notifier.status("degraded")
        notifier.stopping()
        heard = [manager.recv(1000) for _ in range(3)]
        assert heard == [b"WATCHDOG=1", b"STATUS=degraded", b"STOPPING=1"]


def test_without_a_manager_or_with_a_deaf_one_nothing_happens(tmp_path):
    Notifier({}).ready("x")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("x")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "full"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "full")})
        for _ in range(2000):  # more than its queue holds: nobody may be made to wait
            notifier.alive()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": PID}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdogs_period_is_known_to_whom_it_watches(environ, seconds):
    assert watchdog_seconds(environ) == seconds
