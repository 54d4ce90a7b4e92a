"""`blockfilter config`: check a file, show the settings in force, describe what may be set."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from blockfilter.cli import places


@click.group(short_help="Check, show and describe the configuration.")
def config() -> None:
    """Check, show and describe the configuration.

    It is one TOML file, and every setting has a default. A setting may also come from the
    environment: section.key is BLOCKFILTER_SECTION__KEY.

    \b
    Examples:
      blockfilter config show > blockfilter.toml
      blockfilter config check blockfilter.toml
      blockfilter config schema
    """


@config.command(short_help="Report every mistake of a configuration.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> None:
    """Report every mistake of a configuration, the environment's included.

    Without FILE the one that "serve" would read is checked. Exit code 1 if there is a mistake.

    \b
    Examples:
      blockfilter config check
      blockfilter config check /etc/blockfilter/blockfilter.toml
    """
    from blockfilter.config.consistency import reminders
    from blockfilter.config.load import read

    loaded = read(file, {}, os.environ)
    today = datetime.now(UTC).date()
    _warn((*loaded.warnings, *reminders(loaded.settings, today)))
    click.echo(f"{loaded.file}: no mistakes" if loaded.file else "no file; the defaults are used")


@config.command(short_help="Print the settings in force, each explained.")
@places.config_option
def show(config_file: Path | None) -> None:
    """Print the settings in force as TOML, each with its explanation and where it was set.

    The output is a configuration file itself.

    \b
    Examples:
      blockfilter config show
      BLOCKFILTER_LOG__LEVEL=debug blockfilter config show --config blockfilter.toml
    """
    from blockfilter.config.load import read
    from blockfilter.config.show import show as lines

    loaded = read(config_file, {}, os.environ)
    _warn(loaded.warnings)
    click.echo("\n".join(lines(loaded.settings, loaded.origins)))


@config.command(short_help="Print the JSON schema of a configuration file.")
def schema() -> None:
    """Print the JSON schema of a configuration file, for editors and for configuration management.

    \b
    Examples:
      blockfilter config schema > blockfilter.schema.json
    """
    import json

    from blockfilter.config.validate import schema as described

    click.echo(json.dumps(described(), indent=2))


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        click.echo(f"blockfilter: warning: {warning}", err=True)
