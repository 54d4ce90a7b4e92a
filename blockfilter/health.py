"""Whether a running server does its work, found out as a client would: by asking it.

Four things, in this order: the listener answers over UDP and TCP, an upstream answers, a policy is
in force, the test name is blocked. What the server says about itself in its status file is added.
Every step is bounded, and so is the whole. Nothing is kept, and the names asked are our own.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blockfilter.errors import FormatError
from blockfilter.message import codec

TEST_NAME = "check.blockfilter.test"  # in every compiled policy; blocked and never counted
NONCE_ZONE = "health.blockfilter.test"  # nobody has an answer cached for a fresh name below it
BUDGET = 6.0  # seconds in all: the server's own budget for an upstream is below five
LISTENER = 1.0  # seconds for an answer that needs no upstream
RESEND = 0.5  # seconds until a datagram counts as lost
MAX_STATUS = 1 << 20  # octets of a status file; it has no counts and is small

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
EDE_BLOCKED = 15  # RFC 8914
EDE_UNREACHED = frozenset({22, 23})  # no reachable authority, network error

Server = tuple[str, int]
Ask = Callable[[Server, bytes, float], bytes]


@dataclass(frozen=True, slots=True)
class Report:
    """What is missing makes a server unhealthy; what is degraded does not."""

    missing: tuple[str, ...]
    degraded: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a running server wrote about itself; text that is not there is empty."""

    listeners: tuple[str, ...]
    release: str
    rules: int
    policy_errors: tuple[str, ...]
    sources_failing: tuple[str, ...]
    upstreams_down: tuple[str, ...]
    hits: str
    hits_detail: str
    counts_detail: str
    ram_backed: bool


class _NoAnswerError(Exception):
    """Why there was none."""


def examine(server: Server, status: Status | None, *, budget: float = BUDGET) -> Report:
    """Ask `server` and judge; takes at most about `budget` seconds."""
    until = time.monotonic() + budget
    missing: list[str] = []
    working: list[Ask] = []
    replies: list[codec.Reply] = []
    for transport, ask in (("UDP", over_udp), ("TCP", over_tcp)):
        try:
            replies.append(_reply(ask, server, TEST_NAME, "A", time.monotonic() + LISTENER))
            working.append(ask)
        except _NoAnswerError as why:
            missing.append(f"listener: {_spelled(server)} does not answer over {transport} ({why})")
    if any(reply.rcode == REFUSED for reply in replies):
        missing.append(
            f"clients: {_spelled(server)} refuses this host; add its network to server.clients"
        )
    elif replies:
        missing += _upstream(server, working[0], until)
    missing += _policy(status)
    missing += _test_name([reply for reply in replies if reply.rcode != REFUSED])
    if status is not None and status.hits == "failing":
        missing.append(f"hits: {status.hits_detail or 'the store fails'}")
    return Report(tuple(missing), _degraded(status), _summary(server, status))


def _upstream(server: Server, ask: Ask, until: float) -> list[str]:
    """Nothing, if a name that only an upstream can answer for is answered."""
    name = f"{secrets.token_hex(16)}.{NONCE_ZONE}"
    try:
        reply = _reply(ask, server, name, "TXT", until)
    except _NoAnswerError:
        return ["upstream: no answer in time; check upstream.servers and the network"]
    if reply.rcode == SERVFAIL and EDE_UNREACHED.intersection(reply.ede):
        return ["upstream: none answers; check upstream.servers and the network"]
    return []


def _policy(status: Status | None) -> list[str]:
    if status is None:
        return []
    errors = [f"list: {error}" for error in status.policy_errors]
    return errors if errors or status.rules else ["list: none is loaded"]


def _test_name(replies: list[codec.Reply]) -> list[str]:
    if all(r.rcode in (NOERROR, NXDOMAIN) and EDE_BLOCKED in r.ede for r in replies):
        return []
    return [f"test name: {TEST_NAME} is not blocked; no policy is in force at this server"]


def _degraded(status: Status | None) -> tuple[str, ...]:
    if status is None:
        return ()
    found = [f"upstream: {address} does not answer" for address in status.upstreams_down]
    found += [f"subscription: {one}; its last good copy is used" for one in status.sources_failing]
    if status.hits == "degraded":
        found.append(f"hits: {status.hits_detail or 'the store is degraded'}")
    if status.counts_detail:
        found.append(f"counts: {status.counts_detail}")
    if not status.ram_backed:
        found.append("runtime: the directory is not RAM-backed; hits of the day are on a disk")
    return tuple(found)


