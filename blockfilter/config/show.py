"""The settings in force as TOML: a file that `load` reads back to the same settings."""

from collections.abc import Iterator, Mapping

from blockfilter.config import fields
from blockfilter.config.load import origin_in
from blockfilter.config.settings import Settings, Table


def show(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    """Lines: every key under its explanation, with where it was set if it is no default."""
    for name, table in fields.sections().items():
        yield from _section(name, table, getattr(settings, name), origins)
    for name, setting in fields.arrays().items():
        yield from _array(name, setting, getattr(settings, name), origins)


def _section(
    name: str, table: type[Table], values: Table, origins: Mapping[str, str]
) -> Iterator[str]:
    yield f"# {_first_line(table)}"
    yield f"[{name}]"
    for setting in fields.settings_of(table):
        origin = origin_in(origins)(f"{name}.{setting.name}")
        source = f" Set by {origin}." if origin else ""
        yield f"# {setting.doc}{_limits(setting.hint)}{source}"
        yield _assignment(setting, getattr(values, setting.name))
    yield ""


def _array(
    name: str, setting: fields.Setting, values: tuple[Table, ...], origins: Mapping[str, str]
) -> Iterator[str]:
    table = fields.table_of(setting.hint)
    origin = origin_in(origins)(name)
    yield f"# {_first_line(table)}" + (f" Set by {origin}." if origin else "")
    if not values:
        yield f"# [[{name}]]"
        for one in fields.settings_of(table):
            yield f"# {one.name}: {one.doc}{_limits(one.hint)}"
    for value in values:
        yield f"[[{name}]]"
        for one in fields.settings_of(table):
            yield f"# {one.doc}{_limits(one.hint)}"
            yield _assignment(one, getattr(value, one.name))
    yield ""


def _assignment(setting: fields.Setting, value: object) -> str:
    return f"{setting.name} = {fields.toml(fields.plain(setting.hint, value))}"


def _limits(hint: fields.Hint) -> str:
    """What may be written, where the value in force does not show it."""
    written = fields.expects(hint)
    return f" {written.capitalize()}." if written.startswith(("one of", "a whole number")) else ""


def _first_line(table: type[Table]) -> str:
    return (table.__doc__ or "").partition("\n")[0]
