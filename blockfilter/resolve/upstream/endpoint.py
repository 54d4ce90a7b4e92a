"""One resolver that can be asked: its address, and what is known of its health.

All groups that name the same address share one `Upstream`, and so what they learn of it.
"""

import socket

from blockfilter.errors import ConfigError
from blockfilter.resolve.upstream.health import Health

Endpoint = tuple[str, int]  # an IP address, with the scope id if it needs one, and a port


class Upstream:
    """A resolver. `text` is its address as a person reads it. ConfigError where it is none."""

    __slots__ = ("__weakref__", "_address", "endpoint", "family", "health", "text")

    def __init__(self, endpoint: Endpoint) -> None:
        host, port = endpoint
        v6 = ":" in host
        self.endpoint = endpoint
        self.text = f"[{host}]:{port}" if v6 else f"{host}:{port}"
        self.family = socket.AF_INET6 if v6 else socket.AF_INET
        self.health = Health()
        scoped = v6 and "%" in host
        try:
            socket.inet_pton(self.family, host.partition("%")[0] if scoped else host)
        except (OSError, ValueError) as error:  # a name would be looked up, through ourselves
            raise ConfigError([f"upstream {host!r} is no IP address; name it by one"]) from error
        self._address: tuple[str, int] | tuple[str, int, int, int] | None
        self._address = None if scoped else (host, port)

    @property
    def address(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """What `connect` takes; OSError while the interface of its scope id does not exist."""
        return self._address or self._scoped()

    def _scoped(self) -> tuple[str, int, int, int]:
        # Looked up each time: an interface that comes back has another index.
        host, _, scope = self.endpoint[0].partition("%")
        index = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
        return host, self.endpoint[1], 0, index
