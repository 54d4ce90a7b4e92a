"""How long a TCP client may leave its connection idle, told to who asks (RFC 7828)."""

from blockfilter.errors import FormatError
from blockfilter.message.question import HEADER, UDP_MAX, each_option, read

_KEEPALIVE = 11  # RFC 7828
_KEEPALIVE_ASKED = b"\0\x0b\0\0"  # the option as a client sends it: its code, no octets
_OPT_FIXED = 11
_OUR_OPT = b"\0\0\x29" + UDP_MAX.to_bytes(2, "big")  # root, type, and our size as the class
_LARGEST = 65535  # octets of a message over TCP


def with_keepalive(query: bytes, octets: bytes, idle: float) -> bytes:
    """The response with our idle time in its OPT, where the query asks for it (RFC 7828).

    Our responses have the OPT last, so the option goes to the end.
    """
    if _KEEPALIVE_ASKED not in query or octets[10:12] == b"\0\0":
        return octets
    try:
        asked = read(query)
        if (_KEEPALIVE, b"") not in each_option(asked.options):
            return octets
    except FormatError:
        return octets
    option = b"\0\x0b\0\2" + min(int(idle * 10), 0xFFFF).to_bytes(2, "big")
    at = octets.rfind(_OUR_OPT, HEADER + len(asked.question))
    size = int.from_bytes(octets[at + 9 : at + _OPT_FIXED], "big")
    if at < 0 or at + _OPT_FIXED + size != len(octets) or len(octets) + len(option) > _LARGEST:
        return octets
    grown = (size + len(option)).to_bytes(2, "big")
    return octets[: at + 9] + grown + octets[at + _OPT_FIXED :] + option
