"""`blockfilter list keygen` and `list maintainer`: who may change a catalogue, and their keys."""

import os
import sys
from pathlib import Path

import click

from blockfilter.cli.list import shared
from blockfilter.errors import ListError

_PASSWORD = "BLOCKFILTER_KEY_PASSWORD"  # noqa: S105  # the variable's name
_MAX_PUBLIC = 4096  # octets of a public key's file; minisign's have a hundred


@click.command(short_help="Make a key pair.")
@click.option(
    "--key",
    "key_file",
    required=True,
    envvar="BLOCKFILTER_KEY",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the secret key goes; the public one goes to FILE.pub.",
)
@click.option("--password", is_flag=True, help="Keep it under a password, which is asked for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keygen(key_file: Path, password: bool, as_json: bool) -> None:
    """Make an Ed25519 key pair in minisign's format, readable by you alone. Nothing is overwritten.

    A key under a password is used with BLOCKFILTER_KEY_PASSWORD; where that is set, or there is no
    terminal to ask at, --password takes it from there.

    \b
    Examples:
      blockfilter list keygen --key ada.key
      BLOCKFILTER_KEY_PASSWORD="..." blockfilter list keygen --key ben.key --password --json
    """
    import json

    from blockfilter.catalog import identity

    public = identity.keygen(key_file, _password() if password else None)
    if as_json:
        click.echo(json.dumps({"secret": str(key_file), "public": public}))
        return
    click.echo(f"secret key: {key_file} (keep it to yourself)\npublic key: {public}")
    click.echo(f"next: blockfilter list maintainer add NAME --public {public} --catalog DIR")


def _password() -> str:
    """The password of a new key: from the environment, or from a person."""
    if given := os.environ.get(_PASSWORD):
        return given
    if not sys.stdin.isatty():
        raise click.UsageError(f"--password: no terminal to ask at; give it in {_PASSWORD}.")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


@click.group(short_help="Who may change the catalogue, and their keys.")
def maintainer() -> None:
    """Who may change the catalogue, and their keys. Each change of this is journalled.

    Until the first key is added, names are believed and all output says "unsigned". Two people
    start so: each makes a key, the first adds themselves and then the second. From then on a new
    maintainer, another's lost key and another's removal need two of them: the first command asks
    (exit code 3), the same command by somebody else does it. What an old key signed still counts.

    \b
    Examples:
      blockfilter list maintainer add ada --public ada.key.pub --catalog own --as ada --key ada.key
      blockfilter list maintainer add ben --public ben.key.pub --catalog own --as ada --key ada.key
      blockfilter list maintainer list --catalog own
      blockfilter list maintainer rotate ada --public new.key.pub --reason "yearly" \\
        --catalog own --as ada --key ada.key
      blockfilter list maintainer remove ben --reason "left" --catalog own --as ben --key ben.key
    """


@maintainer.command("list", short_help="Show the maintainers.")
@shared.catalog_option
def list_(catalog: Path | None, as_json: bool) -> None:
    """Show the maintainers with their public keys, former ones included.

    \b
    Examples:
      blockfilter list maintainer list
      blockfilter list maintainer list --catalog own --json
    """
    from blockfilter.catalog import identity

    opened = shared.opened(catalog)
    everyone = identity.read(opened.path).everyone
    facts = {
        "maintainers": [
            {
                "name": one.name,
                "key": one.key,
                "removed": one.removed,
                "former": [former._asdict() for former in one.former],
            }
            for one in everyone
        ]
    }
    lines = [
        f"{one.name}  {one.key}{'  removed ' + one.removed if one.removed else ''}"
        for one in everyone
    ]
    shared.tell(opened, facts, lines or ["no maintainer has a key"], as_json=as_json)


@maintainer.command(short_help="Add a maintainer and their public key.")
@click.argument("who", metavar="NAME")
@click.option("--public", required=True, metavar="KEY|FILE", help="The public key, or its file.")
@shared.reason_option(required=False)
@shared.actor_options
@shared.catalog_option
def add(
    who: str,
    public: str,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Add a maintainer and their public key; the first one makes the catalogue a signed one.

    The third and all others need two maintainers, who run the same command one after the other.

    \b
    Examples:
      blockfilter list maintainer add ada --public ada.key.pub --catalog own --as ada --key ada.key
      blockfilter list maintainer add ben --public ben.key.pub --catalog own --as ada --key ada.key
    """
    kept = shared.kept(catalog, name, key_file)
    kept.keeper.enrol(who, public_key(public), reason)
    lines = [f"{who} was added by {kept.actor.name}"]
    if not kept.opened.signed:
        lines.append(f"from now on every change is signed: --as {who} --key FILE")
    _tell(kept, lines, who, as_json=as_json)


@maintainer.command(short_help="Give a maintainer another key.")
@click.argument("who", metavar="NAME")
@click.option(
    "--public", required=True, metavar="KEY|FILE", help="The new public key, or its file."
)
@shared.reason_option(required=True)
@shared.actor_options
@shared.catalog_option
def rotate(
    who: str,
    public: str,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Give a maintainer another key: they themselves with the old one, or two others.

    Two others run the same command one after the other; the first asks, with exit code 3. Where
    only one is left who has a key, they run it again after two weeks of silence.

    \b
    Examples:
      blockfilter list maintainer rotate ada --public new.key.pub --reason "yearly" \\
        --catalog own --as ada --key ada.key
    """
    kept = shared.kept(catalog, name, key_file, new=False)
    kept.keeper.rotate(who, public_key(public), reason)
    _tell(kept, [f"{who} has another key, by {kept.actor.name}"], who, as_json=as_json)


@maintainer.command(short_help="Remove a maintainer.")
@click.argument("who", metavar="NAME")
@shared.reason_option(required=True)
@shared.actor_options
@shared.catalog_option
def remove(
    who: str,
    reason: str,
    name: str | None,
    key_file: Path | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Remove a maintainer: yourself, or two remove another. What they signed still counts.

    \b
    Examples:
      blockfilter list maintainer remove ben --reason "left" --catalog own --as ben --key ben.key
    """
    kept = shared.kept(catalog, name, key_file, new=False)
    kept.keeper.remove(who, reason)
    _tell(kept, [f"{who} was removed by {kept.actor.name}"], who, as_json=as_json)


def public_key(given: str, option: str = "--public") -> str:
    """The key in a file that minisign writes, or the key itself; ListError where it is none."""
    from blockfilter.catalog import identity

    path = Path(given)
    if not path.is_file():
        key, place = given.strip(), option
    elif identity.is_secret(path):
        raise ListError(f"{path}: is a secret key, which nobody else may see; name {path}.pub")
    else:
        key, place = _last_line(path), str(path)
    identity.check_public(key, place)
    return key


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_PUBLIC).decode("ascii", "replace")
    except OSError as error:
        raise ListError(f"{path}: cannot be read ({error.strerror}); name another file") from error
    return text.strip().rpartition("\n")[2].strip()


def _tell(kept: shared.Kept, lines: list[str], who: str, *, as_json: bool) -> None:
    """The result, told after it: whether the catalogue is signed has perhaps just changed."""
    facts = {"maintainer": who, "by": kept.actor.name}
    shared.tell(shared.opened(kept.opened.path), facts, lines, as_json=as_json)
