"""What is wrong at present: said once when it begins and once when it is over.

No text here holds a path, an id or a number of hits.
"""

import logging
from enum import Enum
from typing import NamedTuple

from blockfilter.errors import BlockfilterError

_log = logging.getLogger(__name__)


class Trouble(Enum):
    """What can go wrong with recording, in the words of log and health."""

    WRITE = "hits wait in memory: the runtime directory cannot be written"
    NUMBER = "hits wait in memory: the state directory cannot be written"
    LOST = (
        "hits of this day are not recorded any more: its key was lost twice; "
        "see that the runtime directory outlives a restart"
    )
    MOVE = "hits wait in the journal: they cannot be moved into the day's file"
    KEY = "the key of a day that is over cannot be destroyed: remove day.key by hand"
    CLOSE = "files of a closed day cannot be removed: remove them by hand"
    CLOCK = (
        "hits are not recorded: the clock is on a day before the last one recorded; "
        "if that day was the mistake, restart with an empty runtime directory"
    )
    FAULT = "a hit was not recorded because of a fault in the program: please report it"


class State(NamedTuple):
    """What health shows. `lossy`: not every hit of this day could be kept."""

    status: str  # "ok" or "failing"
    detail: str
    lossy: bool


class Troubles:
    """The troubles that have begun and are not over."""

    def __init__(self) -> None:
        self._causes: dict[Trouble, str] = {}

    def __contains__(self, trouble: Trouble) -> bool:
        return trouble in self._causes

    def begin(self, trouble: Trouble, cause: Exception | None = None) -> None:
        """Note a trouble; only its beginning is logged."""
        if trouble not in self._causes:
            self._causes[trouble] = _words(cause)
            _log.error("%s%s", trouble.value, self._causes[trouble])

    def end(self, trouble: Trouble) -> None:
        """Note that a trouble is over, if it had begun."""
        if self._causes.pop(trouble, None) is not None:
            _log.warning("over: %s", trouble.value)

    def detail(self) -> str:
        """All of them in one text, empty if there is none."""
        return "; ".join(f"{trouble.value}{cause}" for trouble, cause in list(self._causes.items()))


def _words(cause: Exception | None) -> str:
    """The cause; of a foreign exception not its message, which may hold anything."""
    match cause:
        case None:
            return ""
        case BlockfilterError():
            return f" ({cause})"
        case OSError() if cause.strerror:
            return f" ({cause.strerror})"
        case _:
            return f" ({type(cause).__name__})"
