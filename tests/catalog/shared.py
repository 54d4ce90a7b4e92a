"""Where the published data lie that the tests compare with; they are no part of the repository."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shared_data() -> Path | None:
    """The folder, None where it does not exist."""
    given = os.environ.get("PUBLISHED_LISTS_DATA")
    folder = Path(given) if given else ROOT.parent / "shared/data"
    return folder if folder.is_dir() else None
