"""The exceptions a caller may catch. Each message names the place and the remedy.

No message ever holds a client's address or a queried name: exceptions end up in logs.
"""

from collections.abc import Sequence


class BlockfilterError(Exception):
    """Something a person can put right; the message says how."""


class FormatError(BlockfilterError):
    """Octets that are no DNS message, or text that is no domain name."""


class ConfigError(BlockfilterError):
    """The configuration has mistakes; `problems` holds one sentence for each of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ListError(BlockfilterError):
    """A list was refused whole; the last good policy stays in force."""


class PolicyError(BlockfilterError):
    """A policy snapshot cannot be used: damaged, cut short or of another version."""


class ListenError(BlockfilterError):
    """An address cannot be listened on."""


class LoopError(BlockfilterError):
    """Queries forwarded to an upstream come back to this server."""


class StateError(BlockfilterError):
    """A directory or file of the server's own cannot be used."""


class RefusedError(BlockfilterError):
    """A rule forbids it: a second person, a state, a signature, the gate, or what is only planned."""


class SourceError(BlockfilterError):
    """A subscribed list was not fetched or not accepted; its last good copy stays in force."""


class UpstreamError(BlockfilterError):
    """No configured upstream answers, so nothing was found out."""


class ProgrammeError(BlockfilterError):
    """What is asked of the programme is not there, or a file of activities has wrong lines."""
