"""What looks at a listed name have seen over the weeks, and when that is worth a person's time.

One look proves little: resolvers fail, registrars park, sites move for a day. So a sign counts only
when it was seen in the same way again and again, look after look; one look that does not see it
clears it. A look that could not tell changes nothing.

Pure: what was known and what was seen go in, what is known then comes out.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

LOOKS = 3  # a sign is seen in the same way so many times
DAYS = 14  # and over so many days: outages and unpaid bills are over sooner, mostly


class Sign(StrEnum):
    """What speaks of a name's end, or of another owner."""

    SERVERS = "name-servers"  # its domain has others than before
    ALIAS = "alias"  # it leads to a name of another domain
    GONE = "gone"  # the name does not exist
    EMPTY = "no-address"  # it does, and nothing can be reached there


class Seen(NamedTuple):
    """A sign, and how it was seen: the name servers or the name it leads to. Times as "…Z"."""

    how: str
    first: str
    last: str
    looks: int
    ripe: str = ""  # since when it is a finding; "" for not yet


class Past(NamedTuple):
    """What is known of a name; () and "" for nothing."""

    looked: str = ""
    servers: tuple[str, ...] = ()  # that its domain is known to have
    seen: Mapping[Sign, Seen] = {}


class Sight(NamedTuple):
    """What one look saw; `servers` are () where nobody could tell them."""

    signs: Mapping[Sign, str] = {}
    servers: tuple[str, ...] = ()


def after(past: Past, sight: Sight, at: str) -> Past:
    """What is known after a look."""
    known = past.servers or sight.servers
    signs = dict(sight.signs)
    if sight.servers not in ((), known):
        signs[Sign.SERVERS] = " ".join(sight.servers)
    seen = {sign: _again(past.seen.get(sign), how, at) for sign, how in signs.items()}
    if not sight.servers and Sign.SERVERS in past.seen:
        seen[Sign.SERVERS] = past.seen[Sign.SERVERS]
    return Past(at, known, seen)


def judged(past: Past, by_then: str) -> Past:
    """What is known once a person has been at the entry: the name servers of then are the right ones."""
    servers = past.seen.get(Sign.SERVERS)
    if servers is None or not servers.ripe or servers.ripe > by_then:
        return past
    seen = {sign: one for sign, one in past.seen.items() if one is not servers}
    return past._replace(servers=tuple(servers.how.split()), seen=seen)


def findings(past: Past, by_then: str) -> Iterator[tuple[Sign, Seen]]:
    """The signs that nobody has judged; `by_then` is when a person was last at the entry."""
    for sign in Sign:
        one = past.seen.get(sign)
        if one and one.ripe > by_then:
            yield sign, one


def _again(before: Seen | None, how: str, at: str) -> Seen:
    if before is None or before.how != how:
        return Seen(how, at, at, 1)
    now = before._replace(last=at, looks=before.looks + 1)
    lasted = datetime.fromisoformat(at) - datetime.fromisoformat(before.first)
    enough = now.looks >= LOOKS and lasted >= timedelta(days=DAYS)
    return now._replace(ripe=at) if enough and not now.ripe else now
