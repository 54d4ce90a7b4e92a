"""Destroys a file: its octets are overwritten, then its name goes.

On a RAM-backed directory that frees overwritten pages. On a disk it is the best that can be done,
and no promise: file systems copy, and flash remaps.
"""

import os
from contextlib import suppress
from pathlib import Path

_ZEROS = bytes(1 << 16)


def erase(path: Path, *, sync: bool = True) -> None:
    """Overwrite and unlink; a file that is not there is no error.

    Without `sync` nothing waits for a disk, and a disk may keep the old octets.
    """
    with suppress(OSError):  # what cannot be overwritten must go all the same
        _overwrite(path, sync=sync)
    path.unlink(missing_ok=True)


def _overwrite(path: Path, *, sync: bool) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        left = os.fstat(file).st_size
        while left:
            left -= os.write(file, _ZEROS[:left])
        if sync:
            os.fsync(file)
    finally:
        os.close(file)
