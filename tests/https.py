"""A publisher of lists on loopback: real HTTP and HTTPS, scripted page by page.

Its certificates come from an authority made for the test. What a page does wrong is said in the
page: it may lie about its length, break off, drip, redirect, or send what nobody asked for.
"""

import gzip
import hashlib
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES = ("localhost", "127.0.0.1", "127.0.0.2", "127.0.0.3")
LIFE = timedelta(days=30)


@dataclass
class Page:
    """What is answered for one path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: bool = False  # say one, and 304 to who has it
    last_modified: str = ""  # the same with a date
    gzip: bool = False
    length: bool = True  # say how long the body is
    chunked: bool = False
    cut: int | None = None  # close after so many octets of the body as it is sent
    drip: float = 0.0  # seconds between octets of the body
    drip_header: float = 0.0  # seconds between octets of an endless header
    hang: bool = False  # take the request and say nothing until the server stops

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'

    def unchanged_for(self, headers: Mapping[str, str]) -> bool:
        if self.etag and headers.get("if-none-match") == self.tag:
            return True
        return bool(self.last_modified) and headers.get("if-modified-since") == self.last_modified


def redirect(to: str, status: int = 302) -> Page:
    return Page(status=status, headers={"Location": to})


class Asked(NamedTuple):
    """A request that came."""

    path: str
    headers: Mapping[str, str]  # names in lower case


class Authority:
    """A certificate authority, known to nobody else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        self._certificate = (
            self._builder(self._name, self._key, datetime.now(UTC))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"  # for SSL_CERT_FILE
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def trust(self) -> ssl.SSLContext:
        """What a client has that trusts this authority alone."""
        return ssl.create_default_context(cafile=self.file)

    def server(self, names: Sequence[str] = NAMES, *, expired: bool = False) -> ssl.SSLContext:
        """What a server has that this authority attests."""
        key = ec.generate_private_key(ec.SECP256R1())
        since = datetime.now(UTC) - (2 * LIFE if expired else timedelta())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = (
            self._builder(subject, key, since)
            .add_extension(x509.SubjectAlternativeName([_alternative(n) for n in names]), False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._folder / f"{certificate.serial_number}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime
    ) -> x509.CertificateBuilder:
        issuer = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since - timedelta(hours=1))
            .not_valid_after(since + LIFE)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False)
        )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Publisher:
    """The server. `tls` None: plain HTTP."""

    def __init__(
        self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._tls = tls
        self._server = _Server((host, port), self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Be gone; nobody listens there any more."""
        if self._thread.is_alive():
            self.stopping.set()
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/list.txt", host: str = "") -> str:
        """Where a page is."""
        address, port = self._server.server_address[:2]
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{host or str(address)}:{port}{path}"

    def put(self, body: bytes | str, path: str = "/list.txt", **how: object) -> str:
        """A page with this body; its URL."""
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = Page(content, **how)  # type: ignore[arg-type]  # fields of Page
        return self.url(path)

    def requests(self, path: str = "/list.txt") -> list[Asked]:
        """Those for one path."""
        return [one for one in self.asked if one.path == path]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # a stopped publisher has no thread left

    def __init__(
        self, address: tuple[str, int], publisher: Publisher, tls: ssl.SSLContext | None
    ) -> None:
        self.publisher = publisher
        self.tls = tls
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake happens here, in the thread of the connection."""
        self.publisher.connections += 1
        request.settimeout(10)
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with suppress(OSError), self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that give up are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        publisher = self.server.publisher
        asked = Asked(self.path, {key.lower(): value for key, value in self.headers.items()})
        publisher.asked.append(asked)
        self.close_connection = True
        page = publisher.pages.get(self.path, Page(b"not here\n", 404))
        if page.hang:
            publisher.stopping.wait(30)
        else:
            self._answer(page, asked)

    def _answer(self, page: Page, asked: Asked) -> None:
        if page.unchanged_for(asked.headers):
            self.send_response_only(304)
            self.end_headers()
            return
        sent = gzip.compress(page.body) if page.gzip else page.body
        self.send_response_only(page.status)
        fields = {"Connection": "close", **page.headers}
        fields |= {"ETag": page.tag} if page.etag else {}
        fields |= {"Last-Modified": page.last_modified} if page.last_modified else {}
        fields |= {"Content-Encoding": "gzip"} if page.gzip else {}
        fields |= {"Transfer-Encoding": "chunked"} if page.chunked else {}
        fields |= {"Content-Length": str(len(sent))} if page.length and not page.chunked else {}
        for name, value in fields.items():
            self.send_header(name, value)
        self.flush_headers()
        if page.drip_header:
            self._drip(b"X-Drip: " + b"x" * 60_000, page.drip_header)
        self.end_headers()
        self._send(page, sent)

    def _send(self, page: Page, sent: bytes) -> None:
        whole = page.cut is None
        part = sent if page.cut is None else sent[: page.cut]
        if page.drip:
            self._drip(part, page.drip)
        elif page.chunked:
            for at in range(0, len(part), 8192):
                chunk = part[at : at + 8192]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n" if whole else b"")
        else:
            self.wfile.write(part)

    def _drip(self, octets: bytes, seconds: float) -> None:
        for octet in octets:
            self.wfile.write(bytes((octet,)))
            self.wfile.flush()
            if self.server.publisher.stopping.wait(seconds):
                return
