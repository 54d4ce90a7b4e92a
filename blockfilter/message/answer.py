"""An upstream's message, taken apart once, so that it can be kept and told again.

`read` walks the message in place and never decodes what it need not. It keeps the answer and the
authority section as octets (unknown types included, RFC 3597) with the places of their TTLs. What
comes in the additional section is dropped: no stub needs it, and that is where forged data travels.
Compression pointers stay right because the question they lead to keeps its length.

FormatError means that the upstream's message is not to be believed.
"""

import struct
from typing import NamedTuple

from blockfilter.errors import FormatError
from blockfilter.message.name import MAX_LABEL, MAX_NAME, ROOT, superdomains
from blockfilter.message.question import (
    AD,
    HEADER,
    NOERROR,
    NXDOMAIN,
    POINTER,
    end_of_name,
    end_of_question,
)

A, CNAME, SOA, AAAA, DNAME, SVCB, HTTPS, RRSIG = 1, 5, 6, 28, 39, 64, 65, 46
_OPT = 41
_FIXED = struct.Struct("!HHIH")  # type, class, TTL and RDLENGTH behind an owner name
_TO_QUESTION = b"\xc0\x0c"  # the pointer nearly every owner name is
_MAX_HOPS = 126  # pointers in one name: a name has no more labels than 127
_MAX_ALIASES = 32  # three times what unbound follows; more is no answer but an attack on the walk
_SOA_LEAST = 22  # two root names and five numbers
_MAX_MESSAGE = 65535
# Types whose RDATA may hold compressed names (RFC 3597 section 4): octets before them, how many.
_COMPRESSED = {
    **dict.fromkeys((2, 3, 4, CNAME, 7, 8, 9, 12, DNAME), (0, 1)),  # NS, MD, MF, MB, MG, MR, PTR
    **dict.fromkeys((SOA, 14, 17), (0, 2)),  # MINFO, RP
    **dict.fromkeys((15, 18, 21, 36), (2, 1)),  # MX, AFSDB, RT, KX
    26: (2, 2),  # PX
    33: (6, 1),  # SRV
}
_POINTS = frozenset({CNAME, DNAME, SVCB, HTTPS})


class Answer(NamedTuple):
    """What an upstream said to one question.

    `body` is the answer and authority sections, `ttls` pairs of (offset in body, seconds);
    `lifetime` is how many seconds it may be kept, 0 for not at all; `targets` are the canonical
    names its aliases lead to.
    """

    rcode: int
    authentic: bool
    answers: int
    authorities: int
    body: bytes
    ttls: tuple[tuple[int, int], ...]
    lifetime: int
    targets: tuple[bytes, ...]


class Limits(NamedTuple):
    """How long answers may be kept, in seconds (RFC 8767 section 4, RFC 2308 section 5)."""

    max_ttl: int
    max_negative_ttl: int


class _Record(NamedTuple):
    start: int
    rtype: int
    ttl: int
    ttl_at: int
    rdata_at: int
    end: int


