"""Where the attacks keep their files: in shared memory if there is any, where fsync() costs nothing.

They are the same files and the same transactions; hundreds of closes then do not wait for a disk.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_SHARED = Path("/dev/shm")


@contextmanager
def directory() -> Iterator[Path]:
    """A new one; it is gone afterwards."""
    with TemporaryDirectory(dir=_SHARED if _SHARED.is_dir() else None) as path:
        yield Path(path)
