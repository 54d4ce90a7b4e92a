"""Changes to a catalogue's TOML files: only what changed is written anew.

A person's comments, the order of keys and blocks and the way values are written stay. tomlkit takes
a file to pieces: each block is a header and its lines, and together they are the file, octet for
octet. What comes out is read again and must say what was wanted, or it is refused.
"""

import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blockfilter.catalog.blocks import Block, Line, end_line, merged, rendered, same
from blockfilter.catalog.entries import KINDS, kind, values
from blockfilter.catalog.folder import ALLOW, IMPORTED, SITES
from blockfilter.catalog.site import Allowed, Dossier, Entry
from blockfilter.errors import ListError

if TYPE_CHECKING:
    from tomlkit.container import Container

_HEADERS = {
    "site": "# A dossier; comments and order stay: blockfilter list edit {}\n\n",
    "list": "# A list of other people's; comments and order stay: blockfilter list edit {}\n\n",
}
_ALLOW_HEADER = "# Names that stay open for a time: blockfilter list allow\n"


def place(entry: Entry) -> str:
    """Where the file of a new entry lies."""
    return f"{SITES if isinstance(entry, Dossier) else IMPORTED}/{entry.id}.toml"


def updated(octets: bytes | None, entry: Entry) -> bytes:
    """The file with this entry as it is now, or a new file. ListError: it cannot be edited."""
    called, wanted = kind(entry), dict(values(entry))
    if octets is None:
        blocks = rendered((called,), wanted)
        text = _HEADERS[called].format(entry.id) + "".join(block.text for block in blocks)
        return text.encode()
    file = _File(octets, place(entry))
    before = file.said(called)
    found = file.find(called, entry.id)
    if found is None:
        file.append(called, wanted)
    else:
        start, end, current = found
        order = [key.name for key in KINDS[called][1]]
        file.blocks[start:end] = merged(file.blocks[start:end], current, wanted, order)
    result = file.octets()
    after = _File(result, file.place).said(called)
    found_now = after.pop(entry.id, {})
    before.pop(entry.id, None)
    keys = {*found_now, *wanted}
    if before != after or not all(same(key, found_now.get(key), wanted.get(key)) for key in keys):
        raise file.refused()
    return result


def with_allowed(octets: bytes | None, allowed: Sequence[Allowed]) -> bytes:
    """The file of temporary exceptions with these, and no others."""
    file = _File(octets if octets is not None else _ALLOW_HEADER.encode(), ALLOW)
    wanted = [{key: value for key, value in one._asdict().items() if value} for one in allowed]
    there = [one for one in file.tables("allow") if one in wanted]
    for number, one in reversed(list(enumerate(file.tables("allow")))):
        if one not in wanted:
            file.remove("allow", number)
    for one in wanted:
        if one not in there:
            file.append("allow", one)
    result = file.octets()
    if not all(one in wanted for one in _File(result, ALLOW).tables("allow")):
        raise file.refused()
    return result


class _File:
    """A file as its blocks."""

    def __init__(self, octets: bytes, place: str) -> None:
        import tomlkit  # 60 ms; reading does without it
        from tomlkit.exceptions import TOMLKitError

        self.place = place
        try:
            text = octets.decode()
            self.tree = tomllib.loads(text)
            document = tomlkit.parse(text)
        except UnicodeDecodeError as error:
            raise ListError(f"{place}: is not in UTF-8; save it in that encoding") from error
        except (tomllib.TOMLDecodeError, TOMLKitError, RecursionError) as error:
            raise ListError(f"{place}: is not TOML ({error}); correct that place") from error
        self.blocks = [Block((), "", [])]
        _take_apart(document, (), self.blocks)
        self.newline = "\r\n" if "\r\n" in text else "\n"
        # tomlkit itself may lose a blank inside of braces, and nothing else.
        if "".join(block.text for block in self.blocks) not in (text, document.as_string()):
            raise self.refused()

    def refused(self) -> ListError:
        return ListError(
            f"{self.place}: is written in a way that cannot be edited in place; begin blocks with "
            "[[site]], [[list]] or [[allow]] and write one key a line"
        )

    def octets(self) -> bytes:
        text = "".join(block.text for block in self.blocks)
        if self.newline != "\n":
            text = text.replace("\r\n", "\n").replace("\n", self.newline)
        return text.encode()

    def tables(self, called: str) -> list[dict[str, Any]]:
        """The blocks of a kind as tomllib has them."""
        tables = self.tree.get(called, [])
        if len(tables) != len(self._starts(called)):
            raise self.refused()
        return list(tables)

    def said(self, called: str) -> dict[object, dict[str, Any]]:
        """What each block says, by its id."""
        return {table.get("id"): table for table in self.tables(called)}

    def find(self, called: str, id_: str) -> tuple[int, int, dict[str, Any]] | None:
        """Where the blocks of an entry begin and end, and what they say."""
        for number, table in enumerate(self.tables(called)):
            if table.get("id") == id_:
                return (*self._span(called, number), table)
        return None

    def append(self, called: str, wanted: Mapping[str, Any]) -> None:
        """One block more, at the end."""
        end_line(self.blocks[-1])
        gap = "" if self.blocks[-1].text.endswith("\n\n") or not self.blocks[-1].text else "\n"
        self.blocks += rendered((called,), wanted, gap)

    def remove(self, called: str, number: int) -> None:
        """A block less; what stands below it and is not its own stays."""
        start, end = self._span(called, number)
        rest = self.blocks[end - 1].gone()
        del self.blocks[start:end]
        self.blocks[start - 1].take(rest)

    def _starts(self, called: str) -> list[int]:
        return [at for at, block in enumerate(self.blocks) if block.path == (called,)]

    def _span(self, called: str, number: int) -> tuple[int, int]:
        starts = [*self._starts(called), len(self.blocks)]
        return starts[number], starts[number + 1]


def _take_apart(container: "Container", path: tuple[str, ...], into: list[Block]) -> None:
    """The blocks of a container, appended; lines go to the last block."""
    from tomlkit.items import AoT, Table

    for key, item in container.body:
        if key is None:
            into[-1].lines.append(Line("", "", item.as_string(), ""))
        elif isinstance(item, AoT | Table):
            for table in item.body if isinstance(item, AoT) else [item]:
                if key.is_dotted():
                    inner: list[Block] = [Block((), "", [])]
                    _take_apart(table.value, (), inner)
                    for line in inner[0].lines:
                        lead = f"{key.as_string()}.{line.lead}"
                        into[-1].lines.append(Line(key.key, lead, line.value, line.tail, True))
                    continue
                below = (*path, key.key)
                if not table.is_super_table() or table.is_aot_element():
                    trivia, shown = table.trivia, table.display_name or ".".join(below)
                    opens, closes = ("[[", "]]") if table.is_aot_element() else ("[", "]")
                    header = f"{trivia.indent}{opens}{shown}{closes}{trivia.comment_ws}"
                    into.append(Block(below, f"{header}{trivia.comment}{trivia.trail}", []))
                _take_apart(table.value, below, into)
        else:
            trivia = item.trivia
            lead = f"{trivia.indent}{key.as_string()}{key.sep}"
            tail = f"{trivia.comment_ws}{trivia.comment}{trivia.trail}"
            into[-1].lines.append(Line(key.key, lead, item.as_string(), tail))
