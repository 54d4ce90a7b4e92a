"""What has been softened since the release in force was made: disputes, exceptions, no refreshing.

It takes effect in running servers at once and without a release, because it only ever blocks less.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog.folder import STANDING
from blockfilter.catalog.manifest import canonical, content, stamp, text
from blockfilter.catalog.site import Allowed, Entry
from blockfilter.catalog.workflow import softened
from blockfilter.errors import ListError


class Standing(NamedTuple):
    """What takes effect without a release, because it only ever blocks less."""

    disputed: tuple[str, ...] = ()  # entries of which all that a release says is only watched
    allow: tuple[tuple[str, str], ...] = ()  # name, until
    paused: bool = False  # refreshing, after a rollback

    def octets(self) -> bytes:
        """The file."""
        allow = [{"name": name, "until": until} for name, until in self.allow]
        return canonical(self._asdict() | {"allow": allow}) + b"\n"

    def allowed(self, now: datetime) -> tuple[str, ...]:
        """The names that stay open at a time."""
        moment = stamp(now)
        return tuple(dict.fromkeys(name for name, until in self.allow if moment < until))


def standing(folder: Path) -> Standing:
    """What has been softened; nothing where the file is missing. ListError: it is broken."""
    path = folder / STANDING
    try:
        value = json.loads(content(path))
        found = Standing(
            tuple(text(one) for one in value["disputed"]),
            tuple((text(one["name"]), text(one["until"])) for one in value["allow"]),
            value["paused"] is True,
        )
    except FileNotFoundError:
        return Standing()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ListError(
            f"{path}: is not as it was written; take it back from a copy or from git"
        ) from error
    return found


def standing_of(
    entries: Iterable[Entry], allowed: Iterable[Allowed], *, paused: bool, before: Standing
) -> Standing:
    """What a catalogue asks to soften now, after what it asked `before`.

    Besides what is disputed it is all that nobody stands by any more: a release rolled back to may
    still have what was retired since.
    """
    was = set(before.disputed)
    disputed = sorted(entry.id for entry in entries if softened(entry, was=entry.id in was))
    allow = sorted((one.name, one.until) for one in allowed)
    return Standing(tuple(disputed), tuple(allow), paused)