def _summary(server: Server, status: Status | None) -> str:
    policy = "a policy is in force"
    if status is not None:
        policy = f"policy {status.release} with {status.rules} rules is in force".replace("  ", " ")
    return (
        f"{_spelled(server)} answers over UDP and TCP, an upstream answers, {policy}, "
        "the test name is blocked"
    )


def _spelled(server: Server) -> str:
    host, port = server
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reply(ask: Ask, server: Server, name: str, qtype: str, until: float) -> codec.Reply:
    query = codec.query(name, qtype, ident=secrets.randbelow(0x1_0000))
    try:
        return codec.read_reply(ask(server, query, until))
    except TimeoutError:
        raise _NoAnswerError("no answer in time") from None
    except OSError as error:
        raise _NoAnswerError((error.strerror or "connection lost").lower()) from None
    except FormatError:
        raise _NoAnswerError("the answer is no DNS message") from None


def over_udp(server: Server, query: bytes, until: float) -> bytes:
    """The datagram that answers `query`; sent again as long as none comes. OSError without one."""
    with _socket(server, socket.SOCK_DGRAM) as sock:
        sock.connect(server)
        while True:
            sock.send(query)
            resend = min(time.monotonic() + RESEND, until)
            try:
                while (reply := _received(sock, resend))[:2] != query[:2]:
                    continue  # late answer to someone else on this port
            except TimeoutError:
                if resend >= until:
                    raise
            else:
                return reply


def _received(sock: socket.socket, until: float) -> bytes:
    sock.settimeout(_left(until))
    return sock.recv(0xFFFF)


def over_tcp(server: Server, query: bytes, until: float) -> bytes:
    """The message that answers `query` on a connection of its own. OSError without one."""
    with _socket(server, socket.SOCK_STREAM) as sock:
        sock.settimeout(_left(until))
        sock.connect(server)
        sock.sendall(len(query).to_bytes(2, "big") + query)
        return _exactly(sock, int.from_bytes(_exactly(sock, 2, until), "big"), until)


def _exactly(sock: socket.socket, count: int, until: float) -> bytes:
    octets = b""
    while len(octets) < count:
        sock.settimeout(_left(until))
        more = sock.recv(count - len(octets))
        if not more:
            raise ConnectionResetError("closed")
        octets += more
    return octets


def _socket(server: Server, kind: socket.SocketKind) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET, kind)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def read_status(file: Path) -> Status | None:
    """The status a server wrote; None if there is none, or the server that wrote it is gone."""
    try:
        with file.open("rb") as opened:
            tree = json.loads(opened.read(MAX_STATUS))
    except (OSError, ValueError, RecursionError):
        return None
    pid = _at(tree, "pid")
    if not isinstance(pid, int) or not _alive(pid):
        return None
    rules = _at(tree, "policy", "rules")
    lists = [(str(_at(one, "id")), _at(one, "error")) for one in _items(tree, "policy", "lists")]
    policy_error = _text(tree, "policy", "error")
    return Status(
        listeners=tuple(one for one in _items(tree, "listeners") if isinstance(one, str)),
        release=_text(tree, "policy", "release"),
        rules=rules if isinstance(rules, int) else 0,
        policy_errors=tuple(
            ([policy_error] if policy_error else [])
            + [f"{id_}: {error}" for id_, error in lists if error]
        ),
        sources_failing=tuple(
            f"{_text(one, 'id')}: {_text(one, 'outcome')}: {_text(one, 'reason')}"
            for one in _items(tree, "sources")
            if _text(one, "outcome") in ("failed", "refused")
        ),
        upstreams_down=tuple(
            _text(one, "address") for one in _items(tree, "upstreams") if _at(one, "up") is False
        ),
        hits=_text(tree, "hits", "state"),
        hits_detail=_text(tree, "hits", "detail"),
        counts_detail=_text(tree, "counts", "detail"),
        ram_backed=_at(tree, "runtime", "ram_backed") is not False,
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return pid > 0


def _at(tree: object, *path: str) -> object:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _text(tree: object, *path: str) -> str:
    found = _at(tree, *path)
    return found if isinstance(found, str) else ""


def _items(tree: object, *path: str) -> list[object]:
    found = _at(tree, *path)
    return found if isinstance(found, list) else []
