"""What a server does for its catalogues by the clock: subscriptions and the life of sites.

Each errand is the command a person would type, in a process of its own: fetching and parsing a list
of a million names takes memory that a server does not give back. What it changes, a release, the
server notices as it notices a person's.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from blockfilter.catalog.snapshots import environment

REFRESH_SECONDS, REFRESH_JITTER = 3600, 600  # asks what is due; servers do not ask in step
LOOK_SECONDS, LOOK_JITTER = 6 * 3600, 3600  # what was looked at this week is left out
ERRAND_SECONDS = 6 * 3600  # a slow look at some thousand names, three questions each

log = logging.getLogger(__name__)


class Errands:
    """For these catalogues; installed and read-only ones are other people's to keep."""

    def __init__(self, folders: Sequence[str], upstreams: Sequence[str]) -> None:
        self._folders = [folder for folder in folders if _kept_here(folder)]
        self._upstreams = upstreams
        self._children: set[asyncio.subprocess.Process] = set()

    async def refresh(self) -> None:
        """Fetch the subscriptions that are due; what failed is logged, its last good copy stays."""
        for folder in self._folders:
            found = await self._run("refresh", "--due", "--json", "--catalog", folder)
            for one in found.get("outcomes", ()):
                if one["outcome"] in ("failed", "refused"):
                    log.warning("list %s: %s: %s", one["id"], one["outcome"], one["reason"])

    async def look(self) -> None:
        """Look whether listed names still exist, through this server's upstreams only."""
        asked = [word for upstream in self._upstreams for word in ("--upstream", upstream)]
        for folder in self._folders:
            found = await self._run("alive", "--json", "--catalog", folder, *asked)
            if found.get("findings") or found.get("proposed"):
                log.info("catalogue %s: looks found something; see blockfilter list review", folder)

    def stop(self) -> None:
        """End what runs; an errand cut short loses nothing."""
        for child in self._children:
            child.kill()

    async def _run(self, *arguments: str) -> Mapping[str, Any]:
        """What the command printed; {} where it failed, which is logged."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "blockfilter", "list", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
        )
        self._children.add(child)
        try:
            output, problem = await asyncio.wait_for(child.communicate(), ERRAND_SECONDS)
            found = json.loads(output)
        except (TimeoutError, ValueError):
            lines = problem.decode("utf-8", "replace").splitlines() if child.returncode else []
            log.warning("list %s: %s", arguments[0], "; ".join(lines) or "no result")
            return {}
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
            self._children.discard(child)
        return found if isinstance(found, dict) else {}


def _kept_here(folder: str) -> bool:
    """Whether it is this machine's to keep: an installed one is replaced by the next update."""
    return os.access(folder, os.W_OK) and "site-packages" not in Path(folder).parts
