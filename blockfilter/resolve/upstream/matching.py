"""Queries as they go out, and whether what comes in answers them. Octets only: no socket, no clock.

A response counts only if its id, QR, opcode, question count and question are those of the query
(RFC 5452 section 9.1), the question octet by octet, so that its letter case is a nonce too, and if
its records can be walked to its last octet. Whatever else arrives changes nothing.

The OPT that goes out is always our own (RFC 6891 section 6.1.1): no client's options, no Client
Subnet (RFC 7871 section 11.1).
"""

import os
from collections.abc import Iterator
from enum import Enum, auto

from blockfilter.message.name import MAX_LABEL
from blockfilter.message.question import (
    AD,
    BADVERS,
    CD,
    DO,
    FORMERR,
    HEADER,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    OPT,
    POINTER,
    RD,
    REFUSED,
    SERVFAIL,
    UDP_MAX,
)

# A resolver keeps to the 1232 octets announced; what does not fit in here was meant for TCP.
LARGEST_DATAGRAM = 4096
# Ids drawn from the operating system at a time: one call per 2,048 queries instead of one per query.
_IDENT_BLOCK = 4096
_YXDOMAIN = 6  # a DNAME's target got too long: an answer (RFC 6672 section 2.2)
_RECORD_FIXED = 10  # type, class, TTL and RDLENGTH behind an owner name
_QR_OPCODE = 0xF8
_QR = 0x80
TC_OCTET = 0x02  # in the third octet of a message
_ONE = b"\0\1"
_NONE = b"\0\0"
_OPT_START = b"\0" + OPT.to_bytes(2, "big")
_OPT_RCODE = 5  # offset of the extended rcode in an OPT


class Verdict(Enum):
    """What a message is to the query it is held against."""

    ANSWER = auto()  # the response, and it says something about the name
    TRUNCATED = auto()  # the response, but to be had whole over TCP only
    FAILED = auto()  # the response, and it says that this resolver could not or would not
    NO_EDNS = auto()  # the response, and it says that the query was not understood
    BARE = auto()  # a header that says so, without the question: a hint, and never a response
    FORGED = auto()  # the query's id, but not its response
    FOREIGN = auto()  # not even that


ANSWER, TRUNCATED, FAILED = Verdict.ANSWER, Verdict.TRUNCATED, Verdict.FAILED
NO_EDNS, BARE, FORGED, FOREIGN = Verdict.NO_EDNS, Verdict.BARE, Verdict.FORGED, Verdict.FOREIGN

# By the rcode in the header; a rcode not listed is a failure.
_BY_RCODE = {
    NOERROR: ANSWER,
    NXDOMAIN: ANSWER,
    _YXDOMAIN: ANSWER,
    FORMERR: NO_EDNS,
    NOTIMP: NO_EDNS,
}
_VERDICTS = tuple(_BY_RCODE.get(rcode, FAILED) for rcode in range(16))
# Which failure to tell the client of if all resolvers failed: one that tried, before one that would
# not; then whatever came first.
_RANKS = {SERVFAIL: 0, REFUSED: 1}

# Flags and counts of a query with an OPT and of one without.
_FLAGS = RD | AD | CD
_SETS = [rd | ad | cd for rd in (0, RD) for ad in (0, AD) for cd in (0, CD)]
_WITH_OPT = {flags: flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\1" for flags in _SETS}
_PLAIN = {flags: flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\0" for flags in _SETS}
_OPTS = {
    do: _OPT_START + UDP_MAX.to_bytes(2, "big") + flags.to_bytes(4, "big") + b"\0\0"
    for do, flags in ((False, 0), (True, DO))
}


def idents() -> Iterator[bytes]:
    """Unpredictable ids, two octets each, for ever."""
    while True:
        block = os.urandom(_IDENT_BLOCK)
        for at in range(0, _IDENT_BLOCK, 2):
            yield block[at : at + 2]


def query(ident: bytes, question: bytes, flags: int, do: bool, plain: bool) -> bytes:
    """The octets of a query; of `flags` RD, AD and CD are sent; `plain` is without OPT and DO."""
    if plain:
        return ident + _PLAIN[flags & _FLAGS] + question
    return ident + _WITH_OPT[flags & _FLAGS] + question + _OPTS[do]


def judge(message: bytes, ident: bytes, question: bytes) -> Verdict:
    """What `message` is to the query with `ident` and `question`."""
    if message[:2] != ident:
        return FOREIGN
    end = HEADER + len(question)
    if message[HEADER:end] != question or message[2] & _QR_OPCODE != _QR or message[4:6] != _ONE:
        return _bare(message)
    if message[2] & TC_OCTET:
        return TRUNCATED
    if not _whole(message, end):
        return FORGED
    verdict = _VERDICTS[message[3] & 0x0F]
    if verdict is ANSWER and message[6:8] == _NONE and message[end : end + 3] == _OPT_START:
        return _extended(message[end + _OPT_RCODE])
    return verdict


def rank(message: bytes) -> int:
    """How a failed response compares with another: the lowest is the one to tell the client of."""
    return _RANKS.get(message[3] & 0x0F, len(_RANKS))


def _bare(message: bytes) -> Verdict:
    """A resolver from before EDNS may give back a header alone."""
    bare = (
        len(message) == HEADER
        and message[2] & _QR_OPCODE == _QR
        and message[4:] == bytes(8)
        and message[3] & 0x0F in (FORMERR, NOTIMP)
    )
    return BARE if bare else FORGED


def _extended(upper: int) -> Verdict:
    if upper == 0:
        return ANSWER
    return NO_EDNS if upper == BADVERS >> 4 else FAILED


def _whole(message: bytes, at: int) -> bool:
    """Whether exactly the announced records lie between `at` and the end."""
    end = len(message)
    count = (
        (message[6] << 8 | message[7])
        + (message[8] << 8 | message[9])
        + (message[10] << 8 | message[11])
    )
    for _ in range(count):  # each takes eleven octets at least, so that a lie about it ends soon
        while at < end:
            length = message[at]
            if length >= POINTER:
                at += 2
                break
            at += 1 + length
            if length == 0:
                break
            if length > MAX_LABEL:
                return False
        at += _RECORD_FIXED
        if at > end:
            return False
        at += message[at - 2] << 8 | message[at - 1]
    return at == end
