"""The upstreams of the configuration, for a look at listed names; no server, no cache, no listener.

Questions go to where a server with this configuration would send them, and nowhere else: a routed
zone to its own resolvers, all other names to the upstreams. `--upstream` stands in the place of
`upstream.servers`, as for `blockfilter serve`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blockfilter.config.load import load
from blockfilter.config.resolvers import system_resolvers
from blockfilter.daemon import assembly
from blockfilter.message.question import RD
from blockfilter.resolve.routes import Local, Routes
from blockfilter.resolve.upstream import Outcome, Transport

if TYPE_CHECKING:
    from blockfilter.catalog.alive import Exchange

_TYPE_AND_CLASS = 4  # octets of a question behind its name


@asynccontextmanager
async def exchange(
    config_file: Path | None, upstreams: Sequence[str] = ()
) -> AsyncIterator["Exchange"]:
    """Ask as long as the block lasts. ConfigError: the configuration, or no resolver is known."""
    overrides = {"upstream.servers": list(upstreams)} if upstreams else {}
    settings = load(config_file, overrides, os.environ)
    servers = settings.upstream.servers or system_resolvers(settings.server.listen)
    loop = asyncio.get_running_loop()
    transport = Transport(
        first_try=settings.upstream.try_ms / 1000,
        budget=settings.upstream.budget_ms / 1000,
    )
    groups = assembly.forwarding(settings, servers, transport, 0)
    table = Routes(groups.default, groups.routes)

    async def ask(question: bytes, /) -> bytes | None:
        group = table.find(question[:-_TYPE_AND_CLASS])
        if isinstance(group, Local):
            return None
        answered: asyncio.Future[Outcome] = loop.create_future()

        def done(outcome: Outcome) -> None:
            if not answered.done():  # nobody waits any more
                answered.set_result(outcome)

        group.exchange(question, RD, False, done)
        return (await answered).message

    transport.start(loop)
    try:
        yield ask
    finally:
        transport.close()
