import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from blockfilter.catalog import refresh, release, store
from blockfilter.catalog.network import SYSTEM
from blockfilter.catalog.refresh import REFRESH_HOURS, RETRY_HOURS
from blockfilter.errors import ListError, RefusedError, SourceError
from tests.catalog.subscribed import ADA, BO, DAY, NAMES, WIDE, Signing, Subscribed, text
from tests.https import Authority, Page, Publisher

HOST = "127.0.0.3"  # nobody else's connections have this address, so its ports stay free
MORE = (*NAMES, "ad-site-new.example")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def template(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> tuple[Subscribed, int]:
    """A catalogue with the list "ads" in force, and the port of its publisher."""
    made = Subscribed(tmp_path_factory.mktemp("template") / "catalogue", authority)
    with Publisher(authority.server(), HOST) as publisher:
        made.in_force(publisher.put(text(), etag=True), id_="ads")
        return made, publisher.port


@pytest.fixture
def subscribed(template: tuple[Subscribed, int], tmp_path: Path) -> Subscribed:
    """A copy of it."""
    return template[0].copy(tmp_path / "catalogue")


@pytest.fixture
def empty(tmp_path: Path, authority: Authority) -> Subscribed:
    """A catalogue without entries."""
    return Subscribed(tmp_path / "catalogue", authority)


@pytest.fixture
def publisher(template: tuple[Subscribed, int], authority: Authority) -> Iterator[Publisher]:
    """Who publishes the list."""
    with Publisher(authority.server(), HOST, template[1]) as running:
        running.put(text(), etag=True)
        yield running


def test_a_subscription_brings_its_first_copy_and_waits(
    empty: Subscribed, publisher: Publisher
) -> None:
    entry = empty.subscribe(publisher.put(text(), etag=True))
    assert (entry.state, entry.rules, entry.url) == ("proposed", 60, publisher.url())
    assert entry.title == "127.0.0.3 list.txt"
    assert entry.source == "127.0.0.3"
    assert empty.lines()[-1] == ("ada", "subscribe", entry.id)
    status = empty.status(entry.id)
    assert (status.outcome, status.age, status.last_checked) == ("ok", 0, "2026-11-23T09:00:00Z")
    assert refresh.due(empty.path, WIDE, empty.time + 2 * DAY) == ()
    (outcome,) = empty.refresh(entry.id)
    assert outcome.outcome == "refused"
    assert "second person" in outcome.reason
    assert len(publisher.requests()) == 1


def test_nothing_is_kept_of_a_subscription_that_cannot_be_fetched(
    empty: Subscribed, publisher: Publisher
) -> None:
    with pytest.raises(SourceError, match="status 404"):
        empty.subscribe(publisher.url("/gone"))
    with pytest.raises(ListError, match=r"127\.0\.0\.3: is a web page"):
        empty.subscribe(publisher.put("<!doctype html><title>moved</title>"))
    with pytest.raises(RefusedError, match="no category"):
        empty.subscribe(publisher.put(text()), category="none-of-ours")
    assert empty.kept() == (None, 0, frozenset(), ())


def test_an_address_inside_needs_leave(empty: Subscribed, publisher: Publisher) -> None:
    everybodys = SYSTEM._replace(trust=empty.network.trust)
    url = publisher.put(text())
    with pytest.raises(SourceError, match="private or reserved"):
        empty.subscribe(url, network=everybodys)
    assert publisher.connections == 0
    assert empty.subscribe(url, network=everybodys, private=True).private


def test_a_refresh_comes_into_force_by_itself(subscribed: Subscribed, publisher: Publisher) -> None:
    assert not subscribed.blocks("ad-site-new.example")
    publisher.put(text(MORE), etag=True)
    (outcome,) = subscribed.refresh()
    assert outcome == ("ads", "ok", "", 61, 2)
    assert subscribed.blocks("www.ad-site-new.example")
    assert ("system", "refresh", "ads") in subscribed.lines()
    assert ("system", "release", "") in subscribed.lines()
    (after,) = store.read(subscribed.path, WIDE).imported
    assert (after.rules, after.state, after.approved) == (61, "active", after.approved)
    status = subscribed.status("ads")
    assert (status.outcome, status.rules, status.age) == ("ok", 61, 0)
    assert status.last_changed == status.last_checked == "2026-11-24T10:00:00Z"


@pytest.mark.parametrize(
    "how", [{"etag": True}, {"last_modified": "Sun, 22 Nov 2026 03:00:00 GMT"}, {}], ids=str
)
def test_what_has_not_changed_changes_nothing(
    empty: Subscribed, publisher: Publisher, how: dict[str, Any]
) -> None:
    empty.in_force(publisher.put(text(), **how), id_="ads")
    before = empty.kept()
    for _ in range(2):
        (outcome,) = empty.refresh()
        assert (outcome.outcome, outcome.release) == ("unchanged", None)
    assert empty.kept() == before
    status = empty.status("ads")
    assert (status.outcome, status.age) == ("unchanged", 0)
    assert status.last_changed == "2026-11-23T09:00:00Z"
    asked = publisher.requests()[-1].headers
    assert ("if-none-match" in asked, "if-modified-since" in asked) == (
        "etag" in how,
        "last_modified" in how,
    )


def test_another_order_of_the_same_names_changes_nothing(
    subscribed: Subscribed, publisher: Publisher
) -> None:
    before = subscribed.kept()
    publisher.put(text(NAMES[::-1]))
    assert subscribed.refresh()[0].outcome == "unchanged"
    assert subscribed.kept() == before


def test_an_approved_list_is_refreshed_before_its_first_release(
    empty: Subscribed, publisher: Publisher
) -> None:
    entry = empty.subscribe(publisher.put(text()))
    empty.approve(entry.id)
    publisher.put(text(MORE))
    assert empty.refresh() == [(entry.id, "ok", "", 61, None)]
    empty.release()
    assert empty.blocks("ad-site-new.example")


def test_a_disputed_list_stays_monitored_when_it_is_refreshed(
    subscribed: Subscribed, publisher: Publisher
) -> None:
    subscribed.keeper(ADA).move("ads", "dispute", "a clinic")
    subscribed.release()
    publisher.put(text(MORE))
    assert subscribed.refresh()[0].outcome == "ok"
    assert not subscribed.blocks("ad-site-new.example")


def test_exceptions_of_the_entry_survive(empty: Subscribed, publisher: Publisher) -> None:
    entry = empty.subscribe(publisher.put(text()))
    empty.keeper(ADA).edit(entry.id, {"except": ["ad-site-1.example"]}, "a shelter")
    empty.approve(entry.id)
    empty.release()
    assert not empty.blocks("ad-site-1.example")
    assert empty.refresh()[0].outcome == "unchanged"
    publisher.put(text(MORE))
    assert empty.refresh()[0].outcome == "ok"
    assert empty.blocks("ad-site-new.example")
    assert not empty.blocks("ad-site-1.example")


def test_one_source_that_fails_does_not_touch_another(
    empty: Subscribed, publisher: Publisher
) -> None:
    broken = empty.subscribe(publisher.put(text(), "/broken"), id_="broken")
    other = empty.subscribe(publisher.put(text(("other.example",)), "/other"), id_="other")
    for entry in (broken, other):
        empty.approve(entry.id)
    empty.release()
    publisher.pages["/broken"] = Page(b"", 500)
    publisher.put(text(("other.example", "another.example")), "/other")
    outcomes = {one.id: one.outcome for one in empty.refresh()}
    assert outcomes == {"broken": "failed", "other": "ok"}
    assert empty.blocks("another.example")
    assert empty.blocks(NAMES[0])
    assert empty.status("broken").age == DAY.total_seconds()


def test_who_is_due(subscribed: Subscribed, publisher: Publisher) -> None:

    def due(hours: float) -> tuple[str, ...]:
        return refresh.due(subscribed.path, WIDE, subscribed.time + DAY / 25 * hours)

    assert due(REFRESH_HOURS - 1) == ()
    assert due(REFRESH_HOURS) == ("ads",)
    publisher.pages.clear()
    subscribed.refresh()
    assert due(RETRY_HOURS - 1) == ()
    assert due(RETRY_HOURS) == ("ads",)
    (subscribed.path / "sources/ads.json").unlink()
    assert due(0) == ("ads",)


def test_after_a_rollback_nothing_is_fetched_until_people_go_on(
    subscribed: Subscribed, publisher: Publisher
) -> None:
    publisher.put(text(MORE), etag=True)
    subscribed.refresh()
    release.rollback(subscribed.folder, WIDE, ADA, 1, "a wrong name", subscribed.time)
    asked = len(publisher.asked)
    (outcome,) = subscribed.refresh()
    assert (outcome.outcome, outcome.release) == ("paused", None)
    assert "--resume" in outcome.reason
    assert len(publisher.asked) == asked
    assert subscribed.status("ads").outcome == "paused"
    assert refresh.due(subscribed.path, WIDE, subscribed.time) == ()
    assert not subscribed.blocks("ad-site-new.example")
    release.resume(subscribed.folder, BO, subscribed.time, "mended")
    assert subscribed.refresh() == [("ads", "ok", "", 61, 3)]
    assert subscribed.blocks("ad-site-new.example")


def test_a_lost_or_damaged_record_costs_one_fetch(
    subscribed: Subscribed, publisher: Publisher
) -> None:
    record = subscribed.path / "sources/ads.json"
    for damage in (b"", b"{", b"[]", b'{"etag": 1}', b'{"unknown": ""}', b"\xff" * 100_000):
        record.write_bytes(damage)
        assert subscribed.status("ads").outcome == "never"
        assert subscribed.refresh()[0].outcome == "unchanged"
        assert "if-none-match" not in publisher.requests()[-1].headers
        assert json.loads(record.read_bytes())["outcome"] == "unchanged"


def test_a_copy_that_is_lost_is_fetched_again(subscribed: Subscribed, publisher: Publisher) -> None:
    (entry,) = subscribed.kept().entries
    rules = subscribed.path / f"rules/{entry.sha256}.rules"
    rules.unlink()
    subscribed.refresh()
    assert rules.exists()


def test_a_signed_list_is_taken_with_a_higher_serial(
    empty: Subscribed, publisher: Publisher
) -> None:
    signing = Signing()

    def publish(body: str, comment: str) -> str:
        publisher.put(signing.signature(body, comment), "/list.txt.minisig")
        return publisher.put(body, etag=True)

    url = publish(text(), "serial:4 date:2026-11-23")
    empty.in_force(url, key=signing.public, id_="ads")
    assert empty.status("ads").serial == 4
    publish(text(MORE), "serial:5 date:2026-11-24")
    assert empty.refresh()[0].outcome == "ok"
    assert empty.status("ads").serial == 5
    publish(text(), "timestamp:1795500000\tfile:list.txt\thashed")
    assert empty.refresh()[0].outcome == "ok"


def test_the_signature_has_the_path_of_the_list(empty: Subscribed, publisher: Publisher) -> None:
    signing = Signing()
    publisher.put(signing.signature(text(), "serial:1"), "/list.txt.minisig?edition=2")
    url = publisher.put(text(), "/list.txt?edition=2")
    assert empty.subscribe(url, key=signing.public).key == signing.public


def test_what_is_no_subscription_is_said(subscribed: Subscribed, publisher: Publisher) -> None:
    with pytest.raises(ListError, match="no-such-list: no subscription has this id"):
        subscribed.refresh("no-such-list")
    assert refresh.run(subscribed.folder, WIDE, [], now=subscribed.now) == []


def test_a_retired_list_is_not_refreshed(subscribed: Subscribed, publisher: Publisher) -> None:
    subscribed.keeper(ADA).move("ads", "retire", "its publisher has stopped")
    assert subscribed.refresh() == []
    assert refresh.due(subscribed.path, WIDE, subscribed.time) == ()
    assert subscribed.status("ads").state == "retired"


def test_nothing_of_it_is_loaded_before_it_is_needed() -> None:
    code = "import sys, blockfilter.catalog.refresh; print('httpx2' in sys.modules)"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_a_killed_process_left_goes(subscribed: Subscribed, publisher: Publisher) -> None:
    left = subscribed.path / "rules" / "tmpxyz.incoming"
    left.write_text("half")
    subscribed.refresh()
    assert left.exists()  # perhaps somebody is at work
    os.utime(left, (0, 0))
    subscribed.refresh("ads")
    assert not left.exists()
