"""Edits of maintainers.toml; comments and order stay. What they mean is `identity`'s to say."""

from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from blockfilter.catalog.folder import MAINTAINERS
from blockfilter.errors import ListError, RefusedError

_HEADER = b"# Who may change this catalogue, and their public keys (minisign).\n"


def with_maintainer(octets: bytes | None, name: str, key: str) -> bytes:
    """One more; who was removed comes back with the new key."""
    document, blocks = _parsed(octets)
    there = _block(blocks, name)
    if there is not None and "removed" not in there:
        raise RefusedError(f"{name} is a maintainer already; rotate gives another key")
    if there is not None:
        _retire_key(there, str(there.pop("removed")), "removed")
        there["key"] = key
    else:
        block = tomlkit.table()
        block.add("name", name)
        block.add("key", key)
        blocks.append(block)
    return tomlkit.dumps(document).encode()


def rotated(octets: bytes | None, name: str, key: str, at: str, reason: str) -> bytes:
    """Another key for somebody; the old one is kept as a former one."""
    document, blocks = _parsed(octets)
    block = _present(blocks, name)
    if block["key"] == key:
        raise RefusedError(f"this is the key that {name} has; make another with list keygen")
    _retire_key(block, at, reason)
    block["key"] = key
    return tomlkit.dumps(document).encode()


def removed(octets: bytes | None, name: str, at: str) -> bytes:
    """One less; the block stays, for what they signed is still to be verified."""
    document, blocks = _parsed(octets)
    block = _present(blocks, name)
    if sum("removed" not in one for one in blocks) == 1:
        raise RefusedError(
            f"{name} is the only maintainer, and nobody could change the catalogue any more; add "
            "another one first"
        )
    block["removed"] = at
    return tomlkit.dumps(document).encode()


def _parsed(octets: bytes | None) -> tuple[tomlkit.TOMLDocument, Any]:
    try:
        document = tomlkit.parse((octets or _HEADER).decode())
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise ListError(f"{MAINTAINERS}: is not TOML ({error}); correct that place") from error
    if "maintainer" not in document:
        document.add("maintainer", tomlkit.aot())
    return document, document["maintainer"]


def _block(blocks: Any, name: str) -> Table | None:  # noqa: ANN401  # an array of tables
    return next((one for one in blocks if one.get("name") == name), None)


def _present(blocks: Any, name: str) -> Table:  # noqa: ANN401  # an array of tables
    block = _block(blocks, name)
    if block is None or "removed" in block:
        raise RefusedError(f"{name} is no maintainer; list maintainer list shows who is")
    return block


def _retire_key(block: Table, at: str, reason: str) -> None:
    former = block.get("former")
    if former is None:
        block.add("former", tomlkit.aot())
        former = block["former"]
    one = tomlkit.table()
    one.add("key", str(block["key"]))
    one.add("until", at)
    one.add("reason", reason)
    former.append(one)
