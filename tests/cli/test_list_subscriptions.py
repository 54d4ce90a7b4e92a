"""`blockfilter list subscribe|subscriptions|refresh` with a publisher on loopback, over TLS."""

import re

import pytest

from tests.cli.keeping import REASON, UNSIGNED
from tests.https import Authority, Publisher

NAMES = [f"ad-site-{number}.example" for number in range(20)]


@pytest.fixture
def publisher(tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with Publisher(authority.server()) as found:
        found.put("\n".join(NAMES) + "\n", etag=True)
        yield found


@pytest.fixture
def subscribed(desk, publisher):
    """A catalogue in which a subscription is in force."""
    told = desk("subscribe", publisher.url(), "--id", "ads", "--licence", "MIT",
                "--private-address", who="ada").stdout  # fmt: skip
    assert told.splitlines()[1].endswith('list approve ads --reason "..." --catalog own')
    desk("approve", "ads", *REASON, who="ben")
    desk("release", who="ben")
    return desk


def shown(desk):
    """The lines on the only subscription, ages as numbers."""
    first, second, last = desk("subscriptions").stdout.splitlines()
    assert last == UNSIGNED
    return re.sub(r"a copy of \d+ seconds? ago  checked [0-9T:Z-]+", "AGE", first), second.strip()


def test_what_has_not_changed_is_told_so(subscribed, publisher):
    assert subscribed("refresh").stdout.splitlines()[0] == "ads: unchanged"
    assert shown(subscribed) == ("ads  active  enforce  unchanged  20 rules  AGE", publisher.url())


@pytest.mark.parametrize(
    ("body", "how", "outcome", "reason"),
    [
        ("<html>moved</html>", {}, "refused", "127.0.0.1: is a web page"),
        ("ad-site-1.example\n", {}, "refused", "the list had 20 rules and now has 1, -95.0 %"),
        ("", {"status": 503}, "failed", "127.0.0.1: answered with status 503"),
        ("\n".join([*NAMES, "rainn.org"]), {}, "refused", "touches rainn.org, protected"),
    ],
)
def test_what_goes_wrong_is_told_with_its_reason_and_the_last_good_copy_stays(
    subscribed, publisher, body, how, outcome, reason
):
    publisher.put(body, **how)
    ended = subscribed("refresh", code=1)
    assert ended.stdout.startswith(f"ads: {outcome}: ")
    first, _ = shown(subscribed)
    assert first.startswith(f"ads  active  enforce  {outcome}  20 rules  AGE  (")
    assert reason in first
    assert len(subscribed.facts("releases")["releases"]) == 1


def test_a_new_copy_comes_into_force_by_itself(subscribed, publisher):
    publisher.put("\n".join([*NAMES, "one-more.example"]) + "\n")
    assert subscribed("refresh", "ads").stdout.splitlines()[0] == "ads: ok"
    newest = subscribed.facts("releases")["releases"][-1]
    assert (newest["serial"], newest["by"], newest["in_force"]) == (2, "system", True)
    assert subscribed("verify").stdout.startswith("verified: ")
