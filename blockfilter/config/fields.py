"""What can be read off the definition of the settings: keys, explanations, types, TOML.

No knowledge of any single setting lives here, and none of pydantic.
"""

import dataclasses
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le

from blockfilter.config.settings import Doc, Settings, Table
from blockfilter.config.values import Written

Hint = Any  # a type with its annotations; typing has no name for what those are

_DELETE = {0x7F: "\\u007f"}  # a control character to TOML, none to JSON


class Setting(NamedTuple):
    """One key of a table."""

    name: str
    hint: Hint  # the type with its annotations
    doc: str
    default: object  # dataclasses.MISSING where a value must be given


def settings_of(table: type[Table]) -> tuple[Setting, ...]:
    """The keys of a table, in the order they are defined."""
    hints = get_type_hints(table, include_extras=True)
    return tuple(
        Setting(field.name, hints[field.name], _doc(hints[field.name]), field.default)
        for field in dataclasses.fields(table)  # type: ignore[arg-type]  # every Table is one
    )


def _doc(hint: Hint) -> str:
    texts = [note.text for note in notes(hint) if isinstance(note, Doc)]
    return texts[0] if texts else (table_of(hint).__doc__ or "")


def _form(hint: Hint) -> object:
    """What the type is a form of: Annotated, Literal, tuple; None for a plain class."""
    return get_origin(hint)


def notes(hint: Hint) -> tuple[Any, ...]:
    """The annotations of a type."""
    return tuple(hint.__metadata__) if _form(hint) is Annotated else ()


def bare(hint: Hint) -> Hint:
    """The type without its annotations."""
    return get_args(hint)[0] if _form(hint) is Annotated else hint


def item(hint: Hint) -> Hint | None:
    """The type of a list's items; None where the type is no list."""
    return get_args(bare(hint))[0] if _form(bare(hint)) is tuple else None


def is_table(hint: Hint) -> bool:
    """Whether the type is a table of settings."""
    return isinstance(bare(hint), type) and issubclass(bare(hint), Table)


def table_of(hint: Hint) -> type[Table]:
    """The table a section or an array of tables consists of."""
    found: type[Table] = bare(item(hint) or hint)
    return found


def sections() -> dict[str, type[Table]]:
    """The tables that occur once, by name."""
    return {s.name: table_of(s.hint) for s in settings_of(Settings) if is_table(s.hint)}


def arrays() -> dict[str, Setting]:
    """The tables that may occur many times, by name."""
    return {s.name: s for s in settings_of(Settings) if not is_table(s.hint)}


def every_key() -> Iterator[tuple[str, Setting]]:
    """Every key that may be set from outside the file, as `section.name` or the array's name."""
    for section, table in sections().items():
        for setting in settings_of(table):
            yield f"{section}.{setting.name}", setting
    yield from arrays().items()


def expects(hint: Hint, name: str = "") -> str:
    """What is to be written, in words."""
    each = item(hint)
    if each is not None:
        return f"[[{name}]] tables" if is_table(each) else f"a list, each item {expects(each)}"
    for note in notes(hint):
        if isinstance(note, Written):
            return note.expects
    kind = bare(hint)
    if _form(kind) is Literal:
        return "one of " + ", ".join(toml(choice) for choice in get_args(kind))
    if kind is int:
        low, high = bounds(hint)
        return f"a whole number from {low} to {high}"
    return "true or false" if kind is bool else f"a table, [{name}]"


def bounds(hint: Hint) -> tuple[Any, Any]:
    """Least and greatest value of a number."""
    low = next(note.ge for note in notes(hint) if isinstance(note, Ge))
    high = next(note.le for note in notes(hint) if isinstance(note, Le))
    return low, high


def is_text(hint: Hint) -> bool:
    """Whether the setting is written as text, so that an environment variable is it already."""
    return any(isinstance(n, Written) for n in notes(hint)) or _form(bare(hint)) is Literal


def plain(hint: Hint, value: Hint) -> object:
    """The value as TOML and JSON know it: text, number, truth value, list or table."""
    each = item(hint)
    if each is not None:
        return [plain(each, one) for one in value]
    if is_table(hint):
        return {s.name: plain(s.hint, getattr(value, s.name)) for s in settings_of(bare(hint))}
    for note in notes(hint):
        if isinstance(note, Written):
            return note.write(value)
    return value


def toml(value: object) -> str:
    """A plain value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_key(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False).translate(_DELETE)
    return str(value)  # a date or time: TOML has them, no setting does


def toml_key(key: str) -> str:
    """A key as TOML: quoted where it has to be."""
    bare_key = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare_key else toml(key)
