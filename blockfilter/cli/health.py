"""`blockfilter health`: find the server and its status file, examine, print, exit 0 or 1."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli import places
from blockfilter.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blockfilter.config.settings import Settings
    from blockfilter.config.values import Endpoint
    from blockfilter.health import Status

STATUS_FILE = "status.json"  # the daemon keeps it in its state directory


def _server(_ctx: click.Context, _param: click.Parameter, text: str | None) -> "Endpoint | None":
    from blockfilter.config.values import server

    if text is None:
        return None
    try:
        return server(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(short_help="Ask a running server whether it does its work.")
@click.option(
    "--server",
    callback=_server,
    metavar="ADDR:PORT",
    help="Server to ask; without it the one running here, or the first that is configured.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="State directory of the server, for what it says about itself.",
)
@places.config_option
def health(server: "Endpoint | None", state: Path | None, config_file: Path | None) -> None:
    """Ask a running server whether it does its work; exit code 0 if it does, 1 if not.

    It does if it answers over UDP and TCP, an upstream answers, the list is loaded and the test
    name check.blockfilter.test is blocked. What is missing is printed, one line each, and so is
    what works but is degraded. It takes about six seconds at most.

    \b
    Examples:
      blockfilter health
      blockfilter health --server 192.0.2.53:53
      blockfilter health --state /var/lib/blockfilter
    """
    from blockfilter.config.load import load
    from blockfilter.health import examine

    overrides: dict[str, object] = {"server.state": str(state)} if state else {}
    settings = load(config_file, overrides, os.environ)
    running = _running(settings)
    asked = server or _default(settings, running)
    report = examine(asked, next((one for one in running if _is_of(one, asked)), None))
    for line in report.missing:
        click.echo(f"missing: {line}")
    for line in report.degraded:
        click.echo(f"degraded: {line}")
    if not report.missing:
        click.echo(f"ok: {report.summary}")
    sys.exit(1 if report.missing else 0)


def _running(settings: "Settings") -> "list[Status]":
    """What the servers of this machine say of themselves: our own, then the system's."""
    from blockfilter.config.directories import SYSTEM_STATE, state_place
    from blockfilter.health import read_status

    places = [SYSTEM_STATE] if settings.server.state is None else []
    with suppress(StateError):
        places.insert(0, state_place(settings.server.state, os.environ))
    found = [read_status(place / STATUS_FILE) for place in places]
    return [status for status in found if status is not None]


def _default(settings: "Settings", running: "Sequence[Status]") -> "Endpoint":
    listeners = [one for status in running for one in _listeners(status)]
    return _askable((listeners or settings.server.listen)[0])


def _listeners(status: "Status") -> "list[Endpoint]":
    from blockfilter.config.values import listener

    found = []
    for text in status.listeners:
        with suppress(ValueError):
            found.append(listener(text))
    return found


def _askable(listener: "Endpoint") -> "Endpoint":
    """The address to ask a listener at: a wildcard is asked on loopback."""
    if not listener.address.is_unspecified:
        return listener
    return listener._replace(host="::1" if ":" in listener.host else "127.0.0.1")


def _is_of(status: "Status", server: "Endpoint") -> bool:
    from blockfilter.config.consistency import reaches

    return any(reaches(server, listener) for listener in _listeners(status))
