"""One constructor per answer this server gives; all return the octets of a whole message.

Every response repeats the id and the question octet for octet, RD and CD, sets RA and never AA, and
has an OPT as its last record exactly if the query had one (RFC 6891 section 6.1.1). A response made
here depends on the query and the configuration only, never on who asked what before.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from blockfilter.errors import FormatError
from blockfilter.message.answer import AAAA, A, Answer
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
    OPCODE,
    QR,
    RA,
    RD,
    REFUSED,
    SERVFAIL,
    TC,
    UDP_MAX,
    Query,
    end_of_question,
)

# Extended DNS errors, RFC 8914 section 4.
EDE_BLOCKED, EDE_PROHIBITED, EDE_NOT_SUPPORTED = 15, 18, 21
EDE_NO_REACHABLE_AUTHORITY, EDE_NETWORK_ERROR = 22, 23
# The same for every name and category: a packet capture must not say more than the rcode does.
BLOCKED_TEXT = "blocked by policy"

_HEAD = struct.Struct("!HHHHHH")
_OPT = struct.Struct("!xHHIH")  # of the root: its name is the octet before
_OWNER = b"\xc0\x0c"  # the queried name: it is at or above itself, as RFC 2308 section 3 wants
# mname and rname under .invalid: no mail and no query can ever go there. The timers are unused.
_SOA_NAMES = b"\x0bblockfilter\x07invalid\x00\x0ahostmaster\xc0"
_HINFO_ANY = b"\x00\x0d\x00\x01"  # type and class of the answer to ANY, RFC 8482 section 4.2
_ANY_TTL = 3600  # the answer to ANY never changes
_ANY_RDATA = b"\x07RFC8482\x00"
_NOTHING = bytes(4)  # two counts of records
_BARE_OPT = _OPT.pack(0x29, UDP_MAX, 0, 0)  # version 0, no flag, no option


class Block(NamedTuple):
    """How a block answers: `ttl` in seconds, packed addresses for the answer REDIRECT."""

    ttl: int
    v4: tuple[bytes, ...] = ()
    v6: tuple[bytes, ...] = ()


def ede(code: int, text: str = "") -> bytes:
    """The EDNS option of an extended error."""
    value = code.to_bytes(2, "big") + text.encode()
    return b"\x00\x0f" + len(value).to_bytes(2, "big") + value


_BLOCKED = ede(EDE_BLOCKED, BLOCKED_TEXT)


def formerr(packet: bytes) -> bytes:
    """To octets that have a query's header but are no query.

    The question comes back if there is one, and an OPT for an OPT, broken though it was (RFC 6891
    section 7).
    """
    question = _question(packet)
    flags = FORMERR | RA | (packet[2] << 8 | packet[3]) & (RD | CD)
    at = HEADER + len(question)
    announced = question and packet[6:10] == _NOTHING and packet[10:12] != b"\0\0"
    opt = _BARE_OPT if announced and packet[at : at + 3] == _BARE_OPT[:3] else b""
    return _unparsed(packet, flags, question, opt)


def notimp(packet: bytes) -> bytes:
    """To an opcode other than QUERY, which is copied; no flag is (RFC 8906 section 8.1.4)."""
    return _unparsed(packet, NOTIMP | packet[2] << 8 & OPCODE, _question(packet), b"")


def _question(packet: bytes) -> bytes:
    if packet[4:6] != b"\0\1":
        return b""
    try:
        return packet[HEADER : end_of_question(packet)]
    except FormatError:
        return b""


def _unparsed(packet: bytes, flags: int, question: bytes, opt: bytes) -> bytes:
    counts = bytes((0, question != b"", 0, 0, 0, 0, 0, opt != b""))
    return packet[:2] + (QR | flags).to_bytes(2, "big") + counts + question + opt


def refused(query: Query, code: int = EDE_NOT_SUPPORTED) -> bytes:
    """Not served here: another class, a transfer, or a client from outside."""
    return _empty(query, REFUSED, ede(code))


def badvers(query: Query) -> bytes:
    """To an EDNS version this server does not speak; the OPT says version 0."""
    return _empty(query, BADVERS, b"")


def servfail(query: Query, code: int = 0) -> bytes:
    """No answer could be had; `code` is the extended error that says why."""
    return _empty(query, SERVFAIL, ede(code) if code else b"")


def truncated(query: Query, rcode: int = NOERROR) -> bytes:
    """The whole answer is to be had over TCP: question and OPT, nothing between (TC=1)."""
    return _head(query, rcode | TC, 0, 0) + _opt(query, b"", 0)


def nxdomain(query: Query, ttl: int, options: bytes = b"") -> bytes:
    """The name and all below it does not exist (RFC 8020), for `ttl` seconds."""
    return _denied(query, NXDOMAIN, ttl, options)


def nodata(query: Query, ttl: int, options: bytes = b"") -> bytes:
    """The name exists and has nothing of this type, for `ttl` seconds."""
    return _denied(query, NOERROR, ttl, options)


def addresses(query: Query, block: Block, options: bytes = b"") -> bytes:
    """The configured addresses for A and AAAA, NODATA for every other type."""
    packed = {A: block.v4, AAAA: block.v6}.get(query.qtype, ())
    if not packed:
        return nodata(query, block.ttl, options)
    head = _OWNER + query.qtype.to_bytes(2, "big") + b"\0\1" + block.ttl.to_bytes(4, "big")
    records = b"".join(head + len(rdata).to_bytes(2, "big") + rdata for rdata in packed)
    return _head(query, NOERROR, len(packed), 0) + records + _opt(query, options, 0)


def blocked_nxdomain(query: Query, block: Block) -> bytes:
    """A block as NXDOMAIN with the extended error Blocked."""
    return nxdomain(query, block.ttl, _BLOCKED)


def blocked_nodata(query: Query, block: Block) -> bytes:
    """A block as NODATA with the extended error Blocked."""
    return nodata(query, block.ttl, _BLOCKED)


def blocked_addresses(query: Query, block: Block) -> bytes:
    """A block as REDIRECT to the configured addresses with the extended error Blocked."""
    return addresses(query, block, _BLOCKED)


def minimal_any(query: Query) -> bytes:
    """The answer to ANY: one HINFO that names the RFC (RFC 8482 section 4.2)."""
    length = (len(_ANY_RDATA)).to_bytes(2, "big")
    record = _OWNER + _HINFO_ANY + _ANY_TTL.to_bytes(4, "big") + length + _ANY_RDATA
    return _head(query, NOERROR, 1, 0) + record + _opt(query, b"", 0)


def relayed(query: Query, answer: Answer, age: int, *, trusted: bool) -> bytes:
    """An upstream's answer, `age` seconds after it came; AD only from a `trusted` upstream."""
    flags = answer.rcode
    if trusted and answer.authentic and query.authentic:
        flags |= AD
    head = _head(query, flags, answer.answers, answer.authorities)
    if not answer.ttls:
        return head + answer.body + _opt(query, b"", 0)
    body = bytearray(answer.body)
    for at, ttl in answer.ttls:
        body[at : at + 4] = (ttl - age if ttl > age else 0).to_bytes(4, "big")
    return head + body + _opt(query, b"", 0)


