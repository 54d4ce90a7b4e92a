"""Who acts, and with which key: maintainers and their Ed25519 signatures in minisign's format.

As long as no maintainer has a key, a name is believed and nothing is signed. As soon as one has,
only maintainers act, each with the key that belongs to the name. The only importer of minisign.
"""

import os
import pwd
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blockfilter.catalog.folder import MAINTAINERS
from blockfilter.catalog.workflow import SYSTEM
from blockfilter.errors import ListError, RefusedError, StateError

if TYPE_CHECKING:
    import minisign

MAX_KEY = 4096  # octets of a key's file; minisign's have a few hundred
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_SECRET_MARK = b"secret key"
_KEYS = ("name", "key", "removed", "former")
_FORMER = ("key", "until", "reason")


class Former(NamedTuple):
    """A key somebody had until a time."""

    key: str
    until: str
    reason: str


class Maintainer(NamedTuple):
    """Somebody who may change the catalogue; `removed` is when they ceased to, "" if they did not."""

    name: str
    key: str
    former: tuple[Former, ...] = ()
    removed: str = ""


class Maintainers(NamedTuple):
    """Everyone, those who were removed included."""

    everyone: tuple[Maintainer, ...] = ()

    @property
    def signed(self) -> bool:
        """Whether somebody has a key, so that every act is signed."""
        return any(not one.removed for one in self.everyone)

    def get(self, name: str) -> Maintainer | None:
        """The maintainer of this name."""
        return next((one for one in self.everyone if one.name == name), None)


class Signer:
    """Signs as one maintainer."""

    def __init__(self, name: str, secret: "minisign.SecretKey") -> None:
        self.name = name
        self._secret = secret
        self.public: str = secret.get_public_key().to_base64().decode()

    def sign(self, octets: bytes, trusted_comment: str) -> str:
        """The four lines of a minisign signature."""
        signature = self._secret.sign(
            octets, untrusted_comment=f"signature by {self.name}", trusted_comment=trusted_comment
        )
        return bytes(signature).decode()


class Actor(NamedTuple):
    """Who acts; without a signer what they do is unsigned."""

    name: str
    signer: Signer | None


def read(folder: Path) -> Maintainers:
    """The catalogue's maintainers; none where there is no file. ListError: mistakes."""
    path = folder / MAINTAINERS
    try:
        return parsed(path.read_bytes(), path)
    except FileNotFoundError:
        return Maintainers()
    except OSError as error:
        raise ListError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error


def parsed(octets: bytes, path: Path) -> Maintainers:
    """The maintainers of a file's octets. ListError: mistakes."""
    try:
        table = tomllib.loads(octets.decode())
    except ValueError as error:
        raise ListError(f"{path}: is not TOML in UTF-8 ({error}); correct that place") from error
    blocks = table.get("maintainer", [])
    if set(table) - {"maintainer"} or not isinstance(blocks, list):
        raise ListError(f"{path}: holds something else than [[maintainer]] blocks; remove it")
    everyone = tuple(_maintainer(path, number, one) for number, one in enumerate(blocks, 1))
    every_name = [one.name for one in everyone]
    if twice := {name for name in every_name if every_name.count(name) > 1}:
        raise ListError(f"{path}: {', '.join(sorted(twice))} stands there twice; keep one")
    keys = [key for one in everyone for key in {one.key, *(old.key for old in one.former)}]
    if len(keys) > len(set(keys)):
        raise ListError(f"{path}: two people have the same key; each has one of their own")
    return Maintainers(everyone)


def _maintainer(path: Path, number: int, block: object) -> Maintainer:
    where = f"{path}: maintainer {number}"
    if not isinstance(block, dict) or set(block) - set(_KEYS):
        raise ListError(f"{where}: has other keys than {', '.join(_KEYS)}; remove them")
    name, key, removed = (block.get(one, "") for one in _KEYS[:3])
    if not isinstance(name, str) or not NAME.fullmatch(name) or name == SYSTEM:
        raise ListError(f"{where}: its name is not of a-z, 0-9, dots, hyphens; choose another")
    if not isinstance(key, str) or not isinstance(removed, str):
        raise ListError(f"{where}: key and removed are texts; correct them")
    check_public(key, where)
    former = block.get("former", [])
    if not isinstance(former, list) or not all(
        isinstance(one, dict) and set(one) == set(_FORMER) for one in former
    ):
        raise ListError(f"{where}: a former key has {', '.join(_FORMER)}; correct it")
    keys = tuple(Former(*(str(one[part]) for part in _FORMER)) for one in former)
    for one in keys:
        check_public(one.key, where)
    return Maintainer(name, key, keys, removed)


