"""Temporary exceptions: names that stay open until a time, in running servers at once."""

from datetime import datetime, timedelta

from blockfilter.catalog import listable
from blockfilter.catalog.change import Acting, Change
from blockfilter.catalog.manifest import stamp
from blockfilter.catalog.site import Allowed
from blockfilter.errors import FormatError, ListError, RefusedError
from blockfilter.message import name as names

MAX_ALLOW_DAYS = 90  # what is to stay open for longer belongs in policy.allow, or is a dispute


class Opening(Acting):
    """What one person may do alone, because it only ever blocks less."""

    def allow(self, name: str, until: datetime, reason: str) -> Allowed:
        """Keep a name and all below it open until a time, in running servers at once."""
        now = self._now()
        if not now < until <= now + timedelta(days=MAX_ALLOW_DAYS):
            raise RefusedError(
                f"an exception ends within {MAX_ALLOW_DAYS} days, and after now; for one that lasts "
                "use policy.allow, or dispute the entry"
            )
        text = _name(name)
        if "." not in text.strip(".") or text in self._wide:  # the root is "."
            raise RefusedError(
                f'"{text}" is no site: all the sites below it would be open; name one'
            )
        with self._changing() as change:
            allowed = Allowed(text, stamp(until), reason, change.act.by, change.act.at)
            change.allow([*self._lasting(change, text), allowed])
            change.journal("allow", text, reason, facts={"until": allowed.until})
        return allowed

    def disallow(self, name: str, reason: str) -> None:
        """End an exception before its time."""
        text = _name(name)
        with self._changing() as change:
            if text not in {one.name for one in change.catalog.allowed}:
                raise ListError(f'there is no exception for "{text}"; list allow makes one')
            change.allow(self._lasting(change, text))
            change.journal("disallow", text, reason)

    def _lasting(self, change: Change, but: str) -> list[Allowed]:
        """The exceptions that have not ended, without one."""
        now = stamp(self._now())
        return [one for one in change.catalog.allowed if one.until > now and one.name != but]


def _name(text: str) -> str:
    """The name in its one right spelling."""
    try:
        return names.to_text(listable.plain(text))
    except FormatError as error:
        raise ListError(f'"{text}" cannot be allowed: {error}; correct it') from error
