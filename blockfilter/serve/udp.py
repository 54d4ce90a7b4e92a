"""Datagrams in, datagrams out, in bursts.

The socket is drained whenever it is readable, up to a bound: one datagram a turn of the event loop
would cost five times as much. A question asked before is answered right here, from the table of repeats
or, a block, from that of denials; everything else goes to the resolver. What cannot be sent at once is not sent: UDP clients ask again.
"""

import logging
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from blockfilter.message.question import HEADER
from blockfilter.resolve.denials import Denials
from blockfilter.resolve.poller import READ, Poller
from blockfilter.resolve.repeats import Repeats
from blockfilter.resolve.resolver import Recorder, Respond
from blockfilter.resolve.tally import Tally
from blockfilter.serve.admission import ADMIT, REFUSE, Admission, canonical
from blockfilter.serve.sockets import reply_source, tells_destination

log = logging.getLogger(__name__)

# Datagrams a turn: enough that the loop's own cost is small beside them, few enough that timers,
# TCP and upstreams get their turn within about a millisecond under flood.
BURST = 64
# A query with every option known stays far below; a longer datagram is cut and so malformed.
_LARGEST_QUERY = 4096
_CONTROL = 128  # room for the packet info of either family

Address = tuple[Any, ...]
Receive = Callable[[int], tuple[bytes, Address]]
Send = Callable[[bytes, Address], object]


class Handler(Protocol):
    """What a listener needs of the resolver."""

    def handle(self, packet: bytes, client: str, respond: Respond, tcp: bool = False) -> None:
        """Answer a packet, now or later."""

    def refuse(self, packet: bytes, respond: Respond) -> None:
        """Refuse a packet of a client from outside."""


class UdpListener:
    """Serves one UDP socket."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        poller: Poller,
        handler: Handler,
        repeats: Repeats,
        denials: Denials,
        recorder: Recorder,
        tally: Tally,
        admission: Admission,
    ) -> None:
        self._sock = sock
        self._poller = poller
        plain = not tells_destination(sock)
        receive: Receive = sock.recvfrom if plain else _receiver(sock)
        send: Send = sock.sendto if plain else _sender(sock)
        self._drain = _drainer(receive, send, handler, repeats, denials, recorder, tally, admission)

    def start(self) -> None:
        """Serve from now on."""
        self._poller.add(self._sock.fileno(), self, READ)

    def ready(self, _: int, now: float) -> None:
        """Serve what has arrived, up to a bound."""
        self._drain(now)

    def stop(self) -> None:
        """Answer what has arrived, then read no more. What is under way is still answered."""
        self._poller.remove(self._sock.fileno())
        self._drain(time.monotonic())

    def close(self) -> None:
        """Let go of the socket."""
        self._sock.close()


def _drainer(
    receive: Receive,
    send: Send,
    handler: Handler,
    repeats: Repeats,
    denials: Denials,
    recorder: Recorder,
    tally: Tally,
    admission: Admission,
) -> Callable[[float], None]:
    recall, denied = repeats.get, denials.get
    record, judge, count = recorder.record, admission.judge, tally.count

    def respond_to(address: Address) -> Respond:
        def respond(octets: bytes) -> None:
            try:
                send(octets, address)
            except OSError as error:  # the client's network is gone, or the buffer is full
                log.debug("a response could not be sent: %s", error.strerror)

        return respond

    def answer(packet: bytes, client: str, address: Address, judgement: int) -> None:
        try:
            if judgement == ADMIT:
                handler.handle(packet, client, respond_to(address))
            elif judgement == REFUSE:
                handler.refuse(packet, respond_to(address))
        except Exception as error:  # noqa: BLE001 - one packet must never end the service of all others
            _report(error)

    def drain(now: float) -> None:
        served, last = 0, ""  # counted once a burst
        for _ in range(BURST):
            try:
                packet, address = receive(_LARGEST_QUERY)
            except BlockingIOError:
                break
            except OSError:  # an ICMP error of an earlier response
                continue
            client = address[0]
            judgement = judge(client)
            octets = None
            if judgement == ADMIT:
                key = packet[2:]
                repeat = recall(key)
                if repeat is not None and now < repeat.until:
                    octets, cells = packet[:2] + repeat.body, repeat.cells
                    if repeat.served:
                        served, last = served + 1, client
                elif (denial := denied(hash((client, key)))) is not None:  # its mark, written out
                    head, end, tail, cells = denial
                    octets = packet[:2] + head + packet[HEADER:end] + tail
            if octets is None:
                answer(packet, client, address, judgement)
                continue
            for cell in cells:
                record(client, cell)
            try:
                send(octets, address)
            except OSError as error:
                log.debug("a response could not be sent: %s", error.strerror)
        if served:
            count(served, last)

    return drain


def _report(error: Exception) -> None:
    """Say where an unforeseen error came from, and nothing that could hold a name or an address."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace else None
    place = f"{code.co_filename}:{trace.tb_lineno}" if code and trace else "unknown place"
    log.error("a packet could not be handled: %s at %s", type(error).__name__, place)


def _receiver(sock: socket.socket) -> Receive:
    """Reads with the address that was asked; the client's own stands first, in canonical form."""

    def receive(size: int) -> tuple[bytes, Address]:
        packet, ancillary, _, address = sock.recvmsg(size, _CONTROL)
        return packet, (canonical(address[0]), address, reply_source(ancillary))

    return receive


def _sender(sock: socket.socket) -> Send:
    def send(octets: bytes, peer: Address) -> None:
        _, address, source = peer
        sock.sendmsg((octets,), source, 0, address)

    return send
