"""Domain names as octets.

The canonical form of a name is its absolute wire form with ASCII letters in lower case (RFC 4343),
the root's zero octet included: ``b"\\x07example\\x03com\\x00"``. Lengths are below 0x40 and so never
touched by lower-casing, a label may hold any octet, and no two names share a canonical form. Text
appears only at the edges: what a person typed, and what a person reads.
"""

from blockfilter.errors import FormatError

ROOT = b"\x00"
MAX_NAME = 255  # octets of a name on the wire, RFC 1035 section 2.3.4
MAX_LABEL = 63  # two bits of a length octet are taken by compression
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_*/")
_DECIMAL_ESCAPE = 3  # digits of \DDD


def from_labels(labels: tuple[bytes, ...] | list[bytes]) -> bytes:
    """Canonical name of `labels`, leftmost first; FormatError where the limits are passed."""
    for label in labels:
        if not 0 < len(label) <= MAX_LABEL:
            raise FormatError("a label holds 1 to 63 octets")
    name = b"".join(bytes((len(label),)) + label for label in labels).lower() + ROOT
    if len(name) > MAX_NAME:
        raise FormatError("a name holds at most 255 octets")
    return name


def from_text(text: str) -> bytes:
    """Canonical name of presentation text (RFC 1035 section 5.1: ``\\.`` and ``\\DDD`` escapes).

    Case and a trailing dot do not matter; text beyond ASCII is read as an internationalised name
    (IDNA 2008 with UTS 46 mapping). FormatError says what is wrong, without the text.
    """
    if not text:
        raise FormatError("an empty text is no name; the root is written as a single dot")
    if text == ".":
        return ROOT
    if not text.isascii():
        text = _ascii_of(text)
    if not text.isprintable() or " " in text:
        raise FormatError("a name holds no blank and no control character (escape it as \\DDD)")
    if "\\" in text:
        return from_labels(_unescape(text))
    return from_labels(text.removesuffix(".").encode("ascii").split(b"."))


def _ascii_of(text: str) -> str:
    import idna  # 20 ms that a plain name need not pay

    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise FormatError("not a valid internationalised name") from error


def _unescape(text: str) -> list[bytes]:
    labels, label, at = [], bytearray(), 0
    while at < len(text):
        if text[at] == ".":
            labels.append(bytes(label))
            label.clear()
        elif text[at] != "\\":
            label.append(ord(text[at]))
        elif text[at + 1 : at + 2].isdigit():
            digits = text[at + 1 : at + 1 + _DECIMAL_ESCAPE]
            if len(digits) < _DECIMAL_ESCAPE or not digits.isdigit() or int(digits) > 0xFF:
                raise FormatError("an escape is \\ and three digits up to 255")
            label.append(int(digits))
            at += _DECIMAL_ESCAPE
        elif at + 1 < len(text):
            label.append(ord(text[at + 1]))
            at += 1
        else:
            raise FormatError("a name cannot end in a lone backslash")
        at += 1
    if label or not labels:
        labels.append(bytes(label))
    return labels


def split(name: bytes) -> tuple[bytes, ...]:
    """Labels of a canonical name, leftmost first, without the root."""
    labels, at = [], 0
    while length := name[at]:
        labels.append(name[at + 1 : at + 1 + length])
        at += 1 + length
    return tuple(labels)


def key(name: bytes) -> bytes:
    """Trie key of a canonical name: its length-prefixed labels, the rightmost first, no root.

    The key of a superdomain is a prefix of the key of every name below it, and nothing else is:
    each label brings its length, so a prefix ends where a label ends.
    """
    parts, at = [], 0
    while length := name[at]:
        end = at + 1 + length
        parts.append(name[at:end])
        at = end
    parts.reverse()
    return b"".join(parts)


def from_key(trie_key: bytes) -> bytes:
    """The canonical name whose trie key this is."""
    return key(trie_key + ROOT) + ROOT


def superdomains(name: bytes) -> list[bytes]:
    """The name itself and every name above it, the root last."""
    found, at = [name], 0
    while length := name[at]:
        at += 1 + length
        found.append(name[at:])
    return found


def to_text(name: bytes) -> str:
    """Presentation form, lower case, without the final dot; octets out of the ordinary escaped."""
    if name == ROOT:
        return "."
    return ".".join("".join(map(_printable, label)) for label in split(name))


def _printable(octet: int) -> str:
    if octet in _PLAIN:
        return chr(octet)
    if octet in b'.\\"();@$':
        return "\\" + chr(octet)
    return chr(octet) if 0x21 <= octet <= 0x7E else f"\\{octet:03d}"
