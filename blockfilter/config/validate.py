"""From a plain tree to `Settings`, and every mistake as one sentence with its remedy.

The only importer of pydantic, and imported only when there is a tree: defaults are right already.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from blockfilter.config import fields
from blockfilter.config.consistency import contradictions
from blockfilter.config.settings import Settings, Table

SHOWN = 60  # characters of a wrong value that are repeated in its sentence

Tree = dict[str, Any]
Origin = Callable[[str], str]  # where a key was set, in words
Place = tuple[str | int, ...]


class Validated(NamedTuple):
    """The settings, with defaults in place of what is wrong, and what is wrong."""

    settings: Settings
    problems: tuple[str, ...]


def validate(tree: Tree, origin: Origin) -> Validated:
    """Read `tree`; a key that is wrong is reported once and then taken for its default."""
    adapter = TypeAdapter(Settings)
    try:
        settings, errors = _read(adapter, tree), []
    except ValidationError as error:
        errors = [one for one in error.errors(include_url=False) if not _follows(one)]
        settings = _read(adapter, _without(tree, [one["loc"] for one in errors]))
    wrong = {_key(one["loc"]) for one in errors}
    problems = [_sentence(one, origin) for one in errors]
    problems += [
        contradiction.problem + _from(contradiction.keys, origin)
        for contradiction in contradictions(settings)
        if wrong.isdisjoint(contradiction.keys)
    ]
    return Validated(settings, tuple(problems))


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration file."""
    described = TypeAdapter(Settings).json_schema()
    tables = [fields.table_of(setting.hint) for setting in fields.settings_of(Settings)]
    _put_defaults(described, Settings)
    for table in tables:
        _put_defaults(described["$defs"][table.__name__], table)
    return described | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _put_defaults(described: dict[str, Any], table: type[Table]) -> None:
    """Write defaults as they stand in a file; pydantic shows our values' inside."""
    for setting in fields.settings_of(table):
        if setting.default is not MISSING:
            default = fields.plain(setting.hint, setting.default)
            described["properties"][setting.name]["default"] = default


def _read(adapter: TypeAdapter[Settings], tree: Tree) -> Settings:
    # JSON, for there strict means TOML's types while arrays may become tuples
    return adapter.validate_json(json.dumps(tree, default=str), strict=True)


def _follows(error: ErrorDetails) -> bool:
    """Whether a list is too short only because its items are wrong, which is said of them."""
    return error["type"] == "too_short" and bool(error["input"])


def _without(tree: Tree, places: Sequence[Place]) -> Tree:
    """The tree without the keys in `places`; of an array of tables, without the wrong tables."""
    kept: Tree = {}
    for name, value in tree.items():
        inner = {place[1] for place in places if place[0] == name and len(place) > 1}
        if (name,) in places:
            continue
        if isinstance(value, list):
            kept[name] = [one for at, one in enumerate(value) if at not in inner]
        else:
            kept[name] = {key: one for key, one in value.items() if key not in inner}
    return kept


def _key(place: Place) -> str:
    """The key a place belongs to: `section.name`, or the name of the array."""
    return ".".join(part for part in place[:2] if isinstance(part, str))


def _spelled(place: Place) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{fields.toml_key(part)}"
    return text.removeprefix(".")


def _hint(place: Place) -> fields.Hint | None:
    """The type of the setting at a place; None for a key that is unknown."""
    hint: fields.Hint = Settings
    for part in place:
        if isinstance(part, int):
            hint = fields.item(hint)
        else:
            table = fields.table_of(hint)
            hint = {s.name: s.hint for s in fields.settings_of(table)}.get(part)
        if hint is None:
            return None
    return hint


def _sentence(error: ErrorDetails, origin: Origin) -> str:
    place = error["loc"]
    where = _from((_key(place),), origin)
    hint = _hint(place)
    if hint is None:
        return f"{_spelled(place)} is no setting{_nearest(place)}{where}"
    expected = fields.expects(hint, _header(place))
    if error["type"] == "missing":
        return f"{_spelled(place)} is missing; write {expected}{where}"
    shown = _shown(error["input"])
    if error["type"] == "value_error":
        return f"{_spelled(place)} = {shown}: {error['ctx']['error']}{where}"
    return f"{_spelled(place)} = {shown}: write {expected}{where}"


def _header(place: Place) -> str:
    """How the table at a place is headed, in brackets but one."""
    name = next(part for part in reversed(place) if isinstance(part, str))
    return f"[{name}]" if isinstance(place[-1], int) else name


def _shown(value: object) -> str:
    text = fields.toml(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _from(keys: Sequence[str], origin: Origin) -> str:
    origins = dict.fromkeys(filter(None, map(origin, keys)))
    return f" ({', '.join(origins)})" if origins else ""


def _nearest(place: Place) -> str:
    """The key that was meant, as far as one can guess."""
    *path, name = place
    table = fields.table_of(_hint(tuple(path)))
    names = [setting.name for setting in fields.settings_of(table)]
    if close := get_close_matches(str(name), names, n=1):
        return f"; did you mean {_spelled((*path, close[0]))}?"
    elsewhere = [key for key, _ in fields.every_key() if key.endswith(f".{name}")]
    return f"; did you mean {' or '.join(elsewhere)}?" if elsewhere else _choices(table, names)


def _choices(table: type[Table], names: Sequence[str]) -> str:
    what = "tables" if table is Settings else "keys here"
    return f"; the {what} are {', '.join(names)}"
