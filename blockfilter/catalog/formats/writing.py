"""A flattened policy written in another resolver's format, with a head that says what it is.

The same policy makes the same octets. What the format could not say is counted by reason, told in
the head and returned.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from blockfilter.catalog.formats import writing_names, writing_resolvers
from blockfilter.catalog.formats.flat import Flat
from blockfilter.catalog.formats.writing_names import Said
from blockfilter.catalog.progress import Progress, silent

_TITLE = "blockfilter"
_TOLD = 20_000  # names between two reports of progress


class Header(NamedTuple):
    """Which release is written, and under which licences its names were given."""

    serial: int
    date: str  # "2026-11-23T09:17:05Z"
    licences: tuple[str, ...] = ()


class Written(NamedTuple):
    """How many names are blocked in it, how many are excepted, and what was left out and why."""

    blocked: int
    opened: int
    left: Counter[str]


class _Format(NamedTuple):
    write: Callable[[Iterator[Flat], Counter[str]], Iterator[Said]]
    comment: str = "#"
    head: Callable[[int], str] = lambda _serial: ""  # what stands before the first name


_FORMATS = {
    "hosts": _Format(writing_names.hosts),
    "domains": _Format(writing_names.domains),
    "wildcard": _Format(writing_names.wildcard),
    "adblock": _Format(writing_names.adblock, "!"),
    "dnsmasq": _Format(writing_resolvers.dnsmasq),
    "unbound": _Format(writing_resolvers.unbound, "#", lambda _serial: "server:\n"),
    "rpz": _Format(writing_resolvers.rpz, ";", writing_resolvers.rpz_head),
}


def write(
    format_: str,
    flats: Iterator[Flat],
    left: Counter[str],
    header: Header,
    out: BinaryIO,
    progress: Progress = silent,
) -> Written:
    """Write the names to `out`; `left` counts already what is no name (see `flat`)."""
    form = _FORMATS[format_]
    counts = {True: 0, False: 0}
    with tempfile.TemporaryFile() as body:  # the head counts what is in it
        for number, said in enumerate(form.write(writing_names.usual(flats, left), left)):
            counts[said.blocks] += 1
            body.write(said.lines.encode())
            if not number % _TOLD:
                progress("writing names", number, 0)
        done = Written(counts[True], counts[False], +left)
        out.write(_head(form, header, done).encode())
        body.seek(0)
        shutil.copyfileobj(body, out)
    return done


def _head(form: _Format, header: Header, done: Written) -> str:
    licences = "; ".join(filter(None, map(_one_line, header.licences))) or "none is named"
    sentences = [
        f"Title: {_TITLE}, release {header.serial}",
        f"Date: {_one_line(header.date)}",
        f"Names: {done.blocked} blocked, {done.opened} excepted",
        f"Licences: {licences}",
        *(f"Left out: {reason}: {count}" for reason, count in sorted(done.left.items())),
    ]
    lines = "".join(f"{form.comment} {sentence}\n" for sentence in sentences)
    return lines + form.head(header.serial)


def _one_line(text: str) -> str:
    """A person's text as part of a comment: it must not begin a line of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
