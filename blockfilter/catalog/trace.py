"""Every rule that speaks of a name, in the order of precedence, and the release that brought it."""

import mmap
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from blockfilter.catalog import manifest
from blockfilter.catalog.inputs import Inputs, Layer, layers
from blockfilter.catalog.manifest import Listed
from blockfilter.message import name as names
from blockfilter.policy.decide import Match, Policy, in_words
from blockfilter.policy.rule import Action, Role, Trigger

_ROLES = {Role.PROTECTED: 0, Role.ALLOW: 1, Role.BLOCK: 2}


class Met(NamedTuple):
    """A rule that speaks of the name. `since` is a release's serial, None for lists without one."""

    place: int  # 1 is the strongest
    action: str  # "block", or "passthru": stays open
    mode: str
    rule: str
    list: str
    site: str
    category: str
    since: int | None


def rules(policy: Policy, name: bytes, inputs: Inputs) -> list[Met]:
    """The rules, the strongest first; each list's exceptions stand before what they cancel."""
    lists = policy.snapshot.lists
    origins = {layer.called(id_): (layer, id_) for layer, id_ in _brought(inputs)}
    found = sorted(
        policy.matches(name),
        key=lambda m: (
            _ROLES[lists[m.record.list].role],
            m.rank,
            m.record.action is Action.BLOCK,
        ),
    )
    return [
        _met(place, match, lists[match.record.list].id, lists[match.record.list].role, origins)
        for place, match in enumerate(found, 1)
    ]


def _brought(inputs: Inputs) -> Iterator[tuple[Layer, str]]:
    for layer in layers(inputs, datetime.now(UTC)):
        for listed in layer.release.lists if layer.release else ():
            yield layer, listed.id


def _met(
    place: int, match: Match, list_id: str, role: Role, origins: dict[str, tuple[Layer, str]]
) -> Met:
    record = match.record
    origin = origins.get(list_id)
    return Met(
        place=place,
        action=(record.action if role is Role.BLOCK else Action.PASSTHRU).value,
        mode=record.mode.value,
        rule=in_words(record.trigger, match.rule),
        list=list_id,
        site=record.site,
        category=record.category,
        since=_since(*origin, match) if origin else None,
    )


def _since(layer: Layer, list_id: str, match: Match) -> int | None:
    """The first of the releases up to the one in force that have had the rule without a gap."""
    if layer.release is None:
        return None
    since, known = None, {}
    for serial in reversed(manifest.serials(layer.folder)):
        if serial > layer.release.serial:
            continue  # made, and rolled back since
        listed = manifest.read(layer.folder, serial).listed(list_id)
        if listed is None:
            break
        if listed.sha256 not in known:
            known[listed.sha256] = _holds(layer.folder, listed, match)
        if not known[listed.sha256]:
            break
        since = serial
    return since


def _holds(folder: Path, listed: Listed, match: Match) -> bool:
    """Whether a file of rules has the rule, whatever its mode is."""
    is_name = match.record.trigger in (Trigger.EXACT, Trigger.SUBTREE)
    value = names.to_text(match.rule).encode() if is_name else match.rule
    line = re.compile(
        rb"^%b\t%b[\t\n]" % (match.record.trigger.encode(), re.escape(value)), re.MULTILINE
    )
    try:
        with manifest.rules_file(folder, listed).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return False  # an old file that is gone, or damaged, which `verify` tells
    return line.search(mapped) is not None
