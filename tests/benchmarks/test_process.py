"""The measure itself: a tree's time and memory are counted whole."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.process import Process

BURN = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"
FORK = (
    f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {BURN!r}]); time.sleep(9)"
)
HOLD = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(9)'])"
)


def started(program: str, folder: Path) -> Process:
    core = min(os.sched_getaffinity(0))
    return Process([sys.executable, "-c", program], core, folder / "log")


@pytest.mark.parametrize("program", [BURN + "time.sleep(9)", FORK], ids=["own", "child's"])
def test_time_is_counted_also_of_a_child_that_ended(program, tmp_path):
    process = started(program, tmp_path)
    try:
        deadline = time.monotonic() + 8
        while process.cpu() < 0.4 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert 0.4 <= process.cpu() < 2
    finally:
        process.stop()
    assert not process.running


def test_memory_is_that_of_the_living_tree(tmp_path):
    process = started(HOLD, tmp_path)
    try:
        deadline = time.monotonic() + 8
        while len(process.tree()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(process.tree()) == 2
        rss, _ = process.memory()
        assert rss > 4  # two interpreters, in MB
    finally:
        process.stop()
