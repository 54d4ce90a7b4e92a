"""dnslib, for the few messages this server itself asks: loop probes and health checks.

The only importer of dnslib, and never on the query path: dnslib builds an object a record and reads
labels as text. What other packages get from here are octets and frozen values.
"""

from typing import NamedTuple

import dnslib

from blockfilter.errors import FormatError
from blockfilter.message.question import UDP_MAX

_EDE = 15


class Reply(NamedTuple):
    """What a health check reads of a response; `ede` are the extended error codes."""

    id: int
    rcode: int
    truncated: bool
    ede: tuple[int, ...]


def query(name: str, qtype: str, *, ident: int, edns: bool = True) -> bytes:
    """The octets of a query with RD set for `name` (ASCII text) and `qtype` (mnemonic)."""
    record = dnslib.DNSRecord(
        dnslib.DNSHeader(id=ident, rd=1), q=dnslib.DNSQuestion(name, getattr(dnslib.QTYPE, qtype))
    )
    if edns:
        record.add_ar(dnslib.EDNS0(udp_len=UDP_MAX))
    return bytes(record.pack())


def read_reply(message: bytes) -> Reply:
    """What a response says; FormatError where it is none."""
    try:
        record = dnslib.DNSRecord.parse(message)
    except (dnslib.DNSError, UnicodeError, ValueError) as error:
        raise FormatError("the reply is no DNS message") from error
    codes = tuple(
        int.from_bytes(bytes(option.data)[:2], "big")
        for extra in record.ar
        if extra.rtype == dnslib.QTYPE.OPT
        for option in extra.rdata
        if option.code == _EDE
    )
    header = record.header
    return Reply(header.id, header.rcode, bool(header.tc), codes)
