"""A query, read in place: header, question and EDNS, and nothing that is not there.

`read` is strict (RFC 9619, RFC 6891) and never raises anything but FormatError; what it returns is
well formed, so that nobody after it needs to check again. Whether a well-formed query is *served*
(class, type, EDNS version) is decided by `verdict`, a table.

Caller's duty before `read`: the packet has a header with QR=0 (anything else gets silence, or two
servers would answer each other for ever) and the opcode QUERY (another opcode has other sections).
"""

from typing import NamedTuple

from blockfilter.errors import FormatError
from blockfilter.message.name import MAX_LABEL, MAX_NAME

HEADER = 12
POINTER = 0xC0  # the two bits that make a length octet a compression pointer
UDP_PLAIN = 512  # octets of a UDP response to a client without EDNS, RFC 1035 section 4.2.1
UDP_MAX = 1232  # what passes every path unfragmented, DNS flag day 2020

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
OPCODE = 0x7800
DO = 0x8000  # in the flags half of an OPT's TTL, RFC 3225

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16

OPT, IXFR, AXFR, ANY, TKEY, TSIG, MAILB, MAILA = 41, 251, 252, 255, 249, 250, 253, 254
IN = 1
# Types that are no data anybody could look up: OPT, and the meta types of RFC 6895 section 3.1.
_META = frozenset({OPT, TKEY, TSIG, IXFR, AXFR, MAILB, MAILA})
_OPT_FIXED = 11  # root name, type, class, TTL, RDLENGTH
_COOKIE = 10
_COOKIE_SIZES = frozenset({8, *range(16, 41)})  # RFC 7873 section 4; else FORMERR, section 5.2.2


class Query(NamedTuple):
    """A well-formed query. `question` keeps the client's octets, letter case included.

    `size` is what a UDP response may hold; `options` is the RDATA of the OPT.
    """

    id: int
    flags: int
    name: bytes
    question: bytes
    qtype: int
    qclass: int
    edns: bool
    size: int
    version: int
    do: bool
    options: bytes

    @property
    def authentic(self) -> bool:
        """Whether the client understands AD: it set AD or DO (RFC 6840 section 5.7)."""
        return self.do or self.flags & AD != 0

    @property
    def key(self) -> tuple[bytes, int, bool, bool]:
        """What an answer depends on: name, type, DO, CD."""
        return self.name, self.qtype, self.do, self.flags & CD != 0


def read(packet: bytes) -> Query:
    """The query in `packet`; FormatError for whatever is not exactly one well-formed query."""
    if packet[4:10] != b"\0\1\0\0\0\0":
        _refuse_counts(packet)
    at = end_of_question(packet)
    name = packet[HEADER : at - 4].lower()
    flags = packet[2] << 8 | packet[3]
    question = packet[HEADER:at]
    qtype, qclass = packet[at - 4] << 8 | packet[at - 3], packet[at - 2] << 8 | packet[at - 1]
    ident = packet[0] << 8 | packet[1]
    if packet[9]:
        at = _end_of_serial(packet, at, qtype)
    if at == len(packet):
        if packet[10:12] != b"\0\0":
            raise FormatError("more records are announced than there are")
        return Query(ident, flags, name, question, qtype, qclass, False, UDP_PLAIN, 0, False, b"")
    size, ttl, options = _read_opt(packet, at)
    size = min(max(size, UDP_PLAIN), UDP_MAX)
    do, version = ttl & DO != 0, ttl >> 16 & 0xFF
    return Query(ident, flags, name, question, qtype, qclass, True, size, version, do, options)


def end_of_question(packet: bytes) -> int:
    """Offset behind the first question, whose name may not be compressed."""
    at, limit = HEADER, len(packet)
    while True:
        if at >= limit:
            raise FormatError("the question is cut short")
        length = packet[at]
        if length == 0:
            break
        if length > MAX_LABEL:
            raise FormatError("a question's name has no pointer and no extended label")
        at += 1 + length
    if at + 1 - HEADER > MAX_NAME:
        raise FormatError("a name holds at most 255 octets")
    if at + 5 > limit:
        raise FormatError("the question is cut short")
    return at + 5


def _refuse_counts(packet: bytes) -> None:
    if packet[4:6] != b"\0\1":
        raise FormatError("a query asks exactly one question")
    if packet[6:10] != b"\0\0\0\1":
        raise FormatError("a query has no answer and no authority records")


def _end_of_serial(packet: bytes, at: int, qtype: int) -> int:
    """Offset behind the SOA by which an IXFR query tells its serial (RFC 1995 section 3)."""
    if qtype != IXFR:
        raise FormatError("a query has no authority records")
    at = end_of_name(packet, at)
    if at + 10 > len(packet):
        raise FormatError("a record is cut short")
    at += 10 + (packet[at + 8] << 8 | packet[at + 9])
    if at > len(packet):
        raise FormatError("a record is cut short")
    return at


def end_of_name(packet: bytes, at: int) -> int:
    """Offset behind the name at `at`, which may end in a pointer; nothing is followed."""
    limit = len(packet)
    while at < limit:
        length = packet[at]
        if length == 0:
            return at + 1
        if length >= POINTER:
            return at + 2
        if length > MAX_LABEL:
            break
        at += 1 + length
    raise FormatError("a name is cut short or has an extended label")


def _read_opt(packet: bytes, at: int) -> tuple[int, int, bytes]:
    """UDP size, TTL field and RDATA of the OPT that must be the one record behind the question."""
    if packet[10:12] != b"\0\1":
        raise FormatError("a query has one additional record at most, the OPT")
    body = packet[at : at + _OPT_FIXED]
    if len(body) < _OPT_FIXED or body[:3] != b"\0\0\x29":
        raise FormatError("the additional record is no OPT of the root")
    options = packet[at + _OPT_FIXED :]
    if len(options) != body[9] << 8 | body[10]:
        raise FormatError("the OPT does not end where the packet ends")
    _check_options(options)
    return body[3] << 8 | body[4], int.from_bytes(body[5:9], "big"), options


def _check_options(options: bytes) -> None:
    for code, value in each_option(options):
        if code == _COOKIE and len(value) not in _COOKIE_SIZES:
            raise FormatError("a DNS cookie holds 8 or 16 to 40 octets")


def each_option(options: bytes) -> list[tuple[int, bytes]]:
    """Code and value of each EDNS option (RFC 6891 section 6.1.2)."""
    found, at = [], 0
    while at < len(options):
        head = options[at : at + 4]
        end = at + 4 + int.from_bytes(head[2:], "big")
        if len(head) < 4 or end > len(options):
            raise FormatError("an EDNS option is cut short")
        found.append((int.from_bytes(head[:2], "big"), options[at + 4 : end]))
        at = end
    return found


def verdict(query: Query) -> int:
    """NOERROR where the query is one this server answers, else the rcode that says why not."""
    if query.version:
        return BADVERS
    if query.qclass != IN or query.qtype in _META:
        return REFUSED
    return NOERROR
