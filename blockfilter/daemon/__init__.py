"""The composition root: settings become running parts, and stop in reverse order.

- :mod:`process`: what the process as a whole must be: no core file, enough descriptors, quiet logs.
- :mod:`assembly`: settings to policy, routes, upstreams and answers; nothing runs yet.
- :mod:`server`: the running parts: start, reload, drain, stop.
- :mod:`probe`: whether queries sent upstream come back to us.
- :mod:`keeping`: what is kept of hits, and what becomes of it.
- :mod:`counting`: when days are closed and what quarters are frozen from; :mod:`closing`: by hand.
- :mod:`partition`: which office an address belongs to.
- :mod:`schedule`: what happens by the clock; the only importer of APScheduler.
- :mod:`errands`: what a server does for its catalogues by the clock, each in a child process.
- :mod:`watch`: whether a catalogue has something new in force.
- :mod:`policy`: the policy that is loaded, and how it was.
- :mod:`looking`: the configured upstreams for a look at listed names, without a server.
- :mod:`status`: what the server says of itself to `blockfilter health`.

Start is fatal on any error; a reload reports its error and keeps what is in force; nothing else
ends the service but a signal.
"""

import asyncio
import os
from collections.abc import Callable

from blockfilter.config.settings import Settings
from blockfilter.daemon import process
from blockfilter.daemon.server import Server


def run(settings: Settings, reread: Callable[[], Settings]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    `reread` gives the settings anew at SIGHUP. Raises BlockfilterError where it cannot start.
    """
    process.harden()
    process.log_to_stderr(settings.log.level)
    return asyncio.run(Server(settings, reread, os.environ).run())
