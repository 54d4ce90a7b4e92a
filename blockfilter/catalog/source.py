"""Fetching a list from where its publisher keeps it. The only importer of httpx2.

What comes from outside is not trusted with anything. Every hop, the first and each redirect, is
checked anew: HTTPS unless plain HTTP was allowed, no credentials, and a public address unless a
private one was allowed. A name is resolved once, every address it has is checked, and the
connection is made to one of these. The body is decoded piece by piece into a file, within limits
of size and time, and one that broke off is an error. Proxies, cookies and credentials of the
environment are not used: a proxy would resolve the name itself, and nobody could check where.

Errors name the host alone: the rest of a URL may hold a secret.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpcore2
import httpx2

from blockfilter import __version__
from blockfilter.catalog import body
from blockfilter.catalog.body import Fetched
from blockfilter.catalog.network import LIMITS, SYSTEM, Limits, Network
from blockfilter.catalog.progress import Progress, silent
from blockfilter.errors import SourceError

MAX_CONNECT = 10.0  # seconds for one address, so that the next one gets its turn
MAX_REDIRECTS = 5  # publishers need two or three; more are a loop

_REDIRECTS = (301, 302, 303, 307, 308)


def fetch(
    url: str,
    *,
    into: Path,
    etag: str = "",
    last_modified: str = "",
    plain_http: bool = False,
    private: bool = False,
    network: Network = SYSTEM,
    limits: Limits = LIMITS,
    progress: Progress = silent,
) -> Fetched:
    """The body as a new file in `into`, unless it is what `etag` or `last_modified` speak of.

    SourceError; StateError where the file cannot be written.
    """
    hop = _hop(url, plain_http)
    outside = _Outside(network, limits, private=private)
    trust = network.trust or _system_trust(hop.host)
    with httpcore2.ConnectionPool(ssl_context=trust, network_backend=outside) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            headers = _headers(hop, etag, last_modified)
            asked = pool.stream("GET", _target(hop), headers=headers, extensions=outside.timeouts)
            with _told(hop.host, outside), asked as response:
                told = body.headers(response.headers)
                if response.status in _REDIRECTS:
                    hop = _hop(told.get("location", ""), plain_http, hop)
                    continue
                if response.status == 304 and (etag or last_modified):
                    return Fetched(None, etag, last_modified, "", 0)
                if response.status != 200:
                    raise SourceError(
                        f"{hop.host}: answered with status {response.status} instead of a list; "
                        "check the URL, or wait if the host is in trouble"
                    )
                return body.store(
                    response.iter_stream(), told, hop.host, into, limits.octets, progress
                )
    raise SourceError(
        f"{hop.host}: redirects more than {MAX_REDIRECTS} times; check where the list is now"
    )


def _system_trust(host: str) -> ssl.SSLContext:
    try:
        return httpcore2.default_ssl_context()
    except OSError as error:
        raise SourceError(
            f"{host}: this machine's trust store cannot be read ({error.strerror}); check it, and "
            "SSL_CERT_FILE if that is set"
        ) from error


def _hop(text: str, plain_http: bool, base: httpx2.URL | None = None) -> httpx2.URL:
    """A URL that may be asked, absolute; SourceError."""
    try:
        url = base.join(text) if base is not None else httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError) as error:
        at = base.host if base is not None else "the source"
        raise SourceError(f"{at}: names a URL that is none; correct it") from error
    place = (base or url).host or "the source"
    what = "redirects to" if base is not None else "is"
    if url.scheme not in ("http", "https") or not url.host or not text:
        raise SourceError(f"{place}: {what} no web address; a list is fetched from an https:// URL")
    if url.userinfo:
        raise SourceError(f"{place}: {what} a URL with credentials; fetch the list without them")
    if url.scheme == "http" and not plain_http:
        raise SourceError(
            f"{place}: {what} plain HTTP, which anybody on the way can change; use an https:// URL, "
            "or allow plain HTTP for this list (--plain-http)"
        )
    return url


def _target(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _headers(url: httpx2.URL, etag: str, last_modified: str) -> list[tuple[str, str]]:
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": f"blockfilter/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        "If-None-Match": etag,
        "If-Modified-Since": last_modified,
    }
    return [(key, value) for key, value in headers.items() if value]


class _Outside(httpcore2.SyncBackend):
    """Connects to checked addresses only; nothing it gives lasts longer than its time."""

    def __init__(self, network: Network, limits: Limits, *, private: bool) -> None:
        self._network = network
        self._private = private
        self._limits = limits
        self._until = time.monotonic() + limits.seconds

    @property
    def timeouts(self) -> dict[str, Any]:
        """What httpcore2 is to wait for at most."""
        idle = self._limits.idle
        return {"timeout": {"connect": idle, "read": idle, "write": idle, "pool": idle}}

    def left(self, most: float | None) -> float:
        """Seconds that the next step may take."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left if most is None else min(left, most)

    @property
    def trouble(self) -> str:
        """What to say when a step took too long."""
        if time.monotonic() >= self._until:
            return f"was not done within {self._limits.seconds:g} seconds"
        return f"said nothing for {self._limits.idle:g} seconds"

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to one of the addresses of `host`, which are all checked first."""
        found = self._network.resolve(host, port)
        if not self._private and not all(map(self._network.public, found)):
            raise SourceError(
                f"{host}: has an address that is private or reserved, and lists are fetched from "
                "public ones; if the host is yours, allow that for this list (--private-address)"
            )
        failed: Exception = httpcore2.ConnectError("no address")
        for address in found:
            most = self.left(min(timeout or MAX_CONNECT, MAX_CONNECT))
            try:
                stream = super().connect_tcp(address, port, most, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
            else:
                return _Stream(stream, self.left)
        raise failed


class _Stream(httpcore2.NetworkStream):
    """A connection whose every step is bounded by what is left of the whole time."""

    def __init__(
        self, stream: httpcore2.NetworkStream, left: Callable[[float | None], float]
    ) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._left(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._left)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  # httpcore2's own signature
        return self._stream.get_extra_info(info)


@contextmanager
def _told(host: str, outside: _Outside) -> Iterator[None]:
    """Whatever goes wrong, said in a sentence of ours."""
    try:
        yield
    except httpcore2.ConnectTimeout as error:
        raise SourceError(f"{host}: cannot be reached (no answer); try again later") from error
    except httpcore2.TimeoutException as error:
        raise SourceError(f"{host}: {outside.trouble}; try again later") from error
    except (httpcore2.ProtocolError, httpcore2.ReadError, httpcore2.WriteError) as error:
        raise SourceError(
            f"{host}: broke off or did not speak HTTP, so its answer is not whole; try again later"
        ) from error
    except httpcore2.NetworkError as error:
        raise SourceError(f"{host}: {_unreached(error)}") from error


def _unreached(error: httpcore2.NetworkError) -> str:
    reason = error.args[0] if error.args else None
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({reason.verify_message}); check the URL and this "
            "machine's trust store"
        )
    if isinstance(reason, ssl.SSLError):
        return "no secure connection could be made; check the URL"
    said = reason.strerror if isinstance(reason, OSError) else None
    return f"cannot be reached ({said or 'no connection'}); try again later"
