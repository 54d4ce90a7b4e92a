"""`blockfilter list keygen` and `list maintainer`: who may change a catalogue, and their keys."""

from pathlib import Path

import click

from blockfilter.cli.list import shared
from blockfilter.errors import ListError


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
@click.option("--password", is_flag=True, help="Ask for a password that the key is kept under.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keygen(key_file: Path, password: bool, as_json: bool) -> None:
    """Make an Ed25519 key pair in minisign's format, readable by you alone. Nothing is overwritten.

    A key under a password is used with BLOCKFILTER_KEY_PASSWORD.

    \b
    Examples:
      blockfilter list keygen --key ~/ada.key
      blockfilter list keygen --key ~/ada.key --password
    """
    import json

    from blockfilter.catalog import identity

    secret = (
        click.prompt("Password", hide_input=True, confirmation_prompt=True) if password else None
    )
    public = identity.keygen(key_file, secret)
    if as_json:
        click.echo(json.dumps({"secret": str(key_file), "public": public}))
        return
    click.echo(f"secret key: {key_file} (keep it to yourself)\npublic key: {public}")
    click.echo(f"next: blockfilter list maintainer add NAME --public {public} --catalog DIR")


@click.group(short_help="Who may change the catalogue, and their keys.")
def maintainer() -> None:
    """Who may change the catalogue, and their keys. Each change of this is journalled.

    Until the first key is added, names are believed and all output says "unsigned". A lost key is
    replaced by another maintainer with "rotate"; what it signed before still counts.

    \b
    Examples:
      blockfilter list maintainer add ada --public ada.key.pub --catalog own --as ada --key ada.key
      blockfilter list maintainer rotate ada --public new.pub --reason "laptop lost" --as ben --key ben.key
      blockfilter list maintainer remove ada --reason "left" --as ben --key ben.key
      blockfilter list maintainer list --catalog own
    """


@maintainer.command("list", short_help="Show the maintainers.")
@shared.catalog_option
def list_(catalog: Path | None, as_json: bool) -> None:
    """Show the maintainers with their public keys, former ones included.

    \b
    Examples:
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

    \b
    Examples:
      blockfilter list maintainer add ada --public ada.key.pub --catalog own
      blockfilter list maintainer add ben --public ben.key.pub --catalog own --as ada --key ada.key
    """
    kept = shared.kept(catalog, name, key_file)
    kept.keeper.enrol(who, public_key(public), reason)
    _tell(catalog, f"{who} was added by {kept.actor.name}", who, as_json=as_json)


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
    """Give a maintainer another key: they themselves with the old one, or another maintainer.

    \b
    Examples:
      blockfilter list maintainer rotate ada --public new.pub --reason "yearly" --as ada --key ada.key
    """
    kept = shared.kept(catalog, name, key_file)
    kept.keeper.rotate(who, public_key(public), reason)
    _tell(catalog, f"{who} has another key, by {kept.actor.name}", who, as_json=as_json)


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
    """Remove a maintainer; what they signed before still counts.

    \b
    Examples:
      blockfilter list maintainer remove ada --reason "left" --as ben --key ben.key
    """
    kept = shared.kept(catalog, name, key_file)
    kept.keeper.remove(who, reason)
    _tell(catalog, f"{who} was removed by {kept.actor.name}", who, as_json=as_json)


def public_key(given: str) -> str:
    """The key in a file that minisign writes, or the key itself."""
    path = Path(given)
    if not path.is_file():
        return given
    lines = [
        line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()
    ]
    if not lines:
        raise ListError(f"{path}: is empty; name the file that list keygen wrote beside the key")
    return lines[-1]


def _tell(catalog: Path | None, line: str, who: str, *, as_json: bool) -> None:
    """The result, told after it: whether the catalogue is signed has perhaps just changed."""
    shared.tell(shared.opened(catalog), {"maintainer": who}, [line], as_json=as_json)
