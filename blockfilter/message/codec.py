"""dnslib, for the few messages this server itself asks: probes, health checks, looks at names.

The only importer of dnslib, and never on the query path: dnslib builds an object a record and reads
labels as text. What other packages get from here are octets and frozen values.
"""

from typing import NamedTuple

import dnslib

from blockfilter.errors import FormatError
from blockfilter.message import name as names
from blockfilter.message.question import UDP_MAX

_EDE = 15


class Reply(NamedTuple):
    """What a health check reads of a response; `ede` are the extended error codes."""

    id: int
    rcode: int
    truncated: bool
    ede: tuple[int, ...]


class Found(NamedTuple):
    """What a look at a name reads of a response to it; names are canonical, addresses packed."""

    rcode: int
    ede: tuple[int, ...]
    aliases: tuple[bytes, ...]  # where its CNAMEs lead, one after the other
    addresses: tuple[bytes, ...]  # of the name or of what it leads to
    servers: tuple[bytes, ...]  # the name's own NS records


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
    record = _parsed(message)
    header = record.header
    return Reply(header.id, header.rcode, bool(header.tc), _extended_errors(record))


def read_found(message: bytes) -> Found:
    """What a response to a question about a name says of it; FormatError where it is none.

    Records that belong neither to the name nor to what it leads to are passed over.
    """
    record = _parsed(message)
    asked = _name(record.q.qname)
    told = [(_name(one.rname), one.rtype, one.rdata) for one in record.rr]
    leads = {name: _name(data.label) for name, rtype, data in told if rtype == dnslib.QTYPE.CNAME}
    chain = [asked]
    while (target := leads.get(chain[-1])) and target not in chain:
        chain.append(target)
    return Found(
        rcode=record.header.rcode,
        ede=_extended_errors(record),
        aliases=tuple(chain[1:]),
        addresses=tuple(
            bytes(data.data)
            for name, rtype, data in told
            if rtype in (dnslib.QTYPE.A, dnslib.QTYPE.AAAA) and name in chain
        ),
        servers=tuple(
            _name(data.label)
            for name, rtype, data in told
            if rtype == dnslib.QTYPE.NS and name == asked
        ),
    )


def _parsed(message: bytes) -> dnslib.DNSRecord:
    try:
        return dnslib.DNSRecord.parse(message)
    except (dnslib.DNSError, UnicodeError, ValueError) as error:
        raise FormatError("the reply is no DNS message") from error


def _extended_errors(record: dnslib.DNSRecord) -> tuple[int, ...]:
    return tuple(
        int.from_bytes(bytes(option.data)[:2], "big")
        for extra in record.ar
        if extra.rtype == dnslib.QTYPE.OPT
        for option in extra.rdata
        if option.code == _EDE
    )


def _name(label: dnslib.DNSLabel) -> bytes:
    return names.from_labels(tuple(map(bytes, label.label)))
