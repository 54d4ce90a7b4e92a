"""What people write of a programme, read once and strictly: afterwards the value is the proof.

Every reader returns its value or raises `ValueError`, whose sentence says what is wrong and how to
write it. Figures and dates only: a text that holds an e-mail address is refused, for no employee is
named anywhere.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

MOST_PEOPLE = 10_000_000  # no employer has more; a larger figure has a digit too many
EARLIEST = date(2000, 1, 1)  # an earlier year is one typed wrong
NAME_LENGTH = 100  # it stands in a report's heading
TEXT_LENGTH = 500  # a note, a source, an evidence: some sentences
RESERVED = ("all", "elsewhere", "other offices", "other-offices")  # what tables call no office

_MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses as an IPv6 socket shows them
_OFFICE_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_PERSON = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_FORMULA = "=+-@"  # a spreadsheet that opens an export would run it
_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")  # controls, octets that are not UTF-8, separators of lines
_SHOWN = 60  # characters of a wrong value that a sentence repeats


def shown(text: str) -> str:
    """A value as a sentence repeats it: quoted, harmless and not too long."""
    cut = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return json.dumps(cut, ensure_ascii=not cut.isprintable())


def office_id(text: str) -> str:
    """The id of a new office: it stands in tables and reports for years."""
    if text.casefold() in RESERVED:
        raise ValueError(f"{shown(text)} is reserved: tables use it for what is no office")
    if not _OFFICE_ID.fullmatch(text):
        raise ValueError(f'{shown(text)} is no id; write up to 32 of a-z, 0-9 and "-", like berlin')
    return text


def person(text: str) -> str:
    """Who acts: a login name, or the name of a function like `hr`."""
    if not _PERSON.fullmatch(text):
        raise ValueError(f"{shown(text)} is no name of a-z, 0-9, dots and hyphens, like ada")
    return text


def people(text: str) -> int:
    """How many people, approximately."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{shown(text)} is no number of people; write digits only, like 1200")
    number = int(digits[:9])
    if not 1 <= number <= MOST_PEOPLE or len(digits.lstrip("0")) > len(str(MOST_PEOPLE)):
        raise ValueError(f"{shown(text)} is no number of people from 1 to {MOST_PEOPLE}")
    return number


def day(text: str) -> date:
    """A date."""
    written = text.strip()
    try:
        found = date.fromisoformat(written) if _DATE.fullmatch(written) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(f"{shown(text)} is no date; write one like 2026-11-20")
    if found < EARLIEST:
        raise ValueError(f"{found} is before {EARLIEST}; correct the year")
    return found


def line(text: str, longest: int = TEXT_LENGTH) -> str:
    """A text of one line, perhaps an empty one, that names nobody and is no formula."""
    written = text.strip()
    if any(unicodedata.category(one) in _NO_TEXT for one in written):
        raise ValueError(
            "holds a line end, a control character or octets that are not UTF-8; take them out"
        )
    if len(written) > longest:
        raise ValueError(f"is longer than {longest} characters; say it in fewer")
    if _MAIL.search(written):
        raise ValueError("holds an e-mail address; write figures and functions, never a person")
    if written.startswith(tuple(_FORMULA)):
        raise ValueError(f"begins with {written[0]}, a formula to a spreadsheet; begin with a word")
    return written


def words(text: str) -> str:
    """A text of one line that says something."""
    written = line(text)
    if not written:
        raise ValueError("says nothing; write it out")
    return written


def name(text: str) -> str:
    """What the organisation or an office is called."""
    written = line(text, NAME_LENGTH)
    if not written:
        raise ValueError("says nothing; write a name")
    return written


def time_zone(text: str) -> str:
    """The name of an IANA time zone; empty stands for none of its own."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text).key if text else ""
    except (LookupError, ValueError, OSError):  # no such file, no zone in it, a directory
        raise ValueError(
            f"{shown(text)} is no time zone known here; write one like Europe/Berlin "
            "(Debian package tzdata)"
        ) from None


def prefix(text: str) -> Network:
    """A network of an office's clients; an IPv4 network in IPv6 spelling becomes IPv4."""
    written = text.strip()
    try:
        found = ip_network(written, strict=False)
    except ValueError:
        raise ValueError(
            f"{shown(text)} is no network; write one like 10.1.0.0/16 or 2001:db8:1::/48"
        ) from None
    if "%" in written:
        raise ValueError(f"{shown(text)} names an interface; leave out the % and what follows")
    if ip_address(written.partition("/")[0]) != found.network_address:
        raise ValueError(f"{written} has bits outside its network; write {found}")
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):
        inside = IPv4Address(found.network_address.packed[12:])
        return IPv4Network((inside, found.prefixlen - _MAPPED.prefixlen))
    return found


def overlap(one: Network, other: Network) -> bool:
    """Whether some address is in both networks."""
    return one.version == other.version and one.overlaps(other)


def chosen(text: str, choices: Sequence[str], what: str) -> str:
    """The choice that is meant: case, blanks, hyphens and a cut end do not matter."""
    if text in choices:
        return text
    given = _bare(text)
    exact = [one for one in choices if _bare(one) == given]
    begun = [one for one in choices if given and _bare(one).startswith(given)]
    if len(found := exact or begun) != 1:
        raise ValueError(f"{shown(text)} is no {what}; write one of {', '.join(choices)}")
    return found[0]


def _bare(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())
