"""What the process as a whole must be."""

import asyncio
import logging
import subprocess
import sys

from blockfilter.daemon import process


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_unforeseen_error_is_told_by_type_and_place_only():
    told = process.place_of(raised(ValueError("secret.example from 10.1.2.3")))
    assert told.startswith("ValueError at ")
    assert "test_process.py:" in told
    assert "secret" not in told
    assert "10.1.2.3" not in told


def test_the_event_loops_handler_hides_messages_and_peers(caplog):
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(process.loop_error)
    loop.call_exception_handler(
        {"message": "socket of 10.1.2.3", "exception": raised(OSError("secret.example"))}
    )
    loop.close()
    assert "OSError" in caplog.text
    assert "10.1.2.3" not in caplog.text
    assert "secret" not in caplog.text


HARDENED = """
import ctypes, resource
from blockfilter.daemon import process
process.harden()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(soft == hard)
{then}
"""


def hardened(then="", **kwargs):
    return subprocess.run(
        [sys.executable, "-c", HARDENED.format(then=then)],
        capture_output=True,
        text=True,
        check=False,
        **kwargs,
    )


def test_no_core_file_is_written_and_all_descriptors_are_had():
    assert hardened().stdout.split("\n")[:2] == ["(0, 0) 0", "True"]


def test_the_last_words_hold_no_message():
    ended = hardened("raise ValueError('secret.example')")
    assert ended.returncode == 1
    assert "unforeseen error: ValueError at" in ended.stderr
    assert "secret" not in ended.stderr


def test_libraries_are_silent_at_debug():
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        process.log_to_stderr("debug")
        for library in ("asyncio", "apscheduler.scheduler", "tzlocal"):
            assert not logging.getLogger(library).isEnabledFor(logging.ERROR)
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
        for library in ("asyncio", "apscheduler", "tzlocal"):
            logging.getLogger(library).setLevel(logging.NOTSET)
