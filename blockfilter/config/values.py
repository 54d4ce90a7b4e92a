"""Values that are written as text: read strictly once, and afterwards the type is the proof.

Every reader takes the text of a setting and returns its value or raises `ValueError`, whose
message says what is wrong and how to write it. No reader looks anything up: no file, no resolver.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DNS_PORT = 53
MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses as an IPv6 socket shows them
LONGEST_SAID = 100  # characters of a name that stands in a notice
MOST_DIGITS = 15  # of a telephone number, ITU-T E.164

_PHONE = re.compile(r"\+?[0-9() -]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Endpoint(NamedTuple):
    """An IP address in its usual spelling (with the scope id, if any) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def address(self) -> Address:
        """The address as a value."""
        return ip_address(self.host)


@dataclass(frozen=True, slots=True)
class Written:
    """Marks a setting that is written as text: how it is read, written and described."""

    read: Callable[[str], object]
    expects: str
    write: Callable[[Any], str] = str

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> "CoreSchema":
        """Tell pydantic how; imported here, for defaults need no pydantic."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            self.read,
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(self.write),
        )


def listener(text: str) -> Endpoint:
    """Read an address to listen on; port 0 leaves the choice to the system."""
    return _endpoint(text, lowest_port=0)


def server(text: str) -> Endpoint:
    """Read the address of a server to ask."""
    endpoint = _endpoint(text, lowest_port=1)
    if endpoint.address.is_unspecified or endpoint.address.is_multicast:
        raise ValueError("no server has this address; write its own, like 192.0.2.1")
    return endpoint


def _endpoint(text: str, *, lowest_port: int) -> Endpoint:
    host, port = _split(text.strip())
    if not (port.isascii() and port.isdigit() and lowest_port <= int(port[:6]) <= 0xFFFF):
        raise ValueError(f"the port must be a number from {lowest_port} to 65535")
    return Endpoint(str(_host(host)), int(port))


def _split(text: str) -> tuple[str, str]:
    """Take host and port apart; an IPv6 address with a port stands in brackets."""
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError('no address and port; write "[::1]:53"')
        return host, rest[1:] if rest else str(DNS_PORT)
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, str(DNS_PORT)


def _host(text: str) -> Address:
    address = _address(text)
    if isinstance(address, IPv6Address) and address.is_link_local and address.scope_id is None:
        raise ValueError(f'a link-local address needs its interface; write "[{address}%eth0]:53"')
    return address


def answer_address(text: str) -> Address:
    """Read an address to answer with: no port, no scope."""
    address = _address(text.strip())
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError("an answer cannot hold an interface; leave out the % and what follows")
    return address


def _address(text: str) -> Address:
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(
            'no IP address (a name is not looked up); write one like "192.0.2.1" or "2001:db8::1"'
        ) from None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def network(text: str) -> Network:
    """Read a network; an IPv4 network in IPv6 spelling becomes IPv4, as its clients do."""
    text = text.strip()
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        raise ValueError('no network; write one like "10.0.0.0/8" or "2001:db8::/32"') from None
    if isinstance(found, IPv6Network) and "%" in text:
        raise ValueError("a network has no interface; leave out the % and what follows")
    if ip_address(text.partition("/")[0]) != found.network_address:
        raise ValueError(f'the address has bits outside its network; write "{found}"')
    if isinstance(found, IPv6Network) and found.subnet_of(MAPPED):
        inside = IPv4Address(found.network_address.packed[12:])
        return IPv4Network((inside, found.prefixlen - MAPPED.prefixlen))
    return found


def name(text: str) -> str:
    """Read a domain name: lower-case, without the final dot, escapes and U-labels resolved."""
    from blockfilter.errors import FormatError
    from blockfilter.message.name import from_text, to_text

    if text.strip().startswith("*"):
        raise ValueError("a wildcard; write the bare name, it means all below it already")
    try:
        return to_text(from_text(text.strip()))
    except FormatError as error:
        raise ValueError(f'no domain name ({error}); write one like "example.com"') from None


def zone(text: str) -> str:
    """Read the name of a zone with servers of its own: any but the root."""
    found = name(text)
    if found == ".":
        raise ValueError("the root is not a route; put its servers under upstream.servers")
    return found


def time_zone(text: str) -> str:
    """Read the name of an IANA time zone; empty stands for the system's own."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text).key if text else ""
    except (LookupError, ValueError, OSError):  # no such file, no zone in it, a directory
        raise ValueError(
            'no time zone known here; write one like "Europe/Berlin" (Debian package tzdata), '
            'or "" for the system\'s'
        ) from None


def directory(text: str) -> Path | None:
    """Read a directory; empty stands for the place that is found."""
    return file(text) if text else None


def file(text: str) -> Path:
    """Read a path, `~` being the user's own directory."""
    if not text or "\0" in text:
        raise ValueError("no path; write one like /etc/blockfilter/own.txt")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("~ is not known for this user; write the whole path") from None


def said(text: str) -> str:
    """Read a text of one line that stands in notices."""
    found = " ".join(text.split())
    if not 1 <= len(found) <= LONGEST_SAID or not found.isprintable():
        raise ValueError(f"no text of one line; write 1 to {LONGEST_SAID} characters")
    return found


def phone(text: str) -> str:
    """Read a telephone number, as it is to be shown."""
    found = text.strip()
    if not _PHONE.fullmatch(found) or not 3 <= sum(map(str.isdigit, found)) <= MOST_DIGITS:
        raise ValueError(
            f"no telephone number; write 3 to {MOST_DIGITS} digits, with +, blanks, hyphens and "
            'brackets, like "1-888-373-7888"'
        )
    return found


def phone_or_none(text: str) -> str:
    """Read a telephone number; empty stands for none."""
    return phone(text) if text.strip() else ""


def day(text: str) -> date:
    """Read a date."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # no such day
    raise ValueError('no date; write one like "2026-11-20"')


Listener = Annotated[Endpoint, Written(listener, 'an address and port like "127.0.0.1:5335"')]
Server = Annotated[Endpoint, Written(server, 'an address like "192.0.2.1" or "[2001:db8::1]:53"')]
Clients = Annotated[Network, Written(network, 'a network like "10.0.0.0/8"')]
AnswerAddress = Annotated[Address, Written(answer_address, 'an address like "192.0.2.1"')]
Name = Annotated[str, Written(name, 'a domain name like "example.com"')]
Zone = Annotated[str, Written(zone, 'a zone like "corp.example" or "10.in-addr.arpa"')]
TimeZone = Annotated[str, Written(time_zone, 'a time zone like "Europe/Berlin"')]
Directory = Annotated[
    Path | None,
    Written(directory, "a directory", write=lambda path: "" if path is None else str(path)),
]
File = Annotated[Path, Written(file, "a path")]
Said = Annotated[str, Written(said, "a text of one line")]
Phone = Annotated[str, Written(phone, 'a telephone number like "1-888-373-7888"')]
PhoneOrNone = Annotated[str, Written(phone_or_none, "a telephone number, or nothing")]
Day = Annotated[date, Written(day, 'a date like "2026-11-20"')]
