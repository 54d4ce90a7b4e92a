"""TOML read strictly: a mistake is noted with its place and remedy, and reading goes on.

So a person is told of all mistakes at once. What a method returns where it noted one is of no use:
whoever reads raises ListError at the end if there are problems.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from blockfilter.catalog.site import Act

MAX_FILE = 16 * 1024 * 1024  # octets; a file is read whole, and no hand writes a larger one
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# C0 and C1 but for tab and line feed, surrogates, and what turns the direction of writing: on a
# terminal or in a report they would show something else than what is there.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ACT_KEYS = ("by", "at")

E = TypeVar("E", bound=StrEnum)


def table(folder: Path, name: str, problems: list[str]) -> dict[str, Any] | None:
    """A file's content; None where it cannot be read."""
    path = folder / name
    try:
        if path.stat().st_size > MAX_FILE:
            problems.append(f"{name}: is larger than {MAX_FILE} octets; split it")
            return None
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problems.append(f"{name}: is missing; put it back")
    except OSError as error:
        problems.append(f"{name}: cannot be read ({error.strerror}); check its permissions")
    except UnicodeDecodeError:
        problems.append(f"{name}: is not in UTF-8; save it in that encoding")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append(f"{name}: is not TOML ({error}); correct that place")
    return None


def moment(text: str) -> bool:
    """Whether a text is a time as catalogues write it: "2026-11-23T09:17:05Z"."""
    try:
        found = datetime.strptime(text, _MOMENT)  # noqa: DTZ007  # its form is looked at, not it
    except ValueError:
        return False
    return found.strftime(_MOMENT) == text  # strptime takes fewer digits, too


class Block:
    """A table with its place, "sites/rubmaps.toml: site "rubmaps""; the values of its keys."""

    def __init__(self, place: str, values: Mapping[str, Any], problems: list[str]) -> None:
        self.place = place
        self.values = values
        self._problems = problems

    def wrong(self, what: str) -> None:
        """Note a mistake, once."""
        problem = f"{self.place}: {what}"
        if problem not in self._problems:
            self._problems.append(problem)

    def known(self, keys: Sequence[str]) -> None:
        """No key but these."""
        for key in self.values:
            if key not in keys:
                self.wrong(f'unknown key "{key}"; the keys are {", ".join(keys)}')

    def text(self, key: str, *, needed: bool = False) -> str:
        """A text, "" where there is none."""
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.wrong(f'{key} is no text; write {key} = "..."')
        elif _CONTROL.search(value):
            self.wrong(f"{key} holds a control character; remove it")
        elif needed and not value.strip():
            self.wrong(f"needs {key}, a text that is not empty")
        else:
            return value
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.wrong(f'{key} is no list of texts; write {key} = ["..."]')
            return ()
        if any(map(_CONTROL.search, values)):
            self.wrong(f"{key} holds a control character; remove it")
            return ()
        return tuple(values)

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        """One of the values of an enumeration."""
        value = self.values.get(key, default)
        if value in list(kind):
            return kind(value)
        self.wrong(f"{key} is none of {', '.join(kind)}; choose one")
        return next(iter(kind))

    def day(self, key: str) -> date | None:
        """A date."""
        value = self.values.get(key)
        if value is None or type(value) is date:
            return value
        self.wrong(f"{key} is no date; write it as {key} = 2027-01-31, without quotes")
        return None

    def moment(self, key: str) -> str:
        """A time, as a text."""
        value = self.values.get(key)
        if isinstance(value, str) and moment(value):
            return value
        self.wrong(f'{key} is no time; write it as {key} = "2026-11-23T09:17:05Z"')
        return ""

    def count(self, key: str) -> int:
        """A number that is not negative; 0 where there is none."""
        value = self.values.get(key, 0)
        if type(value) is int and value >= 0:
            return value
        self.wrong(f"{key} is no number; write it as {key} = 1")
        return 0

    def flag(self, key: str) -> bool:
        """Yes or no; no where it is not said."""
        value = self.values.get(key, False)
        if isinstance(value, bool):
            return value
        self.wrong(f"{key} is neither true nor false; write {key} = true, or remove it")
        return False

    def sha256(self, key: str) -> str:
        """A digest, "" where there is none."""
        value = self.text(key)
        if value and not _SHA256.fullmatch(value):
            self.wrong(f"{key} is no SHA-256 of 64 digits 0-9 and a-f; take what sha256sum prints")
        return value

    def act(self, key: str) -> Act | None:
        """Who and when."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(f'{key} is no act; write {key} = {{ by = "...", at = "..." }}')
            return None
        block = Block(f"{self.place}: {key}", value, self._problems)
        block.known(_ACT_KEYS)
        return Act(block.text("by", needed=True), block.moment("at"))

    def blocks(self, key: str, header: str = "") -> "Iterator[Block]":
        """The blocks of a key, each called by its id or name, else by its number."""
        header = header or key
        blocks = self.values.get(key, [])
        if not isinstance(blocks, list):
            self.wrong(f"{key} is no array; begin each block with [[{header}]]")
            return
        for number, entry in enumerate(blocks, 1):
            if not isinstance(entry, dict):
                self.wrong(f"{key} {number} is no block; begin it with [[{header}]]")
                continue
            called = entry.get("id", entry.get("name"))
            shown = f'"{called}"' if isinstance(called, str) and called else number
            yield Block(f"{self.place}: {key} {shown}", entry, self._problems)
