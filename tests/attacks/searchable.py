"""blockfilter whose memory its parent may read, whoever runs the tests; nothing else differs.

Whether it might before is written into a file `dumpable` where it was started.
"""

import ctypes
from pathlib import Path

from blockfilter.daemon import process

_GET_DUMPABLE, _SET_DUMPABLE = 3, 4  # linux/prctl.h
_harden = process.harden


def open_up() -> None:
    """Harden as the product does, tell what that made of it, and undo the part that hides memory."""
    _harden()
    libc = ctypes.CDLL(None)
    Path("dumpable").write_text(str(libc.prctl(_GET_DUMPABLE, 0, 0, 0, 0)))
    libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)


process.harden = open_up