def read(message: bytes, *, keep_authority: bool, limits: Limits) -> Answer:
    """The answer in an upstream's `message`, whose question was matched by the caller.

    `keep_authority`: also beside positive answers (a client that set DO wants the proofs).
    """
    at = base = end_of_question(message)
    if message[2] & 0x02:
        raise FormatError("a truncated message is no answer")
    rcode = message[3] & 0x0F
    answers, at = _section(message, at, message[6] << 8 | message[7])
    end_of_answers = at
    authorities, at = _section(message, at, message[8] << 8 | message[9])
    additional, at = _section(message, at, message[10] << 8 | message[11])
    if at != len(message):
        raise FormatError("octets follow the last record")
    if any(record.rtype == _OPT and record.ttl >> 24 for record in additional):
        raise FormatError("an extended rcode is no answer")

    qname = message[HEADER : base - 4].lower()
    qtype = message[base - 4] << 8 | message[base - 3]
    aliases = _aliases(message, answers, qname)
    chain = _chain(qname, aliases)
    if strays := _strays(message, answers, chain):
        kept_answers = [record for record in answers if record not in strays]
        return read(
            _rebuilt(message, base, kept_answers, authorities),
            keep_authority=keep_authority,
            limits=limits,
        )
    negative = rcode != NOERROR or not _answers_type(answers, qtype)
    if negative or keep_authority:
        end, kept = at if not additional else additional[0].start, answers + authorities
    else:
        end, kept, authorities = end_of_answers, answers, []
    ttls = tuple((r.ttl_at - base, min(_ttl(r), limits.max_ttl)) for r in kept)
    if negative:
        above = {name for link in chain for name in superdomains(link)}
        lifetime = _negative_lifetime(message, rcode, authorities, above, limits)
        lifetime = min((lifetime, *(ttl for _, ttl in ttls[: len(answers)])))  # aliases before it
    else:
        lifetime = min(ttl for _, ttl in ttls)
    return Answer(
        rcode,
        message[3] & AD != 0,
        len(answers),
        len(authorities),
        message[base:end],
        ttls,
        lifetime,
        _targets(aliases, chain),
    )


def _section(message: bytes, at: int, count: int) -> tuple[list[_Record], int]:
    records, limit = [], len(message)
    for _ in range(count):
        start = at
        at = at + 2 if message[at : at + 2] == _TO_QUESTION else end_of_name(message, at)
        if at + _FIXED.size > limit:
            raise FormatError("a record is cut short")
        rdata_at = at + _FIXED.size
        rtype, _, ttl, length = _FIXED.unpack_from(message, at)
        end = rdata_at + length
        if end > limit:
            raise FormatError("a record is cut short")
        records.append(_Record(start, rtype, ttl, at + 4, rdata_at, end))
        at = end
    return records, at


def _ttl(record: _Record) -> int:
    return record.ttl if record.ttl < 1 << 31 else 0  # RFC 2181 section 8


def _answers_type(answers: list[_Record], qtype: int) -> bool:
    return any(record.rtype == qtype for record in answers) or (qtype == 255 and bool(answers))


def _aliases(
    message: bytes, answers: list[_Record], qname: bytes
) -> list[tuple[int, bytes, bytes]]:
    """(type, owner, target) of each record that leads elsewhere; a DNAME also as substituted."""
    found: list[tuple[int, bytes, bytes]] = []
    for record in answers:
        if record.rtype not in _POINTS:
            continue
        if len(found) >= _MAX_ALIASES:
            raise FormatError("more aliases than any answer has")
        owner = name_at(message, record.start, record.rdata_at)
        skip = 2 if record.rtype in (SVCB, HTTPS) else 0
        target = name_at(message, record.rdata_at + skip, record.end)
        found.append((record.rtype, owner, target))
    moves = [(owner, target) for rtype, owner, target in found if rtype == DNAME]
    return found + _moved([qname, *(target for _, _, target in found)], moves) if moves else found


def _moved(names: list[bytes], moves: list[tuple[bytes, bytes]]) -> list[tuple[int, bytes, bytes]]:
    """The aliases that DNAMEs make of `names` and of what they lead to (RFC 6672), as CNAMEs."""
    found: list[tuple[int, bytes, bytes]] = []
    for name in names:
        for owner, target in moves:
            moved = name[: len(name) - len(owner)] + target
            if owner not in superdomains(name)[1:] or len(moved) > MAX_NAME:
                continue
            if len(found) >= _MAX_ALIASES:
                raise FormatError("more aliases than any answer has")
            found.append((CNAME, name, moved))
            if moved not in names:
                names.append(moved)  # it is walked in its turn
    return found


