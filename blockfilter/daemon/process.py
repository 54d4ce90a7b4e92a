"""What the process as a whole must be before the first query: no core file, and quiet logs.

A core file would hold the day's key beside clients' addresses. A library's log line or a traceback
could hold a name or an address, so of errors that nobody foresaw only type and place are told.
"""

import asyncio
import ctypes
import gc
import logging
import resource
import sys
from types import TracebackType
from typing import Any

log = logging.getLogger(__name__)

_YOUNG = 50_000  # objects made and not dropped before the collector looks at them
_PR_SET_DUMPABLE = 4  # linux/prctl.h
# Libraries whose messages at INFO and below are about themselves, or hold peers' addresses.
_QUIET = ("asyncio", "apscheduler", "tzlocal")


def harden() -> None:
    """No core file, no reading of our memory by processes of the same user, many descriptors."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sys.excepthook = _last_words


def calm_collector() -> None:
    """Keep the cycle collector off what the start made, and call it rarely: the query path makes
    no cycles, and looking for them among a hundred thousand cached answers is a tenth of a query.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 50, 100)


def descriptors() -> int:
    """How many descriptors this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def log_to_stderr(level: str) -> None:
    """One line an event on stderr; the time is the journal's business."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_level(level)
    for library in _QUIET:
        logging.getLogger(library).setLevel(logging.CRITICAL)


def set_level(level: str) -> None:
    """Log what is at least this severe."""
    logging.getLogger().setLevel(level.upper())


def place_of(error: BaseException) -> str:
    """Type and place of an error; its message could hold a name or an address."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown place"
    return f"{type(error).__name__} at {where}"


def loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's handler for what nobody caught."""
    error = context.get("exception")
    log.error("unforeseen error: %s", place_of(error) if error else "no exception")


def _last_words(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    sys.stderr.write(f"blockfilter: unforeseen error: {place_of(error)}\n")