def _denied(query: Query, rcode: int, ttl: int, options: bytes) -> bytes:
    """An SOA and nothing else. On the path of every block: it is written out for speed."""
    flags, question = rcode | QR | RA | query.flags & (RD | CD), query.question
    whole = _HEAD.pack(query.id, flags, 1, 0, 1, query.edns) + question + _soa(len(question), ttl)
    return whole + _opt(query, options, 0) if query.edns else whole


def _empty(query: Query, rcode: int, options: bytes) -> bytes:
    return _head(query, rcode & 0x0F, 0, 0) + _opt(query, options, rcode >> 4)


def _head(query: Query, flags: int, answers: int, authorities: int) -> bytes:
    flags |= QR | RA | (query.flags & (RD | CD))
    return _HEAD.pack(query.id, flags, 1, answers, authorities, query.edns) + query.question


def _opt(query: Query, options: bytes, extended_rcode: int) -> bytes:
    if not query.edns:
        return b""
    ttl = extended_rcode << 24 | (DO if query.do else 0)
    return _OPT.pack(0x29, UDP_MAX, ttl, len(options)) + options


@lru_cache(maxsize=512)  # every length a question can have, twice over
def _soa(length_of_question: int, ttl: int) -> bytes:
    # rname ends in a pointer to "blockfilter.invalid", right behind the fixed part of this record.
    seconds = ttl.to_bytes(4, "big")
    mname_at = HEADER + length_of_question + 12
    names = _SOA_NAMES[:-1] + (0xC000 | mname_at).to_bytes(2, "big")
    timers = b"\0\0\0\1" + seconds * 4
    length = (len(names) + len(timers)).to_bytes(2, "big")
    return _OWNER + b"\0\6\0\1" + seconds + length + names + timers
