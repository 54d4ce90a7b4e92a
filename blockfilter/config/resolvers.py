"""The resolvers this machine uses itself: what to forward to when nobody says.

Behind systemd-resolved the machine's resolv.conf names only resolved's own stub; its real servers
are in a file beside it. A server that is one of our own listeners is left out: it would be a loop.
"""

from collections.abc import Collection
from pathlib import Path

from blockfilter.config.consistency import reaches
from blockfilter.config.values import Endpoint, server
from blockfilter.errors import ConfigError

RESOLV_CONF = Path("/etc/resolv.conf")
RESOLVED_CONF = Path("/run/systemd/resolve/resolv.conf")
STUBS = frozenset({"127.0.0.53", "127.0.0.54"})  # systemd-resolved, with and without its features


def system_resolvers(
    listeners: Collection[Endpoint],
    *,
    resolv_conf: Path = RESOLV_CONF,
    resolved_conf: Path = RESOLVED_CONF,
) -> tuple[Endpoint, ...]:
    """The machine's resolvers in their order, without `listeners`; ConfigError if none is left."""
    files = [resolv_conf]
    found = nameservers(resolv_conf)
    if any(one.host in STUBS for one in found):
        files.append(resolved_conf)
        found = [one for one in found if one.host not in STUBS] + nameservers(resolved_conf)
    usable = [one for one in found if not any(reaches(one, own) for own in listeners)]
    if usable:
        return tuple(dict.fromkeys(usable))
    places = " and ".join(map(str, files))
    but = " but this server itself" if found else ""
    problem = (
        f"upstream.servers is empty, and {places} names no resolver{but}; "
        "name the resolvers to forward to: --upstream ADDR or upstream.servers"
    )
    raise ConfigError([problem])


def nameservers(resolv_conf: Path) -> list[Endpoint]:
    """The servers a resolv.conf names; what is no address there is passed over, as libc does."""
    try:
        text = resolv_conf.read_text("utf-8", "replace")
    except OSError:
        return []
    lines = (line.split() for line in text.splitlines())
    named = (words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1)
    return [endpoint for one in named if (endpoint := _endpoint(one)) is not None]


def _endpoint(text: str) -> Endpoint | None:
    try:
        return server(f"[{text}]" if ":" in text else text)  # resolv.conf knows no ports
    except ValueError:
        return None
