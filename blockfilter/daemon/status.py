"""What the server says of itself: `status.json` in the state directory, for `blockfilter health`.

Facts about the service only. No count of anything clients did stands here: beside the published
figures an exact one would tell what they hide.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blockfilter.catalog import record

FILE = "status.json"


def write(state: Path, facts: dict[str, Any]) -> None:
    """Replace the file whole; OSError where that cannot be done."""
    path = state / FILE
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(facts | {"updated": int(time.time())}, indent=1) + "\n")
    temporary.replace(path)


def withdraw(state: Path) -> None:
    """The server ends: what the file says is true no more."""
    (state / FILE).unlink(missing_ok=True)


def process_facts(version: str) -> dict[str, Any]:
    """Who is speaking."""
    return {"version": version, "pid": os.getpid()}


def sources(folders: Sequence[str]) -> list[dict[str, Any]]:
    """How the last refresh of each subscription went; nothing in it is about clients."""
    return [
        {"id": id_, "outcome": one.outcome, "reason": one.reason, "confirmed": one.confirmed}
        for folder in folders
        for id_, one in record.every(Path(folder)).items()
    ]
