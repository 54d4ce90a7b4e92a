"""The catalogue's own text of rules: one rule a line, sorted, nothing twice, the same octets always.

First line ``# blockfilter rules 1``, then tab-separated columns, those at the end left off where
they say nothing of their own: trigger, value, category, site, mode, action.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Rule, Trigger

HEADER = b"# blockfilter rules 1\n"
_REMEDY = "take the file back from a copy or from git"
_LENGTHS = [bytes((length,)) for length in range(names.MAX_LABEL + 1)]
_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-_."
_BATCH = 8192  # lines written at a time
_TRIGGERS = {trigger.value.encode(): trigger for trigger in Trigger}
_NAMED = {trigger: word for word, trigger in _TRIGGERS.items()}


class Written(NamedTuple):
    """A file of rules."""

    sha256: str
    rules: int


def read(path: Path, *, category: str, mode: Mode) -> Iterator[Rule]:
    """The rules; `category` and `mode` are of those that name none. ListError: not as written."""
    columns = _columns(category, mode)
    block = Action.BLOCK
    try:
        with path.open("rb") as file:
            if file.readline() != HEADER:
                raise ListError(f"{path}: is no file of rules; {_REMEDY}")
            for number, line in enumerate(file, 2):
                trigger, _, rest = line.rstrip(b"\n").partition(b"\t")
                value, _, more = rest.partition(b"\t")
                try:
                    kind = _TRIGGERS[trigger]
                    wire = _wire(kind, value)
                    if not more:
                        yield Rule(kind, wire, category, "", block, mode)
                    else:
                        its, site, its_mode, action = columns(more)
                        yield Rule(kind, wire, its, site, action, its_mode)
                except (KeyError, ValueError, FormatError) as error:
                    raise ListError(f"{path}: line {number} is no rule; {_REMEDY}") from error
    except OSError as error:
        raise ListError(f"{path}: cannot be read ({error.strerror}); {_REMEDY}") from error


def write(rules: Iterable[Rule], into: Path, *, category: str, mode: Mode) -> Written:
    """Write them to `into`, sorted by octets and each once; durable when it returns.

    FormatError for a value with a tab or a line end, which a pattern could spell otherwise.
    """
    lines = sorted({_line(rule, category, mode) for rule in rules})
    digest = hashlib.sha256(HEADER)
    with into.open("wb") as file:
        file.write(HEADER)
        for at in range(0, len(lines), _BATCH):
            octets = b"".join(lines[at : at + _BATCH])
            digest.update(octets)
            file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    return Written(digest.hexdigest(), len(lines))


def _line(rule: Rule, category: str, mode: Mode) -> bytes:
    trigger, value, its, site, action, its_mode, _ = rule
    text = value
    if trigger is Trigger.EXACT or trigger is Trigger.SUBTREE:
        text = _text(value)
    elif b"\t" in value or b"\n" in value or b"\r" in value:
        raise FormatError("a pattern with a tab or a line end; write \\t or \\n")
    if its == category and not site and its_mode is mode and action is Action.BLOCK:
        return b"%b\t%b\n" % (_NAMED[trigger], text)
    said = (
        "" if its == category else its,
        site,
        "" if its_mode is mode else its_mode.value,
        "" if action is Action.BLOCK else action.value,
    )
    return b"%b\t%b\t%b\n" % (_NAMED[trigger], text, "\t".join(said).rstrip("\t").encode())


def _text(name: bytes) -> bytes:
    """As `names.to_text`, faster for names of usual characters."""
    labels, at = [], 0
    while length := name[at]:
        end = at + 1 + length
        labels.append(name[at + 1 : end])
        at = end
    text = b".".join(labels)
    if labels and not text.translate(None, _PLAIN) and text.count(b".") == len(labels) - 1:
        return text
    return names.to_text(name).encode()


def _wire(trigger: Trigger, value: bytes) -> bytes:
    if trigger is Trigger.PATTERN or trigger is Trigger.SITE_NAME:
        if not value:
            raise FormatError("an empty value")
        return value
    labels = value.split(b".")
    if value.translate(None, _PLAIN) or not all(labels) or len(value) > names.MAX_LABEL:
        return names.from_text(value.decode())
    return b"".join([_LENGTHS[len(label)] + label for label in labels]) + names.ROOT


def _columns(category: str, mode: Mode) -> Callable[[bytes], tuple[str, str, Mode, Action]]:
    """Reads the columns behind the value; they are few, so each spelling is read once."""

    @lru_cache(maxsize=4096)  # a site's rules stand apart once they are sorted
    def read_columns(more: bytes) -> tuple[str, str, Mode, Action]:
        its, site, its_mode, action = (*more.decode().split("\t"), "", "", "")[:4]
        if more.count(b"\t") > 3:
            raise ValueError("too many columns")
        return (
            its or category,
            site,
            Mode(its_mode) if its_mode else mode,
            Action(action) if action else Action.BLOCK,
        )

    return read_columns
