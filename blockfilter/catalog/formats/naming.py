"""A name as lists write it, and in one sentence why it is none that can be listed.

Nothing is cut off to make a name of it: a URL or a path says something narrower than its name, and
`www.` is part of the name.
"""

import re

from blockfilter.catalog import listable
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError
from blockfilter.message import name as names
from blockfilter.policy.rule import Trigger

EVERYTHING = "the root, under which is everything"
NOT_UTF8 = "not in UTF-8"

_SUBTREE = Trigger.SUBTREE  # a look at an Enum is slow
_LENGTHS = [bytes((length,)) for length in range(names.MAX_LABEL + 1)]
_USUAL = b"abcdefghijklmnopqrstuvwxyz0123456789-_."
_PORT = re.compile(r".*:\d{1,5}")


def usual(name: bytes) -> bytes | None:
    """The wire form of a lower-case name of at least two usual labels; None: ask `listed`."""
    labels = name.split(b".")
    if name.translate(None, _USUAL) or b"" in labels or len(labels) == 1 or labels[-1].isdigit():
        return None
    if len(name) > names.MAX_LABEL and (
        len(name) > names.MAX_NAME - 2 or max(map(len, labels)) > names.MAX_LABEL
    ):
        return None
    return b"".join([_LENGTHS[len(label)] + label for label in labels]) + names.ROOT


def listed(octets: bytes, trigger: Trigger, wide: Wide) -> bytes:
    """The canonical name of a text in UTF-8, to be listed as `trigger`; FormatError: the cause."""
    name = octets.lower().removesuffix(b".")
    wire = usual(name)
    if wire and (trigger is not _SUBTREE or name.decode() not in wide):
        return wire
    return from_text(decoded(octets), trigger, wide)


def from_text(text: str, trigger: Trigger, wide: Wide) -> bytes:
    """The canonical name of any text; FormatError says what is wrong with it, without it."""
    if "://" in text or text.startswith("//"):
        raise FormatError("a URL, where a name belongs")
    if "/" in text:
        raise FormatError("a path, which says less than its name")
    if _PORT.fullmatch(text):
        raise FormatError("a port, which says less than its name")
    if text == ".":
        raise FormatError(EVERYTHING)
    if "*" in text and not text.startswith("*."):
        raise FormatError("a wildcard within a name")
    return listable.subtree(text, wide) if trigger is _SUBTREE else listable.exact(text)


def decoded(octets: bytes) -> str:
    """The text; FormatError."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(NOT_UTF8) from error
