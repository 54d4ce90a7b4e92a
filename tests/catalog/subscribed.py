"""A catalogue with subscriptions, whose publishers are on loopback, in two people's hands."""

import copy
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import minisign

from blockfilter.catalog import changelog, folder, refresh, release, store, suffixes
from blockfilter.catalog.folder import RULES, Folder
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.keeper import Keeper
from blockfilter.catalog.network import LIMITS, Limits, Network
from blockfilter.catalog.refresh import Status
from blockfilter.catalog.renewal import Outcome
from blockfilter.catalog.site import ImportedList
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.snapshot import Snapshot
from tests.https import Authority

BEGAN = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(hours=25)
PUBLIC = frozenset(("127.0.0.1", "127.0.0.3"))
ADA, BO = Actor("ada", None), Actor("bo", None)
NAMES = tuple(f"ad-site-{number}.example" for number in range(60))
WIDE = suffixes.read(suffixes.suffix_file()).icann


def text(listed: Sequence[str] = NAMES) -> str:
    """A list as publishers write them."""
    return "# a list\n" + "".join(f"{name}\n" for name in listed)


class Signing:
    """A publisher's key."""

    def __init__(self) -> None:
        self._pair = minisign.KeyPair.generate()
        self.public = self._pair.public_key.to_base64().decode()

    def signature(self, body: str, comment: str) -> bytes:
        return bytes(self._pair.secret_key.sign(body.encode(), trusted_comment=comment)) + b"\n"


class Kept(NamedTuple):
    """What a refresh that fails leaves as it was."""

    release: int | None
    journal: int
    rules: frozenset[str]
    entries: tuple[ImportedList, ...]


class Subscribed:
    """The catalogue. To it, two addresses of this machine are public ones."""

    def __init__(self, path: Path, authority: Authority) -> None:
        self.path = path
        self.folder: Folder = folder.create(path, store.initial_files())
        self.network = Network(trust=authority.trust(), public=PUBLIC.__contains__)
        self.time = BEGAN

    def copy(self, path: Path) -> "Subscribed":
        """The same elsewhere."""
        shutil.copytree(self.path, path)
        other = copy.copy(self)
        other.path, other.folder = path, Folder(path)
        return other

    def now(self) -> datetime:
        return self.time

    def keeper(self, actor: Actor) -> Keeper:
        return Keeper(self.path, WIDE, actor, self.now)

    def subscribe(self, url: str, **how: Any) -> ImportedList:
        """Proposed by one of the two."""
        given: dict[str, Any] = {"category": "escort-ads", "licence": "MIT"}
        return refresh.subscribe(self.keeper(ADA), url, **{**given, "network": self.network, **how})

    def approve(self, id_: str) -> None:
        self.keeper(BO).move(id_, "approve", "checked")

    def release(self) -> int:
        made = release.make(self.folder, WIDE, BO, notes="", force_reason=None, now=self.time)
        return made.serial

    def in_force(self, url: str, **how: Any) -> ImportedList:
        """Subscribed, approved and released."""
        entry = self.subscribe(url, **how)
        self.approve(entry.id)
        self.release()
        return entry

    def refresh(self, *ids: str, limits: Limits = LIMITS) -> list[Outcome]:
        """A day later."""
        self.time += DAY
        return refresh.run(
            self.folder, WIDE, ids or None, now=self.now, network=self.network, limits=limits
        )

    def status(self, id_: str) -> Status:
        (found,) = [one for one in refresh.status(self.path, WIDE, self.time) if one.id == id_]
        return found

    def blocks(self, name: str) -> bool:
        """As a server decides that has the release in force."""
        manifest = release.in_force(self.path)
        assert manifest
        octets = (self.path / f"releases/{manifest.serial}.snapshot").read_bytes()
        return Policy(Snapshot(octets)).decide(names.from_text(name)).blocks

    def lines(self) -> list[tuple[str, str, str]]:
        """The journal: who, what, which."""
        return [(line.by, line.what, line.id) for line in changelog.read(self.path)]

    def kept(self) -> Kept:
        manifest = release.in_force(self.path)
        return Kept(
            manifest.serial if manifest else None,
            len(self.lines()),
            frozenset(path.name for path in (self.path / RULES).iterdir()),
            store.read(self.path, WIDE).imported,
        )
