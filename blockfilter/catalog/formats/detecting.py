"""What a file is written in, by what its first lines look like.

The format most of the lines have wins, but one line that only one format has is enough for it: a
zone's SOA, a rule with ``||``. Where nothing is recognised it is taken for a list of names, whose
reader says of every line what is wrong with it.
"""

import re
from collections import Counter
from ipaddress import ip_address
from itertools import islice
from pathlib import Path

from blockfilter.catalog.formats import columns
from blockfilter.catalog.formats.lines import numbered
from blockfilter.catalog.formats.rules import HEADER

_LOOKED_AT = 5000  # lines; the head of a list may be all comments

_ZONE = re.compile(rb"\$(?:ttl|origin)\b|\S*\s+(?:\S+\s+){0,2}(?:soa|cname)\s", re.IGNORECASE)
_UNBOUND = re.compile(rb"local-(?:zone|data)(?:-ptr)?:|server:\s*(?:#.*)?$", re.IGNORECASE)
_DNSMASQ = re.compile(rb"(?:--)?(?:address|server|local)\s*=\s*/")
_ADBLOCK = re.compile(
    rb"\|\|?[^|]|@@|\[adblock|\S*#@?[?$%]*#\S|/.+/(?:\$.*)?$|\S+\^", re.IGNORECASE
)
_COMMENTS = (b"#", b"!", b";", b"//")


def detect(path: Path) -> str:
    """One of FORMATS; ListError: the file is no list at all."""
    found: Counter[str] = Counter()
    for number, line in islice(numbered(path), _LOOKED_AT):
        if number == 1 and line == HEADER:
            return "rules"
        if not found and _is_table(line):
            return "csv"
        if kind := _kind(line.strip()):
            found[kind] += 1
    for certain in ("rpz", "unbound", "dnsmasq"):
        if found[certain] * 2 > found.total():
            return certain
    if found["adblock"]:
        return "adblock"
    return max(found, key=lambda kind: found[kind]) if found else "domains"


def _is_table(line: bytes) -> bool:
    """Whether the first line that says something is a table's header."""
    named = columns.header(line)
    return len(named) > 1 and (
        set(named) >= columns.DOSSIER_COLUMNS or any(one in named for one in columns.NAME_COLUMNS)
    )


def _kind(text: bytes) -> str:
    """What a line looks like; "" where it says nothing."""
    if not text:
        return ""
    for format_, pattern in (("unbound", _UNBOUND), ("dnsmasq", _DNSMASQ), ("rpz", _ZONE)):
        if pattern.match(text):
            return format_
    if _ADBLOCK.match(text) and not text.startswith((b"!", b"//")):
        return "adblock"
    if text.startswith(_COMMENTS):
        return ""
    words = text.split()
    if len(words) > 1 and _is_address(words[0]):
        return "hosts"
    return "wildcard" if text.startswith(b"*.") else "domains"


def _is_address(word: bytes) -> bool:
    try:
        ip_address(word.decode("ascii", "replace").partition("%")[0])
    except ValueError:
        return False
    return True
