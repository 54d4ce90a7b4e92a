"""What hypothesis makes for the tests: labels, names, queries, damaged packets."""

from collections.abc import Sequence
from typing import NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_MAX_OCTETS = 255
_COOKIE = 10


def examples(number: int) -> settings:
    """How many examples a property is tried with; that a machine is busy is no finding."""
    return settings(
        max_examples=number, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


# Octets that mean something to somebody: separators, escapes, lengths, pointers, letters of two cases.
_TRICKY = st.sampled_from(b'aAzZ09-_.\\"@;() \x00\x01\x03\x3f\x40\xc0\xc0\xff')
binary_labels = st.one_of(
    st.binary(min_size=1, max_size=63),
    st.lists(_TRICKY, min_size=1, max_size=6).map(bytes),
)
host_labels = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9-]{0,9}[A-Za-z0-9])?", fullmatch=True).map(
    str.encode
)


def _cut(labels: Sequence[bytes]) -> tuple[bytes, ...]:
    """As many of the labels, from the right, as fit into a name."""
    kept: list[bytes] = []
    for label in reversed(labels):
        if 1 + sum(len(one) + 1 for one in (*kept, label)) > _MAX_OCTETS:
            break
        kept.append(label)
    return tuple(reversed(kept))


label_tuples = st.lists(binary_labels, max_size=8).map(_cut)
long_tuples = st.lists(st.binary(min_size=40, max_size=63), min_size=3, max_size=6).map(_cut)
host_tuples = st.lists(host_labels, min_size=1, max_size=6).map(_cut)
any_tuples = st.one_of(label_tuples, label_tuples, host_tuples, long_tuples)


def dns_name(labels: Sequence[bytes]) -> dns.name.Name:
    """The absolute name of these labels in dnspython."""
    return dns.name.Name([*labels, b""])


dns_names = any_tuples.map(dns_name)
host_names = host_tuples.map(dns_name)

ordinary_types = st.one_of(
    st.sampled_from([1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 43, 64, 65, 255, 257]),
    st.integers(1, 127).filter(lambda number: number != dns.rdatatype.OPT),
    st.integers(256, 65535),
)


class Asked(NamedTuple):
    """A query as its maker meant it, and its octets."""

    packet: bytes
    name: dns.name.Name
    qtype: int
    qclass: int
    ident: int
    flags: int
    edns: bool
    size: int
    version: int
    do: bool
    options: tuple[tuple[int, bytes], ...]


_options = st.lists(
    st.tuples(st.integers(0, 65535).filter(lambda code: code != _COOKIE), st.binary(max_size=20)),
    max_size=3,
)
_cookies = st.tuples(
    st.just(_COOKIE),
    st.one_of(st.binary(min_size=8, max_size=8), st.binary(min_size=16, max_size=40)),
)
all_options = st.builds(lambda some, one: [*some, *one], _options, st.lists(_cookies, max_size=1))
query_flags = st.integers(0, 0xFFFF).map(lambda bits: bits & 0x07F0)  # no QR, opcode 0, rcode 0


@st.composite
def queries(
    draw: st.DrawFn,
    names: st.SearchStrategy[dns.name.Name] = dns_names,
    qtypes: st.SearchStrategy[int] = ordinary_types,
    qclasses: st.SearchStrategy[int] = st.just(1),  # noqa: B008 - strategies are values
    versions: st.SearchStrategy[int] = st.just(0),  # noqa: B008
) -> Asked:
    """A well-formed query, put together by dnspython."""
    name, qtype, qclass = draw(names), draw(qtypes), draw(qclasses)
    ident, flags = draw(st.integers(0, 65535)), draw(query_flags)
    message = dns.message.Message(id=ident)
    message.flags = dns.flags.Flag(flags)
    message.find_rrset(
        message.question,
        name,
        dns.rdataclass.RdataClass(qclass),
        dns.rdatatype.RdataType(qtype),
        create=True,
        force_unique=True,
    )
    edns, size, version, do = (
        draw(st.booleans()),
        draw(st.integers(0, 65535)),
        draw(versions),
        False,
    )
    options: list[tuple[int, bytes]] = []
    if edns:
        do, options = draw(st.booleans()), draw(all_options)
        message.use_edns(
            version,
            (dns.flags.DO if do else 0) | version << 16,
            size,
            options=[
                dns.edns.GenericOption(dns.edns.OptionType.make(code), data)
                for code, data in options
            ],
        )
    else:
        size, version = 512, 0
    return Asked(
        message.to_wire(max_size=65535),
        *(name, qtype, qclass, ident, flags, edns, size, version, do, tuple(options)),
    )


@st.composite
def damage(draw: st.DrawFn, octets: bytes) -> bytes:
    """The octets after a few of the accidents that happen to packets, or are arranged for them."""
    damaged = bytearray(octets)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(damaged) - 1, 0)))
        match draw(st.sampled_from(["set", "pointer", "cut", "drop", "insert", "repeat"])):
            case "set" if damaged:
                damaged[at] = draw(
                    st.one_of(st.integers(0, 255), st.sampled_from(b"\0\1\x3f\x40\xc0\xff"))
                )
            case "pointer":
                damaged[at : at + 2] = bytes((0xC0, draw(st.integers(0, 64))))
            case "cut":
                del damaged[at:]
            case "drop":
                del damaged[at : at + draw(st.integers(1, 12))]
            case "insert":
                damaged[at:at] = draw(st.binary(min_size=1, max_size=12))
            case "repeat":
                damaged[at:at] = damaged[at : at + draw(st.integers(1, 24))]
    return bytes(damaged)
