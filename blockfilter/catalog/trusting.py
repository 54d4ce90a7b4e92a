"""Who keeps a catalogue, and with which keys: acts upon maintainers.

`keyholders` has when one person may do them; else the first one's wish is journalled and refused,
and the second one's same wish is done.
"""

from pathlib import Path

from blockfilter.catalog import identity, roster, workflow
from blockfilter.catalog.change import Acting, Change
from blockfilter.catalog.folder import MAINTAINERS
from blockfilter.catalog.keyholders import ASK, ENROL, REMOVE, ROTATE, KeyAct, Keyholders
from blockfilter.errors import RefusedError


class Trusting(Acting):
    """Maintainers and their keys."""

    def enrol(self, name: str, public: str, reason: str) -> None:
        """A maintainer more; with the first one, the catalogue is signed from then on."""
        if name == workflow.SYSTEM or not identity.NAME.fullmatch(name):
            raise RefusedError(f'"{name}" is no name of a-z, 0-9, dots and hyphens; choose another')
        identity.check_public(public, public)
        with self._changing() as change:
            self._granted(change, KeyAct(ENROL, name, public), reason)
            now = roster.with_maintainer(change.maintainers(), name, public)
            self._put(change, now, KeyAct(ENROL, name, public), reason)

    def rotate(self, name: str, public: str, reason: str) -> None:
        """Another key for a maintainer; the old one counts for what it signed before."""
        identity.check_public(public, public)
        with self._changing() as change:
            self._granted(change, KeyAct(ROTATE, name, public), reason)
            now = roster.rotated(change.maintainers(), name, public, change.act.at, reason)
            self._put(change, now, KeyAct(ROTATE, name, public), reason)

    def remove(self, name: str, reason: str) -> None:
        """A maintainer less; what they signed before still counts."""
        with self._changing() as change:
            self._granted(change, KeyAct(REMOVE, name, ""), reason)
            now = roster.removed(change.maintainers(), name, change.act.at)
            self._put(change, now, KeyAct(REMOVE, name, ""), reason)

    def _put(self, change: Change, octets: bytes, act: KeyAct, reason: str) -> None:
        identity.parsed(octets, Path(MAINTAINERS))
        change.files[MAINTAINERS] = octets
        facts = {"key": act.key} if act.key else {}
        change.journal(act.what, act.name, reason, facts=facts)

    def _granted(self, change: Change, act: KeyAct, reason: str) -> None:
        """RefusedError where it needs a second person; that it was asked for is journalled."""
        holders = Keyholders(change.lines)
        if problem := holders.misfit(act):
            raise RefusedError(problem)
        problem = holders.alone(act, change.act.by, change.act.at)
        if problem is None:
            return
        at = max([change.act.at, *(line.at for line in change.lines)])  # a clock may be behind
        facts = {"what": act.what, **({"key": act.key} if act.key else {})}
        line = change.writer.line(at=at, what=ASK, id=act.name, why=reason, facts=facts)
        self.folder.commit([line], {})
        raise RefusedError(problem)