def check_public(key: str, where: str) -> None:
    """ListError where a text is no minisign public key."""
    import minisign

    try:
        minisign.PublicKey.from_base64(key)
    except ValueError as error:
        raise ListError(
            f"{where}: is no minisign public key; it is the last line of the file that list keygen "
            "wrote beside the secret one"
        ) from error


def actor(
    maintainers: Maintainers, name: str | None, key_file: Path | None, password: str | None = None
) -> Actor:
    """Who acts. RefusedError where a name or key may not; ListError where a key cannot be read."""
    who = name or _login()
    if who == SYSTEM:
        raise RefusedError(f'"{SYSTEM}" is not a person; say who you are with --as NAME')
    if not NAME.fullmatch(who):
        raise RefusedError(f'"{who}" is no name of a-z, 0-9, dots and hyphens; say --as NAME')
    signer = Signer(who, secret_key(key_file, password)) if key_file is not None else None
    if not maintainers.signed:
        return Actor(who, None)  # keys count from the first maintainer on
    known = maintainers.get(who)
    if known is None or known.removed:
        raise RefusedError(
            f"{who} is no maintainer of this catalogue; another one adds them with "
            "blockfilter list maintainer add"
        )
    if signer is None:
        raise RefusedError(
            "this catalogue is signed; name your secret key with --key FILE or BLOCKFILTER_KEY"
        )
    if signer.public != known.key:
        raise RefusedError(f"the key is not the one that {who} has in {MAINTAINERS}")
    return Actor(who, signer)


def _login() -> str:
    """The login name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        raise RefusedError("this user has no name; say who you are with --as NAME") from None


def keygen(secret: Path, password: str | None) -> str:
    """Make a key pair; the public key. StateError where a file is there or cannot be written."""
    import minisign

    pair = minisign.KeyPair.generate()
    if password:
        pair.secret_key.encrypt(password)
    text: str = pair.public_key.to_base64().decode()
    public = secret.with_name(f"{secret.name}.pub")
    _write_new(public, bytes(pair.public_key), 0o644)
    try:
        _write_new(secret, bytes(pair.secret_key), 0o600)
    except StateError:
        public.unlink()  # half a pair is of no use, and would be in the way of the next
        raise
    return text


def _write_new(path: Path, octets: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    except FileExistsError as error:
        raise StateError(
            f"{path}: is there already, and a key is never overwritten; name another file"
        ) from error
    except OSError as error:
        raise StateError(
            f"{path}: cannot be written ({error.strerror}); name a file in a folder of yours"
        ) from error


def is_secret(path: Path) -> bool:
    """Whether a file is there that looks like a secret key."""
    try:
        with path.open("rb") as file:
            return _SECRET_MARK in file.readline(MAX_KEY)
    except (OSError, ValueError):
        return False


def secret_key(path: Path, password: str | None) -> "minisign.SecretKey":
    """The key in a file; ListError where it is none or under another password."""
    import minisign

    try:
        with path.open("rb") as file:
            found = minisign.SecretKey.from_bytes(file.read(MAX_KEY))
    except OSError as error:
        raise ListError(f"{path}: {error.strerror}; name your secret key's file") from error
    except ValueError as error:
        raise ListError(f"{path}: is no minisign secret key; list keygen makes one") from error
    if found.is_encrypted():
        if not password:
            raise ListError(f"{path}: is under a password; give it in BLOCKFILTER_KEY_PASSWORD")
        try:
            found.decrypt(password)
        except ValueError as error:
            raise ListError(f"{path}: is under another password") from error
    return found


def verify(public: str, octets: bytes, signature: str) -> str:
    """The trusted comment of a signature; RefusedError where it is not by this key over this."""
    import minisign

    try:
        found = minisign.Signature.from_bytes(signature.encode())
        minisign.PublicKey.from_base64(public).verify(octets, found)
    except ValueError as error:
        raise RefusedError("the signature is not by this key, or not of this") from error
    return str(found.trusted_comment)
