"""Blocks of a TOML file as pieces of its text, and the change from what they say to what they shall.

A block is a header and its lines; what is written is kept, comments and all, and only what says
something else is written anew. Pure: texts go in, texts come out; `edit` has the files.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from blockfilter.catalog.entries import EVIDENCE_KEYS, NAME_KEYS, spelled

# What an array of texts is made of: texts of the four kinds, comments, commas, new lines, blanks.
_PIECES = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|'
    r"'''.*?'{3,5}|"
    r'"(?:[^"\\]|\\.)*"|'
    r"'[^']*'|"
    r"#[^\n]*|,|\n|[ \t\r]+",
    re.DOTALL,
)


@dataclass(slots=True)
class Line:
    """A key with its value, which may go over lines; without a key a comment or blanks."""

    key: str  # of a dotted one the first part
    lead: str  # up to the value
    value: str
    tail: str  # what follows the value, the line's end included
    dotted: bool = False

    @property
    def text(self) -> str:
        """As it stands in the file."""
        return self.lead + self.value + self.tail

    @property
    def blank(self) -> bool:
        """Whether nothing is on it."""
        return not self.text.strip()


@dataclass(slots=True)
class Block:
    """A header and what stands below it up to the next one; the first block has no header."""

    path: tuple[str, ...]
    header: str
    lines: list[Line]

    @property
    def text(self) -> str:
        """As it stands in the file."""
        return self.header + "".join(line.text for line in self.lines)

    def keys_end(self) -> int:
        """The index after its last key."""
        return max((at for at, line in enumerate(self.lines, 1) if line.key), default=0)

    def cut(self) -> list[Line]:
        """Take off what follows it; a comment right below its last key is still its own."""
        end = self.keys_end()
        while end < len(self.lines) and not self.lines[end].blank:
            end += 1
        rest, self.lines = self.lines[end:], self.lines[:end]
        return rest

    def take(self, lines: Sequence[Line]) -> None:
        """What stood below a block that is gone stands below this one; two gaps become one."""
        twice = self.lines and self.lines[-1].blank and lines and lines[0].blank
        self.lines += lines[1:] if twice else lines

    def gone(self) -> list[Line]:
        """What is to stay where the block itself goes."""
        return self.lines[self.keys_end() :]


def merged(
    group: Sequence[Block],
    current: Mapping[str, Any],
    wanted: Mapping[str, Any],
    order: Sequence[str],
) -> list[Block]:
    """The blocks of one entry, or of one evidence, with other values where they differ."""
    main, below = group[0], list(group[1:])
    for at, key in enumerate(order):
        if key == "evidence" or same(key, current.get(key), wanted.get(key)):
            continue
        lines = [line for line in main.lines if line.key == key]
        if key in wanted and len(lines) == 1 and not lines[0].dotted:
            lines[0].value = _changed(key, lines[0], current[key], wanted[key])
            continue
        main.lines = [line for line in main.lines if line.key != key]
        below = _without(main, below, (*main.path, key))
        if key in wanted:
            _insert(main, order[:at], Line(key, f"{key} = ", _toml(wanted[key]), "\n"))
    if same("evidence", current.get("evidence"), wanted.get("evidence")):
        return [main, *below]
    main.lines = [line for line in main.lines if line.key != "evidence"]
    return _with_evidence(main, below, current, wanted)


def _with_evidence(
    main: Block, below: list[Block], current: Mapping[str, Any], wanted: Mapping[str, Any]
) -> list[Block]:
    """The blocks with the evidence that is wanted; each is known by its reference."""
    path = (*main.path, "evidence")
    there = [block for block in below if block.path == path]
    old = current.get("evidence", []) if there else []
    new = wanted.get("evidence", [])
    group = [main, *(block for block in below if block.path != path)]
    loose: list[Line] = []  # what stood between or below blocks and is nobody's

    def close() -> None:
        group[-1].lines += loose
        loose.clear()

    def add(one: Mapping[str, Any]) -> None:
        rest = group[-1].cut()
        end_line(group[-1])
        group.extend(rendered(path, one, "\n"))
        loose.extend(rest)

    were, become = ([str(one.get("reference")) for one in some] for some in (old, new))
    matcher = SequenceMatcher(None, were, become, autojunk=False)
    for _, start, end, new_start, new_end in matcher.get_opcodes():
        both = min(end - start, new_end - new_start)
        for at in range(both):
            close()
            block = there[start + at]
            group += merged([block], old[start + at], new[new_start + at], EVIDENCE_KEYS)
        for at in range(start + both, end):
            group[-1].take(there[at].gone())
        for at in range(new_start + both, new_end):
            add(new[at])
    close()
    return group


def _without(main: Block, below: list[Block], path: tuple[str, ...]) -> list[Block]:
    """The blocks below without those of a path, whose last lines go to the one before."""
    kept: list[Block] = []
    for block in below:
        if block.path == path:
            (kept[-1] if kept else main).take(block.gone())
        else:
            kept.append(block)
    return kept


def _insert(block: Block, before: Sequence[str], line: Line) -> None:
    """Put a new line below the last of the keys that stand before it, else at the top."""
    at = max((at for at, one in enumerate(block.lines, 1) if one.key in before), default=0)
    if at and not block.lines[at - 1].tail.endswith("\n"):
        block.lines[at - 1].tail += "\n"
    if not block.header.endswith("\n"):
        block.header += "\n"
    block.lines.insert(at, line)


def end_line(block: Block) -> None:
    """Let the last line of a block end, as that of a file may not."""
    if block.lines and not block.text.endswith("\n"):
        block.lines[-1].tail += "\n"
    elif block.header and not block.text.endswith("\n"):
        block.header += "\n"


def same(key: str, one: object, other: object) -> bool:
    """Whether two values of a key say the same; what is empty is as good as not there."""
    if key == "evidence":
        return _evidences(one) == _evidences(other)
    if key in NAME_KEYS:
        one, other = _spelled(key, one), _spelled(key, other)
    return (one or None) == (other or None) and isinstance(one, bool) == isinstance(other, bool)


def _evidences(value: object) -> list[dict[str, Any]]:
    """Evidence in one spelling."""
    tables = value if isinstance(value, list) else []
    return [
        {key: _spelled(key, one) if key == "names" else one for key, one in table.items() if one}
        for table in tables
    ]


def _spelled(key: str, value: object) -> object:
    """Names in one spelling."""
    return [spelled(key, text) for text in value] if isinstance(value, list) else value


def _changed(key: str, line: Line, current: object, wanted: object) -> str:
    """The text of another value; of a list of texts what stays is left as it is written."""
    if not isinstance(wanted, list) or not isinstance(current, list):
        return _toml(wanted)
    indent = line.lead[: len(line.lead) - len(line.lead.lstrip())]
    return "\n".join(_array(key, line.value, wanted, indent))


def _array(key: str, text: str, wanted: Sequence[str], indent: str) -> Iterator[str]:
    """The lines of an array: one text a line, with the comments of those that stay."""
    before: dict[str, list[str]] = {}
    written: dict[str, str] = {}
    after: dict[str, str] = {}
    loose: list[str] = []  # comments on lines of their own
    last = ""  # the text on this line, if there is one
    for piece in _PIECES.findall(text[1:-1]):
        if piece == "\n":
            last = ""
        elif piece[0] in "\"'":
            last = spelled(key, tomllib.loads(f"x = {piece}")["x"])
            written[last] = piece
            if last in wanted:
                before[last], loose = loose, []
        elif piece[0] == "#" and last:
            after[last] = f"  {piece.rstrip()}"
        elif piece[0] == "#":
            loose.append(piece.rstrip())
    yield "["
    for name in wanted:
        yield from (f"{indent}  {comment}" for comment in before.get(name, ()))
        yield f"{indent}  {written.get(name, _toml(name))},{after.get(name, '')}"
    yield from (f"{indent}  {comment}" for comment in loose)
    yield f"{indent}]"


def rendered(path: tuple[str, ...], wanted: Mapping[str, Any], gap: str = "") -> list[Block]:
    """A new block, with the blocks below it; `gap` stands before its header."""
    main = Block(path, f"{gap}[[{'.'.join(path)}]]\n", [])
    blocks = [main]
    for key, value in wanted.items():
        if key == "evidence":
            for one in value:
                blocks += rendered((*path, key), one, "\n")
        else:
            main.lines.append(Line(key, f"{key} = ", _toml(value), "\n"))
    return blocks


def _toml(value: object) -> str:
    """A value as TOML writes it; a list one item a line. A text is written as in JSON."""
    if isinstance(value, list):
        return "".join(["[\n", *(f"  {_toml(one)},\n" for one in value), "]"])
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
