"""blockfilter under a wall clock that a test moves: `python -m tests.clocked FILE serve ...`.

FILE holds how many seconds the clock is off. Monotonic time stays what it is, as it does when a
machine's clock is set. Only `time.time` is moved: days and hours are made of nothing else.

PLANTED in the environment names a module that makes a weaker build of it, for an attack to beat.
"""

import importlib
import os
import sys
import time
from pathlib import Path

OFFSET = Path(sys.argv.pop(1))
real = time.time


def moved() -> float:
    return real() + float(OFFSET.read_text())


time.time = moved

if __name__ == "__main__":
    from blockfilter.cli import main

    if planted := os.environ.get("PLANTED"):
        importlib.import_module(planted)
    main(prog_name="blockfilter")
