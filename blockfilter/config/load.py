"""The settings in force: command line over environment over file over default.

All mistakes of all sources are reported together. An unknown variable is only warned of, for the
environment is not ours alone; an unknown key of the file is a mistake.
"""

import logging
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from blockfilter.config import fields
from blockfilter.config.settings import MIB, Settings
from blockfilter.errors import ConfigError

SYSTEM_FILE = Path("/etc/blockfilter/blockfilter.toml")
USER_FILE = Path("blockfilter/blockfilter.toml")  # below the XDG configuration directory
PREFIX = "BLOCKFILTER_"
SEPARATOR = "__"
MAX_FILE = MIB  # octets; a larger one is not a configuration but a mistake in the path

COMMAND_LINE = "command line"
_POSITION = re.compile(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)")
_PATHS = ("server.state", "server.runtime", "catalog.folder", "catalog.local")
# Read by the commands that keep a catalogue; no settings, and no mistakes.
_OTHERS = frozenset(PREFIX + name for name in ("CATALOG", "MAINTAINER", "KEY", "KEY_PASSWORD"))

_log = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """Settings, and how they came about."""

    settings: Settings
    origins: Mapping[str, str]  # where each key that is no default was set, in words
    warnings: tuple[str, ...]
    file: Path | None


def load(
    path: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str]
) -> Settings:
    """The settings in force; what is only to be warned of is logged.

    `path` is a file that must exist; None takes the default one if it exists. `overrides` are
    keys like "server.listen" with values as TOML has them, and go over all else, but lists under
    "list" are added. Raises ConfigError with every mistake.
    """
    loaded = read(path, overrides, environ)
    for warning in loaded.warnings:
        _log.warning(warning)
    return loaded.settings


def read(path: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str]) -> Loaded:
    """As `load`, with the origin of each setting, and without logging."""
    file = path if path is not None else default_file(environ)
    layers = _Layers()
    if file is not None:
        layers.add_file(file)
    layers.add_environment(environ)
    layers.add_overrides(overrides)
    problems, settings = tuple(layers.problems), Settings()
    if layers.tree:
        from blockfilter.config.validate import validate

        settings, more = validate(layers.tree, origin_in(layers.origins))
        problems += more
    if problems:
        raise ConfigError(problems)
    return Loaded(settings, layers.origins, tuple(layers.warnings), file)


def default_file(environ: Mapping[str, str]) -> Path | None:
    """The user's file, else the system's; None if neither is there to be read."""
    home = environ.get("HOME", "")
    base = environ.get("XDG_CONFIG_HOME", "") or (f"{home}/.config" if home else "")
    places = [Path(base) / USER_FILE] if base.startswith("/") else []
    return next((file for file in (*places, SYSTEM_FILE) if os.access(file, os.R_OK)), None)


class _Layers:
    """The sources laid over each other, each key with the source it was last set by."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def put(self, key: str, value: object, origin: str) -> None:
        table, _, name = key.rpartition(".")
        (self.tree.setdefault(table, {}) if table else self.tree)[name] = value
        self.origins[key] = origin

    def add_file(self, file: Path) -> None:
        text = ""
        try:
            text = _text_of(file)
            parsed = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.problems.append(_syntax(file, text, str(error)))
        except RecursionError:
            self.problems.append(f"{file}: is nested too deep to be a configuration")
        except OSError as error:
            self.problems.append(f"{file}: {error.strerror}; name a file that can be read")
        except ValueError as error:
            self.problems.append(f"{file}: {error}")
        else:
            self._add_tables(parsed, file)

    def _add_tables(self, parsed: Mapping[str, Any], file: Path) -> None:
        base, sections = file.absolute().parent, fields.sections()
        for name, value in parsed.items():
            if name not in sections:
                self.put(name, _anchored(name, value, base), str(file))
            elif isinstance(value, dict):
                for key, one in value.items():
                    full = f"{name}.{key}"
                    self.tree.setdefault(name, {})[key] = _anchored(full, one, base)
                    self.origins[full] = str(file)
            else:
                self.problems.append(
                    f"{name} = {fields.toml(value)}: write a table, [{name}] ({file})"
                )

    def add_environment(self, environ: Mapping[str, str]) -> None:
        known = {variable(key): (key, setting) for key, setting in fields.every_key()}
        for name in sorted(environ):
            if not name.startswith(PREFIX) or name in _OTHERS:
                continue
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                self.warnings.append(f"{name} is no setting and changes nothing{hint}")
                continue
            key, setting = known[name]
            try:
                value = _from_text(setting.hint, environ[name])
            except ValueError as error:
                self.problems.append(f"{key}: {error} ({name})")
            else:
                self.put(key, _anchored(key, value, Path.cwd()), name)

    def add_overrides(self, overrides: Mapping[str, object]) -> None:
        for key, given in overrides.items():
            value, origin = _anchored(key, given, Path.cwd()), COMMAND_LINE
            before = self.tree.get(key)
            if key == "list" and isinstance(before, list) and isinstance(value, list):
                value, origin = before + value, f"{self.origins[key]}, {COMMAND_LINE}"
            self.put(key, value, origin)


def origin_in(origins: Mapping[str, str]) -> Callable[[str], str]:
    """Where a key was set, in words; a part of a table that was set whole comes from there."""
    return lambda key: origins.get(key) or origins.get(key.partition(".")[0], "")


def variable(key: str) -> str:
    """The environment variable of a key."""
    return PREFIX + key.replace(".", SEPARATOR).upper()


def _text_of(file: Path) -> str:
    with file.open("rb") as opened:
        octets = opened.read(MAX_FILE + 1)
    if len(octets) > MAX_FILE:
        raise ValueError("is larger than 1 MiB; name the configuration file")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8; save the file as UTF-8") from None


def _syntax(file: Path, text: str, message: str) -> str:
    found = _POSITION.fullmatch(message)
    if found is not None:
        return f"{file}:{found['line']}:{found['column']}: {found['what']}; correct the TOML syntax"
    line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    return f"{file}:{line}:{column}: {message}; correct the TOML syntax"


def _from_text(hint: fields.Hint, text: str) -> object:
    """The text of an environment variable as the TOML value that was meant."""
    if fields.is_text(hint):
        return text
    each = fields.item(hint)
    if each is None:
        value = _toml(text.strip().lower())
        return text if value is None else value  # the wrong type is reported with what is right
    if not (text.lstrip().startswith("[") or fields.is_table(each)):
        return [one.strip() for one in text.split(",") if one.strip()]
    value = _toml(text)
    if not isinstance(value, list):
        example = '[{key = "value"}]' if fields.is_table(each) else '["one", "two"]'
        raise ValueError(f"no TOML list; write {example}")  # noqa: TRY004  # it is text that is wrong
    return value


def _toml(text: str) -> object:
    """The value that `text` is in TOML, None where it is none."""
    try:
        tree = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    return tree["value"] if len(tree) == 1 else None


def _anchored(key: str, value: object, base: Path) -> object:
    """The value of `key`, its relative paths made absolute: they start at `base`."""
    if key in _PATHS:
        return _absolute(value, base)
    if key == "list" and isinstance(value, list):
        return [
            one | {"file": _absolute(one["file"], base)}
            if isinstance(one, dict) and "file" in one
            else one
            for one in value
        ]
    return value


def _absolute(path: object, base: Path) -> object:
    if not isinstance(path, str) or not path or path.startswith("~"):
        return path
    return str(base / path)
