"""Lists of other people's: brought by a person, refreshed by the system."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from blockfilter.catalog import store
from blockfilter.catalog.change import REVIEW_DAYS, SYSTEM, Acting, today
from blockfilter.catalog.site import NEXT_RELEASE, ImportedList, State
from blockfilter.errors import ListError, RefusedError
from blockfilter.policy.rule import Mode

if TYPE_CHECKING:
    from blockfilter.catalog.imported import Brought


class Bringing(Acting):
    """Imported lists and subscriptions; their rules come as a file of their own."""

    def bring(
        self,
        brought: "Brought",
        *,
        title: str,
        category: str,
        source: str,
        licence: str,
        mode: Mode = Mode.ENFORCE,
        trigger: str = "",
        url: str = "",
        key: str = "",
        plain_http: bool = False,
        private: bool = False,
        id_: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> ImportedList:
        """A list of other people's, which waits for a second person; with a URL a subscription."""
        with self._changing() as change:
            if id_ and id_ in change.taken():
                raise RefusedError(f'the id "{id_}" has been given; choose another')
            entry = ImportedList(
                id=id_ or store.new_id(title, change.taken()),
                title=title,
                category=category,
                state=State.PROPOSED,
                source=source,
                licence=licence,
                mode=mode,
                format=brought.format,
                trigger=trigger,
                rules=brought.rules,
                refused=brought.refused,
                sha256=brought.sha256,
                url=url,
                key=key,
                plain_http=plain_http,
                private=private,
                review=today(self._now()) + timedelta(days=REVIEW_DAYS),
                proposed=change.act,
                changed=change.act,
            )
            entry = change.checked(entry)
            self.folder.keep_rules(brought.file, brought.sha256)
            return change.put(entry, "subscribe" if url else "import", "", facts)

    def refreshed(
        self, id_: str, brought: "Brought", facts: Mapping[str, object] | None = None
    ) -> ImportedList:
        """A subscription with the rules its source has now; the system's act, which needs no key."""
        with self._changing(SYSTEM) as change:
            before = change.entry(id_)
            if not isinstance(before, ImportedList) or not before.url:
                raise ListError(f"{id_} is no subscription; there is nothing to refresh")
            if before.state not in NEXT_RELEASE:
                raise RefusedError(
                    f"{id_} is {before.state}; what nobody approved is not refreshed"
                )
            self.folder.keep_rules(brought.file, brought.sha256)
            after = replace(
                before,
                format=brought.format,
                rules=brought.rules,
                refused=brought.refused,
                sha256=brought.sha256,
            )
            return change.put(after, "refresh", "", facts)
