"""Every packet of the corpus gets its verdict, over UDP and over TCP."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.client import query
from tests.packets.corpus import CORPUS, Packet
from tests.world import Server

RCODES = {"formerr": 1, "notimp": 4, "refused": 5, "badvers": 16, "answered": 0}


def named(*verdicts: str, with_opt: bool = False) -> list[object]:
    return [
        pytest.param(packet, id=f"{packet.verdict}/{packet.defect}")
        for packet in CORPUS
        if packet.verdict in verdicts and (packet.octets[10:12] != b"\0\0" or not with_opt)
    ]


def judge(packet: Packet, response: bytes) -> None:
    """What must be true of any response, and the verdict of this one."""
    flags = int.from_bytes(response[2:4])
    assert response[:2] == packet.octets[:2], "the id"
    assert flags & 0x8000, "QR=1"
    assert flags & 0x7800 == int.from_bytes(packet.octets[2:4]) & 0x7800, "the opcode"
    assert not flags & dns.flags.AA
    assert not flags & 0x0040, "the reserved flag is 0"
    assert len(response) <= 1232
    as_query = response[:2] + (flags & ~0x7800).to_bytes(2) + response[4:]  # UPDATE reads otherwise
    message = dns.message.from_wire(as_query)
    assert message.rcode() == RCODES[packet.verdict], dns.rcode.to_text(message.rcode())
    if packet.verdict == "badvers":
        assert message.edns == 0


@pytest.mark.parametrize("packet", named("formerr", "notimp", "refused", "badvers", "answered"))
def test_a_packet_gets_its_verdict_over_udp(server: Server, packet: Packet) -> None:
    judge(packet, server.octets(packet.octets))


@pytest.mark.parametrize("packet", named("formerr", "notimp", "refused", "badvers", "answered"))
def test_a_packet_gets_its_verdict_over_tcp(server: Server, packet: Packet) -> None:
    with server.stream() as stream:
        stream.send(packet.octets)
        response = stream.receive()
    assert response is not None
    judge(packet, response)


@pytest.mark.parametrize("packet", named("silence"))
def test_under_twelve_octets_or_a_response_is_met_with_silence_over_udp(
    server: Server, packet: Packet
) -> None:
    assert server.keeps_silent(packet.octets)


@pytest.mark.parametrize("packet", named("silence"))
def test_under_twelve_octets_or_a_response_is_met_with_silence_over_tcp(
    server: Server, packet: Packet
) -> None:
    after = query("listed.example").to_wire()
    with server.stream() as stream:
        stream.send(packet.octets, after)
        response = stream.receive()
    assert response is None or response[:2] == after[:2]  # closing is silence, too


def test_no_opt_is_in_a_reply_to_a_query_without_one(server: Server) -> None:
    for packet in CORPUS:
        if packet.verdict == "answered" and packet.octets[10:12] == b"\0\0":
            assert dns.message.from_wire(server.octets(packet.octets)).edns == -1, packet.defect


@pytest.mark.parametrize("packet", named("refused", "badvers", "answered", with_opt=True))
def test_an_opt_is_in_a_reply_to_a_query_with_one(server: Server, packet: Packet) -> None:
    """RFC 6891, section 6.1.1; what follows another opcode or is broken may be anything."""
    response = server.octets(packet.octets)
    as_query = response[:2] + bytes((response[2] & 0x87,)) + response[3:]
    assert dns.message.from_wire(as_query).edns == 0
