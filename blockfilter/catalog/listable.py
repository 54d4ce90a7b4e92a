"""A name as a list may hold it, the curated list or an administrator's own.

Stricter than the DNS: what no site can have is a slip of the pen, and a rule that meets nothing
would hide it. FormatError says what is wrong with a name, without its text.
"""

import re

from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError
from blockfilter.message import name as names

_CHARACTERS = re.compile(r"[a-z0-9_.-]+")
_NUMERIC = re.compile(r"(?:.*\.)?[0-9]+")  # its last label is a number: read as an address


def plain(text: str) -> bytes:
    """The canonical name, whichever characters it has, unless it is meant as something else."""
    if text.startswith("*"):
        raise FormatError("a wildcard, where a bare name means all below it already")
    name = names.from_text(text)
    if _NUMERIC.fullmatch(names.to_text(name)):
        raise FormatError("an address is no name")
    return name


def exact(text: str) -> bytes:
    """The canonical name of a host or site, to be listed alone."""
    name = plain(text)
    if name == names.ROOT or not _CHARACTERS.fullmatch(names.to_text(name)):
        raise FormatError("a character that no host's or site's name has")
    return name


def subtree(text: str, wide: Wide) -> bytes:
    """The canonical name of a host or site, to be listed with all below it."""
    name = exact(text)
    shown = names.to_text(name)
    if "." not in shown:
        raise FormatError("a single label, under which every site would be blocked")
    if shown in wide:
        raise FormatError("a public suffix, under which every site would be blocked")
    return name
