"""The service manager's protocol: inherited sockets, readiness, watchdog.

Three environment variables and one datagram socket; where they are not set, nothing is done.
"""

import os
import socket
import time
from collections.abc import Mapping

from blockfilter.errors import ListenError

FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START


def inherited_sockets(
    environ: Mapping[str, str], *, pid: int | None = None, first: int = FIRST_DESCRIPTOR
) -> tuple[socket.socket, ...]:
    """The sockets systemd opened for this process: UDP ones bound, TCP ones listening.

    Empty without socket activation, or if it was meant for another process. A socket of any other
    kind is a ListenError, for its clients would wait in vain.
    """
    if environ.get("LISTEN_PID") != str(os.getpid() if pid is None else pid):
        return ()
    count = environ.get("LISTEN_FDS", "")
    if not (count.isascii() and count.isdigit()):
        return ()
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    return tuple(
        _inherited(first + at, names[at] if at < len(names) else "unknown")
        for at in range(int(count))
    )


def _inherited(descriptor: int, name: str) -> socket.socket:
    try:
        found = socket.socket(fileno=descriptor)
        found.set_inheritable(False)
    except OSError as error:
        raise ListenError(
            f"descriptor {descriptor} ({name}) passed by systemd is no socket: name only "
            "ListenStream= and ListenDatagram= in the socket unit"
        ) from error
    inet = found.family in (socket.AF_INET, socket.AF_INET6)
    listening = bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    if not inet or listening != (found.type == socket.SOCK_STREAM):
        found.detach()
        raise ListenError(
            f"socket {name} passed by systemd cannot serve DNS: write ListenStream= and "
            "ListenDatagram= with an IP address and port, and Accept=no"
        )
    return found


class Notifier:
    """Tells the service manager how things stand; without one it does nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self, status: str) -> None:
        """Start-up, or a reload, is complete."""
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """A reload begins; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end begins."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """The watchdog need not bark."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.setblocking(False)
                manager.connect(self._address)
                manager.send(message.encode())
        except OSError:
            return  # a manager that does not listen must not stop the server


def watchdog_seconds(environ: Mapping[str, str], *, pid: int | None = None) -> float | None:
    """How often at least the manager wants to hear; None if it does not watch this process."""
    text = environ.get("WATCHDOG_USEC", "")
    meant_for = environ.get("WATCHDOG_PID", "")
    if meant_for and meant_for != str(os.getpid() if pid is None else pid):
        return None
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        return None
    return int(text) / 1_000_000
