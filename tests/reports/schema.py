"""The words of JSON schema that `report.schema.json` uses, and no others."""

import re
from typing import Any

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_SILENT = {"$schema", "$id", "$defs", "title", "description", "format"}


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """What is wrong with a value."""
    found: list[str] = []
    for word, said in schema.items():
        if word not in _SILENT:
            found += _WORDS[word](value, said, schema, root, at)
    return found


def _ref(value, said, _schema, root, at):
    found = root
    for part in said.removeprefix("#/").split("/"):
        found = found[part]
    return faults(value, found, root, at)


def _type(value, said, _schema, _root, at):
    wanted = [said] if isinstance(said, str) else said
    right = any(
        isinstance(value, _TYPES[one]) and (one == "boolean" or not isinstance(value, bool))
        for one in wanted
    )
    return [] if right else [f"{at}: {value!r} is no {said}"]


def _required(value, said, _schema, _root, at):
    return [f"{at}: has no {key}" for key in said if isinstance(value, dict) and key not in value]


def _properties(value, said, _schema, root, at):
    if not isinstance(value, dict):
        return []
    return [
        fault
        for key, one in said.items()
        if key in value
        for fault in faults(value[key], one, root, f"{at}.{key}")
    ]


def _additional(value, said, schema, root, at):
    if not isinstance(value, dict):
        return []
    more = {k: v for k, v in value.items() if k not in schema.get("properties", {})}
    if said is False:
        return [f"{at}: has {key}" for key in more]
    return [fault for key, v in more.items() for fault in faults(v, said, root, f"{at}.{key}")]


def _items(value, said, _schema, root, at):
    if not isinstance(value, list):
        return []
    return [fault for n, one in enumerate(value) for fault in faults(one, said, root, f"{at}[{n}]")]


def _one_of(value, said, _schema, root, at):
    results = [faults(value, one, root, at) for one in said]
    right = sum(not one for one in results)
    told = [f"{at}: is {right} of {len(said)} kinds", *(one for r in results for one in r)]
    return [] if right == 1 else told


def _pattern(value, said, _schema, _root, at):
    right = not isinstance(value, str) or re.search(said, value)
    return [] if right else [f"{at}: {value!r} is not {said}"]


_WORDS = {
    "$ref": _ref,
    "type": _type,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "oneOf": _one_of,
    "pattern": _pattern,
    "enum": lambda value, said, *more: [] if value in said else [f"{more[-1]}: {value!r}"],
    "const": lambda value, said, *more: [] if value == said else [f"{more[-1]}: {value!r}"],
}
