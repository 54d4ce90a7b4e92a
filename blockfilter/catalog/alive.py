"""Whether listed names still exist: a slow look at each, about once a week.

Only the names of dossiers are asked for, never a client's, one question at a time, and only through
the exchange that whoever composes this passes in. A site-name or a pattern has no name of its own to
ask for; a dossier that has nothing else is left to its review date. A question that failed says
nothing, and the name is looked at again by the next run. Nothing is ever removed: what is seen for
weeks goes to `review`, and where an alias leads is proposed by `successor`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple, Protocol

from blockfilter.catalog import looks, review, store, successor
from blockfilter.catalog.change import OVER, today
from blockfilter.catalog.life import Past, Sight, Sign, after, judged
from blockfilter.catalog.manifest import stamp
from blockfilter.catalog.progress import Progress, silent
from blockfilter.catalog.site import Dossier
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError, UpstreamError
from blockfilter.message import codec
from blockfilter.message import name as names
from blockfilter.message.answer import AAAA, A
from blockfilter.message.question import IN, NOERROR, NXDOMAIN

PACE = 1.0  # seconds before each question: nobody's resolver notices a look
LOOK_DAYS = 6  # a week, less what a daily run may be early
SILENT = 10  # names in a row that nobody tells of, until the upstreams themselves are doubted
MAX_SERVERS = 13  # of a domain that are held against those before; DNS has room for no more
_NS = 2
# Extended errors (RFC 8914) of answers that do not speak of the name: stale, forged, stale NXDOMAIN,
# blocked, censored, filtered, prohibited. An upstream may have a list of its own, even this one.
_NOT_OF_THE_NAME = frozenset((3, 4, 15, 16, 17, 18, 19))


class Exchange(Protocol):
    """Asks the resolvers that somebody configured, and nobody else."""

    async def __call__(self, question: bytes, /) -> bytes | None:
        """The response to the octets of a question section; None where there is none."""


class Summary(NamedTuple):
    """What a run did."""

    names: int  # of dossiers in force
    looked: int
    recent: int  # left out, for they were looked at within six days
    unanswered: int
    unnamed: int  # site-names and patterns, which cannot be asked for
    findings: int  # in the queue of `list review` by now
    proposed: tuple[str, ...]  # ids of successors


async def look(
    folder: Path,
    wide: Wide,
    exchange: Exchange,
    *,
    now: Callable[[], datetime],
    pace: float = PACE,
    progress: Progress = silent,
) -> Summary:
    """Look at every name that is due. UpstreamError where no upstream answers.

    What was seen is remembered dossier by dossier, so a run that is cut short loses one.
    """
    catalog = store.read(folder, wide)
    dossiers = looks.looked_at(catalog, today(now()))
    looks.begin(folder, {one.id for one in catalog.dossiers if one.state not in OVER})
    run = _Run(folder, _Asking(exchange, wide, pace), now, progress)
    await run.all(dossiers)
    proposed = successor.propose(folder, wide, now)
    found = review.findings(folder, wide, store.read(folder, wide), today(now()))
    return Summary(
        names=run.names,
        looked=run.looked,
        recent=run.recent,
        unanswered=run.unanswered,
        unnamed=sum(len(one.site_names) + len(one.patterns) for one in dossiers),
        findings=len(found),
        proposed=proposed,
    )


class _Run:
    """One run over all dossiers, and what it counts."""

    def __init__(
        self,
        folder: Path,
        asking: "_Asking",
        now: Callable[[], datetime],
        progress: Progress,
    ) -> None:
        self.looked = self.recent = self.unanswered = 0
        self.names = 0
        self._done = 0
        self._silent = 0
        self._folder = folder
        self._asking = asking
        self._now = now
        self._progress = progress

    async def all(self, dossiers: list[Dossier]) -> None:
        self.names = sum(len(looks.names_of(one)) for one in dossiers)
        for dossier in dossiers:
            await self._dossier(dossier)

    async def _dossier(self, dossier: Dossier) -> None:
        """Look at its names that are due, and remember them; those it lists no more are dropped."""
        before = looks.read(self._folder, dossier.id)
        pasts = {name: before[name] for name in looks.names_of(dossier) if name in before}
        try:
            for name in looks.names_of(dossier):
                past = judged(pasts.get(name, Past()), looks.judged_at(dossier))
                if self._due(past):
                    past = await self._name(name, past)
                else:
                    self.recent += 1
                if past != Past():
                    pasts[name] = past
                self._done += 1
                self._progress("looking", self._done, self.names)
        finally:
            if pasts != before:
                looks.write(self._folder, dossier.id, pasts)

    def _due(self, past: Past) -> bool:
        if not past.looked:
            return True
        age = self._now() - datetime.fromisoformat(past.looked)
        return not timedelta(0) <= age < timedelta(days=LOOK_DAYS)  # a clock may have gone back

    async def _name(self, name: str, past: Past) -> Past:
        if not self.looked and not self.unanswered:
            await self._asking.check("nothing was looked at")
        sight = await self._asking.sight(name)
        if sight is None:
            self.unanswered += 1
            self._silent += 1
            if self._silent % SILENT == 0:
                await self._asking.check(
                    "what was seen until now is kept, and the next run goes on"
                )
            return past
        self.looked += 1
        self._silent = 0
        return after(past, sight, stamp(self._now()))


class _Asking:
    """Asks one question after the other."""

    def __init__(self, exchange: Exchange, wide: Wide, pace: float) -> None:
        self._exchange = exchange
        self._wide = wide
        self._pace = pace
        self._servers: dict[str, tuple[str, ...]] = {}  # each domain is asked for once a run

    async def check(self, otherwise: str) -> None:
        """UpstreamError where not even the root's name servers are known."""
        if await self._ask(names.ROOT, _NS) is None:
            raise UpstreamError(
                f"no upstream answers, so {otherwise}; name others with --upstream or upstream.servers"
            )

    async def sight(self, name: str) -> Sight | None:
        """What is there; None where nobody could tell."""
        wire = names.from_text(name)
        found = await self._ask(wire, A)
        if found and found.rcode == NOERROR and not found.addresses:
            other = await self._ask(wire, AAAA)
            found = other and found._replace(addresses=other.addresses)
        if found is None:
            return None
        domain = successor.registrable(name, self._wide)
        signs: dict[Sign, str] = {}
        if found.rcode == NXDOMAIN and not found.aliases:
            signs[Sign.GONE] = ""
            if name == domain:
                return Sight(signs)
        elif not found.addresses:
            signs[Sign.EMPTY] = ""
        elif leads := self._elsewhere(found.aliases, domain):
            signs[Sign.ALIAS] = leads
        return Sight(signs, await self._servers_of(domain))

    def _elsewhere(self, aliases: tuple[bytes, ...], domain: str) -> str:
        """The first name on the way that is another's: what follows is that one's matter."""
        targets = map(names.to_text, aliases)
        return next(
            (one for one in targets if successor.registrable(one, self._wide) != domain), ""
        )

    async def _servers_of(self, domain: str) -> tuple[str, ...]:
        if domain not in self._servers:
            found = await self._ask(names.from_text(domain), _NS)
            every = sorted(map(names.to_text, found.servers)) if found else []
            self._servers[domain] = tuple(every[:MAX_SERVERS])
        return self._servers[domain]

    async def _ask(self, name: bytes, rtype: int) -> codec.Found | None:
        """What a response says of the name; None where it does not."""
        await asyncio.sleep(self._pace)
        question = name + rtype.to_bytes(2, "big") + IN.to_bytes(2, "big")
        message = await self._exchange(question)
        try:
            found = codec.read_found(message) if message else None
        except FormatError:
            return None
        if found is None or found.rcode not in (NOERROR, NXDOMAIN):
            return None
        return None if _by_a_list(found) else found


def _by_a_list(found: codec.Found) -> bool:
    """Whether the resolver answers in the name's place: it says so, or with nobody's address."""
    addresses = map(ip_address, found.addresses)
    nobodys = any(one.is_unspecified or one.is_loopback for one in addresses)
    return nobodys or not _NOT_OF_THE_NAME.isdisjoint(found.ede)
