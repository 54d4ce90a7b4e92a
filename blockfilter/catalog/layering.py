"""The lists that catalogues bring to a policy: each release, with what has been softened since.

An entry in dispute is watched instead of enforced, one whose time is over is left out, and names
that stay open for a time are allowed. A file of rules is read only when its digest is right.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from blockfilter.catalog import store
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.inputs import Layer
from blockfilter.catalog.manifest import Listed, rules_file
from blockfilter.errors import FormatError, ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Mode, Role, Rule, RuleList, Trigger

ALLOWED = "allow"  # the list of a catalogue's temporary exceptions


def lists(layers: Sequence[Layer], problems: list[str]) -> Iterator[RuleList]:
    """All lists of all layers, those that let names pass first; what is refused is noted."""
    yield RuleList(store.PROTECTED, Role.PROTECTED, _noted(_protected(layers), problems))
    for layer in layers:
        if layer.allow:
            rules = (_open(text, ALLOWED) for text in layer.allow)
            yield RuleList(layer.called(ALLOWED), Role.ALLOW, _noted(rules, problems))
    for layer in layers:
        if layer.release is None:
            yield RuleList(layer.called(store.CURATED), Role.BLOCK, ())
            continue
        for listed in layer.release.lists:
            called = layer.called(listed.id)
            if called != store.PROTECTED and listed.id not in layer.expired:
                found = _noted(_rules(layer, listed), problems)
                yield RuleList(called, Role(listed.role), found, layer.own)


def _protected(layers: Sequence[Layer]) -> Iterator[Rule]:
    """The names that are protected whatever a catalogue says, and the first catalogue's own."""
    path = store.shipped() / store.PROTECTED_FILE
    try:
        blocks = tomllib.loads(path.read_text("utf-8"))[store.PROTECTED]
        rules = [_open(block["name"], store.PROTECTED) for block in blocks]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ListError(f"{path}: cannot be read; install blockfilter again") from error
    for layer in layers:
        for listed in layer.release.lists if layer.release else ():
            if layer.called(listed.id) == store.PROTECTED:
                rules += _rules(layer, listed)
    yield from dict.fromkeys(rules)


def _open(text: str, category: str) -> Rule:
    try:
        return Rule(Trigger.SUBTREE, names.from_text(text), category)
    except FormatError as error:
        raise ListError(f'"{text}", which is to stay open, is no name: {error}') from error


def _rules(layer: Layer, listed: Listed) -> Iterator[Rule]:
    path = rules_file(layer.folder, listed)
    check_digest(path, listed.sha256)
    mode = Mode.MONITOR if listed.id in layer.disputed else Mode(listed.mode)
    rules = rules_format.read(path, category=listed.category, mode=mode)
    if mode is Mode.MONITOR:
        rules = map(_watched, rules)
    elif listed.id == store.CURATED:
        rules = _softened(rules, frozenset(layer.disputed), frozenset(layer.expired))
    yield from rules


def _softened(
    rules: Iterable[Rule], disputed: frozenset[str], expired: frozenset[str]
) -> Iterator[Rule]:
    for rule in rules:
        if rule.site not in expired:
            yield _watched(rule) if rule.site in disputed else rule


def _watched(rule: Rule) -> Rule:
    return rule if rule.mode is Mode.MONITOR else rule._replace(mode=Mode.MONITOR)


def check_digest(path: Path, sha256: str) -> None:
    """ListError where a file of rules is not there or not as it was written."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(
            f"{path}: cannot be read ({error.strerror}), and a release needs it; take it back from "
            "a copy or from git, or roll back to another release"
        ) from error
    if found != sha256:
        raise ListError(
            f"{path}: is not as it was written; take it back from a copy or from git, or roll back "
            "to another release"
        )


def _noted(rules: Iterable[Rule], problems: list[str]) -> Iterator[Rule]:
    """The rules; that their file is refused is noted, so that the other files are read too."""
    try:
        yield from rules
    except ListError as error:
        problems.append(str(error))
