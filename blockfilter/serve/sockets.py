"""Listening sockets, and the address a reply leaves from.

A wildcard socket hears queries for every address of the machine, and its replies must leave from
the one that was asked: a connected client ignores any other. The kernel tells that address beside
the datagram (IP_PKTINFO, IPV6_RECVPKTINFO) and takes it back beside the reply.
"""

import errno
import socket
import struct

from blockfilter.errors import ListenError

# linux/in.h; CPython 3.11 does not export them.
_IP_PKTINFO = 8
_IP_MTU_DISCOVER, _IP_PMTUDISC_OMIT = 10, 5
# A burst of some thousand queries waits here while a reload swaps policies; the kernel grants less
# to who may not force it.
_RECEIVE_BUFFER = 4 << 20
_SO_RCVBUFFORCE = 33
_BACKLOG = 256  # TCP clients that wait for accept(), as unbound has it
_PAIR_TRIES = 20  # a port free for UDP is nearly always free for TCP
_DNS_PORT, _PRIVILEGED = 53, 1024
_PKTINFO4, _PKTINFO6 = 12, 20  # octets of struct in_pktinfo and in6_pktinfo
_MULTICAST = 0xFF  # the first octet of an IPv6 group's address
_MOST_SOURCES = 1024  # addresses and interfaces of one machine, by far

_PLAIN = {
    errno.EADDRNOTAVAIL: "no interface of this machine has that address; ip addr shows those it has",
    errno.ENODEV: "this machine has no interface of that name; ip addr shows those it has",
    errno.EAFNOSUPPORT: "IPv6 is switched off on this machine; name an IPv4 address with --listen",
}

Ancillary = list[tuple[int, int, bytes]]


def bind_udp(host: str, port: int) -> socket.socket:
    """A UDP socket ready to serve; ListenError says what to do."""
    sock = _bind(socket.SOCK_DGRAM, host, port)
    prepare_udp(sock)
    return sock


def bind_tcp(host: str, port: int) -> socket.socket:
    """A listening TCP socket ready to serve; ListenError says what to do."""
    return _bind(socket.SOCK_STREAM, host, port)


def bind_pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Both on one address and port; 0 takes a number that is free for both."""
    for _ in range(_PAIR_TRIES):
        udp = bind_udp(host, port)
        try:
            return udp, bind_tcp(host, udp.getsockname()[1])
        except ListenError:
            udp.close()
            if port:
                raise
    raise ListenError(f"{host}: no port is free for both UDP and TCP; name one with --listen")


def tells_destination(sock: socket.socket) -> bool:
    """Whether replies need a source address, because the socket hears more than one."""
    return sock.getsockname()[0] in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def prepare_udp(sock: socket.socket) -> None:
    """Options of a UDP socket, ours or systemd's."""
    sock.setblocking(False)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    # A forged path MTU must not cut our responses into fragments, as unbound has it. IPv6 needs
    # nothing: its smallest MTU takes our largest response. Its sockets may carry IPv4, though.
    sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_OMIT)
    if tells_destination(sock):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def _bind(kind: socket.SocketKind, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock: socket.socket | None = None
    try:
        sock = socket.socket(family, kind | socket.SOCK_CLOEXEC)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(_address(host, port))
        if kind == socket.SOCK_STREAM:
            sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        if sock:
            sock.close()
        raise ListenError(_remedy(host, port, error)) from error
    return sock


def _address(host: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    address, _, scope = host.partition("%")
    if not scope:
        return host, port
    return address, port, 0, int(scope) if scope.isdigit() else socket.if_nametoindex(scope)


def _remedy(host: str, port: int, error: OSError) -> str:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE and port == _DNS_PORT:
        return (
            f"cannot listen on {where}: another program does. If it is systemd-resolved's stub "
            "listener, set DNSStubListener=no in /etc/systemd/resolved.conf and run "
            "systemctl restart systemd-resolved; else stop it or name another --listen ADDR:PORT"
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f"cannot listen on {where}: another program does; stop it or name another "
            "--listen ADDR:PORT"
        )
    if error.errno in (errno.EACCES, errno.EPERM) and port < _PRIVILEGED:
        return (
            f"cannot listen on {where}: ports below 1024 need the capability CAP_NET_BIND_SERVICE; "
            "use the systemd unit, which has it, or a higher port such as 5335"
        )
    if told := _PLAIN.get(error.errno or 0):
        return f"cannot listen on {where}: {told}"
    if error.errno == errno.EINVAL and host.lower().startswith("fe80:") and "%" not in host:
        return (
            f"cannot listen on {where}: a link-local address needs its interface; "
            f"write [{host}%eth0]:{port} with the name that ip addr shows"
        )
    return f"cannot listen on {where}: {error.strerror or error}"


_sources: dict[bytes, Ancillary] = {}


def reply_source(ancillary: Ancillary) -> Ancillary:
    """What to send beside a reply so that it leaves from the address that was asked."""
    for level, kind, data in ancillary:
        found = _sources.get(data)
        if found is not None:
            return found
        found = _source(level, kind, data)
        if found:
            if len(_sources) >= _MOST_SOURCES:
                _sources.clear()
            _sources[data] = found
            return found
    return []


def _source(level: int, kind: int, data: bytes) -> Ancillary:
    if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(data) == _PKTINFO4:
        # Interface, the address of ours, the header's destination: the kernel routes by itself.
        _, ours, _ = struct.unpack("@i4s4s", data)
        return [(level, kind, struct.pack("@i4s4s", 0, ours, bytes(4)))]
    if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO and len(data) == _PKTINFO6:
        address, interface = struct.unpack("@16sI", data)
        if address[0] == _MULTICAST:  # asked of a group: it is nobody's source, the kernel chooses
            return []
        if address[0] != 0xFE or address[1] & 0xC0 != 0x80:  # only link-local needs the interface
            interface = 0
        return [(level, kind, struct.pack("@16sI", address, interface))]
    return []
