"""The child process that compiles a policy: ``python -m blockfilter.catalog.compiler``.

It reads a request (JSON) from standard input, writes the snapshot and its report beside it, answers
on standard output with the snapshot's name or with what is wrong, and exits with its heap. A file
is written whole under another name, made durable and renamed: what a reader finds is complete.
"""

import fcntl
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from blockfilter.catalog import release, store, suffixes
from blockfilter.catalog.formats import plain
from blockfilter.catalog.release import Inputs, ListReport
from blockfilter.errors import BlockfilterError, FormatError, ListError, StateError
from blockfilter.message import name as names
from blockfilter.policy.rule import Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import Snapshot, build

TEST_NAME = "check.blockfilter.test"  # always blocked, never counted: `health` asks for it
BUILT_IN, LOCAL_ALLOW = "built-in", "local-allow"
KEPT = 3  # snapshots: the one in force, the one before, and one for trying things out
_ATTEMPTS = 3  # readings of lists that somebody keeps writing to
_STALE = 3600  # seconds after which an unfinished file is that of a killed compiler


def main() -> int:
    """Answer one request; the exit code is 0 if there is a snapshot."""
    request = json.load(sys.stdin)
    try:
        answer = {"snapshot": compiled(release.inputs_of(request["inputs"]), request["folder"])}
    except BlockfilterError as error:
        answer = {"kind": type(error).__name__, "problem": str(error)}
    json.dump(answer, sys.stdout)
    return 0 if "snapshot" in answer else 1


def compiled(inputs: Inputs, into: str) -> str:
    """Name of the snapshot written for `inputs` to the folder `into`."""
    folder = Path(into)
    for _ in range(_ATTEMPTS):
        before = release.digest(inputs)
        lists = _Lists(inputs)
        octets, report = lists.build(before, folder)
        if release.digest(inputs) == before:
            path = release.snapshot_file(folder, before)
            with _changing(folder):
                _write(path.with_suffix(".json"), json.dumps({"lists": report}).encode())
                _write(path, octets)
                _prune(folder)
            return path.name
    raise ListError("a list was changed again and again while it was read; try again later")
