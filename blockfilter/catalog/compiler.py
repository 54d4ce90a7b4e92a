"""The child process that compiles a policy: ``python -m blockfilter.catalog.compiler``.

It reads a request (JSON) from standard input, writes the snapshot and its report beside it, answers
on standard output with the snapshot's name or with what is wrong, and exits with its heap.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from blockfilter.catalog import layering, listable, shelf, softening, store, suffixes
from blockfilter.catalog.formats import plain
from blockfilter.catalog.formats.listing import Refused
from blockfilter.catalog.inputs import (
    Inputs,
    Layer,
    OwnList,
    digest,
    from_json,
    layers,
    release_text,
)
from blockfilter.catalog.shelf import ListReport
from blockfilter.catalog.snapshots import BUILT_IN, LOCAL_ALLOW
from blockfilter.errors import BlockfilterError, FormatError, ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import Snapshot, build

TEST_NAME = "check.blockfilter.test"  # always blocked, never counted: `health` asks for it
TEST_CATEGORY = "test"
_TEST = Rule(Trigger.SUBTREE, names.from_text(TEST_NAME), TEST_CATEGORY, counted=False)
_UNRELEASED = (
    "no release is in force yet, so nothing of this catalogue is blocked; `blockfilter list release` "
    "makes one"
)
_ATTEMPTS = 3  # readings of lists that somebody keeps writing to


def main() -> int:
    """Answer one request; the exit code is 0 if there is a snapshot."""
    request = json.load(sys.stdin)
    try:
        now = datetime.fromisoformat(request["now"])
        inputs = from_json(request["inputs"])
        answer = {"snapshot": compiled(inputs, Path(request["folder"]), now).name}
    except BlockfilterError as error:
        answer = {"kind": type(error).__name__, "problem": str(error)}
    json.dump(answer, sys.stdout)
    return 0 if "snapshot" in answer else 1


def compiled(inputs: Inputs, folder: Path, now: datetime) -> Path:
    """The snapshot of `inputs` at a time, written to `folder`; ListError or StateError."""
    if soft := softening.softened(inputs, folder.parent, now):
        return soft.path
    for _ in range(_ATTEMPTS):
        began, before = time.monotonic(), digest(inputs, now)
        octets, reports = _built(inputs, before, shelf.next_serial(folder), now)
        if digest(inputs, now) == before:  # what was read is what was digested
            report = shelf.Report(tuple(reports), inputs.sources)
            return shelf.put(folder, before, octets, report, time.monotonic() - began).path
    raise ListError("a list was changed again and again while it was read; try again later")


def _built(
    inputs: Inputs, inputs_digest: bytes, serial: int, now: datetime
) -> tuple[bytes, list[ListReport]]:
    """The snapshot's octets, and how each list was read; ListError with every refused list."""
    file = suffixes.suffix_file()
    every = suffixes.read(file)
    problems: list[str] = []
    refused = [Refused() for _ in inputs.lists]
    catalogs = _layers(inputs, now, problems)
    lists = [
        *layering.lists(catalogs, problems),
        RuleList(LOCAL_ALLOW, Role.ALLOW, _allowed(inputs.allow, problems)),
        RuleList(BUILT_IN, Role.BLOCK, [_TEST]),
        *(
            RuleList(one.path, Role.BLOCK, _guarded(one, every.icann, noted, problems), own=True)
            for one, noted in zip(inputs.lists, refused, strict=True)
        ),
    ]
    octets = build(
        lists,
        every.rules,
        inputs=inputs_digest,
        serial=serial,
        release=release_text(catalogs),
        suffix_date=suffixes.date(file),
    )
    if problems:
        raise ListError("\n".join(problems))
    unreleased = {layer.called(store.CURATED) for layer in catalogs if layer.release is None}
    noted = [Refused()] * (len(lists) - len(refused)) + refused
    return octets, [
        ListReport(
            one.id,
            one.rules,
            wrong.count,
            tuple(wrong.first),
            _UNRELEASED if one.id in unreleased else "",
        )
        for one, wrong in zip(Snapshot(octets).lists, noted, strict=True)
    ]


def _layers(inputs: Inputs, now: datetime, problems: list[str]) -> tuple[Layer, ...]:
    try:
        return layers(inputs, now)
    except ListError as error:
        problems.append(str(error))
        return ()


def _allowed(texts: tuple[str, ...], problems: list[str]) -> Iterator[Rule]:
    for place, text in enumerate(texts, 1):
        try:
            yield Rule(Trigger.SUBTREE, listable.plain(text), LOCAL_ALLOW)
        except FormatError as error:
            problems.append(f"name {place} that is to be allowed: {error}; correct it")


def _guarded(
    one: OwnList, wide: suffixes.Wide, refused: Refused, problems: list[str]
) -> Iterator[Rule]:
    """The rules of a file; that it is refused is noted, so that the other files are read too."""
    try:
        yield from plain.rules(Path(one.path), one.mode, wide, refused)
    except ListError as error:
        problems.append(str(error))


if __name__ == "__main__":
    sys.exit(main())
