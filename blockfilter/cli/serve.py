"""`blockfilter serve`: options become overrides of settings, and the daemon does the rest."""

import os
import sys
from functools import partial
from pathlib import Path

import click


@click.command(short_help="Answer DNS queries.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file; without it the user's or /etc/blockfilter/blockfilter.toml.",
)
@click.option(
    "--listen",
    multiple=True,
    metavar="ADDR:PORT",
    help="Listen here, over UDP and TCP; may be repeated.  [default: 127.0.0.1:5335]",
)
@click.option(
    "--upstream",
    multiple=True,
    metavar="ADDR[:PORT]",
    help="Forward to this resolver; may be repeated.  [default: the system's resolvers]",
)
@click.option(
    "--list",
    "list_files",
    multiple=True,
    metavar="FILE",
    help="Block what this file lists, too; may be repeated.",
)
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Use this curated catalogue.  [default: the one that comes with blockfilter]",
)
@click.option("--state", metavar="DIR", help="Directory for what outlives a restart.")
@click.option("--runtime", metavar="DIR", help="Directory for hits; RAM-backed is best.")
def serve(
    config_file: Path | None,
    listen: tuple[str, ...],
    upstream: tuple[str, ...],
    list_files: tuple[str, ...],
    catalog: Path | None,
    state: str | None,
    runtime: str | None,
) -> None:
    """Answer DNS queries until SIGTERM; SIGHUP reads configuration and lists again.

    A release, a dispute or an exception in its catalogues is noticed within a second.

    Without options it listens on 127.0.0.1:5335, forwards to the system's resolvers and uses the
    list that comes with blockfilter. Options go over the environment (BLOCKFILTER_LOG__LEVEL=debug),
    the environment over the file, the file over the defaults; see "blockfilter config show".

    \b
    Examples:
      blockfilter serve
      blockfilter serve --listen 192.0.2.53:53 --upstream 192.0.2.1 --upstream 192.0.2.2
      blockfilter serve --catalog own
      blockfilter serve --list own.txt --config /etc/blockfilter/blockfilter.toml
    """
    from blockfilter.config.load import load

    given: dict[str, object] = {
        "server.listen": list(listen),
        "catalog.folder": str(catalog.absolute()) if catalog else None,
        "server.state": state,
        "server.runtime": runtime,
        "upstream.servers": list(upstream),
        "list": [{"file": file} for file in list_files],
    }
    overrides = {key: value for key, value in given.items() if value}
    reread = partial(load, config_file, overrides, os.environ)
    settings = reread()
    from blockfilter.daemon import run  # most of the libraries: a mistake is reported before

    sys.exit(run(settings, reread))