def name_at(message: bytes, at: int, limit: int) -> bytes:
    """Canonical name at `at`; what is not behind a pointer must end by `limit`."""
    if message[at : min(at + 2, limit)] == _TO_QUESTION:
        at, limit = HEADER, len(message)
    parts: list[bytes] = []
    length_so_far, hops, floor = 1, 0, at
    while True:
        if at >= limit:
            raise FormatError("a name is cut short")
        length = message[at]
        if length == 0:
            return b"".join(parts).lower() + ROOT
        if length >= POINTER:
            if at + 1 >= limit:
                raise FormatError("a name is cut short")
            target = (length & 0x3F) << 8 | message[at + 1]
            hops += 1
            if target >= floor or target < HEADER or hops > _MAX_HOPS:
                raise FormatError("a compression pointer leads backwards only")
            at, floor, limit = target, target, len(message)
            continue
        if length > MAX_LABEL:
            raise FormatError("a name has an extended label")
        length_so_far += 1 + length
        if length_so_far > MAX_NAME or at + 1 + length > limit:
            raise FormatError("a name is cut short or too long")
        parts.append(message[at : at + 1 + length])
        at += 1 + length


def _negative_lifetime(
    message: bytes,
    rcode: int,
    authorities: list[_Record],
    above: set[bytes],
    limits: Limits,
) -> int:
    """min(SOA's TTL, its MINIMUM), capped; 0 without a SOA from `above` (RFC 2308), or on failure."""
    if rcode not in (NOERROR, NXDOMAIN):
        return 0
    for record in authorities:
        if record.rtype == SOA and record.end - record.rdata_at >= _SOA_LEAST:
            minimum = int.from_bytes(message[record.end - 4 : record.end], "big")
            owner = name_at(message, record.start, record.rdata_at)
            return min(limits.max_negative_ttl, _ttl(record), minimum) if owner in above else 0
    return 0


def _chain(qname: bytes, aliases: list[tuple[int, bytes, bytes]]) -> set[bytes]:
    """The owners an answer to `qname` may have: it, what its aliases lead to, DNAMEs above them."""
    if not aliases:
        return {qname}
    next_name = {owner: target for rtype, owner, target in aliases if rtype == CNAME}
    chain, name = {qname}, qname
    while (name := next_name.get(name, name)) not in chain:
        chain.add(name)
    above = {superdomain for link in chain for superdomain in superdomains(link)}
    return chain | {owner for rtype, owner, _ in aliases if rtype == DNAME and owner in above}


def _targets(aliases: list[tuple[int, bytes, bytes]], chain: set[bytes]) -> tuple[bytes, ...]:
    """Where the chain leads; the root as a target means the owner itself (RFC 9460)."""
    leads = (target for _, owner, target in aliases if owner in chain and target != ROOT)
    return tuple(dict.fromkeys(leads))


def _strays(message: bytes, answers: list[_Record], chain: set[bytes]) -> set[_Record]:
    """Records of the answer section that do not belong to the chain (RFC 5452 section 6)."""
    return {
        record
        for record in answers
        if message[record.start : record.start + 2] != _TO_QUESTION
        and name_at(message, record.start, record.rdata_at) not in chain
    }


def _rebuilt(
    message: bytes, base: int, answers: list[_Record], authorities: list[_Record]
) -> bytes:
    """The message with these records only, all names written out: no pointer leads to what is gone."""
    counts = struct.pack("!HHHH", 1, len(answers), len(authorities), 0)
    records = [_written_out(message, record) for record in answers + authorities]
    rebuilt = message[:4] + counts + message[HEADER:base] + b"".join(records)
    if len(rebuilt) > _MAX_MESSAGE:
        raise FormatError("names written out make the message too long")
    return rebuilt


def _written_out(message: bytes, record: _Record) -> bytes:
    before, several = _COMPRESSED.get(record.rtype, (0, 0))
    at = record.rdata_at + before
    rdata = message[record.rdata_at : at]
    for _ in range(several):
        rdata += name_at(message, at, record.end)
        at = end_of_name(message, at)
    rdata += message[at : record.end]
    owner = name_at(message, record.start, record.rdata_at)
    fixed = message[record.rdata_at - _FIXED.size : record.rdata_at - 2]
    return owner + fixed + len(rdata).to_bytes(2, "big") + rdata
